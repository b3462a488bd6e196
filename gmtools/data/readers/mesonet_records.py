"""A list of MeSO-net records that a person made from NIED's waveforms.

NIED gives MeSO-net's records as waveforms in WIN32 format, not as a table. The list is this project's own format, one
row for each record; :func:`gmtools.response.response_spectrum` computes its ordinates from an accelerogram.
"""

from pathlib import Path

import pandas as pd

from gmtools import columns
from gmtools.data.readers import STANDARD_GRAVITY, numbers, possible, read_csv
from gmtools.errors import FormatError
from gmtools.geodesy import with_distances

SOURCE = "your own list of records from https://www.hinet.bosai.go.jp"
SENSOR_DEPTH_M = 20.0
NAMES = {
    "magnitude": columns.MAGNITUDE,
    "depth_km": columns.HYPOCENTRAL_DEPTH,
    "event_longitude": columns.EVENT_LONGITUDE,
    "event_latitude": columns.EVENT_LATITUDE,
    "station_longitude": columns.STATION_LONGITUDE,
    "station_latitude": columns.STATION_LATITUDE,
}
"""Columns of the list besides ``station``, ``event``, ``origin_time`` (UTC) and ``pga_gal``; ``psa_1s_gal`` and other
periods may follow. Ordinates are geometric means of the two horizontal components at the sensor, cm/s²."""


def read(path: str | Path) -> pd.DataFrame:
    """Read the list into the standard table: motions in g **at the sensor, 20 m below the surface**, nothing added
    for the borehole. FormatError where a station has two records of one event."""
    path = Path(path)
    raw = read_csv(path, SOURCE, ["station", "event", "origin_time", "pga_gal", *NAMES], dtype={"event": str})
    repeated = raw.duplicated(["event", "station"])
    if repeated.any():
        event, station = raw.loc[repeated, ["event", "station"]].iloc[0]
        raise FormatError(f"{path} lists station {station} twice for event {event}. Keep one row of each record.")
    frame = pd.DataFrame({ours: numbers(raw[name], path) for name, ours in NAMES.items()})
    frame.insert(0, columns.EVENT, raw["event"])
    try:
        times = pd.to_datetime(raw["origin_time"], format="ISO8601")
    except ValueError as error:
        raise FormatError(f"{path}: not every origin_time is a date ({str(error).partition('. ')[0]}).") from error
    frame.insert(1, columns.ORIGIN_TIME, times)
    frame.insert(2, columns.STATION, raw["station"].astype(str))
    motions = {name.replace("_gal", "_g"): name for name in raw if name.endswith("_gal")}
    values = {ours: numbers(raw[name], path) / STANDARD_GRAVITY for ours, name in motions.items()}
    places = {columns.NETWORK: "MeSO-net", columns.SENSOR_DEPTH: SENSOR_DEPTH_M}
    return with_distances(possible(frame.assign(**values, **places), path))
