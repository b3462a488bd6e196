"""MeSO-net stations with the JIVSM depth of the seismic bedrock (Viens et al. 2022)."""

from pathlib import Path

import pandas as pd

from gmtools import columns
from gmtools.data.readers import numbers, read_csv

SOURCE = "the course's mirror (an extract of lviens/2020_Autocorrelations)"
_NAMES = {"lon": columns.STATION_LONGITUDE, "lat": columns.STATION_LATITUDE}
_DEPTH = "jivsm_bedrock_depth_km"


def read(path: str | Path) -> pd.DataFrame:
    """Read the stations.

    Parameters
    ----------
    path : str or Path
        ``viens2022_mesonet_basin_depth.csv``.

    Returns
    -------
    DataFrame, one row for each station
        ``station_id``, ``network`` "MeSO-net", coordinates (degrees), ``bedrock_depth_m`` and ``bedrock_model``
        "JIVSM". J-SHIS' depths of the K-NET and KiK-net sites come from another model.

    Raises
    ------
    ColumnMissing, FormatError
        The file is another one.
    """
    raw = read_csv(path, SOURCE, ["station", *_NAMES, _DEPTH])
    frame = pd.DataFrame({ours: numbers(raw[name], Path(path)) for name, ours in _NAMES.items()})
    frame.insert(0, columns.STATION, raw["station"].str.strip())
    frame.insert(1, columns.NETWORK, "MeSO-net")
    frame[columns.BEDROCK_DEPTH] = 1e3 * numbers(raw[_DEPTH], Path(path))
    return frame.assign(**{columns.BEDROCK_MODEL: "JIVSM"})
