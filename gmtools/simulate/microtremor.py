"""Three-component ambient noise with known truth, as recordings or as window spectra, and labelled H/V peaks.

Exact: amplification of vertically incident waves, and H/V of a diffuse field, both for damped layers
(:mod:`gmtools.simulate.layered`). Stylized, by argument and not by fit:

- a diffuse field keeps its energy at the surface, so that H and V follow from H/V alone: horizontals nearly flat, a
  vertical trough at f0 and a vertical maximum near 2 f0; body waves from below add their own energy at a given share;
- ground that is not one-dimensional is two profiles, each in one horizontal direction: no waves travel between them;
- background levels lie between Peterson's (1993) two models; sensors add noise of their own;
- between windows of 70 s ln amplitude changes as normal variables do, smoothly in frequency; within one the noise is
  stationary and Gaussian, apart from bursts;
- machines are sinusoids of wandering frequency, structures single modes under random loads, faults simple filters.

The label of a peak is its cause. An expert's label would be doubtful where causes lie close together; this one is not.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import fft
from scipy.interpolate import CubicSpline
from scipy.signal import find_peaks
from scipy.signal.windows import tukey
from tqdm.auto import tqdm

from gmtools import hvsr
from gmtools.errors import GmtoolsError, NoPeak
from gmtools.hvsr.windows import combine, level_kept, smooth
from gmtools.simulate.layered import diffuse_ratio, transfer_function
from gmtools.simulate.microtremor_sites import (
    ARTEFACTUAL,
    CALIFORNIA,
    COUNTRIES,
    ITALY,
    KINDS,
    LABELS,
    OTHER,
    STRATIGRAPHIC,
    Country,
    Fault,
    Machine,
    Site,
    Structure,
    draw_site,
    layer,
    two_layers,
)

__all__ = [
    "CALIFORNIA",
    "COUNTRIES",
    "ITALY",
    "KINDS",
    "LABELS",
    "Cause",
    "Country",
    "Fault",
    "LabelledPeaks",
    "Machine",
    "Site",
    "Structure",
    "causes",
    "draw_site",
    "ground_amplitude",
    "labelled_peaks",
    "layer",
    "numbered_site",
    "recording",
    "spectra",
    "two_layers",
]

STATE_S = 70.0
"""How long the noise stays in one state, s: one window of the study's processing."""
CROSSFADE_S = 2.0
LEVEL_SD_LN = 0.35
"""Standard deviation between windows of the level that the three components share."""
_TOLERANCE_LN = {"ground": 0.2, "machine": 0.04, "structure": 0.08}
_TOLERANCE_LN |= {"amplified_component": 0.35, "coupling": 0.2, "tilt": 1.0}
_PETERSON_HZ = np.array([0.05, 0.1, 0.2, 0.5, 1, 5, 10])
_LOW_NOISE_DB = np.array([-173.4, -163.7, -141.2, -152.8, -166.4, -166.7, -168.0])
_HIGH_NOISE_DB = np.array([-138.2, -115.8, -97.7, -107.1, -116.9, -96.7, -91.5])


@dataclass(frozen=True)
class Cause:
    """Why there may be a peak.

    Attributes
    ----------
    frequency_hz : float
    label : str
        One of :data:`LABELS`.
    source : str
        "ground", "machine", "structure", or the kind of fault.
    """

    frequency_hz: float
    label: str
    source: str


@dataclass(frozen=True, eq=False)
class LabelledPeaks:
    """Peaks that passed SESAME's criteria, with their labels.

    Attributes
    ----------
    table : DataFrame, one row for each peak
        ``country``, ``recording`` (number for :func:`numbered_site`; split by it), ``kind``, ``label``, ``cause``,
        ``true_f0_hz`` (of that cause), ``neighbors`` (other causes in [f0/2, 2 f0]), and the columns of
        :func:`gmtools.hvsr.peaks`.
    features : ndarray, (n_peaks, 90)
        See :func:`gmtools.hvsr.features`.
    lines : ndarray, (n_peaks, 3, 227)
        What :func:`gmtools.hvsr.draw` makes a picture of.
    counted : dict of str to int
        Recordings processed, recordings without a clear peak, and what became of the peaks that are not here.
    """

    table: pd.DataFrame
    features: np.ndarray
    lines: np.ndarray
    counted: dict[str, int]


