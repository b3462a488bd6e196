"""Figures of networks: their layers, how they learned and how they agree with published values."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from gmtools.figures import _style as look

FROZEN_COLOR = "#56B4E9"
TRAINED_COLOR = "#E69F00"


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
