"""The NGA-West2 flatfile (RotD50, 5 % damping) as PEER publishes it, .xlsx or .csv."""

import csv
from collections.abc import Iterable, Sequence
from io import BytesIO
from pathlib import Path

import pandas as pd

from gmtools import columns
from gmtools.data.readers import mask_unusable, numbers, possible, reject_web_page, require_columns
from gmtools.errors import FormatError, GmtoolsError

SOURCE = "PEER's NGA-West2 page (ngawest2.berkeley.edu, free registration)"
MISSING = -999.0
HEADER_ROWS = 30
RECORD = "Record Sequence Number"
LOWEST_FREQUENCY = "Lowest Usable Freq - Ave. Component (Hz)"
EVENT = "EQID"
STATION = "Station Sequence Number"

NAMES = {
    RECORD: columns.RECORD_NUMBER,
    "Earthquake Magnitude": columns.MAGNITUDE,
    "Rake Angle (deg)": columns.RAKE,
    "Hypocenter Depth (km)": columns.HYPOCENTRAL_DEPTH,
    "Hypocenter Longitude (deg)": columns.EVENT_LONGITUDE,
    "Hypocenter Latitude (deg)": columns.EVENT_LATITUDE,
    "Joyner-Boore Dist. (km)": columns.RJB,
    "ClstD (km)": columns.RRUP,
    "EpiD (km)": columns.REPI,
    "HypD (km)": columns.RHYP,
    "Vs30 (m/s) selected for analysis": columns.VS30,
    "Station Longitude": columns.STATION_LONGITUDE,
    "Station Latitude": columns.STATION_LATITUDE,
    "PGA (g)": columns.PGA,
    "PGV (cm/sec)": columns.PGV,
}
"""PEER's column name to ours, for the columns that are taken over as numbers."""


def read(path: str | Path, periods: Sequence[float] = columns.PERIODS) -> pd.DataFrame:
    """Read PEER's flatfile (.xlsx, a minute, or .csv) into the standard table: RotD50 in g at ``periods`` (s, 0 is
    PGA), PGV in cm/s. -999 becomes NaN; an ordinate stays up to the inverse of "Lowest Usable Freq - Ave. Component
    (Hz)" (Ancheta et al., 2014), and a record without that frequency keeps PGA. The header may stand below notes, in
    any sheet."""
    path = Path(path)
    reject_web_page(path, SOURCE)
    spectra = {_ordinate_name(period): period for period in periods if period > 0}
    wanted = [*NAMES, EVENT, STATION, LOWEST_FREQUENCY, *spectra]
    raw = _table(path, wanted)
    frame = pd.DataFrame({ours: numbers(raw[peer], path, MISSING) for peer, ours in NAMES.items()})
    frame[columns.RECORD_NUMBER] = _whole(frame[columns.RECORD_NUMBER], RECORD, path).astype(int)
    frame.insert(1, columns.EVENT, _identifier(_whole(numbers(raw[EVENT], path, MISSING), EVENT, path), "EQ", 4))
    frame.insert(2, columns.STATION, _identifier(_whole(numbers(raw[STATION], path, MISSING), STATION, path), "SSN", 1))
    frequency = numbers(raw[LOWEST_FREQUENCY], path, MISSING)
    psa = pd.DataFrame({columns.psa(period): numbers(raw[name], path, MISSING) for name, period in spectra.items()})
    psa = psa.where(psa > 0)
    return possible(frame.join(mask_unusable(psa, spectra.values(), 1 / frequency.where(frequency > 0))), path)


def _ordinate_name(period: float) -> str:
    return f"T{period:.3f}S"


def _whole(number: pd.Series, name: str, path: Path) -> pd.Series:
    bad = number.notna() & ~((number % 1 == 0) & number.between(0, 1e6))
    if bad.any():
        raise FormatError(f"{path}: {name} is {number[bad].iloc[0]:g}, no number of PEER's. Download it from {SOURCE}.")
    return number


def _identifier(number: pd.Series, prefix: str, digits: int) -> pd.Series:
    return number.map(lambda value: None if pd.isna(value) else f"{prefix}{int(value):0{digits}d}")


