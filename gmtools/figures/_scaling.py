"""Figures of what models predict: scaling with distance, magnitude and VS30, and response spectra."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import NullFormatter

from gmtools.columns import MAGNITUDE, RJB, VS30, period_label
from gmtools.figures import _style as look

PERIOD = "period_s"
VALUE = "value_g"
PERIOD_TICKS = (0.05, 0.1, 0.2, 0.5, 1, 2, 3, 5, 10)
NARROW_PERIOD_TICKS = (0.1, 0.3, 1, 3, 10)
Axis = np.ndarray | Axes


def distance_scaling(
    curves: pd.DataFrame,
    records: pd.DataFrame | None = None,
    *,
    title: str,
    ordinate: str = "PGA",
    kind: str | Mapping[Any, str] = "measured",
    panels: str | None = None,
    distance: str = RJB,
    axes: Axis | None = None,
) -> tuple[Axis, str]:
    """Ground motion over distance: a line for each model and magnitude, dots for records.

    Parameters
    ----------
    curves
        Tidy table: `distance` (km), `value_g`; optional `model` (a key of COLORS), `magnitude`, `lower`, `upper` (g).
    records
        Dots: `distance` (km), `value_g`, optional `magnitude` (darker is larger) and the column `panels`.
    title
        The figure's one message.
    ordinate
        What `value_g` is, for the axis; ignored where `panels` is "period_s".
    kind
        Of the data behind the curves; a mapping gives it for each value of `panels`.
    panels
        Column of `curves` to draw small multiples by, such as "period_s" (0 is PGA) or "vs30_m_s".
    axes
        One Axes, or as many as there are panels.

    Returns
    -------
    axes, alt_text

    Raises
    ------
    ColumnMissing
        `curves` lacks a column.
    UnknownModel
        `model` holds a key that has no style.
    """
    options = {"title": title, "ordinate": ordinate, "kind": kind, "panels": panels, "axes": axes}
    return scaling(curves, records, x=distance, by=MAGNITUDE, **options)


def vs30_scaling(
    curves: pd.DataFrame,
    records: pd.DataFrame | None = None,
    *,
    title: str,
    ordinate: str = "PGA",
    kind: str | Mapping[Any, str] = "measured",
    panels: str | None = None,
    axes: Axis | None = None,
) -> tuple[Axis, str]:
    """Ground motion over VS30: a line for each model and magnitude; arguments as in `distance_scaling`.

    Returns
    -------
    axes, alt_text

    Raises
    ------
    ColumnMissing, UnknownModel
        As in `distance_scaling`.
    """
    options = {"title": title, "ordinate": ordinate, "kind": kind, "panels": panels, "axes": axes}
    return scaling(curves, records, x=VS30, by=MAGNITUDE, **options)


def spectra(
    curves: pd.DataFrame,
    records: pd.DataFrame | None = None,
    *,
    title: str,
    kind: str | Mapping[Any, str] = "measured",
    panels: str | None = None,
    axes: Axis | None = None,
) -> tuple[Axis, str]:
    """Response spectra: PSA over period, PGA (period 0) at a tick of its own on the left.

    Parameters
    ----------
    curves
        Tidy table: `period_s` (0 is PGA), `value_g`; optional `model`, `magnitude`, `lower`, `upper` (g).
    panels
        Column to draw small multiples by, such as "rjb_km". The other arguments are as in `distance_scaling`.

    Returns
    -------
    axes, alt_text

    Raises
    ------
    ColumnMissing, UnknownModel
        As in `distance_scaling`.
    """
    options = {"title": title, "ordinate": "PSA", "kind": kind, "panels": panels, "axes": axes}
    return scaling(curves, records, x=PERIOD, by=MAGNITUDE, **options)


def scaling(curves, records, *, x, by, title, ordinate, kind, panels, axes) -> tuple[Axis, str]:
    """Draw the panels of all four kinds of figure and put the alt text together."""
    look.require(curves, [x, VALUE, *([panels] if panels else [])], f"scaling with {x}")
    values = sorted(curves[panels].unique()) if panels else [None]
    own = axes is None
    grid = make_axes(values, title, panels, x) if own else np.ravel(np.asarray(axes, dtype=object))
    if not own and not panels:
        look.new_axes(grid[0], title)
    summaries = []
    for ax, value in zip(grid, values, strict=True):
        here = curves if value is None else curves[curves[panels] == value]
        name = panel_name(panels, value)
        if records is not None:
            draw_records(ax, records if panels not in records else records[records[panels] == value], x)
        draw_curves(ax, here, x, by)
        label_axes(ax, x, name if panels == PERIOD else ordinate)
        if name:
            ax.set_title(name, loc="left", fontsize=9.5)
        look.tag(ax, look.kind_of(kind, value), (0.98, 0.03) if x == MAGNITUDE else (0.98, 0.97))
        ax.margins(y=0.1)  # room for the tag
        summaries.append(summary(here, x, by, name or ordinate))
    for ax in grid:
        label_line_ends(ax)
    if own:
        look.outer_labels(grid)
        label_rows(grid, panels == PERIOD)
    look.legend(grid, own=own)
    return (grid if panels else grid[0]), alt(curves, x, by, summaries, kind)


def make_axes(values: Sequence, title: str, panels: str | None, x: str) -> np.ndarray:
    """One Axes, or small multiples: with a common y axis unless the ordinate changes from panel to panel."""
    if not panels:
        return np.array([look.new_axes(None, title)])
    size = (3.7, 3.4 if len(values) < 3 else 2.8)
    return look.panel(len(values), title=title, size=size, sharex=True, sharey=panels != PERIOD)


def panel_name(panels: str | None, value: Any) -> str:
    """Title of one panel."""
    if panels is None:
        return ""
    if panels == PERIOD:
        return period_label(value)
    return f"{look.SPOKEN.get(panels, panels)} {value:g}{look.UNITS.get(panels, '')}"


def draw_records(axes: Axes, records: pd.DataFrame, x: str) -> None:
    """Records as light dots, larger magnitudes darker."""
    level = records[MAGNITUDE] if MAGNITUDE in records and x != MAGNITUDE else pd.Series(6.0, index=records.index)
    axes.scatter(
        position(records[x], x),
        records[VALUE],
        c=level,
        cmap="Greys",
        vmin=1,
        vmax=9,
        s=10,
        alpha=0.55,
        lw=0,
        label=f"{len(records):,} records" if len(axes.figure.axes) == 1 else "records",
        rasterized=True,
    )


def draw_curves(axes: Axes, curves: pd.DataFrame, x: str, by: str) -> None:
    """A line for each model and value of `by`; the band between `lower` and `upper` where they are given."""
    ends = {}
    keys = [key for key in ("model", by) if key in curves]
    for names, line in curves.groupby(keys, sort=False) if keys else [((), curves)]:
        named = dict(zip(keys, names, strict=True))
        style = look.style_of(named["model"]) if "model" in named else look.Style("_curve", look.INK, "-", "o")
        line = line.sort_values(x)
        spectral = x == PERIOD
        at = position(line[x], x)
        curve = line[x] > 0 if spectral else np.ones(len(line), bool)
        axes.plot(at[curve], line[VALUE][curve], color=style.color, linestyle=style.linestyle, label=style.label)
        axes.plot(at[~curve], line[VALUE][~curve], color=style.color, marker=style.marker, ms=5, linestyle="none")
        if {"lower", "upper"} <= set(line):
            axes.fill_between(
                at[curve], line["lower"][curve], line["upper"][curve], color=style.color, alpha=0.15, lw=0
            )
        if by in named and curves[by].nunique() > 1:
            ends.setdefault(named[by], (at.iloc[-1], line[VALUE].iloc[-1]))
    # Labels are written last, when all panels have their limits.
    axes.line_ends = [(*ends[key], f"{look.SPOKEN[by]} {key:g}{look.UNITS[by]}") for key in sorted(ends)]


def position(values: pd.Series, x: str) -> pd.Series:
    """Where a value is drawn on a logarithmic axis: PGA at its own tick, zero distance at the floor."""
    if x == PERIOD:
        return values.where(values > 0, look.PGA_TICK)
    return values.clip(lower=look.FLOOR_KM) if x in look.DISTANCES else values


def label_axes(axes: Axes, x: str, ordinate: str) -> None:
    """Scales, ticks and labels with units."""
    look.log_axis(axes.yaxis)
    axes.set_ylabel(f"{ordinate} (g)")
    if x == PERIOD:
        period_axis(axes)
    else:
        look.input_axis(axes, x)


def period_axis(axes: Axes) -> None:
    """Logarithmic period axis with PGA at a tick of its own."""
    axes.set_xscale("log")
    high = axes.dataLim.x1
    candidates = PERIOD_TICKS if look.width_in_inches(axes) > 2.2 else NARROW_PERIOD_TICKS
    ticks = [tick for tick in candidates if tick <= high * 1.01]
    axes.set_xticks([look.PGA_TICK, *ticks], ["PGA", *(f"{tick:g}" for tick in ticks)])
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("period (s)")
    axes.axvline(0.038, color="#bdbdbd", lw=0.8, zorder=0)


def label_line_ends(axes: Axes, gap_points: float = 10) -> None:
    """Write what each line is at its right end, moved apart where two would overlap."""
    height = axes.get_position().height * axes.figure.get_figheight() * 72
    low, high = np.log(axes.get_ylim())
    last = -np.inf
    for x, y, text in sorted(axes.line_ends, key=lambda end: end[1]):
        true = (np.log(y) - low) / (high - low) * height
        last = max(true, last + gap_points)
        axes.annotate(text, (x, y), xytext=(4, last - true), textcoords="offset points", va="center", fontsize=8.5)


def label_rows(axes: np.ndarray, every: bool) -> None:
    """Where each panel has its own ordinate its title says which, and the y axis only the unit's name."""
    for ax in axes:
        if every and len(axes) > 1 and ax.get_ylabel():
            ax.set_ylabel("PGA or PSA (g)")


