"""Site model of Italy: slope, VS30 and geological age at scattered points."""

from pathlib import Path

import pandas as pd

from gmtools import columns
from gmtools.data.readers import numbers, read_csv
from gmtools.errors import FormatError

SOURCE = "the course's mirror (an extract of gem/earthquake-scenarios)"
GEOLOGY = "geology"
CLASS_VELOCITY_M_S = {
    "HOLOCENE": 300.0,
    "PLEISTOCENE": 300.0,
    "CENOZOIC": 1600.0,
    "CRETACEOUS": 1600.0,
    "JURASSIC-TRIASSIC": 1600.0,
    "UNKNOWN": 1600.0,
    "PALEOZOIC": 2400.0,
    "PRECAMBRIAN": 2400.0,
}
"""Three velocities as in the thesis (loose sediment, soft rock, hard rock). The thesis sorts by lithology, which this
file does not have; sorting by age is this project's stand-in, and puts young volcanic rock among the soft ones."""


def read(path: str | Path) -> pd.DataFrame:
    """Read the points into a table.

    Parameters
    ----------
    path : str or Path
        ``site_model_italy.csv``.

    Returns
    -------
    DataFrame, one row for each point
        ``longitude``, ``latitude`` (degrees), ``slope_m_m``, ``vs30_m_s``, ``geology`` (age) and ``velocity_m_s`` (of
        the age's class, :data:`CLASS_VELOCITY_M_S`).

    Raises
    ------
    ColumnMissing, FormatError
        The file is another one.
    """
    names = {"lon": columns.LONGITUDE, "lat": columns.LATITUDE, "slope": columns.SLOPE, "vs30": columns.VS30}
    raw = read_csv(path, SOURCE, [*names, GEOLOGY])
    unknown = set(raw[GEOLOGY]) - set(CLASS_VELOCITY_M_S)
    if unknown:
        raise FormatError(f"{path}: geology {sorted(map(str, unknown))} has no class. Get the file from {SOURCE}.")
    frame = pd.DataFrame({ours: numbers(raw[name], path) for name, ours in names.items()})
    frame[GEOLOGY] = raw[GEOLOGY]
    frame[columns.VELOCITY] = raw[GEOLOGY].map(CLASS_VELOCITY_M_S)
    return frame
