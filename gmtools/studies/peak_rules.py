"""A classifier of H/V peaks without learning: physical quantities, thresholds, and the first rule that applies.

It is the baseline that networks have to beat, and it says why it decides as it does. The thresholds follow from the
smoothing, the length of the recordings and what a layer, a machine or a sensor can do; the last three were settled
among values that are equally sound by a look at the simulated Italian training peaks, never at the Californian ones.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.signal import butter, hilbert, sosfiltfilt

from gmtools.errors import ColumnMissing, GridError
from gmtools.hvsr import Settings, spectra

CLASSES = ("other", "artefactual", "stratigraphic")
"""In the order of the networks' outputs, as in the thesis."""

SHOULDER = 0.35  # octaves from f0: outside a smoothed spectral line, well inside [f0/2, 2 f0]
_BAND = 0.3  # of f0, on either side: what belongs to a peak in the two tests on recordings
_KURTOSIS_BAND = 0.05


@dataclass(frozen=True)
class Rule:
    """A quantity (column of :func:`quantities` or key of :func:`recording_quantities`) "below" or "above" its threshold
    means a class, for a physical reason."""

    quantity: str
    side: str
    threshold: float
    verdict: str
    reason: str

    def applies(self, values):
        """Whether each value is beyond the threshold; NaN never is."""
        return values < self.threshold if self.side == "below" else values > self.threshold


RULES = (
    Rule("damping", "below", 0.01, "artefactual", "Soil damps by 5 % or more of critical, a machine keeps running."),
    Rule("excess_kurtosis", "below", -0.75, "artefactual", "Noise is Gaussian (0), a sine wave is not (-1.5): midway."),
    Rule("sharpening_ln", "above", float(np.log(1.35)), "artefactual",
         "With less smoothing a line grows, a layer's peak does not; chance adds 10 % in 20 minutes."),
    Rule("relative_width", "below", 0.25, "artefactual",
         "Smoothing over 10 % of f0 makes a line 0.1 f0 wide, a layer's peak that closes near 2 f0 has about 0.6 f0; "
         "the geometric mean lies between."),
    Rule("vertical_bump_ln", "above", float(np.log(1.25)), "artefactual",
         "A machine shakes the vertical too; at a layer's peak the vertical has a trough or nothing."),
    Rule("horizontal_imbalance_ln", "above", float(np.log(1.2)), "other",
         "Above flat layers both horizontals are statistically equal; 20 minutes leave a standard deviation of 10 %."),
)  # fmt: skip
"""In the order in which they are asked; a peak that none applies to is stratigraphic."""


def quantities(features):
    """What the rules look at in the spectra around a peak, (n, 3 m): m samples of ns, of ew and of vt from f0/2 to 2
    f0.

    ``relative_width``: width of the H/V peak at half its height (in logarithm) above the higher of its two feet, over
    f0. ``vertical_bump_ln``, ``horizontal_bump_ln``: ln of the component (the geometric mean of both horizontals) at f0
    minus its mean at both shoulders, 0.35 octaves away. ``horizontal_imbalance_ln``: how much one horizontal exceeds
    the other over at least four fifths of the window, 0 where the sign changes. Source: Di Donato & Castellaro (2024),
    table 1 of the thesis. GridError for features of another shape.
    """
    features = np.asarray(features, float)
    if features.ndim != 2 or features.shape[1] % 3:
        raise GridError(f"Features have the shape {features.shape}, not (n, 3 m): m samples of ns, ew and vt.")
    ns, ew, vertical = np.log(features).reshape(len(features), 3, -1).transpose(1, 0, 2)
    octaves, horizontal = np.linspace(-1, 1, ns.shape[1]), (ns + ew) / 2
    excess = np.percentile(np.stack([ns - ew, ew - ns]), 20, axis=2).max(axis=0)
    return pd.DataFrame(
        {
            "relative_width": [_width(octaves, row) for row in horizontal - vertical],
            "vertical_bump_ln": _bump(octaves, vertical),
            "horizontal_bump_ln": _bump(octaves, horizontal),
            "horizontal_imbalance_ln": np.maximum(excess, 0),
        }
    )


def _bump(octaves, logarithm):
    center, left, right = (
        np.array([np.interp(where, octaves, row) for row in logarithm]) for where in (0, -SHOULDER, SHOULDER)
    )
    return center - (left + right) / 2


def _width(octaves, logarithm):
    """Distance of the two crossings of half the height, over f0; the window's ends stand in for missing crossings."""
    middle = np.flatnonzero(np.abs(octaves) <= 0.1)
    top = middle[np.argmax(logarithm[middle])]
    foot = max(logarithm[: top + 1].min(), logarithm[top:].min())
    above = logarithm - (logarithm[top] + foot) / 2
    right = _crossing(octaves[top:], above[top:])
    left = _crossing(octaves[top::-1], above[top::-1])
    return 2.0**right - 2.0**left


