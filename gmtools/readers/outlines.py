"""Lines for maps: the GSHHS coastline as basemap packs it, and a country's boundary from a shapefile."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from gmtools.errors import FormatError
from gmtools.geodesy import projection
from gmtools.readers import file_ending, reject_web_page

COAST_SOURCE = "the repository matplotlib/basemap"
LAND = 1
"""GSHHS type of a shore between land and sea; 2 is a lake, 3 an island in it, 4 a pond on that."""


def coastline(paths: Mapping[str, Path], box: tuple[float, float, float, float], kind: int = LAND) -> list[np.ndarray]:
    """Read the closed shore lines that touch a box.

    Parameters
    ----------
    paths : mapping of file name to Path
        Holds ``gshhs_i.dat`` (float32 longitude, latitude) and its index ``gshhsmeta_i.dat``.
    box : tuple of float
        West, east, south, north, degrees; west of Greenwich is negative.
    kind : int
        GSHHS type.

    Returns
    -------
    list of ndarray, (n, 2)
        Longitude and latitude of each polygon, whole, not cut at the box.

    Raises
    ------
    FormatError
        Index and data do not belong together.
    DataNotFound
        One of the two files is missing.
    """
    data_path, index_path = file_ending(paths, "/gshhs_i.dat"), file_ending(paths, "gshhsmeta_i.dat")
    reject_web_page(index_path, COAST_SOURCE)
    values = np.frombuffer(data_path.read_bytes(), dtype="<f4").reshape(-1, 2)
    west, east, south, north = box
    lines = []
    for entry in map(str.split, index_path.read_text(encoding="ascii").splitlines()):
        start, size = int(entry[5]) // 8, int(entry[6]) // 8  # a point takes 8 bytes
        if start + size > len(values) or size != int(entry[2]):
            raise FormatError(f"{index_path} names bytes that {data_path} lacks. Get both again from {COAST_SOURCE}.")
        line = values[start : start + size].astype(float)
        touches = line[:, 0].min() <= east and line[:, 0].max() >= west
        if int(entry[0]) == kind and touches and line[:, 1].min() <= north and line[:, 1].max() >= south:
            lines.append(line)
    return lines


def boundary(paths: Mapping[str, Path]) -> list[np.ndarray]:
    """Read the outer rings of a shapefile's polygons.

    Parameters
    ----------
    paths : mapping of file name to Path
        The shapefile's parts, which lie in one folder under one name; its projection must be stated.

    Returns
    -------
    list of ndarray, (n, 2)
        Longitude and latitude of each ring, degrees.

    Raises
    ------
    FormatError
        The parts make no shapefile of polygons with a known projection.
    DataNotFound
        There is no ``.shp`` among the files.
    """
    path = file_ending(paths, ".shp")
    epsg, shapes = _shapes(path)
    rings = []
    for shape in shapes:
        if shape["type"] not in ("Polygon", "MultiPolygon"):
            raise FormatError(f"{path} holds a {shape['type']}, not polygons. Give the shapefile of a boundary.")
        polygons = [shape["coordinates"]] if shape["type"] == "Polygon" else shape["coordinates"]
        rings += [np.asarray(polygon[0], float)[:, :2] for polygon in polygons]
    return [np.column_stack(projection(epsg).transform(*ring.T, direction="INVERSE")) for ring in rings]


def _shapes(path: Path) -> tuple[int, list]:
    import fiona  # a compiled library: only where it is needed

    try:
        with fiona.open(path) as source:
            epsg = source.crs.to_epsg()
            shapes = [feature["geometry"] for feature in source]
    except fiona.errors.FionaError as error:
        raise FormatError(f"{path} and its neighbors make no shapefile ({error}). Get all its parts again.") from error
    if epsg is None:
        raise FormatError(f"{path}: its projection (.prj) is missing or has no EPSG code. Get all its parts again.")
    return epsg, shapes
