"""VS30 grids of the USGS collection, netCDF 3 as GMT writes it."""

from pathlib import Path

import numpy as np
from scipy.io import netcdf_file

from gmtools.data.rasters import Raster

FILLER_M_S = 603.0
"""Stands in the Italian grid for sea and abroad."""


def read(path: str | Path, licence: str = "CC0") -> Raster:
    """Read a netCDF 3 grid of VS30 (m/s); the filler 603 becomes NaN."""
    with netcdf_file(path, "r", mmap=False) as content:
        x, y, z = (np.array(content.variables[name].data, float) for name in "xyz")
    return Raster("VS30", "m/s", licence, x, y, np.where(z == FILLER_M_S, np.nan, z))