def ground_amplitude(site: Site, frequency_hz: np.ndarray) -> np.ndarray:
    """Root-mean-square spectral amplitude of the ground's motion over that of the noise around.

    Parameters
    ----------
    site : Site
        Only its ground matters.
    frequency_hz : ndarray, (n_frequencies,)

    Returns
    -------
    ndarray, (3, n_frequencies)
        First and second horizontal direction of the ground (turn them by ``site.azimuth_deg``), vertical.
    """
    ratio = np.array([_interpolated_ratio(profile, frequency_hz) for profile in site.profiles])
    shear = np.array([transfer_function(profile, frequency_hz) for profile in site.profiles])
    compression = np.mean([transfer_function(profile, frequency_hz, "p") for profile in site.profiles], axis=0)
    ratio, shear = (np.broadcast_to(values, (2, frequency_hz.size)) for values in (ratio, shear))
    vertical = np.sqrt(3 / (1 + (ratio**2).sum(axis=0)))
    diffuse, body = np.vstack([ratio * vertical, vertical]), np.vstack([shear, compression])
    return np.sqrt((1 - site.body_share) * diffuse**2 + site.body_share * body**2)


def causes(site: Site) -> tuple[Cause, ...]:
    """List what may cause a peak at a site: the ground where its own H/V exceeds 1.5 in a peak, and all disturbances.

    Parameters
    ----------
    site : Site

    Returns
    -------
    tuple of Cause
    """
    frequency_hz = np.geomspace(0.1, 40, 600)
    first, second, vertical = _turned(site, ground_amplitude(site, frequency_hz) ** 2, squared=True)
    ratio = np.sqrt(np.sqrt(first * second) / vertical)
    tops = frequency_hz[find_peaks(ratio, height=1.5, prominence=0.3)[0]]
    lines = [m.frequency_hz * (i + 1) for m in site.machines for i, strength in enumerate(m.harmonics) if strength > 0]
    return (
        *(Cause(float(f), STRATIGRAPHIC, "ground") for f in tops),
        *(Cause(f, ARTEFACTUAL, "machine") for f in lines),
        *(Cause(structure.frequency_hz, ARTEFACTUAL, "structure") for structure in site.structures),
        *(Cause(fault.frequency_hz, OTHER, fault.kind) for fault in site.faults),
    )


def numbered_site(country: Country, number: int, seed: int = 0) -> tuple[Site, np.random.SeedSequence]:
    """Draw a country's recording of a number, whatever other numbers are drawn.

    Parameters
    ----------
    country : Country
    number : int
        As in the column ``recording`` of :func:`labelled_peaks`.
    seed : int

    Returns
    -------
    Site
    SeedSequence
        For :func:`recording` and :func:`spectra`.
    """
    sequence = np.random.SeedSequence(seed, spawn_key=(sum(country.name.encode()), number))
    return draw_site(country, np.random.default_rng(sequence)), sequence


