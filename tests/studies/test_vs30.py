"""Tables and records of study 5: what is planted in the drawn ones, and what the real ones hold."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from gmtools.data import catalog
from gmtools.data.accelerograms import Accelerogram
from gmtools.errors import DataNotFound, DownloadFailed
from gmtools.studies import vs30


def test_drawn_stations_amplify_where_vs30_is_low():
    ground = vs30.stations("simulated", 1)
    known = ground.frame.dropna(subset=["vs30_m_s"])
    assert ground.kind == "simulated" and 40 <= len(known) < len(ground.frame) == 60
    assert np.corrcoef(np.log(known["vs30_m_s"]), known["site_term_1s"])[0, 1] < -0.5
    means = ground.residuals.groupby("station_id")["residual"].mean().reindex(ground.frame["station_id"])
    assert np.abs(means.to_numpy() - ground.frame["site_term_1s"].to_numpy()).mean() < 0.1


def test_real_stations_are_those_of_the_files():
    try:
        catalog.find("kanto_site_terms")
    except (DataNotFound, DownloadFailed):
        pytest.skip("the files are not at hand")
    ground = vs30.stations("real")
    frame = ground.frame.set_index("station_id")
    assert len(frame) == 60 and frame["vs30_m_s"].notna().sum() == 45 and len(ground.residuals) == 3316
    assert frame["site_term_1s"].isna().sum() == 0 and frame["avs30_m_s"].between(100, 800).all()


def test_drawn_curves_peak_later_on_soft_classes():
    curves, kind = vs30.hv_curves("simulated", 0)
    periods = curves.columns[1:].to_numpy(float)
    peak = periods[curves.drop(columns="site_class").to_numpy(float).argmax(1)]
    median = [np.median(peak[curves["site_class"] == name]) for name in ("I", "II", "III")]
    assert kind == "simulated" and median[0] < median[1] < median[2]


def test_parts_have_stations_of_their_own_and_come_again():
    one, other = vs30.simulated("training", 24), vs30.simulated("test", 24)
    assert one.frames.shape == (24, 23, 49) and one.spectra.shape == (24, 2, 40)
    assert not np.allclose(one.vs30_m_s[:20], other.vs30_m_s[:20])
    assert np.array_equal(vs30.simulated("training", 24).frames, one.frames)


def test_network_saturated_by_hand_gives_its_answer_whatever_comes():
    weights = vs30.saturated_by_hand(400.0)
    ceiling = weights["lstm.fc.bias"][0] + np.abs(weights["lstm.fc.weight"]).sum()
    assert ceiling == pytest.approx(400.0)
    assert weights["lstm.lstm.weight_ih_l0"].shape == (1024, 4) and weights["cnn.conv.weight"].shape == (16, 4, 3, 3)


def test_the_factor_comes_from_the_validation_part_and_the_error_from_the_test_part():
    """Twice the truth on validation asks for one half; on the test part that is half of the truth, an error of 50 %."""
    truth = SimpleNamespace(vs30_m_s=np.array([200.0, 400.0, 800.0]))
    said = {"validation": 2 * truth.vs30_m_s, "test": truth.vs30_m_s}
    network = SimpleNamespace(predict=lambda name, verbose: (np.log(said[name]) - 6)[:, None] / 0.5)
    parts = dict.fromkeys(said, truth)
    error = vs30.error_with_factor(network, parts, {name: name for name in said}, mean_ln=6, sd_ln=0.5)
    assert error == pytest.approx(50)


def test_window_of_the_study_begins_half_a_minute_before_p():
    long = Accelerogram(
        np.random.default_rng(0).standard_normal((6000, 3)), 50, "R", "E", "S", p_time_s=40, s_time_s=50
    )
    assert np.flatnonzero(vs30.published_window(long)[:, 3])[0] == 30 * 50
    record = vs30.simulated("training", 24).source.accelerogram(0)
    window = vs30.published_window(record)
    assert window.shape == (3000, 4)
    assert window[:, 3].sum() / 50 == pytest.approx(record.s_time_s - record.p_time_s, abs=0.05)


def test_the_shape_of_a_motion_is_its_long_periods_over_its_pga(monkeypatch):
    frame = pd.DataFrame({"station_id": ["S"], "vs30_m_s": 400.0, "magnitude": 5.0, "rjb_km": 10.0, "pga_g": 0.1})
    frame = frame.assign(psa_1s_g=0.2, pgv_cm_s=98.1)  # 98.1 cm/s in a second are 0.1 g
    monkeypatch.setattr(vs30.studies, "load", lambda *_: SimpleNamespace(frame=frame, simulated=False))
    spectra, kinds = vs30.region_spectra("real")
    shape = spectra.set_index("region")["ln_shape"].to_dict()
    assert shape == pytest.approx({"Italy": np.log(2), "Iran": np.log(2), "NGA-West2": 0}, abs=1e-12)
    assert set(kinds.values()) == {"measured"} and (spectra["distance_km"] == 10).all()


def test_errors_on_real_ground_are_those_of_unseen_regions(monkeypatch):
    """Eight regions, half of them stiff: the mean of the seven others is wrong by 8/7 in ln, that of all by 1."""
    number = np.tile(np.arange(8), 8)
    place = {"station_longitude": 139 + 0.3 * number, "station_latitude": 35.5}
    frame = pd.DataFrame({"vs30_m_s": np.exp(6 + np.where(number % 2, 1, -1)), "site_term_1s": 0.0, **place})
    monkeypatch.setattr(vs30, "stations", lambda *_: SimpleNamespace(frame=frame))
    off = 50 * (np.exp(8 / 7) - np.exp(-8 / 7))
    assert vs30.errors_on_real_ground() == pytest.approx({"constant": off, "line": off, "stations": 64})
