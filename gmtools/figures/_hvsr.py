"""Figures of H/V: the curve with its peaks, the three spectra behind it, azimuths, and windows in time."""

from collections.abc import Iterable, Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from gmtools.data.hv_curve import Curve
from gmtools.data.recording import COMPONENTS
from gmtools.figures import _style as look
from gmtools.hvsr.inputs import LINE_COLORS
from gmtools.hvsr.windows import Spectra

COMPONENT_STYLES = {
    "ns": ("north-south", LINE_COLORS[0], "-"),
    "ew": ("east-west", LINE_COLORS[1], (0, (6, 2))),
    "vt": ("vertical", LINE_COLORS[2], (0, (6, 1.5, 1.5, 1.5))),
}
"""Label, color and line of each component: the colors of the pictures that the network sees."""
BAND_COLOR = "#0072B2"


def hv_curve(
    curve: Curve,
    peaks: pd.DataFrame | None = None,
    *,
    title: str,
    reference: Curve | None = None,
    kind: str = "measured",
    axes: Axes | None = None,
) -> tuple[Axes, str]:
    """H/V with the band of one standard deviation, its peaks, and the line H/V = 1.

    Parameters
    ----------
    curve : Curve
    peaks : DataFrame, optional
        What :func:`gmtools.hvsr.peaks` returned: filled markers pass SESAME's criteria, open ones do not.
    reference : Curve, optional
        The same from other software, dotted.

    Returns
    -------
    axes, alt_text
    """
    axes, own = look.new_axes(axes, title), axes is None
    spread = np.exp(curve.sigma_ln)
    axes.fill_between(
        curve.frequency_hz, curve.mean / spread, curve.mean * spread, color=BAND_COLOR, alpha=0.2, lw=0, label="± 1 sd"
    )
    axes.plot(curve.frequency_hz, curve.mean, color=BAND_COLOR, label=f"mean of {curve.n_windows} windows")
    if reference is not None:
        axes.plot(reference.frequency_hz, reference.mean, color=look.INK, ls=(0, (1, 1)), label=reference.name)
    axes.axhline(1, color=look.INK, lw=0.8)
    words = [] if peaks is None else [_mark(axes, peak) for peak in peaks.itertuples()]
    axes.set(ylabel="H/V", ylim=(0, None))
    _frequency_axis(axes, curve.frequency_hz)
    look.tag(axes, kind, (0.98, 0.97))
    look.legend([axes], own=own)
    return axes, (
        f"H/V against frequency, {curve.frequency_hz[0]:.2g} to {curve.frequency_hz[-1]:.3g} Hz, between "
        f"{curve.mean.min():.2g} and {curve.mean.max():.3g}, mean of {curve.n_windows} windows with a band of one "
        f"standard deviation. {'; '.join(words) or 'No peak is marked'}.{look.kind_sentence(kind)}"
    )


def component_spectra(
    spectra: Spectra,
    f0_hz: Iterable[float] = (),
    *,
    title: str,
    kind: str = "measured",
    unit: str = "amplitude",
    axes: Axes | None = None,
) -> tuple[Axes, str]:
    """Mean spectra of the three components, with the window [f0/2, 2 f0] of each peak shaded.

    Parameters
    ----------
    spectra : Spectra
    f0_hz : iterable of float
        Peaks.
    unit : str
        Label of the amplitude axis, with the unit.

    Returns
    -------
    axes, alt_text
    """
    f0_hz = list(f0_hz)
    axes, own = look.new_axes(axes, title), axes is None
    mean = dict(zip(COMPONENTS, spectra.mean(), strict=True))
    for name, (label, color, line) in COMPONENT_STYLES.items():
        axes.plot(spectra.frequency_hz, mean[name], color=color, ls=line, label=label)
    for f0 in f0_hz:
        axes.axvspan(f0 / 2, 2 * f0, color=look.DATA_COLOR, alpha=0.15, lw=0)
        axes.axvline(f0, color=look.INK, lw=0.8, ls=(0, (2, 2)))
    look.log_axis(axes.yaxis)
    axes.set_ylabel(unit)
    _frequency_axis(axes, spectra.frequency_hz)
    look.tag(axes, kind, (0.02, 0.03))
    look.legend([axes], own=own)
    words = [_at_peak(spectra.frequency_hz, mean, f0) for f0 in f0_hz]
    return axes, (
        f"Mean amplitude spectra of the north-south, east-west and vertical component of {spectra.name}, "
        f"{spectra.kept.sum()} windows. {'; '.join(words) or 'No peak is marked'}.{look.kind_sentence(kind)}"
    )


