"""Figures of residuals against magnitude, distance and VS30."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from gmtools.columns import MAGNITUDE
from gmtools.figures import _scaling as curves_look
from gmtools.figures import _style as look
from gmtools.residuals import binned_mean

RESIDUAL_LABELS = {
    "residual": "total residual (ln)",
    "event_term": "between-event residual (ln)",
    "between_event_residual": "between-event residual (ln)",
    "within_event_residual": "within-event residual (ln)",
    "station_term": "site-to-site residual (ln)",
    "record_term": "remaining residual (ln)",
}


def residuals_against(
    frame: pd.DataFrame,
    x: str | Sequence[str],
    residual: str = "residual",
    *,
    title: str,
    kind: str = "measured",
    cluster: str | None = None,
    n_bins: int = 10,
    spacing: str | None = None,
    model: str = "nga_only",
    axes: Axes | Sequence[Axes] | None = None,
) -> tuple[Axes | np.ndarray, str]:
    """Residuals as dots, their mean in bins with a 95 % confidence band, and the zero line.

    Parameters
    ----------
    frame
        Columns `x`, `residual` (ln units); a column `model` draws the running mean of each model, without the dots
        where there is more than one.
    x
        One column or several (small multiples).
    residual
        Column: total, between-event (one row an event) or within-event residual.
    cluster
        Column whose groups err together, such as "event_id"; see `binned_mean`.
    spacing
        Of the bins; by default linear in magnitude and logarithmic in distance and VS30.
    model
        Key of COLORS, where `frame` has no column `model`.
    axes
        One Axes for each `x`.

    Returns
    -------
    axes, alt_text

    Raises
    ------
    ColumnMissing
        `frame` lacks a column.
    UnknownModel
        A model key has no style.
    """
    names = [x] if isinstance(x, str) else list(x)
    look.require(frame, [*names, residual, *([cluster] if cluster else [])], "residuals_against")
    frame = frame if "model" in frame else frame.assign(model=model)
    own = axes is None
    grid = residual_axes(names, title) if own else np.ravel(np.asarray(axes, dtype=object))
    if not own and len(names) == 1:
        look.new_axes(grid[0], title)
    bins = {"cluster": cluster, "n_bins": n_bins, "spacing": spacing}
    parts = [residual_panel(ax, frame, name, residual, **bins) for ax, name in zip(grid, names, strict=True)]
    look.tag(grid[0], kind, (0.02, 0.97))
    if own:
        look.outer_labels(grid)
        look.legend(grid, own=True)
    return (grid[0] if isinstance(x, str) else grid), residual_alt(frame, residual, cluster, parts, kind)


def residual_axes(names: list[str], title: str) -> np.ndarray:
    """One Axes, or a row of small multiples with a common residual axis."""
    if len(names) == 1:
        return np.array([look.new_axes(None, title)])
    return look.panel(len(names), ncols=3, title=title, size=(2.6, 3.3), sharey=True)


def residual_panel(
    axes: Axes, frame: pd.DataFrame, name: str, residual: str, *, cluster: str | None, n_bins: int, spacing: str | None
) -> str:
    """Draw one panel of `residuals_against`; returns its running means in words."""
    spacing = spacing or ("linear" if name == MAGNITUDE else "log")
    means = running_means(frame, name, residual, cluster=cluster, n_bins=n_bins, spacing=spacing)
    if len(means) == 1:
        limit = np.nanquantile(frame[residual].abs(), 0.995) * 1.1
        alpha = float(np.clip(1000 / len(frame), 0.08, 0.6))
        at = curves_look.position(frame[name], name)
        axes.scatter(at, frame[residual], s=7, color=look.DATA_COLOR, alpha=alpha, lw=0, rasterized=True)
        axes.set_ylim(-limit, limit)
    draw_means(axes, means)
    axes.set_ylabel(RESIDUAL_LABELS.get(residual, residual))
    look.input_axis(axes, name)
    return means_in_words(means, name)


def running_means(frame: pd.DataFrame, name: str, residual: str, *, cluster: str | None, **bins) -> dict:
    """`binned_mean` of every model of the frame."""
    return {
        model: binned_mean(
            curves_look.position(part[name], name),
            part[residual],
            cluster=None if cluster is None else part[cluster],
            **bins,
        )
        for model, part in frame.groupby("model", sort=False)
    }


def draw_means(axes: Axes, means: dict[str, pd.DataFrame]) -> None:
    """Running means with bands, and the zero line."""
    axes.axhline(0, color=look.INK, lw=1)
    for model, table in means.items():
        style = look.style_of(model)
        axes.fill_between(table["center"], table["lower"], table["upper"], color=style.color, alpha=0.2, lw=0)
        axes.plot(
            table["center"],
            table["mean"],
            color=style.color,
            linestyle=style.linestyle,
            marker=style.marker,
            ms=4.5,
            label=f"{style.label}: mean and 95 % band" if len(means) == 1 else style.label,
        )


def means_in_words(means: dict[str, pd.DataFrame], name: str) -> str:
    """Where each model's running mean is farthest from zero."""
    words = []
    for model, table in means.items():
        if table.empty:
            continue
        worst = table.loc[table["mean"].abs().idxmax()]
        clear = int(((table["lower"] > 0) | (table["upper"] < 0)).sum())
        words.append(
            f"{look.style_of(model).label} {worst['mean']:+.2f} near {curves_look.spoken_x(worst['center'], name)} "
            f"({clear} of {len(table)} bins exclude zero)"
        )
    return f"Against {look.SPOKEN[name]}, farthest from zero: {'; '.join(words)}"


def residual_alt(frame: pd.DataFrame, residual: str, cluster: str | None, parts: list[str], kind: str) -> str:
    """Alt text of `residuals_against`."""
    label = RESIDUAL_LABELS.get(residual, residual).replace(" (ln)", "")
    rows = int(frame[residual].notna().sum() / frame["model"].nunique())
    grouped = f", grouped by {cluster.removesuffix('_id')}" if cluster else ""
    return (
        f"Mean {label} (natural log) in bins with 95 % bands{grouped}, {rows:,} values for each model. "
        f"{'. '.join(parts)}.{look.kind_sentence(kind)}"
    )
