"""Maps: a layer in colors or places as dots on projected axes, with coast, scale bar and license."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, ListedColormap, LogNorm, Normalize
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike

from gmtools.figures import _style as look
from gmtools.maps.grids import Layer, MapGrid

COAST_COLOR = "#555555"


class Places(NamedTuple):
    """Dots of one kind on a map.

    Attributes
    ----------
    name : str
        Of the dots, for the legend: "stations".
    longitude, latitude : (n,) array_like
        Degrees.
    values : (n,) array_like, optional
        Colored by it, with a color bar that is labeled ``label``.
    label : str
        What the values are, with their unit.
    marker : str
    size : float or (n,) array_like
        Area, points².
    color : str
        Where there are no values.
    log : bool
        Colors by the logarithm of the values.
    """

    name: str
    longitude: ArrayLike
    latitude: ArrayLike
    values: ArrayLike | None = None
    label: str = ""
    marker: str = "o"
    size: ArrayLike = 14.0
    color: str = look.INK
    log: bool = False


def map_view(
    grid: MapGrid,
    layer: Layer | None = None,
    places: Sequence[Places] = (),
    *,
    title: str,
    kind: str = "measured",
    label: str = "",
    classes: Mapping[float, str] | None = None,
    limits: tuple[float, float] | None = None,
    cmap: str = "cividis",
    coast: Sequence[np.ndarray] = (),
    outlines: Mapping[str, MapGrid] | None = None,
    licences: Sequence[str] = (),
    axes: Axes | None = None,
) -> tuple[Axes, str]:
    """One map on the grid's projected axes.

    Parameters
    ----------
    grid : MapGrid
        Its area is shown.
    layer : Layer, optional
        Map (ny, nx) in colors; missing values stay white, its license is written below the map.
    places : sequence of Places
        Those outside the grid are left out and not counted.
    kind : {"measured", "reconstructed", "simulated"}
    label : str
        What the layer shows, without its unit.
    classes : mapping of float to str, optional
        Value -> name, ascending, for a layer of classes.
    limits : (float, float), optional
        Values at the ends of the colors.
    cmap : str
        Name of Matplotlib's color map.
    coast : sequence of ndarray, (n, 2)
        Longitude and latitude of lines, as :mod:`gmtools.data.readers.gshhs` returns them.
    outlines : mapping of str to MapGrid, optional
        Name -> grid whose edge is drawn; it must be of the same projected system.
    licences : sequence of str
        Of what is drawn besides the layer, such as the coast.
    axes : Axes, optional

    Returns
    -------
    axes, alt_text
    """
    west, east, south, north = grid.extent_km
    axes = look.new_axes(axes, title, _size(grid))
    axes.grid(visible=False)
    words = [] if layer is None else [_draw_layer(axes, grid, layer, label, classes, limits, cmap)]
    for line in coast:
        axes.plot(*grid.project(*line.T), color=COAST_COLOR, lw=0.6, zorder=2)
    words += [_draw_places(axes, grid, dots, layer is not None) for dots in places]
    for number, (name, other) in enumerate((outlines or {}).items()):
        _draw_outline(axes, name, other, ("-", "--", ":")[number % 3])
        words.append(f"the edge of {name} is drawn")
    axes.set(xlim=(west, east), ylim=(south, north), aspect="equal")
    axes.set(xlabel="easting (km)", ylabel="northing (km)")
    _scale_bar(axes, grid)
    look.tag(axes, kind, (0.98, 0.97))
    if len(places) > 1 or outlines or any(dots.values is None for dots in places):
        axes.legend(loc="lower left", frameon=True, framealpha=0.9, fontsize=7.5, handlelength=1.2, borderpad=0.3)
    _write_licenses(axes, ([layer.licence] if layer else []) + list(licences))
    return axes, _alt(grid, words, bool(coast), kind)


def _size(grid: MapGrid) -> tuple[float, float]:
    """Width and height (inches) that suit the grid's shape, with room for a color bar."""
    height = float(np.clip(5.0 * grid.ny / grid.nx, 3.4, 6.6))
    return float(np.clip(height * grid.nx / grid.ny + 1.6, 4.2, 7.2)), height


def _draw_layer(axes, grid, layer, label, classes, limits, cmap) -> str:
    """Draw the layer and its color bar; returns its range or its classes in words."""
    name = f"{label} ({layer.unit})"
    known = layer.values[np.isfinite(layer.values)]
    missing = f", no value at {100 * (1 - known.size / layer.values.size):.0f} % of the pixels" * (
        known.size < layer.values.size
    )
    options = {"extent": grid.extent_km, "origin": "lower", "interpolation": "nearest", "zorder": 1}
    if classes:
        _draw_classes(axes, layer.values, name, classes, cmap, options)
        shares = [f"{text} {100 * np.mean(np.isclose(known, value)):.0f} %" for value, text in classes.items()]
        return f"{name} in classes: {look.listing(shares)} of the pixels with a value{missing}"
    low, high = limits or (known.min(), known.max())
    image = axes.imshow(layer.values, cmap=cmap, vmin=low, vmax=high, **options)
    beyond = {(True, False): "min", (False, True): "max", (True, True): "both"}
    ends = beyond.get((bool(known.min() < low), bool(known.max() > high)), "neither")
    axes.figure.colorbar(image, ax=axes, shrink=0.75, label=name, extend=ends)
    middle = look.number(float(np.median(known)))
    return f"{name} from {look.number(known.min())} to {look.number(known.max())}, median {middle}{missing}"


