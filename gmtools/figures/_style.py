"""One look for every figure: a registry of model styles, small layout helpers and the display with alt text."""

import base64
import io
import textwrap
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.category import StrCategoryFormatter
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import FixedFormatter

DPI = 110
INK = "#262626"
NAMING = (FixedFormatter, StrCategoryFormatter)  # ticks with words
KINDS = ("measured", "reconstructed", "simulated")


class Style(NamedTuple):
    """How one model is drawn and called in the whole book."""

    label: str
    color: str
    linestyle: Any
    marker: str


# Okabe & Ito's palette for the networks, Tol's muted one for the classical models. A line pattern and a marker go with
# each color, so that models that share a figure differ in grey print too.
STYLES = {
    "nga_only": Style("NGA only", "#0072B2", "-", "o"),
    "iran_only": Style("Iran only", "#D55E00", (0, (6, 2)), "s"),
    "transfer_frozen": Style("transfer, first layer frozen", "#009E73", (0, (6, 1.5, 1.5, 1.5)), "D"),
    "fine_tuned": Style("transfer, all layers tuned", "#CC79A7", (0, (2, 1)), "^"),
    "published": Style("published models", "#000000", (0, (1, 1)), "X"),
    "ASK14": Style("ASK14", "#56B4E9", (0, (4, 2)), "v"),
    "BSSA14": Style("BSSA14", "#E69F00", (0, (8, 2, 2, 2)), "P"),
    "CB14": Style("CB14", "#882255", (0, (2, 2)), "<"),
    "CY14": Style("CY14", "#6F6F6F", (0, (8, 2, 2, 2, 2, 2)), ">"),
    "I14": Style("I14 (rock)", "#B8A000", (0, (1, 2)), "h"),
    "ZafaraniEtAl2018": Style("Zafarani et al. (2018)", "#AA4499", (0, (9, 2, 1, 2, 1, 2)), "p"),
    "KaleEtAl2015Iran": Style("Kale et al. (2015)", "#44AA99", (0, (3, 3)), "d"),
    "GhasemiEtAl2009": Style("Ghasemi et al. (2009)", "#7A5C00", (0, (9, 2, 1, 2)), "H"),
    "LanzanoEtAl2019": Style("Lanzano et al. (2019)", "#117733", (0, (5, 1)), "v"),
    "BindiEtAl2011": Style("Bindi et al. (2011)", "#999933", (0, (4, 2, 1, 2)), "P"),
    "KothaEtAl2020": Style("Kotha et al. (2020)", "#CC6677", (0, (7, 2)), "<"),
    "AkkarBommer2010": Style("Akkar & Bommer (2010)", "#5A3E9B", (0, (2, 3)), ">"),
    "mean": Style("mean of the training data", "#9A9A9A", (0, (1, 3)), "o"),
    "linear": Style("linear regression", "#4D4D4D", (0, (5, 5)), "8"),
    "truncated": Style("expected above the threshold", "#332288", (0, (3, 1, 1, 1, 1, 1)), "h"),
}
COLORS = {key: style.color for key, style in STYLES.items()}


def use_style() -> None:
    """Set the book's Matplotlib style for this session."""
    plt.style.use(Path(__file__).with_name("book.mplstyle"))


def row_style(model: str) -> Style:
    """Style of a row of a dot plot, where the text beside the dot says what it is: any name may stand there."""
    return STYLES.get(model, Style(str(model), "#4D4D4D", "-", "o"))


def tag(axes: Axes, kind: str, where: tuple[float, float] = (0.02, 0.03)) -> None:
    """Write "reconstructed" or "simulated" at ``where`` (axes fractions); measured data need no word.

    ValueError where ``kind`` is none of the three.
    """
    if kind not in KINDS:
        raise ValueError(f"kind is {kind!r}; say one of {', '.join(KINDS)}")
    if kind == "measured":
        return
    box = {"facecolor": "white", "edgecolor": INK, "linewidth": 0.6, "alpha": 0.9, "pad": 2}
    place = {"ha": "left" if where[0] < 0.5 else "right", "va": "bottom" if where[1] < 0.5 else "top", "zorder": 20}
    axes.text(*where, kind, transform=axes.transAxes, fontsize=9, fontweight="bold", color=INK, bbox=box, **place)


def kind_sentence(kind: str) -> str:
    """How the alt text says what the tag says, empty for measured data."""
    return "" if kind == "measured" else f" The data are {kind}."


def new_axes(title: str, size: tuple[float, float]) -> Axes:
    """Axes of a new figure of a size (inches), with its message on top."""
    figure = plt.figure(figsize=size, layout="constrained")
    figure_title(figure, title)
    return figure.add_subplot()


