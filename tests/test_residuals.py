import numpy as np
import pytest
import statsmodels.api as sm
from threadpoolctl import threadpool_limits

from gmtools import residuals
from gmtools.errors import FormatError


def planted(seed, n=4000, events=250, stations=400, tau=0.4, phi_s2s=0.35, phi_ss=0.5, bias=0.2):
    rng = np.random.default_rng(seed)
    event, station = rng.integers(0, events, n), rng.integers(0, stations, n)
    event_terms, station_terms = rng.normal(0, tau, events), rng.normal(0, phi_s2s, stations)
    residual = bias + event_terms[event] + station_terms[station] + rng.normal(0, phi_ss, n)
    return residual, event, station, event_terms


def test_planted_terms_are_found_again():
    residual, event, station, event_terms = planted(0)
    split = residuals.partition(residual, event, station)
    assert (split.tau, split.phi_s2s, split.phi_ss) == pytest.approx((0.4, 0.35, 0.5), rel=0.08)
    assert split.bias == pytest.approx(0.2, abs=0.08)
    # 16 records an event: reliability 0.16 / (0.16 + 0.37 / 16) = 0.87, so the correlation is near its root, 0.93.
    assert np.corrcoef(split.event_term, event_terms[event])[0, 1] > 0.9
    whole = split.bias + split.event_term + split.station_term + split.record_term
    np.testing.assert_allclose(whole, residual)


def test_standard_deviations_add_as_squares():
    part = residuals.Partition(0.0, 12.0, 3.0, 4.0, *np.zeros((3, 1)))
    assert (part.phi, part.sigma) == (5, 13)


def test_equals_statsmodels_on_one_grouping():
    # Every record its own station: the station variance cannot be told from the record's, so compare tau and the sum.
    residual, event, _, _ = planted(1, n=600, events=40, phi_s2s=0.0)
    split = residuals.partition(residual, event, np.arange(600) % 3)
    other = sm.MixedLM(residual, np.ones((600, 1)), groups=event).fit(reml=False)
    assert split.tau == pytest.approx(float(np.sqrt(other.cov_re[0, 0])), rel=0.02)
    assert np.hypot(split.phi_s2s, split.phi_ss) == pytest.approx(float(np.sqrt(other.scale)), rel=0.02)


def test_mixed_regression_weighs_events_and_not_records():
    random = np.random.default_rng(2)
    event = np.repeat(np.arange(60), random.integers(1, 40, 60))
    station = random.integers(0, 30, len(event))
    terms, sites = random.normal(0, 0.6, 60), random.normal(0, 0.3, 30)
    size, distance = random.normal(5, 0.7, 60)[event], random.normal(4, 0.5, len(event))
    inputs = np.column_stack([size, distance, np.full(len(event), 0.3), 2 * size])
    target = 1 + 0.8 * size - 1.5 * distance + terms[event] + sites[station] + random.normal(0, 0.3, len(event))
    intercept, found = residuals.mixed_regression(inputs, target, event, station)

    same = (event[:, None] == event) * 0.36 + (station[:, None] == station) * 0.09 + 0.09 * np.eye(len(event))
    design = np.column_stack([np.ones(len(event)), size, distance])
    weighted = np.linalg.solve(same, design)
    expected = np.linalg.solve(design.T @ weighted, weighted.T @ target)
    assert [intercept, found[0] + 2 * found[3], found[1]] == pytest.approx(list(expected), abs=0.03)
    assert found[2] == 0
    plain = np.linalg.lstsq(design, target, rcond=None)[0]
    assert abs(plain[1] - expected[1]) > 0.06


def test_the_last_digits_do_not_hang_on_the_threads():
    random = np.random.default_rng(3)
    inputs, event, station = random.random((4000, 25)), random.integers(0, 200, 4000), random.integers(0, 60, 4000)
    target = inputs @ random.random(25) + random.normal(0, 0.5, 200)[event] + random.normal(0, 0.5, 4000)
    found = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            intercept, coefficients = residuals.mixed_regression(inputs, target, event, station)
        found.append([intercept, *coefficients])
    assert found[0] == found[1]


