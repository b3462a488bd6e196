"""A country's boundary from a shapefile of polygons."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from gmtools.data.readers import file_ending
from gmtools.errors import FormatError
from gmtools.geodesy import projection


def read(paths: Mapping[str, Path]) -> list[np.ndarray]:
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