def _table(path: Path, wanted: list[str]) -> pd.DataFrame:
    """Columns ``wanted`` of the file as read, without the rows that carry no record number."""
    with path.open("rb") as stream:
        start = stream.read(4)
    if start == b"\xd0\xcf\x11\xe0":
        raise FormatError(f"{path} is an old .xls workbook. Save it as .xlsx or .csv, or download it from {SOURCE}.")
    raw = _from_workbook(path, wanted) if start == b"PK\x03\x04" else _from_csv(path, wanted)
    raw = raw[pd.to_numeric(raw[RECORD], errors="coerce").notna()].reset_index(drop=True)
    if raw.empty:
        raise FormatError(f"{path} has PEER's header and no record below it. Download it again from {SOURCE}.")
    return raw


def _clean(cells: Sequence) -> list[str]:
    return [" ".join(str(cell).split()) if cell is not None else "" for cell in cells]


def _find_header(rows: Iterable[Sequence], path: Path) -> tuple[int, list[str]]:
    """Number (from 0) and cells of the first row that holds PEER's column names."""
    for number, cells in zip(range(HEADER_ROWS), rows, strict=False):
        names = _clean(cells)
        if RECORD in names or sum(name in names for name in NAMES) > 3:
            return number, names
        if any(RECORD in name and EVENT in name for name in names):
            raise FormatError(
                f"{path} is not separated by commas: {RECORD!r} and {EVENT!r} stand in one cell. Save it as "
                f"comma-separated text, or give the .xlsx file as it comes from {SOURCE}."
            )
    raise FormatError(
        f"{path} has no header row with {RECORD!r} in its first {HEADER_ROWS} rows, so it is not PEER's flatfile. "
        f"Download the RotD50 flatfile with 5 % damping from {SOURCE}."
    )


def _from_csv(path: Path, wanted: list[str]) -> pd.DataFrame:
    with path.open(encoding="latin-1", newline="") as stream:  # station names hold accents in no declared encoding
        if stream.read(3) != "ï»¿":  # a UTF-8 byte order mark, read as Latin-1
            stream.seek(0)
        _, names = _find_header(csv.reader(stream), path)
        require_columns(names, wanted, path)
        picked = [names.index(name) for name in wanted]
        try:  # the header is read, so the stream stands at the first record
            raw = pd.read_csv(stream, header=None, names=range(len(names)), usecols=picked, low_memory=False)
        except (pd.errors.ParserError, ValueError) as error:  # a row with more cells; no row at all
            raise FormatError(
                f"{path} has PEER's header and no record below it that can be read ({error}). "
                f"Download it again from {SOURCE}."
            ) from error
    _refuse_cut_line(path, len(names))
    return raw.rename(columns=dict(zip(picked, wanted, strict=True)))


def _refuse_cut_line(path: Path, cells: int) -> None:
    """Stop when the file ends in the middle of a record."""
    last = path.read_bytes().rsplit(b"\n", 1)[-1]
    if 0 < last.count(b",") < cells - 1:
        raise FormatError(
            f"{path} is truncated: it ends without a line break after {last.count(b',') + 1} of {cells} cells. "
            f"Delete it and download it again from {SOURCE}."
        )


def _from_workbook(path: Path, wanted: list[str]) -> pd.DataFrame:
    import openpyxl

    try:
        sheets = openpyxl.load_workbook(BytesIO(path.read_bytes()), read_only=True, data_only=True).worksheets
        for sheet in sheets:
            try:
                start, names = _find_header(sheet.iter_rows(max_row=HEADER_ROWS, values_only=True), path)
            except FormatError:
                if sheet is sheets[-1]:
                    raise
                continue
            require_columns(names, wanted, path)
            picked = [names.index(name) for name in wanted]
            rows = sheet.iter_rows(min_row=start + 2, values_only=True)
            cells = [
                [row[index] if index < len(row) else None for index in picked] for row in rows
            ]  # rows may end early
            return pd.DataFrame(cells, columns=wanted)
    except GmtoolsError:
        raise
    except Exception as error:  # zipfile, zlib, the XML parser and openpyxl answer damage with a dozen kinds
        raise FormatError(
            f"{path} is a damaged or truncated workbook ({type(error).__name__}: {error}). "
            f"Delete it and download it again from {SOURCE}."
        ) from error
    raise FormatError(f"{path} has no worksheet. Download it again from {SOURCE}.")
