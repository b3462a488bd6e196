"""What every map shows of the ground: shore lines, elevation, and layers of which one may be missing."""

from collections.abc import Callable, Mapping

import numpy as np

from gmtools.data import catalog
from gmtools.data.rasters import Raster
from gmtools.data.readers import file_ending, gshhs, topography
from gmtools.errors import DataNotFound, DownloadFailed
from gmtools.maps.grids import Layer


def shore_lines(box: tuple[float, float, float, float], skip: bool = False) -> list[np.ndarray]:
    """Shore lines that touch a box (west, east, south, north; degrees), longitude and latitude (n, 2) of each.

    Where the coastline cannot be had, there are none with ``skip``, and DataNotFound without.
    """
    try:
        return gshhs.read(catalog.find("coastline_gshhs"), box)
    except (DataNotFound, DownloadFailed):
        if not skip:
            raise
        return []


def elevation(region: str) -> Raster:
    """Elevation (m) of "kanto" or "italy" at 1 arc minute."""
    path = file_ending(catalog.find("topography_1min"), f"topo_{region}_1min_de15.npz")
    return topography.read(path, catalog.manifests()["topography_1min"].licence)


def layers_of(makers: Mapping[str, Callable[[], Layer]], skip: bool = False) -> dict[str, Layer]:
    """Make layers, each by its function; one whose data cannot be had is left out with ``skip``, and raises without."""
    found = {}
    for name, make in makers.items():
        try:
            found[name] = make()
        except (DataNotFound, DownloadFailed):
            if not skip:
                raise
    return found
