"""The records of the ITA18 ground-motion model (Lanzano et al. 2019), an R data frame (.rds).

The file is parsed by the rdata package as plain data: R's format can hold code, none is run.
"""

import re
import warnings
from pathlib import Path

import pandas as pd

from gmtools import columns
from gmtools.data.readers import STANDARD_GRAVITY, numbers
from gmtools.geodesy import with_distances

STYLES = {"NF": ("normal", -90.0), "TF": ("reverse", 90.0), "SS": ("strike-slip", 0.0)}
"""The file's style of faulting to ours and to the rake (degrees) that stands for it."""
ASSUMED_DEPTH_KM = 10.0
_NAMES = {
    "magnitude": columns.MAGNITUDE,
    "distance": columns.RJB,
    "vs30": columns.VS30,
    "event_lon": columns.EVENT_LONGITUDE,
    "event_lat": columns.EVENT_LATITUDE,
    "station_lon": columns.STATION_LONGITUDE,
    "station_lat": columns.STATION_LATITUDE,
}
_ORDINATE = re.compile(r"SA_(\d+(?:\.\d+)?)$")


def read(path: str | Path) -> pd.DataFrame:
    """Read ``seismic_data.rds`` into the standard table: Mw, RJB, PGA and 36 PSA (geometric mean) in g, ``repi_km``
    and ``rhyp_km`` from coordinates. It has **no depth**: 10 km and ``depth_is_listed`` false, see
    :func:`gmtools.studies.italy.with_depths`. Of 14 station codes that stand for two places, the one with fewer
    records gets ``.2``. 175 records have no magnitude."""
    import rdata  # with its xarray it takes half a second to import

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message='Missing constructor for R class "data.table"')
        raw = rdata.read_rds(path).reset_index(drop=True)
    frame = pd.DataFrame({ours: numbers(raw[name], path) for name, ours in _NAMES.items()})
    frame.insert(0, columns.EVENT, raw["event_id"].astype(str))
    frame.insert(1, columns.STATION, raw["station_id"].astype(str))
    frame[columns.STYLE] = raw["sof"].map({code: style for code, (style, _) in STYLES.items()})
    frame[columns.RAKE] = raw["sof"].map({code: rake for code, (_, rake) in STYLES.items()}).astype(float)
    frame[columns.NATION] = raw["ev_nation_code"].astype(object).where(raw["ev_nation_code"].notna(), None)
    frame[columns.HYPOCENTRAL_DEPTH] = ASSUMED_DEPTH_KM
    frame[columns.DEPTH_LISTED] = False
    frame[columns.STATION] = _one_place_each(frame)
    found = {name: float(match[1]) for name in raw.columns if (match := _ORDINATE.match(name))}
    ordinates = {columns.psa(period): numbers(raw[name], path) / STANDARD_GRAVITY for name, period in found.items()}
    return with_distances(frame).join(pd.DataFrame(ordinates))


def _one_place_each(frame: pd.DataFrame) -> pd.Series:
    place = frame[[columns.STATION_LONGITUDE, columns.STATION_LATITUDE]].round(2).astype(str).agg(" ".join, axis=1)
    records = place.groupby([frame[columns.STATION], place], sort=False).transform("size")
    order = records.sort_values(ascending=False, kind="stable").index
    number = place[order].groupby(frame[columns.STATION][order]).transform(lambda places: pd.factorize(places)[0]) + 1
    return frame[columns.STATION].where(number == 1, frame[columns.STATION] + "." + number.astype(str))
