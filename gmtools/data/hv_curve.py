"""An H/V curve with its spread, computed from windows or read from a file."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Curve:
    """H/V of a recording; amplitudes are taken as lognormal: at ``frequency_hz`` (n,) the geometric ``mean`` of the
    windows (their median) and ``sigma_ln``, the standard deviation of ln H/V between them; ``windows`` (n_windows, n),
    H/V of each where known; ``f0_sd_hz``, between windows, where a file gives it and the windows are not known."""

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
