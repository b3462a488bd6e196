"""The HORUS catalogue of Italian earthquakes, as the project's extract has it."""

from pathlib import Path

import pandas as pd

from gmtools import columns
from gmtools.data.readers import numbers, read_csv

SOURCE = "the course's mirror, or https://horus.bo.ingv.it for the whole catalogue"
_NAMES = {
    "lon": columns.EVENT_LONGITUDE,
    "lat": columns.EVENT_LATITUDE,
    "depth": columns.HYPOCENTRAL_DEPTH,
    "M": columns.MAGNITUDE,
}


def read(path: str | Path) -> pd.DataFrame:
    """Read the catalogue.

    Parameters
    ----------
    path : str or Path
        ``horus_ncItaly_M3_1990.csv``.

    Returns
    -------
    DataFrame, one row for each earthquake
        ``origin_time`` (UTC), epicenter in degrees, depth in km, magnitude (Mw, most of them converted).

    Raises
    ------
    ColumnMissing, FormatError
        The file is another one.
    """
    raw = read_csv(path, SOURCE, ["time_string", *_NAMES])
    frame = pd.DataFrame({ours: numbers(raw[name], path) for name, ours in _NAMES.items()})
    frame.insert(0, columns.ORIGIN_TIME, pd.to_datetime(raw["time_string"], format="ISO8601"))
    return frame
