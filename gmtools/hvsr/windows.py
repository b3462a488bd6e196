"""Windows of a recording to smoothed amplitude spectra."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from scipy import fft
from scipy.signal.windows import tukey
from scipy.sparse import csr_array

from gmtools.data.recording import COMPONENTS, Recording
from gmtools.errors import GmtoolsError, RecordingUnusable

BANDWIDTHS = {"triangular": 0.1, "konno_ohmachi": 40.0, "none": 0.0}
"""Smoothing functions and the bandwidth of each where none is given."""

BLOCK = 8  # windows transformed at a time: what fits the cache is twice as fast
TAPER = 0.05
"""Fraction of a window that the cosine takes at each end."""
REJECTION_BAND_HZ = (0.2, 20.0)
"""Where the level of a window is measured."""


def default_frequencies() -> np.ndarray:
    """Return 1,024 frequencies (Hz) from 0.07 to 50 Hz, evenly spaced in logarithm."""
    return np.geomspace(0.07, 50, 1024)


@dataclass(frozen=True, eq=False)
class Settings:
    """How a recording becomes spectra and a curve; the defaults are those of Di Donato & Castellaro (2024).

    Attributes
    ----------
    window_length_s : float
        Of windows that do not overlap.
    smoothing : {"triangular", "konno_ohmachi", "none"}
        In linear frequency; Konno & Ohmachi (1998), Eq. 4; interpolation.
    bandwidth : float or None
        Triangular: full width over center frequency, 0.1 by default. Konno & Ohmachi: their b, 40 by default.
    frequencies_hz : ndarray, (n_frequencies,)
        Where the smoothed spectra are computed, ascending.
    transform_length : int or None
        Samples to which windows are padded with zeros; those of the window by default.
    rejection_sd : float or None
        Windows whose level is farther from the mean than so many standard deviations are left out; None keeps all.
    horizontal : {"geometric_mean", "squared_average"}
        How the two horizontal amplitudes become one: sqrt(NS EW), or sqrt((NS² + EW²) / 2).
    combine_before_smoothing : bool
        Combine the raw amplitudes and smooth the result, as Geopsy and hvsrpy do, or combine the smoothed ones, as the
        study's text reads. Noise makes raw geometric means smaller and raw squared averages larger, by 6 to 7 %.
    minimum_duration_s : float
        Shorter recordings are refused; lower it to take one knowingly.

    Raises
    ------
    GmtoolsError
        Values that are none of these, or frequencies of which none lies between 0.2 and 20 Hz.
    """

    window_length_s: float = 70.0
    smoothing: str = "triangular"
    bandwidth: float | None = None
    frequencies_hz: np.ndarray = field(default_factory=default_frequencies)
    transform_length: int | None = None
    rejection_sd: float | None = 2.0
    horizontal: str = "geometric_mean"
    combine_before_smoothing: bool = False
    minimum_duration_s: float = 1200.0

    def __post_init__(self):
        if self.smoothing not in BANDWIDTHS:
            raise GmtoolsError(f"smoothing is {self.smoothing!r}; choose among {', '.join(BANDWIDTHS)}.")
        if self.horizontal not in ("geometric_mean", "squared_average"):
            raise GmtoolsError(f"horizontal is {self.horizontal!r}; choose geometric_mean or squared_average.")
        frequencies = np.atleast_1d(np.asarray(self.frequencies_hz, dtype=float))
        if frequencies[0] <= 0 or (np.diff(frequencies) <= 0).any():
            raise GmtoolsError(
                "frequencies_hz must be positive and ascending, for example numpy.geomspace(0.1, 40, 512)."
            )
        object.__setattr__(self, "frequencies_hz", frequencies)
        if self.rejection_sd is not None and not self.in_rejection_band().any():
            raise GmtoolsError(
                f"No frequency lies in {REJECTION_BAND_HZ} Hz, where levels are compared; say rejection_sd=None."
            )
        if self.bandwidth is None:
            object.__setattr__(self, "bandwidth", BANDWIDTHS[self.smoothing])

    def in_rejection_band(self) -> np.ndarray:
        """Mark the frequencies where the level of a window is measured; bool, (n_frequencies,)."""
        low, high = REJECTION_BAND_HZ
        return (self.frequencies_hz >= low) & (self.frequencies_hz <= high)


@dataclass(frozen=True, eq=False)
class Spectra:
    """Smoothed Fourier amplitude spectra of every window (unit of the recording times s): ``amplitude`` (3, n_windows,
    n_frequencies) of ns, ew, vt; ``horizontal`` (n_windows, n_frequencies) of both as the settings say; ``start_s``
    (n_windows,) where each begins; ``kept`` (n_windows,) is False for rejected ones."""

    frequency_hz: np.ndarray
    amplitude: np.ndarray
    horizontal: np.ndarray
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


def spectra(recording: Recording, settings: Settings | None = None) -> Spectra:
    """Cut a recording into windows; remove each one's linear trend, taper, transform and smooth it.

    What remains after the last whole window is not used.

    Raises
    ------
    RecordingUnusable
        Shorter than ``settings.minimum_duration_s`` or than two windows; sampled too slowly; a component that does not
        move during a whole window; fewer than two windows kept.
    GmtoolsError
        The lowest frequency is less than one cycle in a window, or the transform shorter than a window.
    """
    settings = settings or Settings()
    check(recording, settings)
    rate = recording.sampling_rate_hz
    length = settings.transform_length or round(settings.window_length_s * rate)
    weights, smoothed = smoothing_matrix(length, rate, settings), []
    for block in transforms(recording, settings):
        raw = np.abs(block[..., : weights.shape[1]])
        if settings.combine_before_smoothing:
            raw = np.concatenate([raw, combine(raw[0], raw[1], settings)[None]])
        smoothed.append(smooth(raw, weights))
    smoothed = np.concatenate(smoothed, axis=1)
    amplitude = smoothed[:3]
    horizontal = smoothed[3] if settings.combine_before_smoothing else combine(amplitude[0], amplitude[1], settings)
    start_s = np.arange(amplitude.shape[1]) * settings.window_length_s
    kept = level_kept(amplitude, settings)
    if kept.sum() < 2:
        raise RecordingUnusable(
            "too short",
            f"{recording.name}: {kept.sum()} of {kept.size} windows are within {settings.rejection_sd:g} standard "
            "deviations of the mean level; two are the least. Raise Settings(rejection_sd=...), or record longer.",
        )
    return Spectra(settings.frequencies_hz, amplitude, horizontal, start_s, kept, settings, recording.name)


def transforms(recording: Recording, settings: Settings) -> Iterator[np.ndarray]:
    """Fourier transforms (3, n_windows of the block, n_bins) of the detrended, tapered windows, unit of the
    recording times s; a few windows at a time. RecordingUnusable where a window is constant."""
    rate = recording.sampling_rate_hz
    length = round(settings.window_length_s * rate)
    count = recording.ns.size // length
    windows = recording.components()[:, : count * length].reshape(3, count, length)
    taper = tukey(length, 2 * TAPER) / rate
    line = np.stack([np.ones(length), np.linspace(-1, 1, length)])  # orthogonal, so that each is fitted by itself
    for start in range(0, count, BLOCK):
        block = windows[:, start : start + BLOCK]
        # A few samples of each window settle it, unless they are equal.
        dead = () if np.ptp(block[..., ::50], axis=2).all() else np.argwhere(np.ptp(block, axis=2) == 0)
        if len(dead):
            begin = (start + dead[0, 1]) * settings.window_length_s
            raise RecordingUnusable(
                "dead channel",
                f"{recording.name}: {COMPONENTS[dead[0, 0]]} does not move between {begin:g} and "
                f"{begin + settings.window_length_s:g} s. Cut that part off, or check the digitizer.",
            )
        # scipy.signal.detrend fits the same line, and takes longer for it than all other steps together.
        trend = block @ line.T / (line**2).sum(axis=1) @ line
        yield fft.rfft((block - trend) * taper, settings.transform_length)


def check(recording: Recording, settings: Settings) -> None:
    """Stop where a recording is too short or sampled too slowly for the settings, as :func:`spectra` says."""
    rate = recording.sampling_rate_hz
    shortest = max(settings.minimum_duration_s, 2 * settings.window_length_s)
    # A file of n seconds may hold its last sample or not.
    if recording.duration_s < shortest - 1.5 / rate:
        raise RecordingUnusable(
            "too short",
            f"{recording.name} lasts {recording.duration_s:.0f} s, {shortest:.0f} s are needed. Record longer; to take "
            f"it knowingly, lower Settings(minimum_duration_s=..., window_length_s=...): two windows are the least.",
        )
    if settings.frequencies_hz[-1] > rate / 2:
        raise RecordingUnusable(
            "sampling rates differ",
            f"{recording.name} is sampled at {rate:g} Hz and knows nothing above {rate / 2:g} Hz; the settings ask for "
            f"{settings.frequencies_hz[-1]:g} Hz. Give Settings(frequencies_hz=...) that end below.",
        )
    if (settings.transform_length or np.inf) < round(settings.window_length_s * rate):
        raise GmtoolsError(
            f"transform_length {settings.transform_length} is less than the {round(settings.window_length_s * rate)} "
            f"samples of a window at {rate:g} Hz. Leave it out, or give twice as many."
        )
    if settings.frequencies_hz[0] * settings.window_length_s < 1:
        raise GmtoolsError(
            f"Windows of {settings.window_length_s:g} s know nothing below {1 / settings.window_length_s:.3g} Hz; the "
            f"settings ask for {settings.frequencies_hz[0]:g} Hz. Give longer windows or higher frequencies_hz."
        )


def combine(ns: np.ndarray, ew: np.ndarray, settings: Settings) -> np.ndarray:
    """One horizontal amplitude from two arrays of one shape, in the way that ``settings.horizontal`` says."""
    return np.sqrt(ns * ew) if settings.horizontal == "geometric_mean" else np.sqrt((ns**2 + ew**2) / 2)


def smooth(amplitude: np.ndarray, weights: csr_array) -> np.ndarray:
    """Smooth spectra (..., n_bins) by one product with a sparse matrix (n_frequencies, n_bins)."""
    columns = amplitude.reshape(-1, amplitude.shape[-1]).T
    return (weights @ columns).T.reshape(*amplitude.shape[:-1], -1)


def smoothing_matrix(length: int, sampling_rate_hz: float, settings: Settings) -> csr_array:
    """Weights (n_frequencies, n_bins), each row of sum 1, that turn a transform of ``length`` samples into the smoothed
    spectrum; bins end with the last that has a weight. A triangle is at least two bins wide, where it interpolates;
    Konno and Ohmachi's function, (sin x / x)⁴ with x = b log10(f / center), is cut at its first zeros; GmtoolsError
    where no bin lies under it."""
    frequencies = settings.frequencies_hz.tobytes()
    return _matrix(length, sampling_rate_hz, settings.smoothing, settings.bandwidth, frequencies)


@lru_cache(maxsize=4)
def _matrix(length: int, sampling_rate_hz: float, smoothing: str, bandwidth: float, frequencies: bytes) -> csr_array:
    frequency_hz = fft.rfftfreq(length, 1 / sampling_rate_hz)
    center, step = np.frombuffer(frequencies), frequency_hz[1]
    if smoothing == "konno_ohmachi":
        reach = 10 ** (np.pi / bandwidth)
        low, high = center / reach, center * reach
    else:
        half = np.maximum(bandwidth * center / 2, step)
        low, high = center - half, center + half
    first = np.maximum(np.ceil(low / step), 0).astype(int)
    last = np.minimum(np.floor(high / step), frequency_hz.size - 1).astype(int)
    counts = last - first + 1
    if (counts < 1).any():
        raise GmtoolsError(
            f"No frequency of the transform, {step:.3g} Hz apart, lies under the smoothing function at "
            f"{center[counts < 1][0]:.3g} Hz. Give a longer transform_length, or higher frequencies_hz."
        )
    row = np.repeat(np.arange(center.size), counts)
    column = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts - first, counts)
    if smoothing == "konno_ohmachi":
        x = bandwidth * np.log10(frequency_hz[column] / center[row])
        weight = np.sinc(x / np.pi) ** 4
    else:
        weight = np.maximum(1 - np.abs(frequency_hz[column] - center[row]) / half[row], 0)
    weight /= np.bincount(row, weight, center.size)[row]
    return csr_array((weight, (row, column)), shape=(center.size, last[-1] + 1))


def level_kept(amplitude: np.ndarray, settings: Settings) -> np.ndarray:
    """Windows (n_windows,) whose mean of ln amplitude (3, n_windows, n_frequencies) over
    ``settings.rejection_band_hz`` is within the limit on all three components; one pass, no iteration."""
    if settings.rejection_sd is None:
        return np.ones(amplitude.shape[1], dtype=bool)
    level = np.log(amplitude[..., settings.in_rejection_band()]).mean(axis=2)
    away = np.abs(level - level.mean(axis=1, keepdims=True))
    return (away <= settings.rejection_sd * level.std(axis=1, ddof=1, keepdims=True)).all(axis=0)
