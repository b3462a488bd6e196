import numpy as np
import pytest

from gmtools.errors import FormatError
from gmtools.maps import kriging

PLANTED = kriging.Variogram(sill=0.3, nugget=0.05, range_km=25.0)


def planted(n_events=40, n_stations=60, seed=0):
    random = np.random.default_rng(seed)
    xy = random.uniform(0, 150, (n_events, n_stations, 2))
    values = []
    for places in xy:
        distance = np.linalg.norm(places[:, None] - places[None], axis=-1)
        covariance = 0.3 * np.exp(-distance / 25) + 0.05 * np.eye(n_stations)
        values.append(np.linalg.cholesky(covariance) @ random.standard_normal(n_stations))
    return xy.reshape(-1, 2), np.concatenate(values), np.repeat(np.arange(n_events), n_stations)


def test_planted_variogram_is_found_again():
    found = kriging.fit(*planted())
    assert found.sill == pytest.approx(0.3, rel=0.15)
    assert found.nugget == pytest.approx(0.05, rel=0.3)
    assert found.range_km == pytest.approx(25, rel=0.25)


def test_held_out_stations_are_predicted_with_a_calibrated_sd():
    xy, residual, event = planted(seed=1)
    new = np.arange(len(residual)) % 4 == 0
    mean, sd = kriging.predict(PLANTED, xy[~new], residual[~new], event[~new], xy[new], event[new])
    error = residual[new] - mean
    assert np.sqrt((error**2).mean()) < 0.85 * residual[new].std()
    assert (error / sd).std() == pytest.approx(1, abs=3 / np.sqrt(2 * new.sum()))


def test_without_nugget_a_known_place_is_met_exactly():
    xy, residual, event = planted(n_events=1)
    exact = kriging.Variogram(0.3, 1e-12, 25.0)
    mean, sd = kriging.predict(exact, xy, residual, event, xy, event)
    np.testing.assert_allclose(mean, residual, atol=1e-5)
    assert sd.max() < 1e-3


def test_far_away_or_in_another_event_nothing_is_known():
    mean, sd = kriging.predict(PLANTED, [[0, 0]], [1.0], ["a"], [[5000, 0], [0, 0]], ["a", "b"])
    assert mean == pytest.approx([0, 0], abs=1e-12)
    assert sd == pytest.approx(np.sqrt([0.35, 0.35]))


def test_missing_or_unequal_input():
    with pytest.raises(FormatError, match=r"1 places or residuals are missing: drop those records"):
        kriging.fit([[0, 0], [1, 1]], [0.1, np.nan], ["a", "a"])
    with pytest.raises(FormatError, match=r"2 residuals, places of shape \(1, 2\) and 2 events do not belong together"):
        kriging.fit([[0, 0]], [0.1, 0.2], ["a", "a"])


def test_prediction_is_the_textbook_formula():
    xy, residual, event = planted(n_events=1, n_stations=12)
    new = xy[:5] + 3.0
    mean, sd = kriging.predict(PLANTED, xy, residual, event, new, event[:5])
    between, known = (0.3 * np.exp(-np.linalg.norm(xy[:, None] - to[None], axis=-1) / 25) for to in (new, xy))
    weights = np.linalg.solve(known + 0.05 * np.eye(12), between)
    np.testing.assert_allclose(mean, weights.T @ residual, rtol=1e-9)
    np.testing.assert_allclose(sd**2, 0.35 - (weights * between).sum(axis=0), rtol=1e-9)
