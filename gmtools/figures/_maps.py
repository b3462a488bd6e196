"""Maps: a layer in colors or places as dots on projected axes, with coast, scale bar and license."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from gmtools.figures import _style as look
from gmtools.maps.grids import Layer, MapGrid


class Places(NamedTuple):
    """Dots of one kind on a map: name for the legend, degrees, and values (n,) to color by, which ``label`` names.

    ``size`` is an area in points², one or (n,); ``color`` counts where there are no values.
    """

    name: str
    longitude: ArrayLike
    latitude: ArrayLike
    values: ArrayLike | None = None
    label: str = ""
    marker: str = "o"
    size: ArrayLike = 14.0
    color: str = look.INK


def map_view(
    grid: MapGrid,
    layer: Layer | None = None,
    places: Sequence[Places] = (),
    *,
    title: str,
    kind: str = "measured",
    label: str = "",
    coast: Sequence[np.ndarray] = (),
    axes: Axes | None = None,
) -> tuple[Axes, str]:
    """One map of a grid's area on its projected axes, new ones or given ones, and its alt text.

    Missing values of the layer (ny, nx), which ``label`` names without its unit, stay white, and its license is written
    below. Places outside the grid are left out and not counted. ``coast`` holds lines (n, 2) of longitude and latitude.
    """
    west, east, south, north = grid.extent_km
    if axes is None:
        axes = look.new_axes(title, _size(grid))
    else:
        axes.set_title(title)
    axes.grid(visible=False)
    words = [] if layer is None else [_draw_layer(axes, grid, layer, label)]
    for line in coast:
        axes.plot(*grid.project(*line.T), color="#555555", lw=0.6, zorder=2)
    words += [_draw_places(axes, grid, dots, layer is not None) for dots in places]
    axes.set(xlim=(west, east), ylim=(south, north), aspect="equal")
    axes.set(xlabel="easting (km)", ylabel="northing (km)")
    _scale_bar(axes, grid)
    look.tag(axes, kind, (0.98, 0.97))
    if places:
        axes.legend(loc="lower left", frameon=True, framealpha=0.9, fontsize=7.5, handlelength=1.2, borderpad=0.3)
    if layer is not None and layer.licence:
        axes.set_xlabel(f"easting (km)\nlicense: {layer.licence}", fontsize=8)
    return axes, (
        f"Map {'with the coast' if coast else 'without a coast'}, {east - west:.0f} km from west to east and "
        f"{north - south:.0f} km from south to north (EPSG:{grid.epsg}), with a scale bar: "
        f"{'; '.join(words) or 'no data'}.{look.kind_sentence(kind)}"
    )


def _size(grid: MapGrid) -> tuple[float, float]:
    """Width and height (inches) that suit the grid's shape, with room for a color bar."""
    height = float(np.clip(5.0 * grid.ny / grid.nx, 3.4, 6.6))
    return float(np.clip(height * grid.nx / grid.ny + 1.6, 4.2, 7.2)), height


def _draw_layer(axes, grid, layer, label) -> str:
    """Draw the layer and its color bar; returns its range in words."""
    name = f"{label} ({layer.unit})"
    known = layer.values[np.isfinite(layer.values)]
    options = {"extent": grid.extent_km, "origin": "lower", "interpolation": "nearest", "zorder": 1}
    image = axes.imshow(layer.values, cmap="cividis", **options)
    axes.figure.colorbar(image, ax=axes, shrink=0.75, label=name)
    missing = 100 * (1 - known.size / layer.values.size)
    low, middle, high = (look.number(float(value)) for value in np.percentile(known, [0, 50, 100]))
    holes = f", no value at {missing:.0f} % of the pixels" if missing else ""
    return f"{name} from {low} to {high}, median {middle}{holes}"


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
    options = {"marker": dots.marker, "cmap": "viridis_r", "ec": look.INK, "lw": 0.3, "zorder": 4}
    drawn = axes.scatter(x[order], y[order], s=size[order], c=values[order], label=text, **options)
    axes.figure.colorbar(drawn, ax=axes, shrink=0.75, label=dots.label)
    return f"{text}, colored by {dots.label} from {look.number(values.min())} to {look.number(values.max())}"


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
