"""Recording stations of one earthquake as the Global Earthquake Impact Database writes them."""

import re
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from gmtools import columns
from gmtools.data.readers import file_ending, numbers
from gmtools.geodesy import with_distances

_STATION = {
    "LONGITUDE": columns.STATION_LONGITUDE,
    "LATITUDE": columns.STATION_LATITUDE,
    "VS30": columns.VS30,
    "PGA_VALUE": columns.PGA,
}
_EVENT = {
    "Mw": columns.MAGNITUDE,
    "Longitude (decimal degrees)": columns.EVENT_LONGITUDE,
    "Latitude (decimal degrees)": columns.EVENT_LATITUDE,
    "Depth (km)": columns.HYPOCENTRAL_DEPTH,
}
_STYLES = {"Normal": ("normal", -90.0), "Reverse": ("reverse", 90.0), "Strike-slip": ("strike-slip", 0.0)}
_ORDINATE = re.compile(r"SA\((\d+(?:\.\d+)?)\)_VALUE$")


def read(paths: Mapping[str, Path]) -> pd.DataFrame:
    """Read the stations of one event (``Stations_....csv``) with its description (``earthquake_information.csv``) into
    the standard table: PGA and PSA in g, VS30 NaN where none is listed, no RJB.

    The source does not say which horizontal component its values are. For L'Aquila, 50 of the 72 stations are in
    ITA18 too, where the geometric mean is about 10 % smaller: do not mix the two in one regression.
    """
    (station_path,) = (path for name, path in paths.items() if Path(name).name.startswith("Stations_"))
    event = _event(file_ending(paths, "earthquake_information.csv"))
    raw = pd.read_csv(station_path)
    if "STATION_TYPE" in raw:  # places with an intensity that people reported are listed too
        raw = raw[raw["STATION_TYPE"] == "seismic"].reset_index(drop=True)
    frame = pd.DataFrame({ours: numbers(raw[name], station_path) for name, ours in _STATION.items()})
    frame.insert(0, columns.EVENT, event.pop(columns.EVENT))
    frame.insert(1, columns.STATION, raw["STATION_ID"].astype(str))
    frame = with_distances(frame.assign(**event, **{columns.DEPTH_LISTED: True}))
    found = {name: float(match[1]) for name in raw.columns if (match := _ORDINATE.match(name))}
    return frame.assign(**{columns.psa(period): numbers(raw[name], station_path) for name, period in found.items()})


def _event(path: Path) -> dict:
    fields = pd.read_csv(path).set_index("FIELD")["DESCRIPTION"]
    style, rake = _STYLES.get(fields["Fault mechanism"], ("unknown", float("nan")))
    return {
        columns.EVENT: fields["Event Name"],
        columns.STYLE: style,
        columns.RAKE: rake,
        **{ours: float(fields[name]) for name, ours in _EVENT.items()},
    }
