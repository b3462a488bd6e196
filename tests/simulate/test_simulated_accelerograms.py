import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize_scalar

from gmtools import columns
from gmtools.data.accelerograms import signal_to_noise_db
from gmtools.errors import GmtoolsError
from gmtools.simulate import accelerograms
from gmtools.simulate.accelerograms import SimulatedRecords, corner_frequency, envelope, rock_spectrum


@pytest.fixture(scope="module")
def records():
    return SimulatedRecords(seed=4, n_records=300, n_stations=80, n_events=60)


def test_source_spectrum_has_its_corner_and_its_two_slopes():
    """On both sides of the corner: f^2 below, flat above, half the plateau at it (no path, no kappa)."""
    corner = float(corner_frequency(5.0, 100.0))
    spectrum = rock_spectrum(corner * np.array([1e-3, 2e-3, 1.0, 1e3, 2e3]), 5.0, corner, 1e-6, 0.0)
    assert corner == pytest.approx(4.906e6 * 3.5 * (100 / 10**23.55) ** (1 / 3))
    assert spectrum[1] / spectrum[0] == pytest.approx(4, rel=1e-4)
    assert spectrum[4] / spectrum[3] == pytest.approx(1, rel=1e-3)
    assert spectrum[2] / spectrum[4] == pytest.approx(0.5, rel=1e-3)


def test_spreading_changes_at_40_km_and_p_is_weaker():
    near, edge, far = (rock_spectrum([0.01], 5.0, 1.0, r, 0.0)[0] for r in (20.0, 40.0, 160.0))
    assert near / edge == pytest.approx(2, rel=0.01) and edge / far == pytest.approx(2, rel=0.05)
    p, s = (rock_spectrum([0.01], 5.0, 1.0, 20.0, 0.0, wave)[0] for wave in ("P", "S"))
    assert p / s == pytest.approx(0.52 / 0.55 * (3.5 / 6.1) ** 3, rel=0.01)


def test_window_starts_at_the_arrival_and_peaks_at_0_4_of_the_duration():
    time = np.linspace(-5, 60, 6501)
    window = envelope(time, 10.0, coda_share=0.0)
    assert not window[time <= 0].any() and time[window.argmax()] == pytest.approx(4.0, abs=0.02)
    assert window.max() == pytest.approx(1.0, rel=1e-4)
    assert np.interp(20.0, time, window) == pytest.approx(0.05, rel=1e-3)  # 5 % at twice the duration


def test_corner_of_the_drawn_records_is_the_planted_one(monkeypatch):
    """S waves of one event, freed of path and known ground: the corner that levels their mean spectrum."""
    monkeypatch.setattr(accelerograms, "SNR_DB", (60, 60))
    records = SimulatedRecords(seed=1, n_records=1500, n_stations=60, n_events=100)
    event = records.frame[columns.EVENT].value_counts().index[0]
    frequency = np.fft.rfftfreq(records.n_samples, 0.01)
    used = (frequency > 0.2) & (frequency < 20)
    logs = []
    for index in np.flatnonzero(records.frame[columns.EVENT] == event):
        record = records.accelerogram(index)
        s_waves = record.acceleration[:, :2].copy()
        s_waves[: int((record.s_time_s - 0.5) * 100)] = 0
        power = (np.abs(np.fft.rfft(s_waves, axis=0)) ** 2).mean(-1)
        ground = records.profiles.at(int(record.station_id[1:])).transfer_functions(frequency[used])[0][0]
        path = rock_spectrum(frequency[used], record.magnitude, 1e9, record.rhyp_km, records._rows["kappa_s"][index])
        logs.append(0.5 * np.log(power[used]) - np.log(np.abs(ground) * path))
    level = np.mean(logs, axis=0)
    found = minimize_scalar(
        lambda ln_corner: np.var(level + np.log1p((frequency[used] / np.exp(ln_corner)) ** 2)),
        bounds=(-2, 3),
        method="bounded",
    )
    planted = records._rows["corner_hz"][np.flatnonzero(records.frame[columns.EVENT] == event)[0]]
    assert len(logs) > 20 and np.exp(found.x) == pytest.approx(planted, rel=0.1)


