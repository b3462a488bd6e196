import numpy as np
import pytest
from scipy.stats import norm
from sklearn.model_selection import GroupKFold

from gmtools.data.accelerograms import Accelerogram
from gmtools.simulate.accelerograms import SimulatedRecords
from gmtools.studies import vs30_baselines as baselines


@pytest.mark.parametrize(("sd", "error"), [(0.40, 31.08), (0.45, 34.73), (0.50, 38.29)])
def test_constant_of_a_log_normal_vs30(sd, error):
    """Median exp(-s²) and 2 Phi(s) - 1: the exact numbers by the closed form."""
    vs30 = 400 * np.exp(sd * norm.ppf((np.arange(100_000) + 0.5) / 100_000))
    constant = baselines.best_constant(vs30)
    assert constant == pytest.approx(400 * np.exp(-(sd**2)), rel=1e-3)
    assert baselines.average_absolute_error(vs30, constant) == pytest.approx(error, abs=0.01)


def test_no_other_constant_is_better():
    vs30 = np.random.default_rng(1).uniform(150, 900, 101)
    constant = baselines.best_constant(vs30)
    errors = [baselines.average_absolute_error(vs30, constant * change) for change in (0.98, 0.995, 1, 1.005, 1.02)]
    assert min(errors) == errors[2]


def test_factor_undoes_a_factor_and_lowers_a_scattered_prediction():
    random = np.random.default_rng(2)
    true = 400 * np.exp(0.4 * random.standard_normal(20_000))
    assert baselines.best_factor(true, true / 1.3) == pytest.approx(1.3)
    scattered = true * np.exp(0.3 * random.standard_normal(20_000))
    assert baselines.best_factor(true, scattered) == pytest.approx(np.exp(-(0.3**2)), abs=0.02)


def sine(frequency_hz, vertical=0.1, s_time_s=10.0, rate=100.0):
    """Noise of amplitude 0.01 and, from 10 s on, a sine that the horizontals have ten times as large."""
    time = np.arange(6000) / rate
    samples = 0.01 * np.random.default_rng(0).standard_normal((6000, 3))
    samples += np.where(time >= 10, np.sin(2 * np.pi * frequency_hz * time), 0)[:, None] * [1, 1, vertical]
    return Accelerogram(samples, rate, "R1", "E1", "S1", s_time_s=s_time_s)


@pytest.mark.parametrize("s_time_s", [10.0, np.nan, 95.0])
def test_spectrum_finds_a_planted_frequency_with_and_without_an_s_time(s_time_s):
    found = baselines.spectrum(sine(3.0, s_time_s=s_time_s))
    assert found.shape == (2, len(baselines.FREQUENCIES_HZ))
    assert baselines.FREQUENCIES_HZ[found[0].argmax()] == pytest.approx(3.0, rel=0.06)
    assert np.exp(found[0] - found[1]).max() == pytest.approx(10, rel=0.1)


def test_without_an_s_time_the_window_begins_two_seconds_before_the_peak():
    burst = sine(3.0, s_time_s=np.nan)
    burst.acceleration[1100:] *= 0.01  # the sine lasts a second, and what comes later is a hundred times weaker
    assert np.exp(baselines.spectrum(burst)[0].max()) > 0.4


def test_the_penalty_is_chosen_by_folds_of_whole_stations():
    stations = np.repeat([f"S{k}" for k in range(20)], 4)
    folds = baselines.on_records(stations)["spectral_ratio_regression"][-1].cv
    assert len(folds) == 5 and all(not set(stations[train]) & set(stations[test]) for train, test in folds)


def test_spectrum_of_silence_and_of_the_last_samples_is_finite():
    silent = Accelerogram(np.zeros((900, 3)), 100.0, "R1", "E1", "S1", s_time_s=8.995)
    assert np.isfinite(baselines.spectrum(silent)).all()


def test_baselines_find_vs30_in_simulated_records_of_unseen_stations():
    records = SimulatedRecords(seed=3, n_records=400, n_stations=120, n_events=60)
    stations, ln_vs30 = records.frame["station_id"].to_numpy(), np.log(records.frame["vs30_m_s"].to_numpy())
    spectra = np.stack([baselines.spectrum(records.accelerogram(k)) for k in range(len(records))])
    rms = {}
    for train, test in GroupKFold(3).split(spectra, groups=stations):
        for name, model in baselines.on_records(stations[train]).items():
            error = model.fit(spectra[train], ln_vs30[train]).predict(spectra[test]) - ln_vs30[test]
            rms.setdefault(name, []).append(np.sqrt(np.mean(error**2)))
    rms = {name: np.mean(values) for name, values in rms.items()}
    assert list(rms) == ["constant", "f0_rule", "spectral_ratio_regression", "boosting_on_spectrum"]
    assert rms["f0_rule"] < rms["constant"] and rms["spectral_ratio_regression"] < 0.9 * rms["constant"]
    assert rms["boosting_on_spectrum"] < rms["constant"]
