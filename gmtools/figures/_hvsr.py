"""The H/V curve with its peaks."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from gmtools.data.hv_curve import Curve
from gmtools.figures import _style as look

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