def test_column_of_a_wider_array_is_split_like_its_copy():
    residual, event, station, _ = planted(4, n=500)
    wide = np.column_stack([residual, np.full(500, 1e3), np.full(500, np.nan)])
    split, copied = (residuals.partition(column, event, station) for column in (wide[:, 0], residual))
    assert (split.bias, split.tau, split.phi_s2s) == pytest.approx((copied.bias, copied.tau, copied.phi_s2s), rel=1e-9)
    np.testing.assert_allclose(split.event_term, copied.event_term)


def test_a_regression_on_too_few_or_missing_records_is_refused():
    inputs, names = np.random.default_rng(0).random((5, 4)), list("aabbc")
    with pytest.raises(FormatError, match="5 records cannot give 5 coefficients"):
        residuals.mixed_regression(inputs, np.arange(5.0), names, names)
    with pytest.raises(FormatError, match="1 values or identifiers are missing"):
        residuals.mixed_regression(inputs[:, :1], [1, np.nan, 2, 3, 4], names, names)


def test_missing_identifier_is_refused():
    with pytest.raises(FormatError, match="1 values or identifiers are missing: drop"):
        residuals.partition([0.1, 0.2], ["a", None], ["x", "y"])
    with pytest.raises(FormatError, match="2 values came with 3 identifiers"):
        residuals.partition([0.1, 0.2], ["a", "b", "c"], ["x", "y", "z"])


def test_event_bootstrap_is_wider_than_a_record_bootstrap():
    residual, event, _, _ = planted(2, events=30)
    mean, low, high = residuals.bootstrap_by_event(residual, event, draws=400)
    naive = residuals.bootstrap_by_event(residual, np.arange(len(residual)), draws=400)
    assert low < mean < high
    assert high - low > 3 * (naive[2] - naive[1])


def test_bootstrap_compares_columns_on_the_same_draws():
    residual, event, _, _ = planted(3, n=500)
    both = np.column_stack([residual, residual + 0.1])
    estimate, low, _ = residuals.bootstrap_by_event(both, event, draws=200)
    np.testing.assert_allclose(estimate[1] - estimate[0], 0.1)
    np.testing.assert_allclose(low[1] - low[0], 0.1, atol=1e-12)
    rms = residuals.bootstrap_by_event(both, event, residuals.rms_axis, draws=50)[0]
    assert rms[0] == pytest.approx(residuals.rms(residual))


def test_bootstrap_interval_covers_the_truth():
    rng = np.random.default_rng(4)
    covered = 0
    for trial in range(60):
        event = np.repeat(np.arange(40), 5)
        sample = rng.normal(0, 0.4, 40)[event] + rng.normal(0, 0.5, 200)
        _, low, high = residuals.bootstrap_by_event(sample, event, draws=200, seed=trial)
        covered += low < 0 < high
    assert covered >= 50  # 95 % of 60 is 57; a binomial count falls below 50 once in a thousand


def test_bootstrap_interval_has_the_level_that_it_promises():
    """Of single records a mean's 95 % interval is 1.96 standard errors to each side; 90 % would be 1.64."""
    sample = np.random.default_rng(6).normal(size=400)
    _, low, high = residuals.bootstrap_by_event(sample, np.arange(400), draws=4000)
    assert (high - low) / 2 == pytest.approx(1.96 * sample.std() / np.sqrt(400), rel=0.05)


def test_station_terms_carry_over_to_known_stations_only():
    residual, event, station, _ = planted(6, n=800)
    part = residuals.partition(residual, event, station)
    terms = residuals.station_terms(part, station, [station[5], "nowhere", station[0]])
    assert terms == pytest.approx([part.station_term[5], 0, part.station_term[0]])
