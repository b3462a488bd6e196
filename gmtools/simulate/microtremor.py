"""Three-component ambient noise with known truth, as recordings or as window spectra, and labelled H/V peaks.

Exact: amplification of vertically incident waves, and H/V of a diffuse field, both for damped layers
(:mod:`gmtools.site.layered`). Stylized, by argument and not by fit:

- surface waves over a layer are bells in ln f (:class:`SurfaceWaves`), as high as recordings show;
- recordings differ in color, in the balance of their horizontals and in how much windows scatter, within ranges that
  hold the seven public recordings (tests/simulate/test_noise_gate.py);
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
from scipy.signal import find_peaks
from scipy.signal.windows import tukey
from tqdm.auto import tqdm

from gmtools import hvsr
from gmtools.errors import GmtoolsError, NoPeak
from gmtools.hvsr.windows import TAPER, combine, level_kept, smooth
from gmtools.simulate.microtremor_noise import CROSSFADE_S, STATE_S, Noise, ground_amplitude, turned
from gmtools.simulate.microtremor_sites import (
    ARTEFACTUAL,
    CALIFORNIA,
    CALM,
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
    SurfaceWaves,
    draw_site,
    layer,
    two_layers,
)

__all__ = ["CALIFORNIA", "CALM", "ITALY", "KINDS", "LABELS", "Cause", "Country", "Fault", "Machine"]
__all__ += ["Site", "Structure", "SurfaceWaves", "cause_of", "causes", "draw_site", "ground_amplitude"]
__all__ += ["labelled_peaks", "layer", "numbered_site", "recording", "spectra", "two_layers"]

_TOLERANCE_LN = {"ground": 0.2, "machine": 0.04, "structure": 0.08}
_TOLERANCE_LN |= {"amplified_component": 0.35, "coupling": 0.2, "tilt": 1.0}


@dataclass(frozen=True)
class Cause:
    """Why there may be a peak: "ground", "machine", "structure" or a kind of fault, and the H/V that it makes there by
    itself, without noise and with the study's windows and smoothing."""

    frequency_hz: float
    label: str
    source: str
    ratio: float


def causes(site: Site) -> tuple[Cause, ...]:
    """List what may cause a peak at a site: ground whose own H/V exceeds 1.5 in a peak, and all disturbances."""
    frequency_hz = np.geomspace(0.1, 40, 600)
    first, second, vertical = turned(site, ground_amplitude(site, frequency_hz) ** 2, squared=True)
    ratio = np.sqrt(np.sqrt(first * second) / vertical)
    found = [
        Cause(float(frequency_hz[top]), STRATIGRAPHIC, "ground", float(ratio[top]))
        for top in find_peaks(ratio, height=1.5, prominence=0.3)[0]
    ]
    for machine in site.machines:
        for i, harmonic in enumerate(machine.harmonics, start=1):
            if harmonic > 0:
                line = _smoothed_line(harmonic * np.array(machine.strength), i * machine.frequency_hz)
                found.append(Cause(i * machine.frequency_hz, ARTEFACTUAL, "machine", _ratio_of(line)))
    for structure in site.structures:
        total = np.sqrt(1 + (structure.strength * structure.direction) ** 2)
        found.append(Cause(structure.frequency_hz, ARTEFACTUAL, "structure", _ratio_of(total)))
    for fault in site.faults:
        gain = np.array(fault.gain)
        total = np.hypot(1, gain) if fault.kind == "tilt" else gain
        found.append(Cause(fault.frequency_hz, OTHER, fault.kind, _ratio_of(total)))
    return tuple(found)


def _ratio_of(amplitude: np.ndarray) -> float:
    return float(np.sqrt(amplitude[0] * amplitude[1]) / amplitude[2])


def _smoothed_line(strength: np.ndarray, frequency_hz: float) -> np.ndarray:
    """Smoothed amplitude of a line on noise of unit mean square, whose mean amplitude is sqrt(pi) / 2: the triangle
    takes the line with the inverse of its half width in bins; tapered, the line covers 1.3 bins."""
    half_width = max(0.05 * frequency_hz * STATE_S, 1.0)
    return np.sqrt(np.pi) / 2 + 1.3 * strength / half_width


def numbered_site(country: Country, number: int, seed: int = 0) -> tuple[Site, np.random.SeedSequence]:
    """Draw a country's recording of a number, whatever others are drawn: the site, and a seed for :func:`recording` and
    :func:`spectra`."""
    sequence = np.random.SeedSequence(seed, spawn_key=(sum(country.name.encode()), number))
    return draw_site(country, np.random.default_rng(sequence)), sequence


