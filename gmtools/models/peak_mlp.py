"""The perceptron of Di Donato & Castellaro (2024): 90 numbers of a peak's spectra to probabilities of three classes.

The same weights are trained in two ways: by Levenberg-Marquardt on the mean square error of the probabilities, as in
the thesis, and by Adam on the cross-entropy, as is usual today.
"""

from dataclasses import dataclass, replace
from itertools import pairwise

import keras
import numpy as np
import pandas as pd
from keras import ops
from tqdm.auto import tqdm

from gmtools.errors import GmtoolsError
from gmtools.models import levenberg_marquardt
from gmtools.models.ann import BatchedDense
from gmtools.studies.peak_rules import CLASSES  # noqa: F401  (the order of the outputs)

HIDDEN_UNITS = (5, 10, 10, 10, 10, 10, 5)


@dataclass(frozen=True)
class PeakNetwork:
    """Weights of a perceptron with tanh in the hidden layers and softmax at the end.

    Attributes
    ----------
    minimum, maximum : ndarray, (n_features,)
        Of the training peaks: each feature is scaled so that they become -1 and 1 (MATLAB's ``mapminmax``).
    layers : tuple of (kernel, bias)
        kernel (in, out), bias (out,), double precision.
    """

    minimum: np.ndarray
    maximum: np.ndarray
    layers: tuple

    @property
    def weights(self):
        """All weights in one row, layer by layer, kernel before bias: ndarray (n_weights,)."""
        return np.concatenate([part.ravel() for layer in self.layers for part in layer])

    def with_weights(self, weights):
        """Return the same network with other weights (n_weights,)."""
        sizes = [part.size for layer in self.layers for part in layer]
        parts = iter(np.split(np.asarray(weights, float), np.cumsum(sizes)[:-1]))
        layers = [(next(parts).reshape(kernel.shape), next(parts)) for kernel, _ in self.layers]
        return replace(self, layers=tuple(layers))

    def scaled(self, features):
        """Features (n, n_features) between -1 and 1 where they are within the range of the training peaks."""
        span = np.where(self.maximum > self.minimum, self.maximum - self.minimum, 1.0)
        return 2 * (np.asarray(features, float) - self.minimum) / span - 1

    def predict(self, features):
        """Probabilities of the classes, (n, n_classes), for unscaled features (n, n_features)."""
        return _activations(self.layers, self.scaled(features))[-1]


def initial(features, hidden_units=HIDDEN_UNITS, n_classes=3, seed=0):
    """Network with random weights, scaled to the training peaks.

    Parameters
    ----------
    features : (n, n_features) array
        Training peaks.
    hidden_units : sequence of int
        Neurons of each hidden layer.
    n_classes : int
    seed : int

    Returns
    -------
    PeakNetwork
        With 90 features, the default layers and 3 classes it has 1,028 weights.

    Raises
    ------
    GmtoolsError
        Features that are not finite.

    Source: Glorot & Bengio (2010), eq. 16, biases 0. MATLAB begins with another rule (Nguyen & Widrow 1990).
    """
    features = np.asarray(features, float)
    if not np.isfinite(features).all():
        raise GmtoolsError(f"{(~np.isfinite(features)).sum()} of {features.size} features are not finite: drop them.")
    rng, sizes = np.random.default_rng(seed), (features.shape[1], *hidden_units, n_classes)
    kernels = [np.sqrt(6 / (n + m)) * rng.uniform(-1, 1, (n, m)) for n, m in pairwise(sizes)]
    layers = [(kernel, np.zeros(kernel.shape[1])) for kernel in kernels]
    return PeakNetwork(features.min(0), features.max(0), tuple(layers))


def _activations(layers, inputs):
    """Inputs (n, in), outputs of each hidden layer, and probabilities."""
    values = [inputs]
    for kernel, bias in layers[:-1]:
        values.append(np.tanh(values[-1] @ kernel + bias))
    logits = values[-1] @ layers[-1][0] + layers[-1][1]
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return [*values, raised / raised.sum(axis=1, keepdims=True)]


def jacobian(network, inputs):
    """Exact derivatives of the probabilities by all weights, by backpropagation of all outputs at once.

    Parameters
    ----------
    network : PeakNetwork
    inputs : (n, n_features) array
        Scaled.

    Returns
    -------
    ndarray, (n * n_classes, n_weights)
        Rows example by example; columns in the order of ``network.weights``.

    Source: Hagan & Menhaj (1994), eq. 25-29, with the softmax in the place of their last layer.
    """
    *values, probability = _activations(network.layers, inputs)
    n, classes = probability.shape
    # d probability_c / d logit_k; back through a layer it becomes d probability_c / d (net input of each neuron).
    delta = probability[:, :, None] * (np.eye(classes) - probability[:, None, :])
    blocks = []
    for (kernel, _), value in zip(reversed(network.layers), reversed(values), strict=True):
        by_kernel = value[:, None, :, None] * delta[:, :, None, :]
        blocks = [by_kernel.reshape(n * classes, -1), delta.reshape(n * classes, -1), *blocks]
        delta = (delta @ kernel.T) * (1 - value**2)[:, None, :]
    return np.concatenate(blocks, axis=1)