def recording(
    site: Site, country: Country, seed: int | np.random.SeedSequence = 0, duration_s: float | None = None
) -> tuple[hvsr.Recording, tuple[Cause, ...]]:
    """Simulate the ground velocity (m/s) that three components record.

    Parameters
    ----------
    site : Site
    country : Country
        For instrument and noise.
    seed : int or SeedSequence
    duration_s : float, optional
        The country's by default.

    Returns
    -------
    hvsr.Recording
    tuple of Cause
        See :func:`causes`.
    """
    rate = country.sampling_rate_hz
    n_samples = round((duration_s or country.duration_s) * rate)
    step, fade = round(STATE_S * rate), round(CROSSFADE_S * rate)
    noise = _Noise(site, country, seed, -(-n_samples // step), fft.rfftfreq(step + fade, 1 / rate))
    ramp = np.sin(np.linspace(0, np.pi / 2, fade))  # squares of the two ramps add up to 1
    shape = np.concatenate([ramp, np.ones(step - fade), ramp[::-1]])
    scale = np.sqrt(rate * (step + fade) / 2)
    motion = np.zeros((3, noise.n_states * step + fade))
    for i, frame in enumerate(fft.irfft(noise.background() * scale, step + fade).swapaxes(0, 1) * shape):
        motion[:, i * step : (i + 1) * step + fade] += frame
    for burst in noise.bursts():
        first, length = round(burst.start_s * rate), round(burst.duration_s * rate)
        frame = fft.irfft(burst.spectrum * scale, step + fade)[:, :length]
        motion[:, first : first + length] += frame * np.sin(np.linspace(0, np.pi, length))
    motion = motion[:, :n_samples] + noise.machines(n_samples, rate)
    return hvsr.Recording(*motion, rate, name=f"{country.name}, {site.kind}"), causes(site)


def spectra(
    site: Site,
    country: Country,
    seed: int | np.random.SeedSequence = 0,
    settings: hvsr.Settings | None = None,
    duration_s: float | None = None,
) -> tuple[hvsr.Spectra, tuple[Cause, ...]]:
    """Simulate the window spectra of a recording without the recording; several times faster.

    Complex normal variables at the frequencies of a window's transform take the place of samples; levels, bursts and
    machines are those of :func:`recording` with the same seed. What gets lost is the correlation of neighboring
    frequencies that the taper brings.

    Parameters
    ----------
    site, country, seed, duration_s
        As for :func:`recording`.
    settings : hvsr.Settings, optional
        The study's by default; its windows must last :data:`STATE_S`.

    Returns
    -------
    hvsr.Spectra
    tuple of Cause

    Raises
    ------
    GmtoolsError
        Settings that need the samples: other windows, padding, or components combined before smoothing.
    """
    settings = settings or _STUDY
    if settings.window_length_s != STATE_S or settings.transform_length or settings.combine_before_smoothing:
        raise GmtoolsError(
            f"Window spectra are made for {STATE_S:g} s without padding and combined after smoothing, not for {settings}. "
            "Make a recording() and give it to hvsr.spectra()."
        )
    length = round(STATE_S * country.sampling_rate_hz)
    weights = hvsr.smoothing_matrix(length, country.sampling_rate_hz, settings)
    n_windows, n_bins = int((duration_s or country.duration_s) / STATE_S + 1e-6), weights.shape[1]
    noise = _Noise(site, country, seed, n_windows, np.arange(n_bins) / STATE_S)
    taper = tukey(length, 2 * settings.taper)
    raw = noise.background()
    for burst in noise.bursts():
        raw[:, int(burst.start_s / STATE_S)] += burst.spectrum * np.sqrt(burst.duration_s / (2 * STATE_S))
    raw *= np.sqrt(STATE_S / 2 * (taper**2).mean())
    if site.machines:
        # Sampled just fast enough for the highest bin.
        n_samples = min(2 * n_bins, length)
        motion = noise.machines(n_windows * n_samples, n_samples / STATE_S).reshape(3, n_windows, n_samples)
        tapered = motion * tukey(n_samples, 2 * settings.taper)
        raw += fft.rfft(tapered)[..., :n_bins] * (STATE_S / n_samples)
    amplitude = smooth(np.abs(raw), weights)
    return hvsr.Spectra(
        settings.frequencies_hz,
        amplitude,
        combine(amplitude[0], amplitude[1], settings),
        np.arange(n_windows) * STATE_S,
        level_kept(amplitude, settings),
        settings,
        f"{country.name}, {site.kind}",
    ), causes(site)


_STUDY = hvsr.Settings()


def labelled_peaks(
    country: Country,
    counts: dict[str, int] | None = None,
    seed: int = 0,
    settings: hvsr.Settings | None = None,
    progress: bool = True,
) -> LabelledPeaks:
    """Record at one site after the other until there are enough peaks with each label.

    A detected peak takes the label of the nearest cause (in ln f) within that cause's tolerance: 20 % for ground,
    4 % for a machine, 8 % for a structure, more for a fault. Peaks without a cause, or with a label of which there are
    enough, are dropped and counted.

    Parameters
    ----------
    country : Country
    counts : dict of str to int, optional
        Peaks with each label; the country's by default.
    seed : int
    settings : hvsr.Settings, optional
        See :func:`spectra`.
    progress : bool
        Whether to show a bar.

    Returns
    -------
    LabelledPeaks

    Raises
    ------
    GmtoolsError
        A label that does not exist, or one that 50 times as many sites did not yield.
    """
    counts = dict(country.counts if counts is None else counts)
    if unknown := sorted(set(counts) - set(LABELS)):
        raise GmtoolsError(f"{unknown[0]!r} is no label; choose among {', '.join(LABELS)}.")
    missing, counted, found = Counter(counts), Counter(), []
    with tqdm(total=missing.total(), desc=f"Peaks, {country.name}", disable=not progress) as bar:
        for number in range(100 + 50 * missing.total()):
            if missing.total() == 0:
                break
            site, sequence = numbered_site(country, number, seed)
            if missing[KINDS[site.kind]] == 0:
                continue
            counted["recordings"] += 1
            for row in _peaks_of(site, country, sequence, settings, counted):
                if row["label"] is None or missing[row["label"]] <= 0:
                    counted["peaks without a cause" if row["label"] is None else "surplus peaks"] += 1
                    continue
                missing[row["label"]] -= 1
                found.append({"country": country.name, "recording": number} | row)
                bar.update()
    if missing.total():
        raise GmtoolsError(f"{country.name}: still missing {dict(missing)}; give its shares to kinds that yield peaks.")
    table = pd.DataFrame(found)
    lines, features = np.stack(table.pop("lines")), np.stack(table.pop("features"))
    return LabelledPeaks(table, features, lines, dict(counted))


def label_of(f0_hz: float, why: Iterable[Cause]) -> Cause | None:
    """Return the cause nearest to a peak's frequency, or None where none is within its tolerance."""
    distance = {cause: abs(np.log(f0_hz / cause.frequency_hz)) for cause in why}
    near = [cause for cause in distance if distance[cause] <= _TOLERANCE_LN[cause.source]]
    return min(near, key=distance.get, default=None)


def _peaks_of(site: Site, country: Country, seed, settings: hvsr.Settings | None, counted: Counter) -> list[dict]:
    windows, why = spectra(site, country, seed, settings)
    try:
        peaks = hvsr.peaks(hvsr.curve(windows))
    except NoPeak:
        counted["recordings without a clear peak"] += 1
        return []
    rows = []
    for peak in peaks.to_dict("records"):
        cause = label_of(peak["f0_hz"], why)
        near = [one for one in why if one is not cause and 0.5 <= one.frequency_hz / peak["f0_hz"] <= 2]
        truth = {
            "kind": site.kind,
            "label": cause and cause.label,
            "cause": cause and cause.source,
            "true_f0_hz": cause and cause.frequency_hz,
            "neighbors": len(near),
        }
        inputs = {
            "features": hvsr.features(windows, peak["f0_hz"]),
            "lines": hvsr.peak_spectra(windows, peak["f0_hz"], hvsr.PICTURE_SIZE),
        }
        rows.append(truth | peak | inputs)
    return rows


def _interpolated_ratio(profile, frequency_hz: np.ndarray) -> np.ndarray:
    """Diffuse H/V from fewer frequencies around the resonances; constant beyond them."""
    top = profile.vs_m_s[0] / (4 * profile.thickness_m[0])
    ln_nodes = np.log(np.geomspace(0.15 * profile.f0_hz, 8 * max(top, profile.f0_hz), 64))
    spline = CubicSpline(ln_nodes, np.log(diffuse_ratio(profile, np.exp(ln_nodes))))
    ln_frequency = np.log(np.maximum(frequency_hz, 1e-3))
    return np.exp(spline(np.clip(ln_frequency, ln_nodes[0], ln_nodes[-1])))


def _turned(site: Site, principal: np.ndarray, squared: bool = False) -> np.ndarray:
    """Components ns, ew, vt of motion in the ground's two directions and the vertical; or of its mean squares."""
    angle = np.radians(site.azimuth_deg)
    cosine, sine = np.cos(angle), np.sin(angle)
    first, second, vertical = principal
    if squared:
        cosine, sine = cosine**2, sine**2
        return np.stack([cosine * first + sine * second, sine * first + cosine * second, vertical])
    return np.stack([cosine * first - sine * second, sine * first + cosine * second, vertical])


@dataclass(frozen=True)
class _Burst:
    start_s: float
    duration_s: float
    spectrum: np.ndarray  # (3, n_bins)


class _Noise:
    """One recording's noise at given frequencies; spectra have the one-sided power density (m²/s) as mean square.

    Levels, bursts and machines come from generators of their own, so that they do not depend on the frequencies.
    """

    def __init__(self, site: Site, country: Country, seed, n_states: int, frequency_hz: np.ndarray):
        sequence = seed if isinstance(seed, np.random.SeedSequence) else np.random.SeedSequence(seed)
        # Not spawn(), which gives other children on every call.
        children = (np.random.SeedSequence(sequence.entropy, spawn_key=(*sequence.spawn_key, i)) for i in range(4))
        self.level_random, self.random, self.burst_random, self.machine_random = map(np.random.default_rng, children)
        self.site, self.country, self.n_states = site, country, n_states
        self.frequency_hz = np.maximum(frequency_hz, 0.02)
        self.microseism = self.level_random.uniform(*country.microseism)
        self.urban = self.level_random.uniform(*country.urban)

    def background(self) -> np.ndarray:
        """Spectra of everything that is Gaussian and lasts, (3, n_states, n_bins)."""
        source, site = self.source(self.frequency_hz), self.site
        own = self.country.self_noise_m_s * np.sqrt(1 + (self.country.corner_hz / self.frequency_hz) ** 4)
        ground = ground_amplitude(site, self.frequency_hz) * source * np.exp(self._smooth(self._heterogeneity()))
        common = self.level_random.normal(0, LEVEL_SD_LN, (1, self.n_states, _NODES.size))
        single = self.level_random.normal(0, self.country.variability_ln, (3, self.n_states, _NODES.size))
        gain = np.exp(self._smooth(common + single))
        raw = self._normal(3) * np.sqrt((ground[:, None] * gain) ** 2 + (own**2).astype(np.float32))
        raw = _turned(site, raw)
        for direction, amplitude in self._directional():
            raw += direction[:, None, None].astype(np.float32) * self._normal(1) * (amplitude * source) * gain[2]
        return raw * self._fault_gain()[:, None]

    def source(self, frequency_hz) -> np.ndarray:
        """Noise around, velocity, m/s over the root of a Hz."""
        ln_f, nodes = np.log(frequency_hz), np.log(_PETERSON_HZ)
        weight = np.interp(ln_f, np.log([0.5, 2]), [self.microseism, self.urban])
        low, high = np.interp(ln_f, nodes, _LOW_NOISE_DB), np.interp(ln_f, nodes, _HIGH_NOISE_DB)
        return (10 ** ((low + weight * (high - low)) / 20) / (2 * np.pi * frequency_hz)).astype(np.float32)

    def bursts(self) -> list[_Burst]:
        """Short disturbances, at most one in each state; horizontal more often than vertical."""
        random, bursts = self.burst_random, []
        for i in np.flatnonzero(random.uniform(size=self.n_states) < self.site.transient_rate):
            duration_s = random.uniform(4, 12)
            start_s = STATE_S * i + random.uniform(CROSSFADE_S, STATE_S - duration_s)
            center_hz, strength = np.exp(random.uniform(np.log(1), np.log(12))), 10 ** random.uniform(0.8, 1.8)
            shape = strength * np.exp(-((np.log(self.frequency_hz / center_hz) / 0.6) ** 2) / 2)
            share = random.uniform([0.3, 0.3, 0.1], 1.0)[:, None]
            spectrum = share * shape * self.source(self.frequency_hz) * self._normal(3)[:, 0]
            bursts.append(_Burst(start_s, duration_s, spectrum))
        return bursts

    def machines(self, n_samples: int, rate: float) -> np.ndarray:
        """Velocity (m/s) that the machines add, (3, n_samples)."""
        motion, time = np.zeros((3, n_samples)), np.arange(n_samples) / rate
        for machine in self.site.machines:
            wander = self.machine_random.normal(0, machine.drift, 4 + self.n_states)
            period_s, start_s = self.machine_random.uniform(200, 600), self.machine_random.uniform(0, 600)
            detuned = np.interp(time, np.arange(wander.size) * 150.0, wander)
            cycles = machine.frequency_hz * (time + np.cumsum(detuned) / rate)
            runs = ((time + start_s) / period_s) % 1 < machine.duty_cycle
            for i, harmonic in enumerate(machine.harmonics):
                level = self.source(machine.frequency_hz * (i + 1)) * np.sqrt(2 / STATE_S) * harmonic
                if harmonic == 0 or machine.frequency_hz * (i + 1) > 0.45 * rate:
                    continue
                turn = 2 * np.pi * (i + 1) * cycles
                cosine, sine = runs * np.cos(turn), runs * np.sin(turn)
                for row, strength, phase in zip(motion, machine.strength, np.radians(machine.phase_deg), strict=True):
                    row += level * strength * (np.cos(phase) * cosine - np.sin(phase) * sine)
        return motion

    def _heterogeneity(self) -> np.ndarray:
        """Ln amplitude that small-scale structure adds, (3, n_nodes): what both horizontals share, and their own."""
        own = 0.04 if len(self.site.profiles) == 1 else 0.12
        shared, vertical = self.level_random.normal(0, 0.06, (2, _NODES.size))
        first, second = shared + self.level_random.normal(0, own, (2, _NODES.size))
        return np.stack([first, second, vertical])

    def _smooth(self, values: np.ndarray) -> np.ndarray:
        """Linear in ln f between nodes; 0 beyond them."""
        place = np.log(self.frequency_hz) / _NODE_STEP
        hats = np.maximum(1 - np.abs(place - _NODES[:, None] / _NODE_STEP), 0)
        return values.astype(np.float32) @ hats.astype(np.float32)

    def _normal(self, n: int) -> np.ndarray:
        pairs = self.random.standard_normal((n, self.n_states, self.frequency_hz.size, 2), dtype=np.float32)
        return pairs.view(np.complex64)[..., 0] * np.float32(np.sqrt(0.5))

    def _directional(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Direction (ns, ew, vt) and amplitude over the background, (n_bins,), of motions that are coherent."""
        sources = []
        for structure in self.site.structures:
            azimuth, x = np.radians(structure.azimuth_deg), self.frequency_hz / structure.frequency_hz
            direction = np.array([np.cos(azimuth), np.sin(azimuth), structure.vertical_share])
            resonance = 2 * structure.damping / np.abs(1 - x**2 + 2j * structure.damping * x)
            sources.append((direction, structure.strength * resonance))
        for fault in self.site.faults:
            if fault.kind == "tilt":
                sources.append((np.array(fault.gain), 1 / (1 + (self.frequency_hz / fault.frequency_hz) ** 2)))
        return sources

    def _fault_gain(self) -> np.ndarray:
        gain = np.ones((3, self.frequency_hz.size), dtype=np.float32)
        for fault in self.site.faults:
            peak, x = np.array(fault.gain)[:, None], self.frequency_hz / fault.frequency_hz
            if fault.kind == "amplified_component":
                gain *= 1 + (peak - 1) * np.exp(-((np.log(x) / fault.width) ** 2) / 2)
                gain[np.argmax(fault.gain)] *= fault.offset
            elif fault.kind == "coupling":
                # Footing and ground move together at low frequency; the footing's rocking adds to that.
                gain *= np.abs(1 + (peak - 1) * 2 * fault.width * x**2 / (1 - x**2 + 2j * fault.width * x))
        return gain


_NODE_STEP = np.log(2) / 2
_NODES = np.arange(np.log(0.05), np.log(110), _NODE_STEP)
