"""Tables of text whose manifest says which column is which: a new one needs no code."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from gmtools.data.readers import numbers, read_csv
from gmtools.errors import FormatError


def read(path: str | Path, columns: Mapping[str, str | Mapping], source: str) -> pd.DataFrame:
    """Read a csv file into a table with standard names.

    Parameters
    ----------
    path : str or Path
    columns : mapping
        ``columns`` of the manifest: our name -> the file's name of a column of numbers, or a mapping with ``from``
        (the file's name) and one of ``times`` (a factor), ``text: true``, ``date`` (a format of strftime, or ISO8601),
        or with ``value`` alone, which stands in every row.
    source : str
        Where the right file comes from, for the messages.

    Returns
    -------
    DataFrame, one row for each row of the file

    Raises
    ------
    ColumnMissing, FormatError
        The file is another one.
    """
    wanted = {ours: how if isinstance(how, Mapping) else {"from": how} for ours, how in columns.items()}
    raw = read_csv(path, source, [how["from"] for how in wanted.values() if "from" in how])
    return pd.DataFrame({ours: _column(raw, how, Path(path), source) for ours, how in wanted.items()}, index=raw.index)


def _column(raw, how, path, source):
    if "value" in how:
        return how["value"]
    given = raw[how["from"]]
    if how.get("text"):
        return given.astype("str").str.strip()
    if "date" not in how:
        return how.get("times", 1) * numbers(given, path)
    try:
        return pd.to_datetime(given, format=how["date"])
    except ValueError as error:
        reason = str(error).split(". ")[0]
        raise FormatError(
            f"{path}: not every {how['from']} is a date ({reason}). Get it again from {source}."
        ) from error
