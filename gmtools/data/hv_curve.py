"""An H/V curve with its spread, computed from windows or read from a file."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Curve:
    """H/V of a recording; amplitudes are taken as lognormal.

    Attributes
    ----------
    frequency_hz : ndarray, (n_frequencies,)
    mean : ndarray, (n_frequencies,)
        Geometric mean of the windows (the lognormal median).
    sigma_ln : ndarray, (n_frequencies,)
        Standard deviation of ln H/V between windows.
    n_windows : int
        Windows that the curve was made of.
    window_length_s : float
    windows : ndarray, (n_windows, n_frequencies), or None
        H/V of each window, where they are known.
    f0_sd_hz : float or None
        Standard deviation of the peak frequency between windows, where a file gives it and the windows are not known.
    name : str
    """

    frequency_hz: np.ndarray
    mean: np.ndarray
    sigma_ln: np.ndarray
    n_windows: int
    window_length_s: float
    windows: np.ndarray | None = None
    f0_sd_hz: float | None = None
    name: str = "recording"

    def around(self, f0_hz: float) -> np.ndarray:
        """Mark the frequencies in [f0/2, 2 f0], the window that a peak is judged in; bool, (n_frequencies,)."""
        return (self.frequency_hz >= f0_hz / 2) & (self.frequency_hz <= 2 * f0_hz)

    def peak_sd_hz(self, f0_hz: float) -> float:
        """Return the standard deviation (Hz) of the windows' own maxima in [f0/2, 2 f0]; NaN where it is unknown."""
        if self.windows is None:
            return np.nan if self.f0_sd_hz is None else self.f0_sd_hz
        near = self.around(f0_hz)
        return float(np.std(self.frequency_hz[near][self.windows[:, near].argmax(axis=1)], ddof=1))
