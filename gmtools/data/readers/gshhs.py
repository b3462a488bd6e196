"""The GSHHS coastline as basemap packs it: points in one binary file, an index of polygons beside it."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from gmtools.data.readers import file_ending

LAND = 1
"""GSHHS type of a shore between land and sea; 2 is a lake, 3 an island in it, 4 a pond on that."""
WORLD = (-180.0, 360.0, -90.0, 90.0)


def read(
    paths: Mapping[str, Path], box: tuple[float, float, float, float] = WORLD, kind: int = LAND
) -> list[np.ndarray]:
    """Closed shore lines of a GSHHS type that touch a box (west, east, south, north; degrees): longitude and
    latitude (n, 2) of each, whole. ``paths`` holds ``gshhs_i.dat`` and its index ``gshhsmeta_i.dat``."""
    data_path, index_path = file_ending(paths, "/gshhs_i.dat"), file_ending(paths, "gshhsmeta_i.dat")
    values = np.frombuffer(data_path.read_bytes(), dtype="<f4").reshape(-1, 2)
    west, east, south, north = box
    lines = []
    for entry in map(str.split, index_path.read_text(encoding="ascii").splitlines()):
        start, size = int(entry[5]) // 8, int(entry[6]) // 8  # a point takes 8 bytes
        line = values[start : start + size].astype(float)
        touches = line[:, 0].min() <= east and line[:, 0].max() >= west
        if int(entry[0]) == kind and touches and line[:, 1].min() <= north and line[:, 1].max() >= south:
            lines.append(line)
    return lines
