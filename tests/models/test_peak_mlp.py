import numpy as np
import pytest

from gmtools.errors import GmtoolsError
from gmtools.models import peak_mlp
from gmtools.studies import peak_rules


def planted(n, seed=0):
    """Three shapes of 90 numbers with noise: what a perceptron must be able to tell apart."""
    random = np.random.default_rng(seed)
    labels, where = np.arange(n) % 3, np.linspace(0, 3 * np.pi, 90)
    shapes = np.array([np.sin(where), np.cos(where), np.sin(2 * where)])
    return 3 + shapes[labels] * random.uniform(0.5, 1.5, (n, 1)) + random.normal(0, 0.4, (n, 90)), labels


def test_the_thesis_network_has_1028_weights():
    assert peak_mlp.initial(planted(9)[0]).weights.size == 1028
    assert peak_mlp.initial(planted(9)[0], hidden_units=(90,)).weights.size == 91 * 90 + 91 * 3
    assert peak_rules.CLASSES == peak_mlp.CLASSES == ("other", "artefactual", "stratigraphic")


def test_inputs_are_scaled_to_the_range_of_the_training_peaks():
    features = np.array([[1.0, 5.0], [3.0, 5.0]])
    network = peak_mlp.initial(features, (2,))
    np.testing.assert_allclose(network.scaled([[1, 5], [2, 6], [5, 5]]), [[-1, -1], [0, 1], [3, -1]])


def test_the_jacobian_is_the_derivative():
    features, _ = planted(6)
    network = peak_mlp.initial(features, (5, 4), seed=3)
    inputs, weights = network.scaled(features), network.weights
    directions = np.random.default_rng(0).normal(size=(5, weights.size))
    for direction in directions:
        ends = [network.with_weights(weights + sign * 1e-6 * direction).predict(features) for sign in (1, -1)]
        slope = (ends[0] - ends[1]).ravel() / 2e-6
        np.testing.assert_allclose(peak_mlp.jacobian(network, inputs) @ direction, slope, atol=1e-8)


def test_levenberg_marquardt_reaches_the_thesis_training_error():
    features, labels = planted(183)
    network, history = peak_mlp.fit_levenberg_marquardt(peak_mlp.initial(features), features, labels, goal=0.0032)
    assert history["mse"].iloc[-1] <= 0.0032
    assert peak_mlp.mean_square_error(network, features, labels) == pytest.approx(history["mse"].iloc[-1])
    others, truth = planted(90, seed=1)
    assert (network.predict(others).argmax(1) == truth).mean() > 0.9


def test_validation_decides_when_to_stop():
    features, labels = planted(60)
    others = planted(30, seed=1)
    network, history = peak_mlp.fit_levenberg_marquardt(peak_mlp.initial(features), features, labels, others)
    assert peak_mlp.mean_square_error(network, *others) == pytest.approx(history["val_mse"].min())


def test_keras_and_numpy_are_the_same_network():
    features, _ = planted(12)
    networks = [peak_mlp.initial(features, seed=seed) for seed in (0, 1)]
    logits = np.asarray(peak_mlp.build(networks)(networks[0].scaled(features)), float)
    probabilities = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    for number, network in enumerate(networks):
        np.testing.assert_allclose(probabilities[:, number], network.predict(features), atol=1e-6)


def test_adam_trains_each_network_as_if_it_were_alone():
    features, labels = planted(60)
    others = planted(30, seed=1)
    starts = [peak_mlp.initial(features, seed=seed) for seed in (0, 1)]
    settings = {"updates": 100, "every": 50, "validation": others}
    together, history = peak_mlp.fit_adam(starts, features, labels, **settings)
    alone, _ = peak_mlp.fit_adam(starts[1:], features, labels, **settings)
    np.testing.assert_allclose(together[1].predict(features), alone[0].predict(features), atol=1e-3)
    assert history["epoch"].tolist() == [50, 50, 100, 100]
    last = history[(history["epoch"] == 100) & (history["network"] == 1)].iloc[0]
    assert last["mse"] == pytest.approx(peak_mlp.mean_square_error(together[1], features, labels))
    assert last["mse"] < 0.05 < peak_mlp.mean_square_error(starts[1], features, labels)


def test_features_that_are_no_numbers_are_refused():
    features, _ = planted(9)
    features[2, 5] = np.inf
    with pytest.raises(GmtoolsError, match="1 of 810 features are not finite"):
        peak_mlp.initial(features)