def recording(
    site: Site, country: Country, seed: int | np.random.SeedSequence = 0, duration_s: float | None = None
) -> tuple[hvsr.Recording, tuple[Cause, ...]]:
    """Simulate the ground velocity (m/s) that three components record, and list its :func:`causes`."""
    rate = country.sampling_rate_hz
    n_samples = round((duration_s or country.duration_s) * rate)
    step, fade = round(STATE_S * rate), round(CROSSFADE_S * rate)
    noise = Noise(site, country, seed, -(-n_samples // step), fft.rfftfreq(step + fade, 1 / rate))
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
    frequencies that the taper brings. GmtoolsError for settings that need the samples: other windows, padding, or
    components combined before smoothing.
    """
    settings = settings or hvsr.Settings()
    if settings.window_length_s != STATE_S or settings.transform_length or settings.combine_before_smoothing:
        raise GmtoolsError(
            f"Window spectra are made for {STATE_S:g} s, without padding and combined after smoothing; this is "
            f"window_length_s={settings.window_length_s:g}, transform_length={settings.transform_length}, "
            f"combine_before_smoothing={settings.combine_before_smoothing}. Give a recording() to hvsr.spectra()."
        )
    length = round(STATE_S * country.sampling_rate_hz)
    weights = hvsr.smoothing_matrix(length, country.sampling_rate_hz, settings)
    n_windows, n_bins = int((duration_s or country.duration_s) / STATE_S + 1e-6), weights.shape[1]
    noise = Noise(site, country, seed, n_windows, np.arange(n_bins) / STATE_S)
    taper = tukey(length, 2 * TAPER)
    raw = noise.background()
    for burst in noise.bursts():
        raw[:, int(burst.start_s / STATE_S)] += burst.spectrum * np.sqrt(burst.duration_s / (2 * STATE_S))
    raw *= np.sqrt(STATE_S / 2 * (taper**2).mean())
    if site.machines:
        # Sampled just fast enough for the highest bin.
        n_samples = min(2 * n_bins, length)
        motion = noise.machines(n_windows * n_samples, n_samples / STATE_S).reshape(3, n_windows, n_samples)
        tapered = motion * tukey(n_samples, 2 * TAPER)
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


def labelled_peaks(
    country: Country, counts: dict[str, int] | None = None, seed: int = 0
) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Record at one site after the other until there are enough peaks with each label: that of the strongest cause
    within its tolerance, 20 % of f0 for ground, 4 % for a machine, 8 % for a structure, more for a fault. Only peaks
    that pass SESAME's criteria, with a cause, count. GmtoolsError for another label, or where 50 times as many sites
    fail.

    Returns a table with ``country``, ``recording`` (number for :func:`numbered_site`; split by it), ``kind``,
    ``label``, ``cause``, its ``true_f0_hz``, ``neighbors`` (other causes in [f0/2, 2 f0]) and the columns of
    :func:`gmtools.hvsr.peaks`; and what networks see, features (n, 90) and lines (n, 3, 227).
    """
    counts = dict(country.counts if counts is None else counts)
    if unknown := sorted(set(counts) - set(LABELS)):
        raise GmtoolsError(f"{unknown[0]!r} is no label; choose among {', '.join(LABELS)}.")
    missing, found = Counter(counts), []
    with tqdm(total=missing.total(), desc=f"Peaks, {country.name}") as bar:
        for number in range(100 + 50 * missing.total()):
            if missing.total() == 0:
                break
            site, sequence = numbered_site(country, number, seed)
            if missing[KINDS[site.kind]] == 0:
                continue
            for row in _peaks_of(site, country, sequence):
                if missing[row["label"]] > 0:
                    missing[row["label"]] -= 1
                    found.append({"country": country.name, "recording": number} | row)
                    bar.update()
    if missing.total():
        raise GmtoolsError(f"{country.name}: still missing {dict(missing)}; give its shares to kinds that yield peaks.")
    table = pd.DataFrame(found)
    lines, features = np.stack(table.pop("lines")), np.stack(table.pop("features"))
    return table, features, lines


def cause_of(f0_hz: float, why: Iterable[Cause]) -> Cause | None:
    """Return the cause of a peak: of those within tolerance, the one that makes the highest H/V; None without any."""
    near = [cause for cause in why if abs(np.log(f0_hz / cause.frequency_hz)) <= _TOLERANCE_LN[cause.source]]
    return max(near, key=lambda cause: cause.ratio, default=None)


def _peaks_of(site: Site, country: Country, seed) -> list[dict]:
    windows, why = spectra(site, country, seed)
    try:
        peaks = hvsr.peaks(hvsr.curve(windows))
    except NoPeak:
        return []
    rows = []
    for peak in peaks.to_dict("records"):
        cause = cause_of(peak["f0_hz"], why)
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
