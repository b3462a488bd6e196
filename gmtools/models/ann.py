"""The multilayer perceptron of Sedaghati & Pezeshk (2026), many copies of it trained as one batched model."""

import keras
from keras import ops

HIDDEN_UNITS = (64, 32)
L2 = 1e-4
DROPOUT = 0.05


@keras.saving.register_keras_serializable("gmtools")
class BatchedDense(keras.layers.Layer):
    """``n_networks`` independent dense layers evaluated by one matrix product.

    Input (batch, in) is shared by all networks; input (n_networks, batch, in) holds one for each. Output
    (n_networks, batch, units). Nothing couples the networks, so each gets the gradient that it would get alone.

    Parameters
    ----------
    n_networks, units : int
    initializer : str
        Name of a Keras initializer; network ``i`` draws its kernel with ``seed + i`` and the fan-in of one network.
    l2 : float
        Factor of the squared kernel weights in the loss.
    """

    def __init__(self, n_networks, units, initializer="he_uniform", seed=0, l2=L2, **kwargs):
        super().__init__(**kwargs)
        self.n_networks, self.units, self.initializer, self.seed, self.l2 = n_networks, units, initializer, seed, l2

    def build(self, input_shape):
        """Create the kernels (n_networks, in, units) and the biases (n_networks, 1, units)."""
        self.kernel = self.add_weight(
            shape=(self.n_networks, input_shape[-1], self.units),
            initializer=self._draw,
            regularizer=keras.regularizers.L2(self.l2),
            name="kernel",
        )
        self.bias = self.add_weight(shape=(self.n_networks, 1, self.units), initializer="zeros", name="bias")

    def _draw(self, shape, dtype=None):
        kind = type(keras.initializers.get(self.initializer))
        return ops.stack([kind(seed=self.seed + i)(shape[1:], dtype=dtype) for i in range(shape[0])])

    def call(self, inputs):
        """Affine map of each network."""
        return ops.matmul(inputs, self.kernel) + self.bias

    def compute_output_shape(self, input_shape):
        """(n_networks, batch, units)."""
        return (self.n_networks, input_shape[-2], self.units)

    def get_config(self):
        """Arguments that build the layer again."""
        own = {key: getattr(self, key) for key in ("n_networks", "units", "initializer", "seed", "l2")}
        return {**super().get_config(), **own}


def build(n_networks=13, n_inputs=3, hidden_units=HIDDEN_UNITS, dropout=DROPOUT, l2=L2, seed=0):
    """Stack ``n_networks`` single-output perceptrons (3-64-32-1, ReLU, He-uniform, dropout, L2) in one Keras model.

    Parameters
    ----------
    n_networks : int
        Thirteen for the study's ordinates; folds times thirteen for a cross-validation in one go.
    n_inputs : int
    hidden_units : tuple of int
    dropout : float
        Fraction of hidden units switched off at random in each training step.
    l2 : float
        Factor of the squared kernel weights in the loss.
    seed : int

    Returns
    -------
    keras.Model
        Maps standardized inputs (batch, n_inputs) to outputs (batch, n_networks).

    Source: layer sizes, initializers and regularization are read from the thirteen published model files of
    Sedaghati & Pezeshk (2026).
    """
    inputs = keras.Input((n_inputs,))
    hidden = inputs
    for depth, units in enumerate(hidden_units):
        name = f"hidden_{depth + 1}"
        hidden = BatchedDense(n_networks, units, seed=seed + 10_000 * depth, l2=l2, name=name)(hidden)
        # One mask for all networks: each still sees random masks of its own batch, and far fewer numbers are drawn.
        hidden = keras.layers.Dropout(dropout, noise_shape=(1, None, units), seed=seed + depth)(ops.relu(hidden))
    last = BatchedDense(n_networks, 1, "glorot_uniform", seed=seed + 90_000, l2=l2, name="output")(hidden)
    return keras.Model(inputs, ops.transpose(ops.squeeze(last, -1)))


def masked_huber(target, prediction):
    """Huber loss (delta 1), averaged for each network over the records that it has, summed over the networks.

    Parameters
    ----------
    target : (batch, n_networks) array
        NaN where a network has no target: an ordinate beyond the usable period, or a held-out event.
    prediction : (batch, n_networks) array

    Returns
    -------
    scalar
        Because the sum has no cross terms and Adam works weight by weight, the networks learn as if trained alone.

    Source: Huber (1964), eq. for the loss that is quadratic below delta and linear above.
    """
    observed = ops.cast(ops.logical_not(ops.isnan(target)), prediction.dtype)
    size = ops.abs(ops.where(observed > 0, target, prediction) - prediction)
    loss = ops.where(size <= 1, 0.5 * size**2, size - 0.5)
    return ops.sum(ops.sum(loss, axis=0) / ops.maximum(ops.sum(observed, axis=0), 1))
