"""What a network that predicts VS30 has to beat: a constant, the peak of H/V, and regressions on spectra.

All learn ln VS30 with squared errors; penalties are chosen by station within the training rows. An average absolute
error (AAE) in percent forgives low predictions, so that a model of ln VS30 is compared fairly only after
:func:`best_factor`, found on stations that are not the reported ones.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy import fft
from scipy.signal.windows import tukey
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LinearRegression, RidgeCV
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from gmtools.data.accelerograms import Accelerogram
from gmtools.hvsr import Settings, smoothing_matrix

FREQUENCIES_HZ = np.geomspace(0.4, 25.0, 40)
WINDOW_S = 20.0
_SMOOTHING = Settings(smoothing="konno_ohmachi", bandwidth=20.0, frequencies_hz=FREQUENCIES_HZ)
_PENALTIES = np.geomspace(0.1, 1e5, 7)
# Set beforehand and never tuned: small trees, many records in a leaf, because records of a station repeat each other;
# few bins, because scikit-learn's weighted quantiles are slow.
_TREES = {"max_iter": 100, "max_leaf_nodes": 15, "min_samples_leaf": 20, "max_bins": 32, "early_stopping": False}


def average_absolute_error(true: ArrayLike, predicted: ArrayLike) -> float:
    """Mean of ``|predicted - true| / true``, in percent: the study's measure. ``predicted`` may be one number.

    >>> average_absolute_error([200, 400], 300)
    37.5
    """
    true = np.asarray(true, float)
    return float(100 * np.mean(np.abs(np.asarray(predicted, float) - true) / true))


def best_constant(vs30_m_s: ArrayLike) -> float:
    """VS30 (m/s) that has the smallest average absolute error: the median of the values weighted with their inverse.

    For a log-normal VS30 with standard deviation s in ln it is the median times exp(-s²), its error 2 Phi(s) - 1.

    >>> best_constant([200, 400, 800])
    200.0
    """
    return best_factor(vs30_m_s, np.ones_like(vs30_m_s, float))


def best_factor(true: ArrayLike, predicted: ArrayLike) -> float:
    """Number by which predictions (n,) are multiplied to have the smallest average absolute error, at stations that
    neither trained the model nor are reported: the median of true / predicted with the weights predicted / true."""
    ratio = np.asarray(true, float) / np.asarray(predicted, float)
    ratio = np.sort(ratio)
    weight = np.cumsum(1 / ratio)
    return float(ratio[np.searchsorted(weight, weight[-1] / 2)])


def spectrum(record: Accelerogram) -> np.ndarray:
    """Smoothed Fourier amplitude of the S wave and what follows it, (2, n_frequencies): ln of the horizontal (geometric
    mean of the two) and of the vertical amplitude, cm/s, at ``FREQUENCIES_HZ``.

    The window of 20 s starts at the S time, or two seconds before the peak where that is not known; zeros beyond the
    end of the record. Smoothing: Konno and Ohmachi (1998) with b = 20.
    """
    rate, start = record.sampling_rate_hz, record.s_time_s
    if not 0 <= start < record.duration_s:
        start = max(int(np.abs(record.acceleration).max(-1).argmax()) / rate - 2, 0)
    count = round(WINDOW_S * rate)
    samples = record.acceleration[int(start * rate) :][:count].astype(float)
    samples = (samples - samples.mean(0)) * tukey(len(samples), 0.1)[:, None]
    amplitude = np.abs(fft.rfft(samples, count, axis=0)) / rate
    weights = smoothing_matrix(count, rate, _SMOOTHING)
    smooth = np.log(weights @ amplitude[: weights.shape[1]] + np.finfo(float).tiny).T
    return np.stack([smooth[:2].mean(0), smooth[2]])


def peak_frequency(spectra: np.ndarray) -> np.ndarray:
    """Frequency (Hz) of the largest H/V of each record; spectra as of :func:`spectra`, result (n,)."""
    return FREQUENCIES_HZ[(spectra[:, 0] - spectra[:, 1]).argmax(-1)]


def on_records(stations: Sequence[str], seed: int = 0) -> dict[str, Pipeline]:
    """Untrained baselines on records: ``fit(spectra, ln_vs30)``, then ``predict(spectra)`` gives ln VS30.

    ``constant``: the mean. ``f0_rule``: a line through the logarithm of H/V's peak frequency.
    ``spectral_ratio_regression``: ridge regression on ln H/V, its penalty chosen by five folds of whole ``stations``
    (n,), those of the rows to be fitted. ``boosting_on_spectrum``: gradient boosting on the shape of the horizontal
    spectrum and on ln H/V.
    """
    return {
        "constant": make_pipeline(DummyRegressor()),
        "f0_rule": make_pipeline(FunctionTransformer(_ln_peak_frequency), LinearRegression()),
        "spectral_ratio_regression": make_pipeline(FunctionTransformer(_ln_ratio), *_ridge(stations, seed)),
        "boosting_on_spectrum": make_pipeline(FunctionTransformer(_shape_and_ratio), _trees(seed)),
    }


def _ridge(stations: Sequence[str], seed: int) -> tuple:
    """Standardized inputs and a ridge regression whose penalty is chosen by folds of whole stations."""
    splits = GroupKFold(5, shuffle=True, random_state=seed).split(np.zeros(len(stations)), groups=stations)
    return StandardScaler(), RidgeCV(_PENALTIES, cv=list(splits), scoring="neg_mean_squared_error")


def _trees(seed: int) -> HistGradientBoostingRegressor:
    return HistGradientBoostingRegressor(**_TREES, random_state=seed)


def _ln_peak_frequency(spectra):
    return np.log(peak_frequency(spectra))[:, None]


def _ln_ratio(spectra):
    return spectra[:, 0] - spectra[:, 1]


def _shape_and_ratio(spectra):
    return np.concatenate([spectra[:, 0] - spectra[:, 0].mean(-1, keepdims=True), _ln_ratio(spectra)], axis=-1)
