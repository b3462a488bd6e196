"""Response spectra of accelerograms."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy.signal import cont2discrete, lfilter


def response_spectrum(
    acceleration: ArrayLike, sampling_interval_s: float, periods: Sequence[float], damping: float = 0.05
) -> np.ndarray:
    """Pseudo-spectral acceleration (k,) of one component (n,) from rest, in its unit; period 0 is the largest
    acceleration.

    The oscillator u'' + 2 d w u' + w² u = -a(t) is solved exactly for an acceleration that is linear between samples
    (Nigam & Jennings 1969, Bulletin of the Seismological Society of America 59, 909-922), here as the discrete filter
    that SciPy derives with a first-order hold; PSA = w² max|u|. Where it breaks: the largest value is taken at the
    samples, so that periods below ten sampling intervals come out too small.

    >>> response_spectrum([0, 1, -2, 0], 0.01, [0.0]).tolist()
    [2.0]
    """
    acceleration = np.asarray(acceleration, float)
    return np.array([_largest(acceleration, sampling_interval_s, period, damping) for period in periods])


def _largest(acceleration, interval, period, damping):
    if period == 0:
        return float(np.abs(acceleration).max())
    frequency = 2 * np.pi / period
    system = [-1.0], [1.0, 2 * damping * frequency, frequency**2]
    numerator, denominator, _ = cont2discrete(system, interval, method="foh")
    # The oscillator goes on swinging after the record's end: its next peak is less than one period away.
    free = np.zeros(int(np.ceil(period / interval)))
    displacement = lfilter(numerator.ravel(), denominator, np.concatenate([acceleration, free]))
    return float(frequency**2 * np.abs(displacement).max())
