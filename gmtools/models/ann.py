"""Independent dense layers evaluated as one: what the perceptron of study 4 is built of."""

import keras

L2 = 1e-4


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
