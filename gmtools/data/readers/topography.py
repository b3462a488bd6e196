"""The project's elevation maps at 1 arc minute."""

from pathlib import Path

import numpy as np

from gmtools.data.rasters import Raster


def read(path: str | Path, licence: str = "none stated") -> Raster:
    """Read an elevation map (m above the sea). Its steps of 31 m cannot tell land below 15 to 30 m from the sea:
    take land from a coastline."""
    with np.load(path, allow_pickle=False) as archive:
        elevation = archive["elev_m"].astype(float)
        return Raster("elevation", "m", licence, archive["lon"], archive["lat"], elevation)
