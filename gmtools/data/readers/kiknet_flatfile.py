"""The KiK-net flatfile of Bahrampouri et al. (2021).

From public description: no official file was at hand when this was written. So a quantity is looked for under several
spellings (small letters and digits only count), and what is not found is named.
"""

import re
from pathlib import Path

import numpy as np
import pandas as pd

from gmtools import columns
from gmtools.data.readers import STANDARD_GRAVITY, numbers, possible, read_csv
from gmtools.errors import ColumnMissing, FormatError
from gmtools.geodesy import with_distances

SOURCE = "the data publication that the article names"
SPELLINGS = {
    columns.EVENT: ("eventid", "eqid", "earthquakeid", "event", "eqname"),
    columns.STATION: ("stationcode", "stationid", "stationname", "station", "sta", "code"),
    columns.MAGNITUDE: ("mw", "momentmagnitude", "magnitude", "mag", "m"),
    columns.HYPOCENTRAL_DEPTH: ("hypocentraldepthkm", "hypocenterdepthkm", "eventdepthkm", "focaldepthkm", "depthkm",
                                "hypocentraldepth", "hypocenterdepth", "eventdepth", "focaldepth", "depth"),
    columns.EVENT_LONGITUDE: ("eventlongitude", "eventlon", "eventlong", "eqlon", "hypocenterlongitude", "evlo"),
    columns.EVENT_LATITUDE: ("eventlatitude", "eventlat", "eqlat", "hypocenterlatitude", "evla"),
    columns.STATION_LONGITUDE: ("stationlongitude", "stationlon", "stationlong", "stalon", "stlo"),
    columns.STATION_LATITUDE: ("stationlatitude", "stationlat", "stalat", "stla"),
}  # fmt: skip
OPTIONAL = {
    columns.VS30: ("vs30ms", "vs30"),
    columns.RRUP: ("rrupkm", "rrup"),
    columns.ORIGIN_TIME: ("origintime", "eventtime", "datetime", "eventdate", "date"),
}
_SENSOR = ("sensor", "sensorlocation", "sensorposition", "location", "surfaceborehole", "instrumentlocation")
_PGA = re.compile(r"pga(geomean|gm|g|gal|cms2)*(surface|surf|borehole|bore|bh)?")
_PSA = re.compile(r"(?:p?sat?|t)([0-9]+(?:[.p][0-9]+)?)s?(?:g|gal|cms2)?(surface|surf|borehole|bore|bh)?")
_LARGEST_G = 10.0


def read(path: str | Path) -> pd.DataFrame:
    """Read the flatfile into the standard table, one row for each sensor: PGA and PSA in g, ``sensor_depth_m`` 0 at
    the surface and NaN in the borehole. A PGA above 10 anywhere means that the file is in cm/s². ColumnMissing names
    a quantity with all spellings that were tried."""
    path = Path(path)
    raw = read_csv(path, SOURCE, [], low_memory=False)
    plain = {name: re.sub(r"[^a-z0-9.]", "", str(name).lower()).strip(".") for name in raw}
    found = {ours: _found(plain, names) for ours, names in (SPELLINGS | OPTIONAL).items()}
    motions = _motions(plain)
    missing = [ours for ours in SPELLINGS if found[ours] is None]
    if missing or not any(period == 0 for period, _ in motions):
        raise ColumnMissing(_complaint(path, missing or [columns.PGA], plain))
    text = (columns.EVENT, columns.STATION, columns.ORIGIN_TIME)
    frame = pd.DataFrame(
        {ours: raw[name].astype(str) if ours in text else numbers(raw[name], path)
         for ours, name in found.items() if name is not None}
    )  # fmt: skip
    if columns.ORIGIN_TIME in frame:
        frame[columns.ORIGIN_TIME] = pd.to_datetime(frame[columns.ORIGIN_TIME], errors="coerce", format="mixed")
    frame = with_distances(possible(frame.assign(**{columns.NETWORK: "KiK-net"}), path))
    return possible(_in_g(_by_sensor(frame, raw, path, motions, _found(plain, _SENSOR))), path)


def _found(plain: dict, spellings: tuple[str, ...]) -> str | None:
    for spelling in spellings:
        for name, letters in plain.items():
            if letters.replace(".", "") == spelling:
                return name
    return None


def _motions(plain: dict) -> dict:
    """(Period, whether it is the borehole's or None) -> column."""
    found = {}
    for name, letters in plain.items():
        pga, psa = _PGA.fullmatch(letters), _PSA.fullmatch(letters)
        if pga or psa:
            period = 0.0 if pga else float(psa[1].replace("p", "."))
            place = (pga or psa)[2]
            found.setdefault((period, None if place is None else place.startswith("b")), name)
    return found


def _by_sensor(frame, raw, path, motions, sensor) -> pd.DataFrame:
    """One row for each sensor."""
    parts = []
    for borehole in sorted({place for _, place in motions}, key=str):
        values = {
            columns.psa(period): numbers(raw[name], path)
            for (period, place), name in sorted(motions.items(), key=str)
            if place is borehole
        }
        deep = np.full(len(raw), bool(borehole))
        if borehole is None:
            if sensor is None:
                raise ColumnMissing(
                    f"{path} does not say which rows are of the surface. It needs a column like 'sensor'."
                )
            deep = raw[sensor].astype(str).str.lower().str.contains("bore|down|bottom|^1$").to_numpy()
        parts.append(frame.assign(**values, **{columns.SENSOR_DEPTH: np.where(deep, np.nan, 0.0)}))
    return pd.concat(parts, ignore_index=True)


def _in_g(frame: pd.DataFrame) -> pd.DataFrame:
    names = [name for name in frame if name == columns.PGA or name.startswith("psa_")]
    largest = frame[columns.PGA].max()
    if not largest > 0 or not np.isfinite(largest):
        raise FormatError(f"The largest PGA of the flatfile is {largest:g}. Use the file as its publisher offers it.")
    return frame.assign(**{name: frame[name] / STANDARD_GRAVITY for name in names}) if largest > _LARGEST_G else frame


def _complaint(path, missing, plain) -> str:
    known = SPELLINGS | {columns.PGA: ("pga", "pgasurface", "pgag")}
    wanted = "; ".join(f"{name} (spelled {', '.join(known[name])})" for name in missing)
    there = ", ".join(map(str, list(plain)[:30]))
    return f"{path} lacks {wanted}. It has {there}. Rename the column in the file's first line and read it again."
