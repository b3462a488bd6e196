"""One official file format each: bytes to a table with the column names of :mod:`gmtools.columns`.

This module holds what the readers share: the checks that turn a wrong file into a typed error with the next step.
"""

import lzma
import re
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path

import numpy as np
import pandas as pd

from gmtools import columns
from gmtools.data.download import is_web_page
from gmtools.errors import ColumnMissing, FormatError, RecordingUnusable

STANDARD_GRAVITY = 980.665
"""cm/s² in one g."""
LARGEST_MEMBER = 2**30
"""Bytes of the largest file taken out of an archive; an earthquake's archive of one network is far below."""
BROKEN_ARCHIVE = (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, OSError, RuntimeError,
                  ValueError, KeyError, IndexError, struct.error, OverflowError, MemoryError)  # fmt: skip
"""What zipfile and tarfile raise on damage; RuntimeError on a password or a method of compression they do not know."""
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_UNKNOWN = ("", "none", "nan", "na", "n/a", "null", "-", "unknown")


def reject_web_page(path: Path, source: str) -> None:
    """Stop with FormatError when a file is empty or HTML: what a site sends to one who is not logged in."""
    if not path.stat().st_size:
        raise FormatError(f"{path} is empty. Download it again from {source}.")
    if is_web_page(path):
        raise FormatError(
            f"{path} is a web page, not a data file: sites send one instead of the data to a visitor who is not "
            f"logged in. Log in, download the file again from {source}, and put it in place of this one."
        )


def reject_large_member(name: str, size: int) -> None:
    """Stop with FormatError before a file of more than :data:`LARGEST_MEMBER` bytes, as its archive announces, is
    unpacked."""
    if size > LARGEST_MEMBER:
        raise FormatError(
            f"{name} has {size:,} bytes when it is unpacked, {LARGEST_MEMBER:,} are the limit. If it is what you "
            "expect, unpack it by hand and split it."
        )


def require_columns(present: Iterable[str], wanted: Iterable[str], path: Path) -> None:
    """Stop with ColumnMissing when a table lacks columns; the message names the nearest present one for each.

    >>> require_columns(["EQID", "PGA g"], ["EQID", "PGA (g)"], Path("flatfile.csv"))
    Traceback (most recent call last):
    gmtools.errors.ColumnMissing: flatfile.csv lacks 1 column: 'PGA (g)' (nearest: 'PGA g'). Use the file as ...
    """
    present = [str(name) for name in present]
    missing = [name for name in wanted if name not in present]
    if not missing:
        return
    listed = "; ".join(f"{name!r} (nearest: {_nearest(name, present)})" for name in missing)
    raise ColumnMissing(
        f"{path} lacks {len(missing)} column{'s' if len(missing) > 1 else ''}: {listed}. "
        "Use the file as its publisher offers it, with the column names unchanged."
    )


def _nearest(name: str, present: list[str]) -> str:
    close = get_close_matches(name, present, n=1, cutoff=0.5)
    return repr(close[0]) if close else "none"


def read_csv(path: str | Path, source: str, wanted: Iterable[str], **options) -> pd.DataFrame:
    """Read a csv file with ``options`` of pandas after the checks that every table of text needs; ColumnMissing or
    FormatError, with the ``source`` of the right file, where it is empty, a web page, no table, or another one."""
    path = Path(path)
    reject_web_page(path, source)
    try:
        raw = pd.read_csv(path, **options)
    except (pd.errors.ParserError, ValueError) as error:  # bytes that are no UTF-8, no row
        reason = " ".join(str(error).split())
        raise FormatError(f"{path} is no csv table ({reason}). Download it again from {source}.") from error
    require_columns(raw.columns, wanted, path)
    return raw


def numbers(column: pd.Series, path: Path, missing: float | None = None) -> pd.Series:
    """Column as float, with blanks, lone words and the ``missing`` code as NaN; FormatError where more than one in a
    hundred filled cells is no number (a decimal comma, a shifted column)."""
    values = pd.to_numeric(column, errors="coerce").astype(float)
    is_text = values.isna() & column.notna() & (column.astype(str).str.strip() != "")
    if is_text.sum() > 0.01 * column.notna().sum():
        raise FormatError(
            f"{path}: column {column.name!r} should hold numbers, {int(is_text.sum())} cells do not, the first is "
            f"{column[is_text].iloc[0]!r}. A spreadsheet program may have rewritten the file: download it again."
        )
    values = values.where(np.isfinite(values))
    return values if missing is None else values.where(values != missing)


