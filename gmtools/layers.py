"""Keras, imported quietly, and the few layers and losses that two lessons or more share."""

import logging
import math
import os
import sys


def _import_keras_quietly():
    """Import Keras once with file descriptor 2 closed to view: TensorFlow's C++ libraries write start-up notes there
    whatever ``TF_CPP_MIN_LOG_LEVEL`` says."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    # By itself TensorFlow uses oneDNN on some CPUs only; where it does not, a U-Net step takes half again as long.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with open(os.devnull, "wb") as sink:
            os.dup2(sink.fileno(), 2)
        import keras

        keras.ops.zeros(1)  # the first tensor starts the devices, which is where most notes come from
        # A lesson fits several networks; TensorFlow takes the graph of each new one for a costly retracing and warns.
        logging.getLogger("tensorflow").setLevel(logging.ERROR)
    finally:
        os.dup2(kept, 2)
        os.close(kept)


if "keras" not in sys.modules:
    _import_keras_quietly()

import keras  # noqa: E402  (after the quiet import)
from keras import ops  # noqa: E402


class ParallelDense(keras.layers.Layer):
    """Dense layers of several independent networks, evaluated by one matrix product: (batch, networks, in) to (batch,
    networks, units).

    Nothing couples the networks, so each gets the gradient that it would get alone, and a hundred small networks train
    in little more than the time of one. Each is initialized by itself, with the fan-in of one; ``l2`` is the factor of
    the squared kernel weights in the loss.
    """

    def __init__(self, units, networks, activation=None, l2=0.0, **options):
        super().__init__(**options)
        self.units, self.networks, self.l2 = units, networks, l2
        self.activation = keras.activations.get(activation)

    def build(self, shape):
        """Create the kernels (networks, in, units) and the biases (networks, units)."""
        one = keras.initializers.HeUniform()

        def draw(shape, dtype=None):
            return ops.stack([one.clone()(shape[1:], dtype) for _ in range(shape[0])])

        size, l2 = (self.networks, shape[-1], self.units), keras.regularizers.L2(self.l2) if self.l2 else None
        self.kernel = self.add_weight(shape=size, initializer=draw, regularizer=l2, name="kernel")
        self.bias = self.add_weight(shape=(self.networks, self.units), initializer="zeros", name="bias")

    def call(self, inputs):
        """Affine map and activation of each network."""
        return self.activation(ops.einsum("bni,nio->bno", inputs, self.kernel) + self.bias)


def masked_huber(target, prediction):
    """Huber loss (1964; delta 1) over the targets (batch, n) that are there: NaN marks an ordinate that a record does
    not have. Averaged for each of the n outputs over its records, summed over the outputs: no output leans on another.
    """
    known = ops.logical_not(ops.isnan(target))
    size = ops.abs(ops.where(known, target, prediction) - prediction)
    loss = ops.where(size <= 1, 0.5 * size**2, size - 0.5)
    count = ops.sum(ops.cast(known, prediction.dtype), axis=0)
    return ops.sum(ops.sum(loss, axis=0) / ops.maximum(count, 1))


def log_normal_cdf(z):
    """Logarithm of the standard normal distribution function, also far in the lower tail, where in single precision the
    function itself is 0.

    Above -4 from the error function; below, the asymptotic series of Abramowitz & Stegun (1964), 26.2.12.
    """
    near, far = ops.maximum(z, -4.0), ops.minimum(z, -4.0)
    series = 1 - 1 / far**2 + 3 / far**4 - 15 / far**6
    tail = -0.5 * far**2 - 0.5 * math.log(2 * math.pi) - ops.log(-far) + ops.log(series)
    return ops.where(z > -4, ops.log(0.5 * (1 + ops.erf(near / math.sqrt(2.0)))), tail)
