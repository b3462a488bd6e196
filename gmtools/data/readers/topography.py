"""The project's elevation maps at 1 arc minute."""

import zipfile
from pathlib import Path

import numpy as np

from gmtools.data.rasters import Raster
from gmtools.data.readers import reject_web_page, require_columns
from gmtools.errors import FormatError

SOURCE = "the course's mirror (derived from Viewfinder Panoramas; no public address)"


def read(path: str | Path, licence: str = "none stated") -> Raster:
    """Read an elevation map (m above the sea). Its steps of 31 m cannot tell land below 15 to 30 m from the sea:
    take land from a coastline."""
    path = Path(path)
    reject_web_page(path, SOURCE)
    try:
        with np.load(path, allow_pickle=False) as archive:
            require_columns(archive.files, ["lon", "lat", "elev_m"], path)
            longitude, latitude, elevation = archive["lon"], archive["lat"], archive["elev_m"].astype(float)
    except (ValueError, zipfile.BadZipFile, EOFError, AttributeError) as error:
        raise FormatError(f"{path} is no npz archive of plain arrays ({error}). Get it again from {SOURCE}.") from error
    return Raster("elevation", "m", licence, longitude, latitude, elevation)