def mask_unusable(psa: pd.DataFrame, periods: Iterable[float], longest_usable_period: pd.Series) -> pd.DataFrame:
    """Ordinates (n_records, n_periods) with NaN beyond each record's longest usable period (s; unknown: all but
    PGA)."""
    # The published limits are rounded (0.3333 Hz for 3 s), so the comparison allows 0.1 %.
    limit = longest_usable_period.fillna(0).to_numpy()[:, None] * 1.001
    return psa.where(np.asarray(list(periods))[None, :] <= limit)


def file_ending(paths: Mapping[str, Path], ending: str) -> Path:
    """The one path of a data set's files whose name ends so."""
    (found,) = (path for name, path in paths.items() if name.endswith(ending))
    return found


def header_number(name: str, header: Mapping[str, str], key: str, low=-np.inf, high=np.inf, kind=float):
    """Number of a header line (``kind`` int: a whole one); FormatError, with the text, where it is blank, zero where
    it may not be, has a unit or a decimal comma, or is impossible."""
    text = str(header.get(key, "")).strip()
    if (re.fullmatch(r"\d+", text) if kind is int else _NUMBER.fullmatch(text)) and low <= float(text) <= high:
        return kind(text)
    what = "a whole number" if kind is int else "a number"
    raise FormatError(
        f"{name}: {key} is {text!r}; {what} from {low:g} to {high:g} is needed, without unit and with a decimal point. "
        "Correct it, or get the file again."
    )


def number_if_known(name: str, header: Mapping[str, str], key: str, column: str) -> float:
    """As :func:`header_number` within the limits of a column; NaN where the header has nothing, or says so."""
    if str(header.get(key, "")).strip().lower() in _UNKNOWN:
        return np.nan
    return header_number(name, header, key, *columns.LIMITS[column])


def samples_of(name: str, lines: Iterable, wanted: int, n_columns: int) -> np.ndarray:
    """Samples (wanted, n_columns) of the lines below a header; RecordingUnusable where others stand there."""
    try:
        samples = np.array([number for line in lines for number in line.split()], dtype=float).reshape(-1, n_columns)
    except ValueError as error:
        raise RecordingUnusable(
            "gap", f"{name}: a line below the header is no number ({error}). Get it again."
        ) from error
    if len(samples) != wanted:
        raise RecordingUnusable(
            "gap", f"{name}: {len(samples)} samples, its header says {wanted}: cut off. Get it again."
        )
    return samples


def decoded(content: bytes) -> str:
    """Text in UTF-8, or in Latin-1 where it is none."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def event_time(name: str, text: str) -> str:
    """14 digits of a date and a time, the year first or the day; FormatError where it is none."""
    digits = re.findall(r"\d+", text)
    if digits and len(digits[0]) == 8:
        digits = [digits[0][:4], digits[0][4:6], digits[0][6:], *digits[1:]]
    if len(digits) > 3 and len(digits[3]) == 6:
        digits[3:4] = digits[3][:2], digits[3][2:4], digits[3][4:]
    digits = digits[:6] if digits and len(digits[0]) == 4 else [*digits[2::-1], *digits[3:6]]
    try:
        time = pd.Timestamp(*map(int, digits)) if len(digits) == 6 else None
    except ValueError:
        time = None
    if time is None or not 1900 <= time.year <= 2100:
        raise FormatError(f"{name}: {text!r} is no date with a time of day. Correct it, or get the file again.")
    return time.strftime("%Y%m%d%H%M%S")


def possible(frame: pd.DataFrame, path: str | Path) -> pd.DataFrame:
    """The table, when none of its numbers is one that no file of records can hold; FormatError names row and value."""
    for name in frame.columns:
        low, high = (0, 50) if str(name).startswith("psa_") else columns.LIMITS.get(name, (None, None))
        if name == columns.ORIGIN_TIME and pd.api.types.is_datetime64_any_dtype(frame[name]):
            bad = ~frame[name].dt.year.between(1800, 2100) & frame[name].notna()
        elif low is None:
            continue
        else:
            bad = ~frame[name].between(low, high) & frame[name].notna()
        if bad.any():
            raise FormatError(
                f"{path}: {name} is {frame.loc[bad, name].iloc[0]} in row {bad.to_numpy().argmax() + 1} of the records "
                f"({int(bad.sum())} such rows), which is impossible. A unit or a column is not what it should be, or "
                "the file is damaged: correct it, or get it again."
            )
    return frame
