"""The NGA-West2 flatfile (RotD50, 5 % damping) as PEER publishes it, .xlsx or .csv."""

import csv
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

import pandas as pd

from gmtools import columns
from gmtools.data.readers import mask_unusable, numbers, possible, reject_web_page, require_columns
from gmtools.errors import FormatError

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
    frame[columns.RECORD_NUMBER] = frame[columns.RECORD_NUMBER].astype(int)
    frame.insert(1, columns.EVENT, _identifier(numbers(raw[EVENT], path, MISSING), "EQ", 4))
    frame.insert(2, columns.STATION, _identifier(numbers(raw[STATION], path, MISSING), "SSN", 1))
    frequency = numbers(raw[LOWEST_FREQUENCY], path, MISSING)
    psa = pd.DataFrame({columns.psa(period): numbers(raw[name], path, MISSING) for name, period in spectra.items()})
    psa = psa.where(psa > 0)
    return possible(frame.join(mask_unusable(psa, spectra.values(), 1 / frequency.where(frequency > 0))), path)


def _ordinate_name(period: float) -> str:
    return f"T{period:.3f}S"


def _identifier(number: pd.Series, prefix: str, digits: int) -> pd.Series:
    return number.map(lambda value: None if pd.isna(value) else f"{prefix}{int(value):0{digits}d}")


def _table(path: Path, wanted: list[str]) -> pd.DataFrame:
    """Columns ``wanted`` of the file as read, without the rows that carry no record number."""
    with path.open("rb") as stream:
        workbook = stream.read(4) == b"PK\x03\x04"
    try:
        raw = _from_workbook(path) if workbook else _from_csv(path)
    except Exception as error:  # pandas, openpyxl and the XML parser answer damage with a dozen kinds
        raise FormatError(f"{path} cannot be read ({error}). Delete it and download it again from {SOURCE}.") from error
    if raw is None:
        raise FormatError(
            f"{path} has no header row with {RECORD!r}, separated by commas, in its first {HEADER_ROWS} rows, so it is "
            f"not PEER's flatfile. Download the RotD50 flatfile with 5 % damping (.xlsx or .csv) from {SOURCE}."
        )
    raw = raw.set_axis(_clean(raw.columns), axis=1)
    require_columns(raw.columns, wanted, path)
    raw = raw.loc[pd.to_numeric(raw[RECORD], errors="coerce").notna()].reset_index(drop=True)
    if raw.dropna(axis=1, how="all").iloc[-1:, -1:].isna().any(axis=None):
        raise FormatError(
            f"{path} is truncated: its last row breaks off. Delete it and download it again from {SOURCE}."
        )
    if raw.empty:
        raise FormatError(f"{path} has PEER's header and no record below it. Download it again from {SOURCE}.")
    return raw[wanted]


def _clean(cells: Iterable) -> list[str]:
    # The mark at the start is UTF-8's byte order mark, read as Latin-1.
    return [" ".join(str(cell).removeprefix("ï»¿").split()) for cell in cells]


def _header(rows: Iterable[Iterable]) -> int | None:
    """Number (from 0) of the first row that holds PEER's column names."""
    named = (len(set(_clean(cells)) & set(NAMES)) > 3 for cells in islice(rows, HEADER_ROWS))
    return next((number for number, found in enumerate(named) if found), None)


def _from_csv(path: Path) -> pd.DataFrame | None:
    with path.open(encoding="latin-1", newline="") as stream:  # station names hold accents in no declared encoding
        start = _header(csv.reader(stream))
        stream.seek(0)
        return None if start is None else pd.read_csv(stream, skiprows=start, low_memory=False)


def _from_workbook(path: Path) -> pd.DataFrame | None:
    options = {"engine": "openpyxl"}
    for sheet, top in pd.read_excel(path, sheet_name=None, header=None, nrows=HEADER_ROWS, **options).items():
        start = _header(top.itertuples(index=False))
        if start is not None:
            return pd.read_excel(path, sheet_name=sheet, skiprows=start, **options)
    return None