def _draw_classes(axes, values, name, classes, cmap, options) -> None:
    """Draw one color for each class, light to dark in the order of the classes."""
    levels = list(classes)
    edges = [levels[0] - 1, *((a + b) / 2 for a, b in pairwise(levels)), levels[-1] + 1]
    colors = ListedColormap(plt.get_cmap(cmap)(np.linspace(0.95, 0.1, len(levels))))
    image = axes.imshow(values, cmap=colors, norm=BoundaryNorm(edges, len(levels)), **options)
    ticks = [(a + b) / 2 for a, b in pairwise(edges)]
    bar = axes.figure.colorbar(image, ax=axes, shrink=0.75, ticks=ticks, label=name, spacing="uniform")
    bar.ax.set_yticklabels([f"{value:g} {text}" for value, text in classes.items()], fontsize=8)


def _draw_places(axes, grid, dots: Places, on_layer: bool) -> str:
    """Draw dots, small values first, and return their number and range in words; on a layer they get a pale rim."""
    here = grid.contains(dots.longitude, dots.latitude)
    x, y = (values[here] for values in grid.project(dots.longitude, dots.latitude))
    size = np.broadcast_to(np.asarray(dots.size, float), here.shape)[here]
    text = f"{here.sum():,} {dots.name}"
    if dots.values is None:
        rim = {"ec": "white", "lw": np.minimum(size / 40, 0.5)} if on_layer else {"lw": 0}
        axes.scatter(x, y, s=size, c=dots.color, marker=dots.marker, zorder=3, label=text, **rim)
        return text
    values = np.asarray(dots.values, float)[here]
    order = np.argsort(values, kind="stable")
    norm = (LogNorm if dots.log else Normalize)(values.min(), values.max())
    options = {"marker": dots.marker, "cmap": "viridis_r", "norm": norm, "ec": look.INK, "lw": 0.3, "zorder": 4}
    drawn = axes.scatter(x[order], y[order], s=size[order], c=values[order], label=text, **options)
    bar = axes.figure.colorbar(drawn, ax=axes, shrink=0.75, label=dots.label)
    if dots.log:
        look.log_axis(bar.ax.yaxis)
    return f"{text}, colored by {dots.label} from {look.number(values.min())} to {look.number(values.max())}"


def _draw_outline(axes, name: str, grid: MapGrid, linestyle: str) -> None:
    west, east, south, north = grid.extent_km
    box = Rectangle((west, south), east - west, north - south, fill=False, ec=look.STYLES["iran_only"].color, zorder=5)
    box.set(linestyle=linestyle, linewidth=1.6, label=name)
    axes.add_patch(box)


def _scale_bar(axes, grid: MapGrid) -> None:
    """Draw a bar of about a fifth of the width, of 1, 2 or 5 times a power of ten, at the lower right."""
    west, east, south, north = grid.extent_km
    wanted = (east - west) / 5
    decade = 10 ** np.floor(np.log10(wanted))
    length = float(max(step * decade for step in (1, 2, 5) if step * decade <= wanted))
    right, base = east - 0.04 * (east - west), south + 0.04 * (north - south)
    axes.plot((right - length, right), (base, base), color=look.INK, lw=3, solid_capstyle="butt", zorder=6)
    axes.text(
        right - length / 2, base + 0.012 * (north - south), f"{length:g} km", ha="center", va="bottom", fontsize=8,
        zorder=6, bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.7, "pad": 1},
    )  # fmt: skip


def _write_licenses(axes, licences: Sequence[str]) -> None:
    """Write the licenses of what is shown, each once, below the axis label."""
    names = list(dict.fromkeys(licences))
    if names:
        axes.set_xlabel(f"{axes.get_xlabel()}\nlicense: {'; '.join(names)}", fontsize=8)


def _alt(grid: MapGrid, words: Sequence[str], has_coast: bool, kind: str) -> str:
    west, east, south, north = grid.extent_km
    coast = "with the coast" if has_coast else "without a coast"
    shown = "; ".join(words) or "no data"
    return (
        f"Map {coast}, {east - west:.0f} km from west to east and {north - south:.0f} km from south to north "
        f"(EPSG:{grid.epsg}), with a scale bar: {shown}.{look.kind_sentence(kind)}"
    )