def figure_title(figure: Figure, title: str) -> None:
    """The figure's message, at its left edge, wrapped to its width."""
    lines = textwrap.wrap(title, int(figure.get_figwidth() * 13))
    figure.suptitle("\n".join(lines), x=0.01, ha="left", fontsize=10.5)


def panel(
    count: int,
    *,
    ncols: int = 2,
    title: str = "",
    size: tuple[float, float] = (3.7, 2.8),
    sharex: bool | str = False,
    sharey: bool | str = False,
) -> np.ndarray:
    """Small multiples, (count,) Axes of a size (inches) each, in rows of ``ncols`` under one title.

    >>> panel(3, ncols=2).shape
    (3,)
    """
    ncols = min(ncols, count)
    nrows = -(-count // ncols)
    whole = {"figsize": (size[0] * ncols, size[1] * nrows), "layout": "constrained", "squeeze": False}
    figure, grid = plt.subplots(nrows, ncols, sharex=sharex, sharey=sharey, **whole)
    axes = grid.ravel()
    for spare in axes[count:]:
        spare.remove()
    for above_a_gap in axes[max(count - ncols, 0) : count]:
        above_a_gap.tick_params(axis="x", which="both", labelbottom=True)
    if title:
        figure_title(figure, title)
    return axes[:count]


def number(value: float, digits: int = 3) -> str:
    """A number as a reader says it: significant digits, no exponent.

    >>> number(0.0102), number(1234.5), number(3.0)
    ('0.0102', '1230', '3')
    """
    return np.format_float_positional(value, precision=digits, unique=False, fractional=False, trim="-")


def show(axes: Axes | Iterable[Axes], alt_text: str) -> None:
    """Display a figure once, as a PNG whose output metadata carry the alt text, and close it.

    ``axes`` is one Axes or an array of them, all of one figure. Outside IPython the alt text is printed instead.
    ValueError where it is empty.
    """
    if not alt_text.strip():
        raise ValueError("the alt text is empty; pass on the second value that the figure function returned")
    from IPython import get_ipython
    from IPython.display import display

    figure = np.ravel(np.asarray(axes, dtype=object))[0].figure
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI)
    plt.close(figure)
    if get_ipython() is None:
        print(alt_text)
        return
    picture = base64.b64encode(buffer.getvalue()).decode()
    metadata = {"image/png": {"alt": alt_text}, "shows": [alt_text, *filter(None, shows(figure))]}
    display({"image/png": picture, "text/plain": alt_text}, metadata=metadata, raw=True)


def shows(figure: Figure) -> list[str]:
    """What ``gmtools check`` compares of each axes: its words; least, mean and largest of x, y and colors drawn."""
    found = [" ".join(" ".join(text.get_text() for text in figure.texts).split())]
    for axes in figure.findobj(Axes):
        drawn = [line.get_xydata() for line in axes.lines]
        drawn += [bar.get_bbox().get_points() for bar in axes.patches if isinstance(bar, Rectangle)]
        for one in axes.collections:
            drawn += [one.get_offsets()] if isinstance(one, PathCollection) else [p.vertices for p in one.get_paths()]
        x, y = np.vstack([np.empty((0, 2)), *(np.ma.filled(part, np.nan) for part in drawn)]).T
        colors = [one.get_array() for one in (*axes.collections, *axes.images) if one.get_array() is not None]
        words = [axes.get_title(loc) for loc in ("left", "center", "right")]
        words += [f"{axes.get_xlabel()} {_extent(x, axes.get_xscale())}"]
        words += [f"{axes.get_ylabel()} {_extent(y, axes.get_yscale())}"]
        named = [axis for axis in (axes.xaxis, axes.yaxis) if isinstance(axis.get_major_formatter(), NAMING)]
        words += [text.get_text() for axis in named for text in axis.get_ticklabels()]
        words += [text.get_text() for text in axes.get_legend().get_texts()] if axes.get_legend() else []
        words += [_extent(np.ravel(np.ma.filled(np.ma.asarray(one, float), np.nan))) for one in colors]
        found.append("; ".join(" ".join(word.split()) for word in words if word.strip()))
    return found


def _extent(values: np.ndarray, scale: str = "linear") -> str:
    """Least, mean and largest to a thousandth of their span, of logarithms where the axis has them."""
    values = np.log10(values[values > 0]) if scale == "log" else values
    values = values[np.isfinite(values)]
    span = np.ptp(values) if values.size else 0
    digits = max(0, 3 - int(np.ceil(np.log10(span)))) if span else 3
    return ", ".join(f"{end(values):.{digits}f}" for end in (np.min, np.mean, np.max)) if values.size else ""
