"""Flatfiles, one row for each record: PEER's and ESM's are known by their header, others by a mapping of columns."""

import io
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from gmtools import columns
from gmtools.data.readers import (
    STANDARD_GRAVITY,
    decoded,
    mask_unusable,
    peer_flatfile,
    reject_web_page,
    require_columns,
)
from gmtools.errors import ColumnMissing, FormatError
from gmtools.geodesy import with_distances

SOURCE = "where you got it"
MISSING = (-999.0, -9999.0)
_BLANK = ("na", "n/a", "nan", "null", "none", "-")
"""Words for a missing number, beside blank cells; as a name they are kept: NA is the code of a network."""
ESM = {
    columns.EVENT: ("event_id", "esm_event_id"),
    columns.STATION: ("station_code",),
    columns.MAGNITUDE: ("emec_mw", "mw"),
    columns.RAKE: ("es_rake",),
    columns.HYPOCENTRAL_DEPTH: ("ev_depth_km",),
    columns.EVENT_LONGITUDE: ("ev_longitude",),
    columns.EVENT_LATITUDE: ("ev_latitude",),
    columns.STATION_LONGITUDE: ("st_longitude",),
    columns.STATION_LATITUDE: ("st_latitude",),
    columns.RJB: ("jb_dist",),
    columns.RRUP: ("rup_dist",),
    columns.REPI: ("epi_dist",),
    columns.VS30: ("vs30_m_sec", "vs30_m_s", "preferred_vs30_m_s", "vs30_m_sec_wa", "vs30_m_s_wa"),
    columns.PGA: ("rotd50_pga",),
    columns.PGV: ("rotd50_pgv",),
}
"""Our column -> ESM's in lower case, of the file of 2018 and of the web service; the first that is filled counts."""
_ESM_NEEDED = (columns.EVENT, columns.STATION, columns.MAGNITUDE, columns.VS30, columns.PGA)
_ESM_PSA = re.compile(r"rotd50_t(\d+)_(\d+)$")
_TEXT = (columns.EVENT, columns.STATION)
POSSIBLE = columns.LIMITS
"""What a number can be; PSA (g) can be 0 to 30. A value outside is a wrong unit or a wrong column."""


def read(path: str | Path, mapping: Mapping[str, str | tuple[str, float]] | None = None) -> pd.DataFrame:
    """Read a flatfile of your own: a table with one row for each record.

    Parameters
    ----------
    path : str or Path
        Text separated by commas, semicolons or tabs, or an Excel workbook (.xlsx).
    mapping : mapping, optional
        Our column -> the file's column, or the file's column and the factor that leads to our unit. Our columns:
        ``event_id``, ``station_id``, ``magnitude``, ``vs30_m_s``, ``pga_g``, ``psa_0.2s_g`` (any period), ``pgv_cm_s``,
        a distance (``rjb_km``, ``rrup_km``, ``repi_km``, ``rhyp_km``), ``rake_deg``, ``hypocentral_depth_km``,
        ``event_longitude``, ``event_latitude``, ``station_longitude``, ``station_latitude``. Not needed for PEER's
        NGA-West2 flatfile and ESM's (the file of 2018 and what the web service gives), which the header tells.

    Returns
    -------
    DataFrame
        Numbers in our units; blank cells and -999 are NaN. Of ESM, RotD50, and no ordinate beyond the longest usable
        period. ``repi_km`` and ``rhyp_km`` come from coordinates where the file does not have them.

    Raises
    ------
    FormatError
        No table; a cell that should hold a number or a name and does not, or a number that cannot be one: the message
        names the column, the row and the value.
    ColumnMissing
        The file lacks a column of the mapping, or no mapping is given and the header is neither PEER's nor ESM's.

    Examples
    --------
    >>> read("mine.csv", {"event_id": "quake", "station_id": "sta", "magnitude": "Mw", "rjb_km": "Rjb",
    ...                   "vs30_m_s": "Vs30", "pga_g": ("PGA (cm/s2)", 1 / 980.665)})  # doctest: +SKIP
    """
    path = Path(path)
    if not path.is_file():
        raise FormatError(f"{path} is not a file. Give the path of a table with one row for each record.")
    reject_web_page(path, SOURCE)
    if mapping is None and _is_peer(path):
        return peer_flatfile.read(path)
    raw = _table(path)
    if mapping is None:
        return _esm(raw, path)
    pairs = {ours: (theirs, 1.0) if isinstance(theirs, str) else tuple(theirs) for ours, theirs in mapping.items()}
    _refuse_unknown(pairs)
    require_columns(raw.columns, [theirs for theirs, _ in pairs.values()], path)
    found = {ours: _column(raw, ours, theirs, factor, path) for ours, (theirs, factor) in pairs.items()}
    return _with_places(pd.DataFrame(found))


def _is_peer(path: Path) -> bool:
    """Whether a workbook, or the first lines of a text, name PEER's record number; a workbook without is refused by
    the reader of PEER's, in its own words."""
    with path.open("rb") as stream:
        head = stream.read(100_000)
    return head.startswith(b"PK\x03\x04") or peer_flatfile.RECORD.encode() in head


