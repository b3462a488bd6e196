"""Figures of networks: their layers, how they learned and how they agree with published values."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch
from numpy.typing import ArrayLike

from gmtools.figures import _style as look

FROZEN_COLOR = "#56B4E9"
TRAINED_COLOR = "#E69F00"


def published_match(
    published: ArrayLike,
    ours: ArrayLike,
    *,
    title: str,
    groups: Sequence[str] | None = None,
    tolerance: float = 0.01,
    kind: str = "measured",
    axes: Sequence[Axes] | None = None,
) -> tuple[np.ndarray, str]:
    """Published values against ours: on the one-to-one line, and the relative difference with its tolerance.

    Parameters
    ----------
    published, ours : shape (n,)
        The same quantities (g).
    groups : shape (n,), optional
        Row of the strip in which each value stands, such as "PGA" or "PSA(1 s)".
    tolerance
        Allowed relative difference, drawn as a band.
    axes
        Two Axes.

    Returns
    -------
    axes : shape (2,)
    alt_text : str
    """
    published, ours = np.asarray(published, float), np.asarray(ours, float)
    groups = np.asarray(["all values"] * len(ours) if groups is None else groups)
    rows = list(dict.fromkeys(groups))
    if axes is None:
        axes = look.panel(2, title=title, size=(3.6, max(3.3, 1.4 + 0.24 * len(rows))))
    left, right = axes
    ends = [min(published.min(), ours.min()) / 1.5, max(published.max(), ours.max()) * 1.5]
    left.plot(ends, ends, color=look.INK, lw=1, label="one to one")
    left.scatter(
        published, ours, s=22, facecolor="none", edgecolor=look.COLORS["nga_only"], label=f"{len(ours)} values"
    )
    look.log_axis(left.xaxis)
    look.log_axis(left.yaxis)
    left.set(xlim=ends, ylim=ends, xlabel="published (g)", ylabel="ours (g)")
    left.legend(loc="upper left")
    difference = 100 * (ours / published - 1)
    right.axvspan(-100 * tolerance, 100 * tolerance, color="#d9d9d9", zorder=0, label=f"±{100 * tolerance:g} %")
    right.axvline(0, color=look.INK, lw=1)
    places = [rows.index(group) for group in groups]
    right.scatter(difference, places, s=22, facecolor="none", edgecolor=look.COLORS["nga_only"])
    right.set_yticks(range(len(rows)), rows)
    right.set(ylim=(len(rows) - 0.5, -0.5), xlabel="ours against published (%)")
    limit = 1.15 * max(100 * tolerance, np.abs(difference).max())
    right.set_xlim(-limit, limit)
    look.tag(left, kind, (0.98, 0.03))
    inside = int((np.abs(difference) <= 100 * tolerance).sum())
    return np.asarray(axes), (
        f"Ours against published, {len(ours)} values from {look.number(published.min())} to "
        f"{look.number(published.max())} g: {inside} of {len(ours)} agree within {100 * tolerance:g} %; the largest "
        f"difference is {np.abs(difference).max():.2f} %.{look.kind_sentence(kind)}"
    )


def learning_curves(
    history: pd.DataFrame,
    *,
    title: str,
    chosen_epoch: int | None = None,
    kind: str = "measured",
    model: str = "nga_only",
    label: str = "Huber loss (ln units)",
    axes: Axes | None = None,
) -> tuple[Axes, str]:
    """Training and validation loss by epoch, with the epoch whose weights are kept.

    Parameters
    ----------
    history
        Columns `epoch` (counted from 1), `loss` and, where there is a validation set, `val_loss`.
    chosen_epoch
        Epoch to mark.
    model
        Key of COLORS.
    label
        Name of the loss, for the axis.

    Returns
    -------
    axes, alt_text

    Raises
    ------
    ColumnMissing
        `history` lacks `epoch` or `loss`.
    """
    look.require(history, ("epoch", "loss"), "learning_curves")
    axes = look.new_axes(axes, title)
    style = look.style_of(model)
    axes.plot(history["epoch"], history["loss"], color=style.color, label="training (dropout on)")
    last = history.iloc[-1]
    words = [f"training loss falls from {look.number(history['loss'].iloc[0])} to {look.number(last['loss'])}"]
    if "val_loss" in history:
        axes.plot(history["epoch"], history["val_loss"], color=look.INK, linestyle=(0, (5, 2)), label="validation")
        best = history.loc[history["val_loss"].idxmin()]
        words.append(f"validation loss is smallest, {look.number(best['val_loss'])}, at epoch {int(best['epoch'])}")
    if chosen_epoch is not None:
        axes.axvline(chosen_epoch, color="#7a7a7a", lw=1.2, linestyle=":", label=f"kept: epoch {chosen_epoch}")
        words.append(f"epoch {chosen_epoch} is kept")
    axes.set(xlabel="epoch", ylabel=label)
    look.log_axis(axes.yaxis)
    axes.legend(loc="upper right")
    look.tag(axes, kind)
    return axes, f"Loss over {len(history)} epochs: {', '.join(words)}.{look.kind_sentence(kind)}"


def network_diagram(
    layers: Sequence[int] = (3, 64, 32, 1),
    *,
    title: str,
    frozen: Sequence[int] = (),
    networks: int = 13,
    inputs: Sequence[str] = ("M", "ln(1 + $R_{JB}$)", "ln(1 + $V_{S30}$)"),
    output: str = "ln PSA\n(one period)",
    axes: Axes | None = None,
) -> tuple[Axes, str]:
    """A dense network as columns of units, its frozen weights marked, one sheet for each batched copy.

    Parameters
    ----------
    layers
        Units of the input, the hidden layers and the output.
    frozen
        Which weight layers are not trained: 0 lies between the first two columns.
    networks
        How many equal networks are trained at once as one batched model.

    Returns
    -------
    axes, alt_text

    Raises
    ------
    ValueError
        `frozen` names a layer that is not there.
    """
    counts = [before * after + after for before, after in pairwise(layers)]
    if any(layer not in range(len(counts)) for layer in frozen):
        raise ValueError(f"frozen is {tuple(frozen)}; the network has the weight layers 0 to {len(counts) - 1}")
    axes = look.new_axes(axes, title, (7.4, 3.9))
    axes.set(xlim=(-1.15, len(layers) - 0.1), ylim=(-1.9, 1.75))
    axes.axis("off")
    draw_sheets(axes, len(layers), networks)
    places = [unit_places(units) for units in layers]
    for i, count in enumerate(counts):
        draw_weights(axes, i, places[i], places[i + 1], count, i in frozen)
    for i, (units, heights) in enumerate(zip(layers, places, strict=True)):
        draw_units(axes, i, units, heights, "input" if i == 0 else "output" if i == len(counts) else "ReLU")
    for height, name in zip(places[0], inputs, strict=False):
        axes.text(-0.12, height, name, ha="right", va="center")
    axes.text(len(layers) - 0.88, 0, output, ha="left", va="center")
    free = sum(count for i, count in enumerate(counts) if i not in frozen)
    held = f" {sum(counts) - free:,} are frozen and {free:,} are trained." if frozen else ""
    copies = (
        f" {networks} such networks, one for each ordinate, are trained as one batched model." if networks > 1 else ""
    )
    return axes, (
        f"Diagram of a dense network with {look.listing([str(units) for units in layers])} units from input to output; "
        f"it has {sum(counts):,} parameters.{held}{copies}"
    )


def unit_places(units: int, shown: int = 8) -> np.ndarray:
    """Heights of the units that are drawn: all of a small layer, some above and below a gap of a large one."""
    if units <= shown:
        return np.linspace(0.22, -0.22, units) * (units - 1) if units > 1 else np.zeros(1)
    return np.concatenate([np.linspace(1.05, 0.3, shown // 2), np.linspace(-0.3, -1.05, shown // 2)])


def draw_sheets(axes: Axes, columns: int, networks: int) -> None:
    """Sheets behind the network for the batched copies."""
    for step in range(min(networks, 4) - 1, -1, -1):
        corner = (-1.05 + 0.045 * step, -1.6 + 0.055 * step)
        axes.add_patch(
            FancyBboxPatch(
                corner, columns + 0.72, 3.08, boxstyle="round,pad=0.02", facecolor="white", edgecolor="#a8a8a8", lw=0.8
            )
        )
    if networks > 1:
        axes.text(
            columns - 0.35, -1.87, f"× {networks} networks, one for each ordinate, in one batched model", ha="right"
        )


def draw_weights(axes: Axes, layer: int, left: np.ndarray, right: np.ndarray, count: int, frozen: bool) -> None:
    """Lines between two columns, dashed where frozen, and the number of weights and biases below."""
    color = FROZEN_COLOR if frozen else TRAINED_COLOR
    for start in left:
        for end in right:
            axes.plot(
                (layer, layer + 1),
                (start, end),
                color=color,
                lw=0.6,
                linestyle=(0, (4, 3)) if frozen else "-",
                zorder=1,
            )
    axes.plot((layer + 0.15, layer + 0.85), (-1.2, -1.2), color=color, lw=3)
    axes.text(
        layer + 0.5,
        -1.25,
        f"{count:,} parameters\n{'frozen' if frozen else 'trained'}",
        ha="center",
        va="top",
        fontsize=8.5,
        fontweight="bold" if frozen else "normal",
    )


def draw_units(axes: Axes, column: int, units: int, heights: np.ndarray, name: str) -> None:
    """Circles of one column, with dots in the gap of a large layer and the number of units above."""
    axes.scatter([column] * len(heights), heights, s=75, facecolor="white", edgecolor=look.INK, lw=1, zorder=3)
    if units > len(heights):
        axes.plot([column] * 3, (0.12, 0, -0.12), ".", color=look.INK, ms=3.5)
    unit = "unit" if units == 1 else "units"
    axes.text(
        column, 1.27, f"{name}\n{units} {unit}" if name == "ReLU" else name, ha="center", va="center", fontsize=8.5
    )
