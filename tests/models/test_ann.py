import logging

import numpy as np
import pytest

from gmtools.models import ann, keras, training


@pytest.fixture
def records():
    rng = np.random.default_rng(1)
    inputs = rng.normal(size=(200, 3)).astype("float32")
    targets = (inputs @ rng.normal(size=(3, 4)) + 0.1 * rng.normal(size=(200, 4))).astype("float32")
    targets[rng.random(targets.shape) < 0.2] = np.nan
    return inputs, targets


def single_network(kernels, biases):
    """One network written with Keras' own layers, as the paper's authors would."""
    layers = [keras.Input((3,))]
    for units, activation in ((64, "relu"), (32, "relu"), (1, None)):
        layers.append(keras.layers.Dense(units, activation=activation, kernel_regularizer=keras.regularizers.L2(1e-4)))
    model = keras.Sequential(layers)
    model.set_weights([part for pair in zip(kernels, biases, strict=True) for part in pair])
    return model


def test_batched_training_equals_training_one_by_one(records):
    inputs, targets = records
    batched = ann.build(4, dropout=0.0, seed=3)
    start = batched.get_weights()
    batched.compile(keras.optimizers.Adam(1e-3), ann.masked_huber)
    batched.fit(inputs, targets, batch_size=50, epochs=5, shuffle=False, verbose=0)
    together = batched.predict(inputs, verbose=0)
    for i in range(4):
        alone = single_network([w[i] for w in start[::2]], [w[i, 0] for w in start[1::2]])
        alone.compile(keras.optimizers.Adam(1e-3), ann.masked_huber)
        alone.fit(inputs, targets[:, i : i + 1], batch_size=50, epochs=5, shuffle=False, verbose=0)
        np.testing.assert_allclose(together[:, i], alone.predict(inputs, verbose=0)[:, 0], atol=2e-5)


def test_masked_huber_is_the_library_s_huber_where_nothing_is_missing(records):
    _, targets = records
    prediction = np.zeros_like(targets)
    for i in range(targets.shape[1]):
        there = ~np.isnan(targets[:, i])
        expected = keras.losses.Huber()(targets[there, i : i + 1], prediction[there, i : i + 1])
        ours = ann.masked_huber(targets[:, i : i + 1], prediction[:, i : i + 1])
        assert float(ours) == pytest.approx(float(expected), rel=1e-6)


def test_size_of_the_published_network():
    model = ann.build(1)
    assert model.count_params() == 2369
    model.get_layer("hidden_1").trainable = False
    assert sum(int(np.prod(w.shape)) for w in model.trainable_weights) == 2113


def test_networks_start_differently_and_the_seed_repeats_them():
    first, again, other = ann.build(3, seed=5), ann.build(3, seed=5), ann.build(3, seed=6)
    kernel = first.get_weights()[0]
    assert not np.allclose(kernel[0], kernel[1])
    for a, b in zip(first.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.allclose(kernel, other.get_weights()[0])


def test_dropout_switches_units_off_in_training_only(records):
    inputs, _ = records
    model = ann.build(2, dropout=0.5)
    np.testing.assert_allclose(model(inputs, training=False), model(inputs, training=False))
    assert not np.allclose(model(inputs, training=True), model(inputs, training=True))


def test_frozen_layer_stays(records):
    inputs, targets = records
    model = ann.build(4)
    model.get_layer("hidden_1").trainable = False
    before = model.get_layer("hidden_1").get_weights()[0].copy()
    training.fit(model, inputs, targets, updates=6, batch=50, learning_rate=1e-2)
    np.testing.assert_array_equal(model.get_layer("hidden_1").get_weights()[0], before)
    assert not np.allclose(model.get_layer("hidden_2").get_weights()[1], 0)


def test_importing_the_networks_keeps_tensorflow_from_warning_of_every_new_fit():
    assert logging.getLogger("tensorflow").getEffectiveLevel() >= logging.ERROR
