"""Windows of a recording to smoothed amplitude spectra."""

from dataclasses import dataclass, field

import numpy as np

from gmtools.hvsr.recording import COMPONENTS


def default_frequencies() -> np.ndarray:
    """Return 1,024 frequencies (Hz) from 0.07 to 50 Hz, evenly spaced in logarithm."""
    return np.geomspace(0.07, 50, 1024)


@dataclass(frozen=True, eq=False)
class Settings:
    """How a recording becomes spectra and a curve; the defaults are those of Di Donato & Castellaro (2024).

    Attributes
    ----------
    window_length_s : float
        Length of the windows, which do not overlap, s.
    smoothing : {"triangular", "konno_ohmachi", "none"}
        "triangular" in linear frequency; "konno_ohmachi" (Konno & Ohmachi 1998, Eq. 4); "none" interpolates.
    bandwidth : float or None
        Triangular: full width over center frequency, 0.1 by default. Konno & Ohmachi: their b, 40 by default.
    frequencies_hz : ndarray, (n_frequencies,)
        Where the smoothed spectra are computed, ascending.
    taper : float
        Fraction of the window that the cosine takes at each end.
    rejection_sd : float or None
        Windows whose level is farther from the mean than so many standard deviations are left out; None keeps all.
    rejection_band_hz : (float, float)
        Where that level is measured.
    horizontal : {"geometric_mean", "squared_average"}
        How the two horizontal amplitudes become one: sqrt(NS EW), or sqrt((NS² + EW²) / 2), Geopsy's default.
    minimum_duration_s : float
        Shorter recordings are refused; lower it to take one knowingly.
    """

    window_length_s: float = 70.0
    smoothing: str = "triangular"
    bandwidth: float | None = None
    frequencies_hz: np.ndarray = field(default_factory=default_frequencies)
    taper: float = 0.05
    rejection_sd: float | None = 2.0
    rejection_band_hz: tuple[float, float] = (0.2, 20.0)
    horizontal: str = "geometric_mean"
    minimum_duration_s: float = 1200.0


@dataclass(frozen=True, eq=False)
class Spectra:
    """Smoothed Fourier amplitude spectra of every window.

    Attributes
    ----------
    frequency_hz : ndarray, (n_frequencies,)
    amplitude : ndarray, (3, n_windows, n_frequencies)
        Components ns, ew, vt; unit of the recording, per bin of the transform.
    start_s : ndarray, (n_windows,)
        Where each window begins.
    kept : ndarray of bool, (n_windows,)
        False for rejected windows.
    settings : Settings
    name : str
    """

    frequency_hz: np.ndarray
    amplitude: np.ndarray
    start_s: np.ndarray
    kept: np.ndarray
    settings: Settings
    name: str = "recording"

    def mean(self) -> np.ndarray:
        """Return the geometric mean of the kept windows, (3, n_frequencies)."""
        return np.exp(np.log(self.amplitude[:, self.kept]).mean(axis=1))

    def component(self, name: str) -> np.ndarray:
        """Return the spectra of "ns", "ew" or "vt", (n_windows, n_frequencies)."""
        return self.amplitude[COMPONENTS.index(name)]
