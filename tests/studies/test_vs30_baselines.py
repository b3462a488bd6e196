import numpy as np
import pytest
from scipy.stats import norm

from gmtools.data.accelerograms import Accelerogram
from gmtools.models.chunks import station_chunks
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


def test_spectrum_of_silence_and_of_the_last_samples_is_finite():
    silent = Accelerogram(np.zeros((900, 3)), 100.0, "R1", "E1", "S1", s_time_s=8.995)
    assert np.isfinite(baselines.spectrum(silent)).all()


def test_baselines_find_vs30_in_simulated_records_of_unseen_stations():
    records = SimulatedRecords(seed=3, n_records=400, n_stations=120, n_events=60)
    frame = records.frame
    spectra = baselines.spectra(records, range(len(records)))
    stations, vs30 = frame["station_id"].to_numpy(), frame["vs30_m_s"].to_numpy()
    folds = station_chunks(stations, 3)
    predicted = baselines.at_unseen_stations(baselines.on_records, spectra, vs30, stations, folds)
    rms = {name: np.sqrt(np.mean(np.log(values / vs30) ** 2)) for name, values in predicted.items()}
    assert list(rms) == ["constant", "f0_rule", "spectral_ratio_regression", "boosting_on_spectrum"]
    assert rms["f0_rule"] < rms["constant"] and rms["spectral_ratio_regression"] < 0.9 * rms["constant"]
    assert rms["boosting_on_spectrum"] < rms["constant"]


def test_ordinates_with_holes():
    """VS30 planted in one of six ordinates, a tenth of them missing; the others are noise."""
    random = np.random.default_rng(4)
    stations = np.repeat([f"S{k}" for k in range(150)], 4)
    vs30 = np.repeat(400 * np.exp(0.4 * random.standard_normal(150)), 4)
    inputs = random.standard_normal((600, 6))
    inputs[:, 2] = np.log(vs30) + 0.1 * random.standard_normal(600)
    inputs[random.uniform(size=inputs.shape) < 0.1] = np.nan
    folds = station_chunks(stations, 4)
    predicted = baselines.at_unseen_stations(baselines.on_ordinates, inputs, vs30, stations, folds)
    rms = {name: np.sqrt(np.mean(np.log(values / vs30) ** 2)) for name, values in predicted.items()}
    assert rms["linear"] < 0.6 * rms["constant"] and rms["boosting"] < 0.6 * rms["constant"]


def test_a_held_out_station_teaches_nothing():
    """Inputs that only name the station: known stations are recognized, unseen ones are not."""
    random = np.random.default_rng(5)
    stations = np.repeat([f"S{k}" for k in range(60)], 10)
    vs30 = np.repeat(400 * np.exp(0.4 * random.standard_normal(60)), 10)
    inputs = np.repeat(random.standard_normal((60, 3)), 10, axis=0)
    by_station, by_row = station_chunks(stations, 5), random.integers(0, 5, 600)
    rms = [
        np.std(
            np.log(
                baselines.at_unseen_stations(baselines.on_ordinates, inputs, vs30, stations, folds)["boosting"] / vs30
            )
        )
        for folds in (by_station, by_row)
    ]
    assert rms[0] > 0.35 and rms[1] < 0.2


def test_weights_let_each_station_count_once():
    """A soft station with nine records and fifteen stiff ones with one each: the constant follows the stations."""
    stations, vs30 = np.array(["A"] * 9 + [f"B{k}" for k in range(15)]), np.array([200.0] * 9 + [800.0] * 15)
    folds = np.arange(24) % 2
    args = baselines.on_ordinates, np.random.default_rng(6).standard_normal((24, 2)), vs30, stations, folds
    alike = baselines.at_unseen_stations(*args)["constant"]
    once = baselines.at_unseen_stations(*args, weight=baselines.per_station(stations))["constant"]
    assert alike.max() < 520 and once.min() > 650


def test_shape_forgets_the_size():
    psa, pga = np.array([[0.2, 0.4], [2.0, 4.0]]), np.array([0.1, 1.0])
    np.testing.assert_allclose(baselines.shape(psa, pga), np.log([[2, 4], [2, 4]]))
