"""Coasts and borders on a map grid, from Natural Earth (public domain), as npm's world-atlas packs it."""

import json
from pathlib import Path

import numpy as np

from explorers import npm
from gmtools.cache import PROJECT

LOCK = Path(__file__).with_name("map_outline.json")
SOURCE = "Coasts and borders: Natural Earth 4.1.0, 1:10m (public domain)"
UNIT = 100
"""Points are in hundredths of a pixel."""
_SIMPLE = 0.12  # pixels that a line may lose
_MARGIN_DEGREES = 1.0


def outline(grid, folder=PROJECT / "_build" / "outline"):
    """Countries on a grid: closed rings one after the other, int16 (n, 2), in hundredths of a pixel from the
    southwestern corner, holes wound the other way; and where each ring ends. npm's package is kept in ``folder``;
    errors of :func:`explorers.npm.fetch`."""
    topology = json.loads((npm.fetch(folder, LOCK) / "world-atlas" / "countries-10m.json").read_text("utf-8"))
    rings = [np.round(UNIT * ring).astype("int16") for ring in _clipped(countries(topology), grid)]
    return np.concatenate(rings), np.cumsum([len(ring) for ring in rings]).astype("int32")


def countries(topology):
    """Polygons of a TopoJSON file's countries, lists of rings (n, 2) in degrees, the outer one first, after the
    specification: https://github.com/topojson/topojson-specification."""
    scale, translate = topology["transform"]["scale"], topology["transform"]["translate"]
    arcs = [np.cumsum(arc, axis=0) * scale + translate for arc in topology["arcs"]]

    def ring(indices):
        """Points of a closed line of arcs, each by its index; below zero it is the complement, walked backwards."""
        parts = [arcs[i] if i >= 0 else arcs[~i][::-1] for i in indices]
        # Neighbors repeat the point where they meet.
        return np.concatenate([part[1:] if number else part for number, part in enumerate(parts)])

    polygons = []
    for shape in topology["objects"]["countries"]["geometries"]:
        several = {"Polygon": [shape["arcs"]], "MultiPolygon": shape["arcs"]}[shape["type"]]
        polygons += [[ring(indices) for indices in polygon] for polygon in several]
    return polygons


def _clipped(polygons, grid):
    import shapely  # a compiled library: only where it is needed

    longitude, latitude = grid.lonlat
    around = shapely.box(longitude.min(), latitude.min(), longitude.max(), latitude.max()).buffer(_MARGIN_DEGREES)
    frame = shapely.box(0, 0, grid.nx, grid.ny)
    for outer, *holes in polygons:
        if len(outer) < 4:  # what quantizing left of a rock
            continue
        near = shapely.make_valid(shapely.Polygon(outer, holes)).intersection(around)
        if near.is_empty:
            continue
        here = shapely.transform(near, lambda place: _pixels(grid, place)).intersection(frame)
        for part in shapely.get_parts(shapely.simplify(here, _SIMPLE)):
            if part.geom_type == "Polygon" and part.area > _SIMPLE:
                part = shapely.geometry.polygon.orient(part)
                yield from (np.asarray(ring.coords) for ring in (part.exterior, *part.interiors))


def _pixels(grid, place):
    east, north = grid.project(*place.T)
    return np.column_stack([east * 1e3 - grid.west_m, north * 1e3 - grid.south_m]) / grid.pixel_m


def land(points, ends, grid):
    """Pixels whose center is on land: bool (ny, nx), from what :func:`outline` returns."""
    import shapely

    rings = [shapely.LinearRing(ring) for ring in np.split(points, ends[:-1])]
    dry = np.zeros(grid.shape, bool)
    column, row = (UNIT * (np.arange(count) + 0.5) for count in (grid.nx, grid.ny))
    for ring in rings:
        shape = shapely.make_valid(shapely.Polygon(ring))
        within = shapely.contains_xy(shape, *np.meshgrid(column, row))
        dry[within] = ring.is_ccw  # holes come after the ring that they are in
    return dry
