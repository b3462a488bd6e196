"""One look for every figure: a registry of model styles, small layout helpers and the display with alt text."""

import base64
import io
import textwrap
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatter, NullFormatter

from gmtools.columns import MAGNITUDE, REPI, RHYP, RJB, RRUP, VS30
from gmtools.errors import ColumnMissing, UnknownModel

DPI = 110
FLOOR_KM = 0.1  # a record above the rupture has RJB = 0, which a logarithmic axis cannot show
DATA_COLOR = "#8c8c8c"
INK = "#262626"
KINDS = ("measured", "reconstructed", "simulated")
VS30_TICKS = (100, 200, 400, 800, 1600)
PGA_TICK = 0.026  # where spectra put PGA, which has no period, on their logarithmic period axis


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
LINESTYLES = {key: style.linestyle for key, style in STYLES.items()}
MARKERS = {key: style.marker for key, style in STYLES.items()}
LABELS = {key: style.label for key, style in STYLES.items()}

AXIS_LABELS = {
    MAGNITUDE: "moment magnitude M",
    RJB: "Joyner-Boore distance $R_{JB}$ (km)",
    RRUP: "rupture distance $R_{rup}$ (km)",
    REPI: "epicentral distance (km)",
    RHYP: "hypocentral distance (km)",
    VS30: "$V_{S30}$ (m/s)",
}
SPOKEN = {MAGNITUDE: "M", RJB: "RJB", RRUP: "Rrup", REPI: "Repi", RHYP: "Rhyp", VS30: "VS30"}
UNITS = {MAGNITUDE: "", VS30: " m/s"} | dict.fromkeys((RJB, RRUP, REPI, RHYP), " km")
DISTANCES = (RJB, RRUP, REPI, RHYP)


def use_style() -> None:
    """Set the book's Matplotlib style for this session.

    >>> use_style()
    >>> import matplotlib
    >>> matplotlib.rcParams["figure.constrained_layout.use"]
    True
    """
    cycle = plt.cycler(color=[STYLES[key].color for key in ("nga_only", "iran_only", "transfer_frozen", "fine_tuned")])
    plt.rcParams.update(
        {
            "figure.dpi": DPI,
            "savefig.dpi": DPI,
            "figure.constrained_layout.use": True,
            "font.size": 9.5,
            "axes.titlesize": 10.5,
            "axes.titlelocation": "left",
            "axes.labelsize": 9.5,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.prop_cycle": cycle,
            "axes.grid": True,
            "axes.axisbelow": True,
            "grid.color": "#e4e4e4",
            "grid.linewidth": 0.7,
            "legend.frameon": False,
            "legend.fontsize": 9,
            "legend.handlelength": 3.2,
            "lines.linewidth": 1.7,
        }
    )


def style_of(model: str) -> Style:
    """Registered style of a model key; UnknownModel where there is none: a line's color must not differ from figure
    to figure.

    >>> style_of("nga_only").color
    '#0072B2'
    """
    if model not in STYLES:
        raise UnknownModel(
            f"no figure style for the model {model!r}; known are {', '.join(STYLES)}. "
            "Use one of them or add a row to STYLES in gmtools/figures/_style.py"
        )
    return STYLES[model]


def row_style(model: str) -> Style:
    """Style of a row of a dot plot, where the text beside the dot says what it is: any name may stand there."""
    return STYLES.get(model, Style(str(model), "#4D4D4D", "-", "o"))


def require(frame: pd.DataFrame, columns: Iterable[str], figure: str) -> None:
    """Stop with ColumnMissing, naming the columns that ``frame`` lacks."""
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise ColumnMissing(
            f"the figure {figure!r} needs the columns {', '.join(missing)}; the table has {', '.join(frame.columns)}. "
            "Rename or compute them first"
        )


def tag(axes: Axes, kind: str, where: tuple[float, float] = (0.02, 0.03)) -> None:
    """Write "reconstructed" or "simulated" into the axes; measured data need no word.

    Parameters
    ----------
    where
        Position in axes fractions; the text grows towards the middle.

    Raises
    ------
    ValueError
        `kind` is none of measured, reconstructed, simulated.
    """
    if kind not in KINDS:
        raise ValueError(f"kind is {kind!r}; say one of {', '.join(KINDS)}")
    if kind == "measured":
        return
    axes.text(
        *where,
        kind,
        transform=axes.transAxes,
        ha="left" if where[0] < 0.5 else "right",
        va="bottom" if where[1] < 0.5 else "top",
        fontsize=9,
        fontweight="bold",
        color=INK,
        zorder=20,
        bbox={"facecolor": "white", "edgecolor": INK, "linewidth": 0.6, "alpha": 0.9, "pad": 2},
    )


def kind_of(kind: str | Mapping[Any, str], value: Any) -> str:
    """Kind of one panel: ``kind`` itself, or its entry for the panel's value."""
    if isinstance(kind, str):
        return kind
    if value not in kind:
        raise ValueError(f"kind says nothing about the panel {value}, only about {', '.join(map(str, kind))}")
    return kind[value]