def test_horizontal_over_vertical_peaks_where_the_ground_does(records):
    """Mean H/V of a station's records against the ratio of its two transfer functions."""
    station = records.frame[columns.STATION].value_counts().index[0]
    rows = np.flatnonzero(records.frame[columns.STATION] == station)
    frequency = np.fft.rfftfreq(records.n_samples, 0.01)
    used = (frequency > 1) & (frequency < 20)
    spectra = np.abs(np.fft.rfft(records.waveforms(rows)[:, 1000:], records.n_samples, axis=1))[:, used]
    ratio = np.log(spectra[..., :2].mean(-1) / spectra[..., 2]).mean(0)
    s, p = records.profiles.at(int(station[1:])).transfer_functions(frequency[used])
    expected = np.log(np.abs(s[0] / p[0]))
    smooth = np.ones(41) / 41
    assert np.corrcoef(np.convolve(ratio, smooth, "same"), np.convolve(expected, smooth, "same"))[0, 1] > 0.6


def test_signal_to_noise_ratio_is_the_stated_one(records):
    error = [
        signal_to_noise_db(records.accelerogram(k)) - records.frame[columns.SNR].iloc[k] for k in range(len(records))
    ]
    assert np.abs(error).max() < 0.02


def test_arrivals_are_where_the_frame_says(records):
    frame = records.frame
    rate = (frame[columns.S_TIME] - frame[columns.P_TIME]) / frame[columns.RHYP]
    assert rate.median() == pytest.approx(1 / 3.5 - 1 / 6.1, rel=0.05)
    for index in np.flatnonzero(frame[columns.SNR] > 45):
        record = records.accelerogram(index)
        energy = np.cumsum(record.acceleration[:, 2] ** 2)
        p = int(record.p_time_s * 100)
        assert energy[p] < 0.05 * energy[p + 500]


def test_record_k_does_not_depend_on_how_many_or_in_which_order():
    few = SimulatedRecords(seed=7, n_records=20, n_stations=30, n_events=30)
    many = SimulatedRecords(seed=7, n_records=100, n_stations=30, n_events=30)
    pd.testing.assert_frame_equal(few.frame, many.frame.iloc[:20])
    later = many.waveforms([90, 3, 12])
    np.testing.assert_array_equal(few.waveforms([3, 12]), later[1:])
    assert not np.array_equal(
        SimulatedRecords(seed=8, n_records=20, n_stations=30, n_events=30).waveforms([3]), later[1:2]
    )


def test_frame_is_complete_and_in_range(records):
    frame = records.frame
    assert frame.notna().all().all() and not frame[columns.RECORD].duplicated().any()
    assert frame[columns.REPI].max() <= 120 and frame[columns.MAGNITUDE].between(3, 6.5).all()
    assert (frame[columns.RHYP] > frame[columns.REPI]).all()
    assert (frame.groupby(columns.STATION)[columns.VS30].nunique() == 1).all()
    number = int(frame[columns.STATION].iloc[0][1:])
    assert records.profiles.vs30_m_s[number] == frame[columns.VS30].iloc[0]


def test_stations_are_log_normal_with_a_median_of_400():
    vs30 = SimulatedRecords(seed=0, n_records=1, n_stations=4000, n_events=3).profiles.vs30_m_s
    assert np.median(vs30) == pytest.approx(400, rel=0.08) and np.log(vs30).std() == pytest.approx(0.45, abs=0.04)


def test_more_records_than_pairs_are_refused():
    with pytest.raises(GmtoolsError, match=r"have \d+ pairs within 120 km .* fewer than 9999 records\. Ask"):
        SimulatedRecords(n_records=9999, n_stations=5, n_events=5)


def test_pairs_whose_s_wave_would_be_cut_off_are_passed_by_and_listed():
    """Without a second after S, or before P, the noise has nothing to be scaled by: the samples would be NaN."""
    sizes = {"seed": 3, "n_stations": 40, "n_events": 40, "duration_s": 20.0}
    short = SimulatedRecords(n_records=80, **sizes)
    assert np.isfinite(short.waveforms(range(80))).all()
    assert short.frame[columns.S_TIME].max() <= 19
    early = SimulatedRecords(n_records=50, **sizes | {"duration_s": 60.0, "pre_event_s": (0.0, 2.0)})
    assert np.isfinite(early.waveforms(range(50))).all() and early.frame[columns.P_TIME].min() >= 1
    with pytest.raises(
        GmtoolsError,
        match=r"have \d+ pairs within 120 km with P and S at least 1 s from the ends of 8 s: fewer than 80",
    ):
        SimulatedRecords(n_records=80, **sizes | {"duration_s": 8.0})
