import numpy as np
import pandas as pd
import pytest

from gmtools import columns, gmms
from gmtools.data.readers.iran import TRUNCATION_PGA_G
from gmtools.simulate import records

PLANTED = records.Variability(tau=0.5, phi_s2s=0.3, phi_ss=0.4)


@pytest.fixture(scope="module")
def source():
    return records.nga_west2(seed=1, n_events=300, n_records=6000, variability=PLANTED, truth=(0, 1.0))


@pytest.fixture(scope="module")
def target():
    return records.iran(seed=1)


def one_each(frame, term, group):
    return frame.groupby(group)[term].first()


def test_same_seed_same_table(source):
    again = records.nga_west2(seed=1, n_events=300, n_records=6000, variability=PLANTED, truth=(0, 1.0))
    pd.testing.assert_frame_equal(source, again, check_exact=True)
    other = records.nga_west2(seed=2, n_events=300, n_records=6000)
    assert not np.array_equal(source["pga_g"][:100], other["pga_g"][:100])


def test_truth_adds_up_to_the_motion(source):
    for period in (0, 1.0):
        total = source[list(records.true_columns(period).values())].sum(axis=1)
        np.testing.assert_allclose(total, np.log(source[columns.psa(period)]), rtol=1e-10)


def test_planted_sizes_are_found_again(source):
    """Three standard errors of a standard deviation from n draws are 3 / sqrt(2 n) of it."""
    for ending in ("", "_1s"):
        event = one_each(source, "true_event_term" + ending, "event_id")
        station = one_each(source, "true_station_term" + ending, "station_id")
        record = source["true_record_term" + ending]
        for term, size in ((event, 0.5), (station, 0.3), (record, 0.4)):
            assert term.std() == pytest.approx(size, rel=3 / np.sqrt(2 * len(term)))


def test_what_is_planted_by_default_is_what_was_published():
    """Boore et al. (2014), table of PGA: tau and phi at magnitudes below 4.5 and above 5.5."""
    planted = records.NGA_WEST2_VARIABILITY
    assert planted.tau == pytest.approx((0.398 + 0.348) / 2, abs=0.005)
    assert np.hypot(planted.phi_s2s, planted.phi_ss) == pytest.approx((0.695 + 0.495) / 2, abs=0.005)
    frame = records.nga_west2(seed=3, n_events=400, n_records=3000)
    term = one_each(frame, "true_event_term", "event_id")
    assert term.std() == pytest.approx(planted.tau, rel=3 / np.sqrt(2 * len(term)))


def test_terms_belong_to_their_event_and_station(source):
    assert (source.groupby("event_id")["true_event_term"].nunique() == 1).all()
    assert (source.groupby("station_id")["true_station_term"].nunique() == 1).all()
    assert source.groupby("station_id")["vs30_m_s"].nunique().max() == 1
    assert source["station_id"].value_counts().median() >= 2


def test_mixed_model_finds_the_planted_event_variance(source):
    """Method of moments on the residuals: within-event variance and between-event variance, no truth used."""
    residual = np.log(source["pga_g"]) - source["true_median_ln"]
    groups = residual.groupby(source["event_id"])
    within = groups.apply(lambda values: ((values - values.mean()) ** 2).sum()).sum() / (len(source) - groups.ngroups)
    large = groups.size() >= 10
    between = groups.mean()[large].var() - (within / groups.size()[large]).mean()
    assert np.sqrt(within) == pytest.approx(0.5, abs=0.02)  # hypot(0.3, 0.4)
    assert np.sqrt(between) == pytest.approx(0.5, rel=3 / np.sqrt(2 * large.sum()))


def test_ordinates_are_correlated(source):
    correlation = np.corrcoef(source["true_record_term"], source["true_record_term_1s"])[0, 1]
    assert correlation == pytest.approx(np.exp(-np.log(50) / 4), abs=0.04)


def test_medians_are_those_of_the_model(source):
    rows = source.iloc[::500]
    expected = gmms.predict("BSSA14", rows, (0, 1.0)).mean
    np.testing.assert_allclose(rows[["true_median_ln", "true_median_ln_1s"]], expected, rtol=1e-12)


def test_source_ranges(source):
    assert len(source) == 6000 and source["event_id"].nunique() == 300
    assert source["magnitude"].between(3, 7.9).all() and source["rjb_km"].between(0, 300).all()
    assert source["vs30_m_s"].between(90, 2100).all() and source["hypocentral_depth_km"].between(1, 30).all()
    assert (source["rrup_km"] >= source["rjb_km"]).all() and (source["rhyp_km"] >= source["repi_km"]).all()
    assert (source["rjb_km"] <= source["repi_km"] + 1e-9).all()
    assert source["rjb_km"].median() == pytest.approx(90, abs=25)


def test_distance_to_a_segment():
    event = pd.DataFrame({"x": [0.0], "y": [0.0], "strike": [0.0], "length": [20.0], "share_behind": [0.25]})
    stations = np.array([[3.0, 5.0], [0.0, 19.0], [3.0, -9.0], [0.0, 0.0]])  # north is +y; the fault spans y -5 to 15
    repi, rjb = records._distances(stations, event, 0)
    np.testing.assert_allclose(repi, [np.hypot(3, 5), 19, np.hypot(3, 9), 0])
    np.testing.assert_allclose(rjb, [3, 4, 5, 0], atol=1e-12)


def test_target_is_truncated_and_biased(target):
    assert target["pga_g"].min() >= TRUNCATION_PGA_G
    weak = target["true_median_ln"] < np.log(TRUNCATION_PGA_G)
    strong = target["true_median_ln"] > np.log(10 * TRUNCATION_PGA_G)
    within = target["true_record_term"]
    assert weak.sum() > 50 and within[weak].mean() > 0.4
    assert abs(within[strong].mean()) < 0.1


def test_target_looks_like_the_iranian_file(target):
    assert len(target) == 2193 and target["event_id"].nunique() == 363
    assert target["event_id"].value_counts().min() >= 3
    assert "rjb_km" not in target and (target["true_rjb_km"] >= 0).all()
    assert (target["rrup_km"].isna() == target["rrup_is_missing"]).all()
    assert target["magnitude"][target["rrup_is_missing"]].min() >= 5
    small = target[target["magnitude"] < 5]
    assert (small["rrup_km"] == small["rhyp_km"]).all()
    assert set(map(columns.psa, columns.PERIODS)) <= set(target.columns)


def test_target_differs_from_the_source_model(target):
    """What transfer is about: the same records have other medians under the source model."""
    rows = target.assign(rjb_km=target["true_rjb_km"])[target["magnitude"].between(4, 7.3)]
    difference = rows["true_median_ln"] - gmms.predict("BSSA14", rows, (0.0,)).mean[:, 0]
    assert difference.abs().mean() > 0.2


def test_small_request_gives_fewer_not_an_error():
    frame = records.iran(seed=0, n_events=5, n_records=30)
    assert 0 < len(frame) <= 30 and frame["event_id"].nunique() <= 5