def _table(path: Path) -> pd.DataFrame:
    """Rows as text, so that each cell can be named where it is wrong."""
    options = {"dtype": str, "keep_default_na": False, "na_values": [""]}
    try:
        if path.read_bytes().startswith(b"PK"):
            return pd.read_excel(path, engine="openpyxl", **options)
        text = decoded(path.read_bytes())
        separator = max(";\t,", key=text.partition("\n")[0].count)
        raw = pd.read_csv(io.StringIO(text), sep=separator, **options)
    except Exception as error:  # pandas and openpyxl answer foreign bytes with a dozen kinds
        reason = " ".join(str(error).split())
        raise FormatError(f"{path} is no table ({reason}). Save it as comma-separated text.") from error
    if raw.empty:
        raise FormatError(f"{path} has a header and no row below it. Get it again from {SOURCE}.")
    raw = raw.rename(columns=lambda name: str(name).strip())
    twice = raw.columns[raw.columns.str.lower().duplicated()]
    if len(twice):
        raise FormatError(f"{path} has two columns {twice[0]!r}. Rename or delete one.")
    return raw


def _refuse_unknown(names) -> None:
    psa = re.compile(r"psa_\d+(\.\d+)?s_g$")
    unknown = [name for name in names if name not in (*POSSIBLE, *_TEXT) and not psa.match(name)]
    if unknown:
        known = ", ".join([*_TEXT, *POSSIBLE])
        raise ColumnMissing(f"The mapping names {unknown[0]!r}, which is none of {known}, psa_PERIODs_g. Rename it.")


def _column(raw: pd.DataFrame, ours: str, theirs: str, factor: float, path: Path) -> pd.Series:
    """One column in our unit, each cell checked."""
    given = raw[theirs].str.strip()
    if ours in _TEXT:
        _refuse(given.isna(), given, theirs, "a name", path)
        return given
    given = given.mask(given.str.lower().isin(_BLANK))
    values = pd.to_numeric(given, errors="coerce").astype(float)
    _refuse(given.notna() & ~np.isfinite(values), given, theirs, "a number with a decimal point", path)
    values = factor * values.where(~values.isin(MISSING))
    low, high = POSSIBLE.get(ours, (0, 30))
    what = f"{ours} from {low:g} to {high:g} after the factor {factor:g}: is it the right column, and the right unit"
    _refuse(~values.between(low, high) & values.notna(), given, theirs, what, path)
    return values


def _refuse(bad: pd.Series, given: pd.Series, name: str, wanted: str, path: Path) -> None:
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        more = f" ({int(bad.sum())} such cells)" if bad.sum() > 1 else ""
        value = "blank" if pd.isna(given.iloc[row]) else repr(given.iloc[row])
        raise FormatError(f"{path}: row {row + 1}, column {name!r} is {value}{more}; it should be {wanted}.")


def _with_places(frame: pd.DataFrame) -> pd.DataFrame:
    """Epicentral and hypocentral distance from coordinates, where the file has coordinates and not the distance."""
    needed = (columns.EVENT_LONGITUDE, columns.EVENT_LATITUDE, columns.STATION_LONGITUDE, columns.STATION_LATITUDE)
    if not {*needed, columns.HYPOCENTRAL_DEPTH} <= set(frame):
        return frame
    made = with_distances(frame)
    for name in (columns.REPI, columns.RHYP):
        made[name] = frame[name].fillna(made[name]) if name in frame else made[name]
    return made


def _esm(raw: pd.DataFrame, path: Path) -> pd.DataFrame:
    """ESM's table: names in any case, ordinates in cm/s² and some with a sign, usable up to the inverse of the higher
    of the two high-pass corners, where the file has them."""
    raw = raw.rename(columns=str.lower)
    lacking = [ours for ours in _ESM_NEEDED if not set(ESM[ours]) & set(raw)]
    if lacking:
        raise ColumnMissing(
            f"{path} is neither PEER's nor ESM's flatfile: no column for {', '.join(lacking)}. Its columns are "
            f"{', '.join(raw.columns[:12])} … Give a mapping: our column -> the file's column."
        )
    amplitudes = [name for name in raw if name.startswith("rotd50_")]
    raw[amplitudes] = raw[amplitudes].apply(lambda cells: cells.str.strip().str.replace(r"^-(?!999)", "", regex=True))
    in_g = {name: float(".".join(match.groups())) for name in raw if (match := _ESM_PSA.match(name))}
    wanted = {ours: [name for name in names if name in raw] for ours, names in ESM.items()}
    wanted |= {columns.psa(period): [name] for name, period in in_g.items()}
    found = {}
    for ours, names in wanted.items():
        if names:
            given = raw[names].bfill(axis=1).iloc[:, :1].set_axis([names[0]], axis=1)
            factor = 1 / STANDARD_GRAVITY if ours.endswith("_g") else 1.0
            found[ours] = _column(given, ours, names[0], factor, path)
    frame = pd.DataFrame(found)
    if "network_code" in raw:
        frame[columns.STATION] = raw["network_code"].fillna("") + "." + frame[columns.STATION]
    measured = [name for name in ("vs30_m_sec", "vs30_m_s") if name in raw]
    frame[columns.VS30_MEASURED] = raw[measured].notna().any(axis=1)
    corners = [_column(raw, "corner", name, 1.0, path) for name in ("u_hp", "v_hp") if name in raw]
    if corners and in_g:
        corner = pd.concat(corners, axis=1).max(axis=1)
        ordinates = [columns.psa(period) for period in in_g.values()]
        frame[ordinates] = mask_unusable(frame[ordinates], in_g.values(), 1 / corner.where(corner > 0))
    return _with_places(frame)