def kind_sentence(kind: str | Mapping[Any, str]) -> str:
    """How the alt text says what the tag says, empty for measured data."""
    kinds = {kind} if isinstance(kind, str) else set(kind.values())
    words = [word for word in KINDS[1:] if word in kinds]
    if not words:
        return ""
    return f" The data are {' and '.join(words)}." if len(kinds) == 1 else f" Some panels are {' and '.join(words)}."


def new_axes(axes: Axes | None, title: str, size: tuple[float, float] = (6.6, 4.3)) -> Axes:
    """Given axes or new ones, with the title wrapped: over the axes if given, over the whole figure if new."""
    if axes is None:
        figure = plt.figure(figsize=size, layout="constrained")
        figure_title(figure, title)
        return figure.add_subplot()
    axes.set_title("\n".join(textwrap.wrap(title, max(24, int(width_in_inches(axes) * 14)))), loc="left")
    return axes


def width_in_inches(axes: Axes) -> float:
    """Width of the axes before the layout has made room for labels."""
    return axes.get_position().width * axes.figure.get_figwidth()


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
    """Small multiples: `count` axes in rows of `ncols`, under one title.

    Parameters
    ----------
    size
        Width and height of one panel (inches).

    Returns
    -------
    numpy.ndarray of Axes, shape (count,)

    >>> panel(3, ncols=2).shape
    (3,)
    """
    ncols = min(ncols, count)
    nrows = -(-count // ncols)
    figure, grid = plt.subplots(
        nrows,
        ncols,
        figsize=(size[0] * ncols, size[1] * nrows),
        layout="constrained",
        sharex=sharex,
        sharey=sharey,
        squeeze=False,
    )
    axes = grid.ravel()
    for spare in axes[count:]:
        spare.remove()
    for above_a_gap in axes[max(count - ncols, 0) : count]:
        above_a_gap.tick_params(axis="x", which="both", labelbottom=True)
    if title:
        figure_title(figure, title)
    return axes[:count]


def outer_labels(axes: np.ndarray) -> None:
    """Keep axis labels only where a small multiple has no neighbor that carries the same one."""
    places = [(ax.get_subplotspec().rowspan.start, ax.get_subplotspec().colspan.start) for ax in axes]
    for ax, (row, column) in zip(axes, places, strict=True):
        if (row + 1, column) in places:
            ax.set_xlabel("")
        if column > 0:
            ax.set_ylabel("")


def legend(axes: np.ndarray | list[Axes], *, own: bool) -> None:
    """One legend: below a figure of our own, inside the first of given axes."""
    entries = {}
    for ax in axes:
        handles, labels = ax.get_legend_handles_labels()
        entries.update(zip(labels, handles, strict=True))
    if not entries:
        return
    if own:
        ncols = 2 if len(entries) == 4 else 3
        axes[0].figure.legend(
            entries.values(), entries.keys(), loc="outside lower center", ncols=ncols, columnspacing=1.2
        )
    else:
        axes[0].legend(entries.values(), entries.keys())


def number(value: float, digits: int = 3) -> str:
    """A number as a reader says it: significant digits, no exponent.

    >>> number(0.0102), number(1234.5), number(3.0)
    ('0.0102', '1230', '3')
    """
    return np.format_float_positional(value, precision=digits, unique=False, fractional=False, trim="-")


class PlainLogFormatter(LogFormatter):
    """Labels of a logarithmic axis as plain numbers, between the decades only where the axis is short."""

    def __call__(self, value: float, place: int | None = None) -> str:
        """Label of one tick, empty where Matplotlib would leave it out."""
        return number(value) if super().__call__(value, place) else ""


def log_axis(axis: Axis) -> None:
    """Make an axis logarithmic with plain numbers."""
    axis.axes.set(**{f"{axis.axis_name}scale": "log"})
    axis.set_major_formatter(PlainLogFormatter())
    axis.set_minor_formatter(PlainLogFormatter())


def input_axis(axes: Axes, name: str) -> None:
    """Label and scale of the axis of a model input: magnitude linear, distance and VS30 logarithmic."""
    axes.set_xlabel(AXIS_LABELS[name])
    if name == MAGNITUDE:
        return
    log_axis(axes.xaxis)
    if name == VS30:
        low, high = axes.get_xlim()
        axes.set_xticks([tick for tick in VS30_TICKS if low <= tick <= high])
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_formatter(NullFormatter())


def listing(items: Iterable[str]) -> str:
    """A list as running text.

    >>> listing(["M", "RJB", "VS30"])
    'M, RJB and VS30'
    """
    items = list(items)
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def show(axes: Axes | Iterable[Axes], alt_text: str) -> None:
    """Display a figure once, as a PNG whose output metadata carry the alt text.

    Outside IPython the alt text is printed instead. The figure is closed either way.

    Parameters
    ----------
    axes
        What a figure function returned first: one Axes or an array of them, all of one figure.
    alt_text
        What it returned second.

    Raises
    ------
    ValueError
        The alt text is empty.
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
    display({"image/png": picture, "text/plain": alt_text}, metadata={"image/png": {"alt": alt_text}}, raw=True)
