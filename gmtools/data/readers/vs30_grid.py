"""VS30 grids of the USGS collection, netCDF 3 as GMT writes it."""

from pathlib import Path

import numpy as np
from scipy.io import netcdf_file

from gmtools.data.rasters import Raster
from gmtools.data.readers import reject_web_page
from gmtools.errors import FormatError

SOURCE = "the repository usgs/earthquake-global_vs30"
FILLER_M_S = 603.0
"""Stands in the Italian grid for sea and abroad."""


def read(path: str | Path, licence: str = "CC0") -> Raster:
    """Read a netCDF 3 grid of VS30 (m/s); the filler 603 becomes NaN."""
    path = Path(path)
    reject_web_page(path, SOURCE)
    try:
        with netcdf_file(path, "r", mmap=False) as content:
            x, y, z = (np.array(content.variables[name].data, float) for name in "xyz")
    except Exception as error:  # scipy answers a cut-off or foreign file with several kinds of errors
        raise FormatError(
            f"{path} is no complete netCDF 3 file with variables x, y and z ({type(error).__name__}: {error}). "
            f"Get it again from {SOURCE}."
        ) from error
    return Raster("VS30", "m/s", licence, x, y, np.where(z == FILLER_M_S, np.nan, z))