def summary(curves: pd.DataFrame, x: str, by: str, name: str) -> str:
    """First model at the middle value of `by`: first and last value of its line, in words."""
    line, words = curves, []
    if "model" in curves:
        model = curves["model"].iloc[0]
        line, words = line[line["model"] == model], [look.style_of(model).label]
    if by in curves:
        levels = sorted(line[by].unique())
        level = levels[len(levels) // 2]
        line, words = line[line[by] == level], [*words, f"{look.SPOKEN[by]} {level:g}{look.UNITS[by]}"]
    line = line.sort_values(x)
    first, last = line.iloc[0], line.iloc[-1]
    who = f" ({', '.join(words)})" if words else ""
    return (
        f"{name}{who} goes from {look.number(first[VALUE])} g at {spoken_x(first[x], x)} to "
        f"{look.number(last[VALUE])} g at {spoken_x(last[x], x)}"
    )


def spoken_x(value: float, x: str) -> str:
    """An x value in words.

    >>> spoken_x(0.0, "period_s"), spoken_x(300.0, "rjb_km"), spoken_x(6.5, "magnitude")
    ('PGA', '300 km', 'M 6.5')
    """
    if x == PERIOD:
        return "PGA" if value == 0 else f"{look.number(value)} s"
    return f"M {look.number(value)}" if x == MAGNITUDE else f"{look.number(value)}{look.UNITS[x]}"


def alt(curves: pd.DataFrame, x: str, by: str, summaries: list[str], kind: str | Mapping[Any, str]) -> str:
    """Alt text: what is drawn, where the middle line starts and ends, and how far models are apart."""
    what = "response spectra over period" if x == PERIOD else f"lines over {look.SPOKEN[x]}"
    models = [look.style_of(model).label for model in curves["model"].unique()] if "model" in curves else []
    of = f" of {look.listing(models)}" if models else ""
    levels = [f"{level:g}" for level in sorted(curves[by].unique())] if by in curves else []
    at = f" for {look.SPOKEN[by]} {look.listing(levels)}{look.UNITS[by]}" if levels else ""
    many = f"{len(summaries)} panels: " if len(summaries) > 1 else ""
    text = f"{many}{what}{of}{at}, g on a logarithmic axis. {'; '.join(summaries)}.{apart(curves)}"
    return text[0].upper() + text[1:] + look.kind_sentence(kind)


def apart(curves: pd.DataFrame) -> str:
    """Sentence with the largest factor between the models at one scenario, empty for a single model."""
    if "model" not in curves or curves["model"].nunique() < 2:
        return ""
    where = [column for column in curves if column not in ("model", VALUE, "lower", "upper")]
    groups = curves.groupby(where)[VALUE]
    factor = (groups.max() / groups.min())[groups.size() > 1]
    if factor.empty:
        return ""
    worst = factor.idxmax()
    worst = worst if isinstance(worst, tuple) else (worst,)
    scenario = ", ".join(
        period_label(value)
        if column == PERIOD
        else f"{look.SPOKEN.get(column, column)} {look.number(value)}{look.UNITS.get(column, '')}"
        for column, value in zip(where, worst, strict=True)
    )
    return f" The models differ most, by a factor of {factor.max():.2f}, at {scenario}."
