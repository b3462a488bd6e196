"""The catalogue of earthquakes around Japan, M 4.5 and above, 2001 to 2018, from the USGS."""

from pathlib import Path

import pandas as pd

from gmtools import columns
from gmtools.data.readers import numbers, read_csv
from gmtools.errors import FormatError

SOURCE = "the repository kainedusher/GeoJikuu-Notebooks-ARDC"
MAGNITUDE_TYPE = "magnitude_type"
_NAMES = {
    "longitude": columns.EVENT_LONGITUDE,
    "latitude": columns.EVENT_LATITUDE,
    "depth": columns.HYPOCENTRAL_DEPTH,
    "mag": columns.MAGNITUDE,
}


def read(path: str | Path) -> pd.DataFrame:
    """Read the earthquakes; explosions are left out.

    Parameters
    ----------
    path : str or Path
        ``usgs_japan_2001_2018.csv``.

    Returns
    -------
    DataFrame, one row for each earthquake
        ``event_id`` (the USGS one), ``origin_time`` (the day; the file has no time of day), epicenter (degrees), depth
        (km), magnitude and its type: mostly mb, which is not the moment magnitude.

    Raises
    ------
    ColumnMissing, FormatError
        The file is another one, or a date is not day/month/year.
    """
    path = Path(path)
    raw = read_csv(path, SOURCE, ["time", "id", "type", "magType", *_NAMES])
    raw = raw[raw["type"] == "earthquake"].reset_index(drop=True)
    try:
        day = pd.to_datetime(raw["time"], format="%d/%m/%Y")
    except ValueError as error:
        raise FormatError(
            f"{path}: a date is not day/month/year ({error}). Get the file again from {SOURCE}."
        ) from error
    frame = pd.DataFrame({columns.EVENT: raw["id"], columns.ORIGIN_TIME: day})
    frame = frame.assign(**{ours: numbers(raw[name], path) for name, ours in _NAMES.items()})
    return frame.assign(**{MAGNITUDE_TYPE: raw["magType"]})
