"""Figures that look at the data before any model does."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from gmtools.columns import MAGNITUDE, PGA, RJB
from gmtools.figures import _style as look

INPUT_LABELS = ("moment magnitude M", "ln(1 + $R_{JB}$), $R_{JB}$ in km", "ln(1 + $V_{S30}$), $V_{S30}$ in m/s")
SPOKEN_INPUTS = ("M", "ln(1+RJB)", "ln(1+VS30)")


def coverage(
    frame: pd.DataFrame,
    *,
    title: str,
    kind: str = "measured",
    selected: ArrayLike | None = None,
    selected_label: str = "selected",
    distance: str = RJB,
    axes: Axes | None = None,
) -> tuple[Axes, str]:
    """Magnitude against distance, one dot a record, with a histogram along each axis.

    Parameters
    ----------
    frame
        Columns `magnitude` and `distance` (km), one row a record. Distances below 0.1 km are drawn at 0.1 km.
    title
        The figure's one message.
    selected : bool, shape (n,), optional
        Records to mark; the others stay grey.
    selected_label
        What the marked records are, in the legend and the alt text.

    Returns
    -------
    axes, alt_text

    Raises
    ------
    ColumnMissing
        `frame` lacks one of the columns.
    """
    look.require(frame, (MAGNITUDE, distance), "coverage")
    known = frame[[MAGNITUDE, distance]].notna().all(axis=1).to_numpy()
    mask = np.ones(len(frame), bool) if selected is None else np.asarray(selected, bool)
    groups = [("other", look.DATA_COLOR, known & ~mask), (selected_label, look.COLORS["nga_only"], known & mask)]
    axes = look.new_axes(axes, title, (6.8, 4.9))
    draw_coverage(axes, frame, distance, groups if selected is not None else groups[1:])
    look.tag(axes, kind, (0.02, 0.97))
    if selected is not None:
        marked = axes.legend(loc="lower left", markerscale=3, frameon=True, framealpha=0.9)
        for handle in marked.legend_handles:
            handle.set_alpha(1)
    chosen = "" if selected is None else f" {int((known & mask).sum()):,} of them are marked: {selected_label}."
    return axes, coverage_alt(frame[known], distance, chosen, kind)


def draw_coverage(axes: Axes, frame: pd.DataFrame, distance: str, groups: list) -> None:
    """Dots and the two marginal histograms of `coverage`."""
    far = frame[distance].clip(lower=look.FLOOR_KM)
    top = axes.inset_axes((0, 1.03, 1, 0.17), sharex=axes)
    side = axes.inset_axes((1.02, 0, 0.14, 1), sharey=axes)
    distance_bins = np.geomspace(far.min(), far.max(), 31)
    magnitude_bins = np.linspace(frame[MAGNITUDE].min(), frame[MAGNITUDE].max(), 26)
    look.log_axis(axes.xaxis)
    for label, color, rows in groups:
        size = 14 if rows.sum() < 3000 else 5
        axes.scatter(
            far[rows], frame[MAGNITUDE][rows], s=size, color=color, alpha=0.35, lw=0, label=label, rasterized=True
        )
    stacks = {"stacked": True, "color": [color for _, color, _ in groups]}
    top.hist([far[rows] for *_, rows in groups], distance_bins, **stacks)
    side.hist([frame[MAGNITUDE][rows] for *_, rows in groups], magnitude_bins, orientation="horizontal", **stacks)
    top.set_ylabel("records", fontsize=8)
    side.set_xlabel("records", fontsize=8)
    for margin in (top, side):
        margin.tick_params(labelsize=8)
        margin.grid(visible=False)
    top.tick_params(axis="x", which="both", labelbottom=False)
    side.tick_params(axis="y", labelleft=False)
    floor = f"; below {look.FLOOR_KM} km drawn there" if (frame[distance] < look.FLOOR_KM).any() else ""
    axes.set(xlabel=look.AXIS_LABELS[distance].replace("km)", f"km{floor})"), ylabel=look.AXIS_LABELS[MAGNITUDE])


def coverage_alt(frame: pd.DataFrame, distance: str, chosen: str, kind: str) -> str:
    """Alt text of `coverage`: counts and ranges."""
    near = (frame[MAGNITUDE] > 6) & (frame[distance] < 10)
    return (
        f"Scatter of magnitude against {look.SPOKEN[distance]} with histograms along both axes: {len(frame):,} "
        f"records, M {look.number(frame[MAGNITUDE].min())} to {look.number(frame[MAGNITUDE].max())}, "
        f"{look.number(frame[distance].min())} to {look.number(frame[distance].max())} km on a logarithmic axis."
        f"{chosen} Only {int(near.sum()):,} records lie above M 6 and within 10 km.{look.kind_sentence(kind)}"
    )


def interval(axes: Axes, height: float, mean_sd: tuple[float, float], model: str, label: str) -> None:
    """A marker at the mean and a bar of one standard deviation to either side."""
    style = look.style_of(model)
    axes.errorbar(
        mean_sd[0],
        height,
        xerr=mean_sd[1],
        color=style.color,
        marker=style.marker,
        ms=5,
        lw=1.6,
        capsize=3,
        label=label,
    )


def truncation(
    frame: pd.DataFrame,
    threshold_g: float,
    *,
    title: str,
    kind: str = "measured",
    predicted: Mapping[str, ArrayLike] | None = None,
    distance: str = RJB,
    n_bins: int = 9,
    axes: Axes | None = None,
) -> tuple[Axes, str]:
    """PGA against distance with the level below which no record was kept, and medians in distance bins.

    Parameters
    ----------
    frame
        Columns `pga_g` and `distance` (km), one row a record.
    threshold_g
        Smallest PGA kept (g).
    predicted : {model key: PGA in g, shape (n,)}, optional
        Medians of models for the same rows, without truncation: their bin medians are drawn beside the recorded ones.
    n_bins
        Number of bins, equally wide in log distance; those with fewer than 10 records are left out.

    Returns
    -------
    axes, alt_text

    Raises
    ------
    ColumnMissing
        `frame` lacks one of the columns.
    """
    look.require(frame, (PGA, distance), "truncation")
    known = frame[[PGA, distance]].notna().all(axis=1).to_numpy()
    frame = frame[known]
    axes = look.new_axes(axes, title)
    far = frame[distance].clip(lower=look.FLOOR_KM)
    axes.scatter(far, frame[PGA], s=9, color=look.DATA_COLOR, alpha=0.4, lw=0, rasterized=True)
    mark_threshold(axes, threshold_g)
    bins = pd.cut(far, np.geomspace(far.min(), far.max(), n_bins + 1), include_lowest=True)
    recorded = median_by_bin(far, frame[PGA], bins)
    axes.plot(*recorded, color=look.INK, marker="o", ms=5, lw=2, label="median of the records")
    parts = [f"the recorded median falls from {arrow(recorded)}"]
    for model, median in (predicted or {}).items():
        style = look.style_of(model)
        line = median_by_bin(far, pd.Series(np.asarray(median)[known], index=frame.index), bins)
        axes.plot(*line, color=style.color, linestyle=style.linestyle, marker=style.marker, ms=5, label=style.label)
        parts.append(f"{style.label} for the same records from {arrow(line)}")
    look.input_axis(axes, distance)
    look.log_axis(axes.yaxis)
    axes.set_ylabel("PGA (g)")
    axes.set_ylim(bottom=min(axes.get_ylim()[0], threshold_g / 2.5))
    axes.legend(loc="upper right", frameon=True, framealpha=0.9, edgecolor="none")
    look.tag(axes, kind)
    return axes, (
        f"PGA against {look.SPOKEN[distance]}, logarithmic axes, {len(frame):,} records, none below the line at "
        f"{threshold_g:g} g; the smallest is {look.number(frame[PGA].min())} g. By distance bin, {'; '.join(parts)}."
        f"{look.kind_sentence(kind)}"
    )


def mark_threshold(axes: Axes, threshold_g: float) -> None:
    """A line at the smallest PGA kept, with its value below."""
    axes.axhline(threshold_g, color=look.INK, lw=1.2)
    axes.annotate(
        f"kept only above {threshold_g:g} g",
        (1, threshold_g),
        xycoords=axes.get_yaxis_transform(),
        xytext=(0, -4),
        textcoords="offset points",
        ha="right",
        va="top",
        zorder=5,
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1},
    )


def median_by_bin(far: pd.Series, value: pd.Series, bins: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Median distance and median value of every bin that has 10 records."""
    table = pd.DataFrame({"far": far, "value": value}).groupby(bins, observed=True).agg(["median", "size"])
    table = table[table["far", "size"] >= 10]
    return table["far", "median"].to_numpy(), table["value", "median"].to_numpy()


def arrow(line: tuple[np.ndarray, np.ndarray]) -> str:
    """First and last point of a line of medians in words."""
    far, value = line
    return (
        f"{look.number(value[0])} g at {look.number(far[0])} km to {look.number(value[-1])} g at "
        f"{look.number(far[-1])} km"
    )