def azimuths(
    curves: Mapping[float, Curve], *, title: str, kind: str = "measured", axes: Axes | None = None
) -> tuple[Axes, str]:
    """H/V as color against frequency and azimuth.

    Parameters
    ----------
    curves : mapping of float to Curve
        What :func:`gmtools.hvsr.azimuthal` returned.

    Returns
    -------
    axes, alt_text
    """
    axes = look.new_axes(axes, title)
    angles = np.array(sorted(curves))
    frequency_hz = curves[angles[0]].frequency_hz
    height = np.array([curves[angle].mean for angle in angles])
    mesh = axes.pcolormesh(frequency_hz, angles, height, shading="nearest", cmap="cividis", rasterized=True)
    plt.colorbar(mesh, ax=axes, label="H/V")
    axes.set_ylabel("azimuth (degrees from north)")
    axes.grid(False)
    _frequency_axis(axes, frequency_hz)
    look.tag(axes, kind, (0.02, 0.97))
    row, column = np.unravel_index(height.argmax(), height.shape)
    lowest = angles[height[:, column].argmin()]
    return axes, (
        f"H/V against frequency and azimuth, highest with {height.max():.3g} at {frequency_hz[column]:.3g} Hz and "
        f"{angles[row]:g} degrees; at that frequency lowest with {height[:, column].min():.3g} at {lowest:g} degrees."
        f"{look.kind_sentence(kind)}"
    )


def windows_in_time(
    spectra: Spectra, component: str = "vt", *, title: str, kind: str = "measured", axes: Axes | None = None
) -> tuple[Axes, str]:
    """Amplitude of one component as color against time and frequency; rejected windows are hatched.

    Parameters
    ----------
    spectra : Spectra
    component : {"ns", "ew", "vt"}

    Returns
    -------
    axes, alt_text
    """
    axes = look.new_axes(axes, title)
    length = spectra.settings.window_length_s
    minutes = np.append(spectra.start_s, spectra.start_s[-1] + length) / 60
    logarithm = np.log10(spectra.component(component))
    edges = np.sqrt(spectra.frequency_hz[1:] * spectra.frequency_hz[:-1])
    edges = np.concatenate([spectra.frequency_hz[:1], edges, spectra.frequency_hz[-1:]])
    mesh = axes.pcolormesh(minutes, edges, logarithm.T, cmap="cividis", rasterized=True)
    plt.colorbar(mesh, ax=axes, label="$\\log_{10}$ amplitude")
    for start in spectra.start_s[~spectra.kept]:
        axes.axvspan(start / 60, (start + length) / 60, fill=False, hatch="////", edgecolor="white", lw=0)
    look.log_axis(axes.yaxis)
    axes.set(xlabel="time (min)", ylabel="frequency (Hz)")
    axes.grid(False)
    look.tag(axes, kind, (0.02, 0.97))
    out = ", ".join(f"{start / 60:.1f}" for start in spectra.start_s[~spectra.kept]) or "none"
    return axes, (
        f"Amplitude of the {COMPONENT_STYLES[component][0]} component against time and frequency, {spectra.kept.size} "
        f"windows of {length:g} s; rejected are those that begin at (min): {out}.{look.kind_sentence(kind)}"
    )


def _mark(axes: Axes, peak) -> str:
    """Marker of one peak; returns it in words."""
    style = {"mfc": look.INK if peak.sesame else "white", "mec": look.INK}
    axes.plot(peak.f0_hz, peak.amplitude, "v", ms=8, ls="none", zorder=5, **style)
    axes.annotate(
        f"{peak.f0_hz:.2g} Hz",
        (peak.f0_hz, peak.amplitude),
        (0, 9),
        textcoords="offset points",
        ha="center",
        fontsize=9,
    )
    verdict = "passes" if peak.sesame else "fails"
    return f"Peak of {peak.amplitude:.2g} at {peak.f0_hz:.2g} Hz, which {verdict} SESAME's criteria"


def _at_peak(frequency_hz: np.ndarray, mean: Mapping[str, np.ndarray], f0: float) -> str:
    """Where the vertical component is lowest and highest in the window of a peak, in words."""
    near = (frequency_hz >= f0 / 2) & (frequency_hz <= 2 * f0)
    vertical = mean["vt"][near]
    low, high = frequency_hz[near][vertical.argmin()], frequency_hz[near][vertical.argmax()]
    return f"Around the peak at {f0:.2g} Hz the vertical one is lowest at {low:.2g} Hz and highest at {high:.2g} Hz"


def _frequency_axis(axes: Axes, frequency_hz: np.ndarray) -> None:
    axes.set_xlim(frequency_hz[0], frequency_hz[-1])
    look.log_axis(axes.xaxis)
    axes.set_xlabel("frequency (Hz)")
