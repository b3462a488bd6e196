"""Shore lines, which every map shows."""

import numpy as np

from gmtools.data import catalog
from gmtools.data.readers import gshhs
from gmtools.errors import DataNotFound, DownloadFailed


def shore_lines(box: tuple[float, float, float, float], skip: bool = False) -> list[np.ndarray]:
    """Shore lines that touch a box (west, east, south, north; degrees), longitude and latitude (n, 2) of each. Where
    the coastline cannot be had, none with ``skip``, DataNotFound without."""
    try:
        return gshhs.read(catalog.find("coastline_gshhs"), box)
    except (DataNotFound, DownloadFailed):
        if not skip:
            raise
        return []
