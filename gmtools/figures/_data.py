"""Figures that look at the data before any model does, and one that compares models by a score."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from gmtools.columns import MAGNITUDE, RJB
from gmtools.figures import _style as look

FLOOR_KM = 0.1  # a record above the rupture has RJB = 0, which a logarithmic axis cannot show


def coverage(
    frame: pd.DataFrame,
    *,
    title: str,
    kind: str = "measured",
    selected: ArrayLike | None = None,
    selected_label: str = "selected",
) -> tuple[Axes, str]:
    """Magnitude against Joyner-Boore distance, a dot a record, with a histogram along each axis, and its alt text.

    ``frame`` has columns ``magnitude`` and ``rjb_km``; ``selected``, bool (n,), marks records, the others stay gray.
    """
    known = frame[[MAGNITUDE, RJB]].notna().all(axis=1).to_numpy()
    mask = np.ones(len(frame), bool) if selected is None else np.asarray(selected, bool)
    groups = [("other", "#8c8c8c", known & ~mask), (selected_label, look.COLORS["nga_only"], known & mask)]
    axes, chosen = look.new_axes(title, (6.8, 4.9)), ""
    _draw_coverage(axes, frame, groups if selected is not None else groups[1:])
    look.tag(axes, kind, (0.02, 0.97))
    if selected is not None:
        for handle in axes.legend(loc="lower left", markerscale=3, frameon=True, framealpha=0.9).legend_handles:
            handle.set_alpha(1)
        chosen = f" {int((known & mask).sum()):,} of them are marked: {selected_label}."
    frame = frame[known]
    near = (frame[MAGNITUDE] > 6) & (frame[RJB] < 10)
    (low_m, low_r), (high_m, high_r) = (map(look.number, frame[[MAGNITUDE, RJB]].agg(end)) for end in ("min", "max"))
    return axes, (
        f"Scatter of magnitude against RJB with histograms along both axes: {len(frame):,} records, M {low_m} to "
        f"{high_m}, {low_r} to {high_r} km on a logarithmic axis.{chosen} Only {int(near.sum()):,} records lie above "
        f"M 6 and within 10 km.{look.kind_sentence(kind)}"
    )


def _draw_coverage(axes: Axes, frame: pd.DataFrame, groups: list) -> None:
    far = frame[RJB].clip(lower=FLOOR_KM)
    top = axes.inset_axes((0, 1.03, 1, 0.17), sharex=axes)
    side = axes.inset_axes((1.02, 0, 0.14, 1), sharey=axes)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}")
    for label, color, rows in groups:
        dots = {"s": 14 if rows.sum() < 3000 else 5, "color": color, "alpha": 0.35, "lw": 0, "rasterized": True}
        axes.scatter(far[rows], frame[MAGNITUDE][rows], label=label, **dots)
    stacks = {"stacked": True, "color": [color for _, color, _ in groups]}
    top.hist([far[rows] for *_, rows in groups], np.geomspace(far.min(), far.max(), 31), **stacks)
    side.hist([frame[MAGNITUDE][rows] for *_, rows in groups], 25, orientation="horizontal", **stacks)
    top.set_ylabel("records", fontsize=8)
    side.set_xlabel("records", fontsize=8)
    for margin in (top, side):
        margin.tick_params(labelsize=8)
        margin.grid(visible=False)
    top.tick_params(axis="x", which="both", labelbottom=False)
    side.tick_params(axis="y", labelleft=False)
    floor = f"; below {FLOOR_KM} km drawn there" if (frame[RJB] < FLOOR_KM).any() else ""
    axes.set(xlabel=f"Joyner-Boore distance $R_{{JB}}$ (km{floor})", ylabel="moment magnitude M")


def score_dots(
    table: pd.DataFrame,
    *,
    title: str,
    kind: str = "measured",
    value: str = "rms",
    label: str = "rms of the residual (ln)",
    baseline: str | None = None,
) -> tuple[Axes, str]:
    """One score of each model with its interval, smallest on top, and its alt text.

    ``table`` has columns ``model`` (any text; keys of COLORS get their style), ``value``, and maybe ``lower`` and
    ``upper``; ``label`` names score and unit; ``baseline`` is the model whose score is a line through all rows.
    """
    table = table.sort_values(value).set_index("model")
    axes, words = look.new_axes(title, (6.6, 1.1 + 0.34 * len(table))), []
    for place, (model, row) in enumerate(table.iterrows()):
        style = look.row_style(model)
        text = f"{style.label} {look.number(row[value])}"
        if np.isfinite(row.get("lower", np.nan)):
            axes.plot((row["lower"], row["upper"]), (place, place), color=style.color, lw=2.2, solid_capstyle="butt")
            text += f" ({look.number(row['lower'])} to {look.number(row['upper'])})"
        axes.plot(row[value], place, color=style.color, marker=style.marker, ms=7, mec="white", mew=0.6)
        words.append(text)
    names = [look.row_style(model).label for model in table.index]
    axes.set_yticks(range(len(table)), names)
    axes.set_ylim(len(table) - 0.4, -0.6 if kind == "measured" else -1.3)  # room for the word above the first row
    axes.set_xlabel(label)
    against = ""
    if baseline is not None:
        level = table.loc[baseline, value]
        axes.axvline(level, color=look.INK, lw=1, linestyle=":", zorder=0)
        gain = 100 * (1 - table[value].iloc[0] / level)
        against = f" The best, {names[0]}, is {gain:.0f} % below {look.row_style(baseline).label}."
    look.tag(axes, kind, (0.98, 0.97))
    return axes, f"{label} by model, smallest first: {'; '.join(words)}.{against}{look.kind_sentence(kind)}"
