"""Tables of text whose manifest says which column is which: a new one needs no code."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from gmtools.data.readers import numbers, possible, read_csv
from gmtools.errors import FormatError
from gmtools.geodesy import with_distances

PLACES = {"event_longitude", "event_latitude", "hypocentral_depth_km", "station_longitude", "station_latitude"}


def read(path: str | Path, columns: Mapping[str, str | Mapping], source: str) -> pd.DataFrame:
    """Read a csv table with ``columns`` of its manifest: standard name -> the file's name of a column of numbers, or
    a mapping with ``from`` and one of ``times`` (factor), ``text``, ``date`` (strftime or ISO8601), or with
    ``value`` alone; distances are added where it has :data:`PLACES`. ``source`` says in messages where the right file
    is; ColumnMissing and FormatError where this is another."""
    wanted = {ours: how if isinstance(how, Mapping) else {"from": how} for ours, how in columns.items()}
    text = {how["from"]: str for how in wanted.values() if how.get("text")}
    raw = read_csv(path, source, [how["from"] for how in wanted.values() if "from" in how], dtype=text)
    found = {ours: _column(raw, how, Path(path), source) for ours, how in wanted.items()}
    frame = possible(pd.DataFrame(found, index=raw.index), path)
    return with_distances(frame) if set(frame) >= PLACES else frame


def _column(raw, how, path, source):
    if "value" in how:
        return how["value"]
    given = raw[how["from"]]
    if how.get("text"):
        return given.str.strip()
    if "date" not in how:
        return how.get("times", 1) * numbers(given, path)
    try:
        return pd.to_datetime(given, format=how["date"])
    except ValueError as error:
        reason = str(error).split(". ")[0]
        raise FormatError(
            f"{path}: not every {how['from']} is a date ({reason}). Get it again from {source}."
        ) from error
