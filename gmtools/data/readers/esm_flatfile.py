"""The Engineering Strong Motion (ESM) flatfile of spectral accelerations as ESM publishes it."""

import re
from pathlib import Path

import numpy as np
import pandas as pd

from gmtools import columns
from gmtools.data.readers import STANDARD_GRAVITY, mask_unusable, numbers, reject_web_page, require_columns
from gmtools.errors import FormatError

SOURCE = "the ESM site (esm-db.eu, products, flatfile; free registration)"
NAMES = {
    "ev_longitude": columns.EVENT_LONGITUDE,
    "ev_latitude": columns.EVENT_LATITUDE,
    "ev_depth_km": columns.HYPOCENTRAL_DEPTH,
    "es_rake": columns.RAKE,
    "st_longitude": columns.STATION_LONGITUDE,
    "st_latitude": columns.STATION_LATITUDE,
    "epi_dist": columns.REPI,
    "JB_dist": columns.RJB,
    "rup_dist": columns.RRUP,
}
"""ESM's column name to ours, for the columns that are taken over unchanged."""
_TEXT = ("event_id", "network_code", "station_code")
_NUMBERS = ("Mw", "EMEC_Mw", "vs30_m_sec", "vs30_m_sec_WA", "U_hp", "V_hp", "rotD50_pga", "rotD50_pgv")
_ORDINATE = re.compile(r"rotd50_t(\d+)_(\d+)$", re.IGNORECASE)


def read(path: str | Path) -> pd.DataFrame:
    """Read the ESM flatfile (file ``ESM_flatfile_..._SA.csv``, separated by ``;``) into the standard table.

    Magnitude is EMEC_Mw, and Mw where that is blank; events with ML or Ms only keep NaN. VS30 is the measured value,
    and the one inferred from slope (Wald & Allen, ``vs30_m_sec_WA``) where that is blank: ``vs30_is_measured`` tells.
    RotD50 ordinates come in cm/s², some with a sign, and leave as positive g; ordinates at periods longer than the
    inverse of the higher of the two horizontal high-pass corners are NaN, a rule of this project. ESM gives RJB and
    Rrup only where a finite fault is known; nothing is put in their place. ESM has 0.07 and 0.1 s but not 0.075 s, and
    1.4 and 1.6 s but not 1.5 s: no ordinate is interpolated.

    Parameters
    ----------
    path : str or Path
        The unzipped csv file.

    Returns
    -------
    DataFrame, one row for each record
        Columns named in :mod:`gmtools.columns`; ``station_id`` is ``network.station``; one column for each
        ``rotD50_T...`` of the file.

    Raises
    ------
    FormatError
        A web page, a zip file, another separator, no spectral ordinates, or text where numbers belong.
    ColumnMissing
        ESM's columns are not all there; the message names the nearest ones.

    References
    ----------
    Lanzano et al. (2019), The pan-European Engineering Strong Motion (ESM) flatfile, Bulletin of Earthquake
    Engineering 17, 561-582, doi:10.1007/s10518-018-0480-z.
    """
    path = Path(path)
    reject_web_page(path, SOURCE)
    raw = _table(path)
    values = {name: numbers(raw[name], path) for name in (*NAMES, *_NUMBERS)}
    frame = pd.DataFrame({ours: values[name] for name, ours in NAMES.items()})
    frame.insert(0, columns.EVENT, raw["event_id"].astype(str))
    frame.insert(1, columns.STATION, raw["network_code"].astype(str) + "." + raw["station_code"].astype(str))
    frame.insert(2, columns.MAGNITUDE, values["EMEC_Mw"].fillna(values["Mw"]))
    frame[columns.RHYP] = np.hypot(frame[columns.REPI], frame[columns.HYPOCENTRAL_DEPTH])
    frame[columns.VS30] = values["vs30_m_sec"].fillna(values["vs30_m_sec_WA"])
    frame[columns.VS30_MEASURED] = values["vs30_m_sec"].notna()
    frame[columns.PGA] = values["rotD50_pga"].abs() / STANDARD_GRAVITY
    frame[columns.PGV] = values["rotD50_pgv"].abs()
    corner = pd.concat([values["U_hp"], values["V_hp"]], axis=1).max(axis=1)
    return frame.join(_ordinates(raw, path, 1 / corner.where(corner > 0)))


def _table(path: Path) -> pd.DataFrame:
    with path.open("rb") as stream:
        header = stream.readline()
    if header.startswith(b"PK\x03\x04"):
        raise FormatError(f"{path} is a zip file. Unzip it and give the file whose name ends with _SA.csv.")
    if header.count(b";") < 10:
        raise FormatError(
            f"{path} is not separated by ';' as ESM's flatfile is (its first line has {header.count(b';')} of them and "
            f"{header.count(b',')} commas). A spreadsheet program may have rewritten it: download it again from "
            f"{SOURCE}."
        )
    # Only a blank is missing: NA is the code of a network.
    raw = pd.read_csv(path, sep=";", encoding="utf-8-sig", keep_default_na=False, na_values=[""], low_memory=False)
    # Some releases spell the column names in lower case.
    spelled = {name.lower(): name for name in (*NAMES, *_TEXT, *_NUMBERS)}
    raw = raw.rename(columns={name: spelled[name.lower()] for name in raw.columns if name.lower() in spelled})
    require_columns(raw.columns, spelled.values(), path)
    return raw


def _ordinates(raw: pd.DataFrame, path: Path, longest_usable_period: pd.Series) -> pd.DataFrame:
    found = {name: float(".".join(match.groups())) for name in raw.columns if (match := _ORDINATE.match(name))}
    if not found:
        raise FormatError(
            f"{path} holds no spectral ordinate (rotD50_T0_010 and so on). ESM publishes several files for each "
            "release: give the one of spectral accelerations, whose name ends with _SA.csv."
        )
    psa = pd.DataFrame(
        {columns.psa(period): numbers(raw[name], path).abs() / STANDARD_GRAVITY for name, period in found.items()}
    )
    return mask_unusable(psa, found.values(), longest_usable_period)
