"""Layers and losses that lessons share."""

import keras
import numpy as np
import pytest
from scipy.stats import norm

from gmtools.layers import ParallelDense, log_normal_cdf, masked_huber


@pytest.fixture
def records():
    rng = np.random.default_rng(1)
    inputs = rng.normal(size=(200, 4, 3)).astype("float32")
    targets = (inputs.sum(axis=2) + 0.1 * rng.normal(size=(200, 4))).astype("float32")
    return inputs, targets[..., None]


def test_training_side_by_side_equals_training_one_by_one(records):
    inputs, targets = records
    together = keras.Sequential([keras.Input((4, 3)), ParallelDense(8, 4, "relu", l2=1e-3), ParallelDense(1, 4)])
    start = together.get_weights()
    together.compile(keras.optimizers.Adam(1e-2), masked_huber)
    together.fit(inputs, targets, batch_size=50, epochs=5, shuffle=False, verbose=0)
    answer = together.predict(inputs, verbose=0)
    for k in range(4):
        l2 = keras.regularizers.L2(1e-3)
        hidden = keras.layers.Dense(8, "relu", kernel_regularizer=l2)
        alone = keras.Sequential([keras.Input((3,)), hidden, keras.layers.Dense(1)])
        alone.set_weights([values[k] for values in start])
        alone.compile(keras.optimizers.Adam(1e-2), keras.losses.Huber())
        alone.fit(inputs[:, k], targets[:, k], batch_size=50, epochs=5, shuffle=False, verbose=0)
        np.testing.assert_allclose(answer[:, k], alone.predict(inputs[:, k], verbose=0), atol=2e-5)


def test_each_network_starts_with_the_spread_of_one():
    layer = ParallelDense(64, 200, "relu")
    layer.build((None, 200, 3))
    kernel = keras.ops.convert_to_numpy(layer.kernel)
    assert kernel.max() == pytest.approx(np.sqrt(6 / 3), rel=0.01)  # He's uniform limit for three inputs
    assert np.ptp(kernel[:, 0, 0]) > 1


def test_masked_huber_is_keras_where_nothing_is_missing_and_skips_the_rest(records):
    targets = records[1][..., 0].copy()
    targets[np.random.default_rng(0).random(targets.shape) < 0.3] = np.nan
    expected = sum(
        float(keras.losses.Huber()(column[~np.isnan(column)], np.zeros((~np.isnan(column)).sum())))
        for column in targets.T
    )
    assert float(masked_huber(targets, np.zeros_like(targets))) == pytest.approx(expected, rel=1e-5)


def test_log_normal_cdf_is_scipys_far_into_the_tail():
    z = np.array([-30, -14, -8, -5, -3, -1, 0, 4], "float32")
    np.testing.assert_allclose(log_normal_cdf(z), norm.logcdf(z), rtol=2e-4, atol=1e-6)
