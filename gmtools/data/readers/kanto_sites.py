"""K-NET and KiK-net sites in Kanto with velocities and J-SHIS depths, as transcribed for this project."""

from pathlib import Path

import pandas as pd

from gmtools import columns
from gmtools.data.readers import numbers, read_csv

SOURCE = "the course's mirror (transcribed from zhouhaoyiu/japan-strong-motion-site-terms)"
N_RECORDS = "n_records_listed"
_NAMES = {
    "lon": columns.STATION_LONGITUDE,
    "lat": columns.STATION_LATITUDE,
    "elev_m": columns.ELEVATION,
    "avs30": columns.VS30,
    "dbase_m": columns.BEDROCK_DEPTH,
    "n_rec": N_RECORDS,
}


def read(path: str | Path) -> pd.DataFrame:
    """Read the sites.

    Parameters
    ----------
    path : str or Path
        ``kanto_jshis_sites_transcribed.csv``.

    Returns
    -------
    DataFrame, one row for each station code
        ``station_id``, ``network``, coordinates (degrees), elevation (m), VS30 (m/s; J-SHIS' AVS30, from
        geomorphology), depth to the seismic bedrock (m) with ``bedrock_model`` "J-SHIS", and how many records the
        source counted. Of a station that was moved the epoch with the most records is kept.

    Raises
    ------
    ColumnMissing, FormatError
        The file is another one.
    """
    raw = read_csv(path, SOURCE, ["code", *_NAMES])
    frame = pd.DataFrame({ours: numbers(raw[name], Path(path)) for name, ours in _NAMES.items()})
    frame.insert(0, columns.STATION, raw["code"].str.strip())
    # NIED's codes: three letters of the prefecture, then H and two digits (KiK-net) or three digits (K-NET).
    frame.insert(1, columns.NETWORK, frame[columns.STATION].str[3].eq("H").map({True: "KiK-net", False: "K-NET"}))
    frame[columns.BEDROCK_MODEL] = "J-SHIS"
    most = frame.sort_values(N_RECORDS, kind="stable").drop_duplicates(columns.STATION, keep="last")
    return most.sort_values(columns.STATION).reset_index(drop=True)
