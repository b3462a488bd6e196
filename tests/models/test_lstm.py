import numpy as np
import pytest

from gmtools.models import keras
from gmtools.models.lstm import LSTM

UNITS, STEPS, INPUTS = 6, 9, 3


@pytest.fixture
def pair():
    """Our layer and Keras' own with the same weights; Keras has one bias."""
    keras.utils.set_random_seed(0)
    ours, theirs = LSTM(UNITS), keras.layers.LSTM(UNITS, return_sequences=True)
    for layer in (ours, theirs):
        layer.build((None, STEPS, INPUTS))
    ours.set_weights([np.random.default_rng(1).normal(size=weight.shape) for weight in ours.weights])
    kernel, recurrent, *biases = ours.get_weights()
    theirs.set_weights([kernel, recurrent, sum(biases)])
    return ours, theirs


def model_of(layer):
    inputs = keras.Input((STEPS, INPUTS))
    return keras.Model(inputs, layer(inputs))


def test_same_sequence_as_keras(pair):
    sequences = np.random.default_rng(2).normal(size=(4, STEPS, INPUTS)).astype("float32")
    ours, theirs = (model_of(layer).predict(sequences, verbose=0) for layer in pair)
    assert ours.shape == (4, STEPS, UNITS)
    np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_same_gradient_as_keras(pair):
    random = np.random.default_rng(3)
    sequences = random.normal(size=(4, STEPS, INPUTS)).astype("float32")
    wanted = random.normal(size=(4, STEPS, UNITS)).astype("float32")
    moved = []
    for layer in pair:
        before = layer.get_weights()
        model = model_of(layer)
        model.compile(keras.optimizers.SGD(1.0), "mse")
        model.train_on_batch(sequences, wanted)
        moved.append([new - old for new, old in zip(layer.get_weights(), before, strict=True)])
    (kernel, recurrent, input_bias, recurrent_bias), theirs = moved
    for ours, other in zip((kernel, recurrent, input_bias), theirs, strict=True):
        assert np.abs(other).max() > 1e-3
        np.testing.assert_allclose(ours, other, atol=1e-6)
    np.testing.assert_array_equal(input_bias, recurrent_bias)


def test_gradient_reaches_the_inputs():
    keras.utils.set_random_seed(0)
    inputs = keras.Input((STEPS, INPUTS))
    model = keras.Model(inputs, LSTM(UNITS)(keras.layers.Dense(INPUTS)(inputs))[:, -1])
    model.compile(keras.optimizers.SGD(1.0), "mse")
    before = model.layers[1].get_weights()[0]
    model.train_on_batch(np.ones((2, STEPS, INPUTS), "float32"), np.ones((2, UNITS), "float32"))
    assert np.abs(model.layers[1].get_weights()[0] - before).max() > 1e-3


def test_starts_within_the_limits_of_pytorch_and_can_be_built_again():
    layer = LSTM(16)
    layer.build((None, STEPS, INPUTS))
    assert all(0.2 < np.abs(weight).max() <= 0.25 for weight in layer.get_weights())
    assert LSTM.from_config(layer.get_config()).units == 16
