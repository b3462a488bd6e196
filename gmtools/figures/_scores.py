"""Figures that compare models by number: bias, scores and variance components."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from gmtools.figures import _style as look

COMPONENTS = {
    "tau": r"between events, $\tau$",
    "phi_s2s": r"between sites, $\phi_{S2S}$",
    "phi_ss": r"remaining, $\phi_{SS}$",
    "sigma": r"total, $\sigma$",
}
COMPONENT_WORDS = {"tau": "tau", "phi_s2s": "phi S2S", "phi_ss": "phi SS", "sigma": "sigma"}


def dots_with_intervals(axes: Axes, table: pd.DataFrame, value: str, models: list[str]) -> list[str]:
    """One row a model, first at the top: a dot with its interval; returns the rows in words."""
    words = []
    for place, model in enumerate(models):
        if model not in table.index:
            continue
        style, row = look.row_style(model), table.loc[model]
        text = f"{style.label} {look.number(row[value])}"
        if np.isfinite(row["lower"]):
            axes.plot((row["lower"], row["upper"]), (place, place), color=style.color, lw=2.2, solid_capstyle="butt")
            text += f" ({look.number(row['lower'])} to {look.number(row['upper'])})"
        axes.plot(row[value], place, color=style.color, marker=style.marker, ms=7, mec="white", mew=0.6)
        words.append(text)
    axes.set_yticks(range(len(models)), [look.row_style(model).label for model in models])
    axes.set_ylim(len(models) - 0.4, -0.6)
    return words


def tag_above_rows(axes: Axes, kind: str) -> None:
    """Write the kind above the first row, in room made for it."""
    if kind != "measured":
        axes.set_ylim(top=-1.3)
    look.tag(axes, kind, (0.98, 0.97))


def score_dots(
    table: pd.DataFrame,
    *,
    title: str,
    kind: str = "measured",
    value: str = "rms",
    label: str = "rms of the residual (ln)",
    baseline: str | None = None,
    axes: Axes | None = None,
) -> tuple[Axes, str]:
    """One score of each model with its interval, smallest on top.

    Parameters
    ----------
    table
        Columns `model` (any text; keys of COLORS get their style), `value`, and optionally `lower`, `upper` (of the
        same unit).
    label
        Name and unit of the score, for the axis.
    baseline
        Model whose score is drawn as a line through all rows, such as the trivial one.

    Returns
    -------
    axes, alt_text

    Raises
    ------
    ColumnMissing
        `table` lacks a column.
    """
    look.require(table, ("model", value), "score_dots")
    table = table.sort_values(value).set_index("model")
    table = table.assign(**{side: np.nan for side in ("lower", "upper") if side not in table})
    axes = look.new_axes(axes, title, (6.6, 1.1 + 0.34 * len(table)))
    words = dots_with_intervals(axes, table, value, list(table.index))
    axes.set_xlabel(label)
    against = ""
    if baseline is not None:
        level = table.loc[baseline, value]
        axes.axvline(level, color=look.INK, lw=1, linestyle=":", zorder=0)
        best = table.index[0]
        against = (
            f" The best, {look.row_style(best).label}, is {100 * (1 - table[value].iloc[0] / level):.0f} % below "
            f"{look.row_style(baseline).label}."
        )
    tag_above_rows(axes, kind)
    return axes, f"{label} by model, smallest first: {'; '.join(words)}.{against}{look.kind_sentence(kind)}"