def _crossing(octaves, above):
    under = np.flatnonzero(above <= 0)
    if not under.size or under[0] == 0:
        return octaves[-1] if not under.size else octaves[0]
    i = under[0]
    return octaves[i - 1] + (octaves[i] - octaves[i - 1]) * above[i - 1] / (above[i - 1] - above[i])


def recording_quantities(recording, f0_hz):
    """What the rules look at in the time series: ``damping`` and ``excess_kurtosis``, each the smallest of three
    components, and ``sharpening_ln``.

    SESAME (2004) tests for an industrial origin with damping and with less smoothing; kurtosis after Jacobsen et al.
    (2007).
    """
    components = [recording.ns, recording.ew, recording.vt]
    rate = recording.sampling_rate_hz
    return {
        "sharpening_ln": sharpening_ln(recording, f0_hz),
        "damping": min(damping(component, rate, f0_hz) for component in components),
        "excess_kurtosis": min(excess_kurtosis(component, rate, f0_hz) for component in components),
    }


def sharpening_ln(recording, f0_hz, bandwidth=0.02):
    """How much (ln) a peak of a component's spectrum grows within 5 % of f0 when the triangle is ``bandwidth`` wide,
    not 0.1: little for a layer; a line becomes as narrow and high as the windows allow."""
    near_hz = f0_hz * np.linspace(0.95, 1.05, 21)
    settings = [Settings(bandwidth=width, frequencies_hz=near_hz, rejection_sd=None) for width in (bandwidth, 0.1)]
    weak, usual = (np.log(spectra(recording, one).mean()).max(axis=1) for one in settings)
    return float((weak - usual).max())


def excess_kurtosis(samples, sampling_rate_hz, f0_hz):
    """Kurtosis minus 3 of the motion within 5 % of f0: 0 for Gaussian noise, -1.5 for a sine wave, more for bursts."""
    motion = _band(samples, sampling_rate_hz, f0_hz, _KURTOSIS_BAND)
    return float(np.mean(motion**4) / np.mean(motion**2) ** 2 - 3)


def damping(samples, sampling_rate_hz, f0_hz, cycles=12, noise=0.15):
    """Fraction of critical damping from the decay of the autocorrelation's envelope near f0; near 0 for a machine.

    It is followed over at most ``cycles`` periods, down to ``noise``: below that 20 minutes leave chance. White noise
    gives about 0.24, the decay of the filter. SESAME (2004) takes the random decrement, to which the autocorrelation of
    Gaussian noise is proportional (Vandiver et al. 1982).
    """
    motion = _band(samples, sampling_rate_hz, f0_hz, _BAND)
    power = np.abs(np.fft.rfft(motion, 2 * len(motion))) ** 2
    lags = int(cycles * sampling_rate_hz / f0_hz)
    # The envelope is taken over a longer piece, because that of a cut signal bends at its end.
    envelope = np.abs(hilbert(np.fft.irfft(power)[: 2 * lags]))[:lags]
    time_s = np.arange(lags) / sampling_rate_hz
    below = np.flatnonzero(envelope < noise * envelope[0])
    end = max(below[0] if below.size else lags, 3)
    start = min(int(sampling_rate_hz / f0_hz), end // 2)
    slope = np.polyfit(time_s[start:end], np.log(envelope[start:end]), 1)[0]
    return float(max(-slope / (2 * np.pi * f0_hz), 0.0))


def _band(samples, sampling_rate_hz, f0_hz, fraction):
    band_hz = [f0_hz * (1 - fraction), f0_hz * (1 + fraction)]
    return sosfiltfilt(butter(2, band_hz, "bandpass", fs=sampling_rate_hz, output="sos"), samples - np.mean(samples))


def classify(table, rules=RULES):
    """Give each peak the class of the first rule that applies; rules without a column in the table are left out.

    Returns ``label`` (position in :data:`CLASSES`), ``verdict``, ``decided_by`` (the quantity; "no rule applies" for
    the rest) and its ``value``. ColumnMissing where no rule has a column.
    """
    usable = [rule for rule in rules if rule.quantity in table]
    if not usable:
        raise ColumnMissing(f"None of {[rule.quantity for rule in rules]} is among the columns {list(table)}.")
    verdict = pd.DataFrame({"verdict": "stratigraphic", "decided_by": "no rule applies", "value": np.nan}, table.index)
    for rule in reversed(usable):
        hit = rule.applies(table[rule.quantity])
        verdict.loc[hit, ["verdict", "decided_by"]] = rule.verdict, rule.quantity
        verdict.loc[hit, "value"] = table.loc[hit, rule.quantity]
    return verdict.assign(label=verdict["verdict"].map(CLASSES.index))


def labels(features):
    """Positions in :data:`CLASSES` that the rules give, (n,), for spectra (n, 3 m) as in :func:`quantities`."""
    return classify(quantities(features))["label"].to_numpy()
