"""Figures that compare models by number: bias, scores and variance components."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from gmtools.figures import _scaling as curves_look
from gmtools.figures import _style as look

COMPONENTS = {
    "tau": r"between events, $\tau$",
    "phi_s2s": r"between sites, $\phi_{S2S}$",
    "phi_ss": r"remaining, $\phi_{SS}$",
    "sigma": r"total, $\sigma$",
}
COMPONENT_WORDS = {"tau": "tau", "phi_s2s": "phi S2S", "phi_ss": "phi SS", "sigma": "sigma"}


def bias_table_bars(
    table: pd.DataFrame,
    *,
    title: str,
    kind: str = "measured",
    value: str = "bias",
    axes: Sequence[Axes] | None = None,
) -> tuple[np.ndarray, str]:
    """Bias of each model in each subset of the data, with its interval and the line of no bias.

    Parameters
    ----------
    table
        Columns `model`, `subset`, `value` (mean residual, ln), `lower`, `upper`; optional
        `records` (rows in the subset). Models and subsets are drawn in the order in which they first appear.
    axes
        One Axes for each subset.

    Returns
    -------
    axes : shape (number of subsets,)
    alt_text : str

    Raises
    ------
    ColumnMissing
        `table` lacks a column.
    """
    look.require(table, ("model", "subset", value, "lower", "upper"), "bias_table_bars")
    subsets, models = list(table["subset"].unique()), list(table["model"].unique())
    height = 1.1 + 0.3 * len(models)
    if axes is None:
        axes = look.panel(len(subsets), ncols=3, title=title, size=(2.6, height), sharex=True, sharey=True)
    parts = []
    for ax, subset in zip(axes, subsets, strict=True):
        here = table[table["subset"] == subset].set_index("model")
        words = dots_with_intervals(ax, here, value, models)
        ax.axvline(0, color=look.INK, lw=1, zorder=0)
        size = f" ({int(here['records'].max()):,} records)" if "records" in here else ""
        ax.set_title(f"{subset}{size}", loc="left", fontsize=9.5)
        ax.set_xlabel("mean residual (ln)")
        parts.append(f"{subset}{size}: {'; '.join(words)}")
    tag_above_rows(axes[0], kind)
    return np.asarray(axes), (
        f"Bias (mean of ln observed minus ln predicted) with its 95 % interval. {'. '.join(parts)}."
        f"{look.kind_sentence(kind)}"
    )


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


def variance_components(
    table: pd.DataFrame, *, title: str, kind: str = "measured", axes: Sequence[Axes] | None = None
) -> tuple[np.ndarray, str]:
    """Standard deviations between events, between sites and of the rest: a panel each.

    Parameters
    ----------
    table
        Columns `model` and some of `tau`, `phi_s2s`, `phi_ss`, `sigma` (ln units); with several values of `period_s`
        (0 is PGA) the panels show lines over period, otherwise a dot for each model.
    axes
        One Axes for each component in the table.

    Returns
    -------
    axes : shape (number of components,)
    alt_text : str

    Raises
    ------
    ColumnMissing
        `table` has no `model`, or none of the components.
    """
    names = [name for name in COMPONENTS if name in table]
    look.require(table, ["model", *(names or ["tau"])], "variance_components")
    periods = table["period_s"].nunique() if "period_s" in table else 1
    own = axes is None
    if own:
        height = 3.1 if periods > 1 else 1.1 + 0.3 * table["model"].nunique()
        ncols = 2 if len(names) == 4 else 3
        size = (7.4 / min(len(names), ncols), height)
        axes = look.panel(len(names), ncols=ncols, title=title, size=size, sharex=True, sharey=True)
    axes = np.asarray(axes)
    for ax, name in zip(axes, names, strict=True):
        (component_lines if periods > 1 else component_dots)(ax, table, name)
        ax.set_title(COMPONENTS[name], loc="left", fontsize=9.5)
        ax.set(**{"ylim" if periods > 1 else "xlim": (0, 1.12 * table[names].max(axis=None))})
    if periods > 1:
        look.tag(axes[0], kind, (0.98, 0.03))
    else:
        tag_above_rows(axes[0], kind)
    if own and periods > 1:
        look.outer_labels(axes)
        look.legend(axes, own=True)
    return axes, components_alt(table, names, periods, kind)


def component_lines(axes: Axes, table: pd.DataFrame, name: str) -> None:
    """One component over period, a line for each model."""
    for model, part in table.sort_values("period_s").groupby("model", sort=False):
        style = look.style_of(model)
        at = curves_look.position(part["period_s"], "period_s")
        options = {"color": style.color, "marker": style.marker, "ms": 4}
        spectral = part["period_s"] > 0
        axes.plot(at[spectral], part[name][spectral], linestyle=style.linestyle, label=style.label, **options)
        axes.plot(at[~spectral], part[name][~spectral], linestyle="none", **options)
    curves_look.period_axis(axes)
    axes.set_ylabel("standard deviation (ln)")


def component_dots(axes: Axes, table: pd.DataFrame, name: str) -> None:
    """One component at a single period, a dot for each model."""
    rows = table.set_index("model").assign(lower=np.nan, upper=np.nan)
    dots_with_intervals(axes, rows, name, list(rows.index))
    axes.set_xlabel("standard dev. (ln)")


def components_alt(table: pd.DataFrame, names: list[str], periods: int, kind: str) -> str:
    """Alt text of `variance_components`: each model's range, or its value at the only period."""
    words = []
    for model, part in table.groupby("model", sort=False):
        values = [
            f"{COMPONENT_WORDS[name]} {part[name].min():.2f}" + (f" to {part[name].max():.2f}" if periods > 1 else "")
            for name in names
        ]
        words.append(f"{look.row_style(model).label} {look.listing(values)}")
    over = f" over {periods} periods" if periods > 1 else ""
    return f"Standard deviations of the residual in ln units{over}: {'; '.join(words)}.{look.kind_sentence(kind)}"