def fit_levenberg_marquardt(network, features, labels, validation=None, **settings):
    """Train by Levenberg-Marquardt on the mean square error of the probabilities, over examples and classes.

    Parameters
    ----------
    network : PeakNetwork
        Where training starts; see :func:`initial`.
    features : (n, n_features) array
    labels : (n,) array of int
        Position in :data:`gmtools.studies.peak_rules.CLASSES`.
    validation : (features, labels), optional
        Decides when to stop; see :func:`gmtools.models.levenberg_marquardt.minimize`.
    **settings
        ``epochs``, ``goal``, ``damping``, ``patience``, ``text`` of that function.

    Returns
    -------
    network : PeakNetwork
    history : DataFrame
        ``epoch``, ``mse``, ``damping`` and, with ``validation``, ``val_mse``.
    """
    residuals = _residuals(network, features, labels)
    inputs = network.scaled(features)
    settings["validation"] = None if validation is None else _residuals(network, *validation)

    def derivatives(weights):
        """Jacobian of the residuals."""
        return jacobian(network.with_weights(weights), inputs)

    weights, history = levenberg_marquardt.minimize(residuals, derivatives, network.weights, **settings)
    return network.with_weights(weights), history


def _residuals(network, features, labels):
    inputs, target = network.scaled(features), _one_hot(network, labels)

    def residuals(weights):
        """Output minus target, class by class."""
        return (_activations(network.with_weights(weights).layers, inputs)[-1] - target).ravel()

    return residuals


def _one_hot(network, labels):
    return np.eye(len(network.layers[-1][1]))[np.asarray(labels, int)]


def mean_square_error(network, features, labels):
    """Mean over examples and classes of (probability - 1 or 0)^2, as MATLAB's ``mse``."""
    return float(np.mean(_residuals(network, features, labels)(network.weights) ** 2))


def build(networks):
    """Keras model of several perceptrons of the same shape side by side: scaled features -> logits.

    Parameters
    ----------
    networks : sequence of PeakNetwork
        Their weights are taken over, single precision.

    Returns
    -------
    keras.Model
        (n, n_features) -> (n, n_networks, n_classes).
    """
    values = inputs = keras.Input((len(networks[0].minimum),))
    last = len(networks[0].layers) - 1
    for depth, (_, bias) in enumerate(networks[0].layers):
        values = BatchedDense(len(networks), len(bias), l2=0.0, name=f"layer_{depth}")(values)
        values = values if depth == last else ops.tanh(values)
    model = keras.Model(inputs, ops.transpose(values, (1, 0, 2)))
    parts = zip(*[network.layers for network in networks], strict=True)
    stacks = [(np.stack([kernel for kernel, _ in layer]), np.stack([[bias] for _, bias in layer])) for layer in parts]
    model.set_weights([part for stack in stacks for part in stack])
    return model


def fit_adam(networks, features, labels, *, updates=500, learning_rate=5e-3, validation=None, every=25):
    """Train several networks at once by Adam on the cross-entropy, for a fixed number of updates.

    Each update sees all examples, as each step of Levenberg-Marquardt does.

    Parameters
    ----------
    networks : sequence of PeakNetwork
        Starting points with the same scaling; see :func:`initial`.
    features : (n, n_features) array
    labels : (n,) array of int
    updates : int
        Steps of the optimizer, in whole ``every``.
    learning_rate : float
        At the start; it falls to zero along half a cosine.
    validation : (features, labels), optional
        Scored, never learned from.
    every : int
        Updates between two rows of the history.

    Returns
    -------
    networks : list of PeakNetwork
    history : DataFrame
        ``epoch`` (number of updates), ``network`` (its position), ``mse`` and, with ``validation``, ``val_mse``: of the
        probabilities, so that they compare with Levenberg-Marquardt's.

    Source: Kingma & Ba (2015). The loss is a sum over networks without cross terms, so that each learns as if alone.
    """
    model, inputs = build(networks), networks[0].scaled(features).astype("float32")
    rounds = max(updates // every, 1)
    rate = keras.optimizers.schedules.CosineDecay(learning_rate, rounds * every)
    model.compile(keras.optimizers.Adam(rate), _summed_cross_entropy, steps_per_execution=every)
    rows, target = [], _one_hot(networks[0], labels).astype("float32")
    callback = _History(networks, (features, labels), validation, every, rounds, rows)
    # Copies of the examples make one epoch of Keras out of many updates: most time goes by between its epochs.
    copies = np.tile(inputs, (every, 1)), np.tile(target, (every, 1))
    model.fit(*copies, batch_size=len(inputs), epochs=rounds, shuffle=False, verbose=0, callbacks=[callback])
    return _networks(model, networks), pd.DataFrame(rows)


def _summed_cross_entropy(target, logits):
    """Mean over the batch, sum over the networks; target (batch, classes), logits (batch, networks, classes)."""
    return -ops.sum(ops.mean(ops.sum(target[:, None] * ops.log_softmax(logits), axis=-1), axis=0))


def _networks(model, like):
    values = [ops.convert_to_numpy(variable).astype(float) for variable in model.trainable_variables]
    pairs = list(zip(values[::2], values[1::2], strict=True))
    layers = [tuple((kernel[i], bias[i, 0]) for kernel, bias in pairs) for i in range(len(like))]
    return [replace(network, layers=one) for network, one in zip(like, layers, strict=True)]


class _History(keras.callbacks.Callback):
    def __init__(self, networks, train, validation, every, rounds, rows):
        super().__init__()
        self.networks, self.every, self.rows = networks, every, rows
        self.sets = {"mse": train} if validation is None else {"mse": train, "val_mse": validation}
        self.bar = tqdm(total=rounds * every, desc="Adam", unit="update", leave=False)

    def on_epoch_end(self, epoch, logs=None):
        self.bar.update(self.every)
        for number, network in enumerate(_networks(self.model, self.networks)):
            scores = {name: mean_square_error(network, *examples) for name, examples in self.sets.items()}
            self.rows.append({"epoch": (epoch + 1) * self.every, "network": number, **scores})

    def on_train_end(self, logs=None):
        self.bar.close()
