"""The project's extract of NGA-West2: measured PGA and PGV, reconstructed PSA."""

from pathlib import Path

import numpy as np
import pandas as pd

from gmtools import columns
from gmtools.data.readers import read_csv

SOURCE = "the course's mirror (the extract has no public address)"
PSA_PERIODS = columns.PERIODS[1:]
_AS_NAMED = (
    columns.RECORD_NUMBER, columns.EVENT, columns.MAGNITUDE, columns.RAKE, columns.HYPOCENTRAL_DEPTH, columns.RJB,
    columns.RRUP, columns.REPI, columns.RHYP, columns.VS30, columns.STATION_LONGITUDE, columns.STATION_LATITUDE,
    columns.PGA, columns.PGV,
)  # fmt: skip


def read(path: str | Path) -> pd.DataFrame:
    """Read the extract into the standard table.

    PGA and PGV are measured. The twelve PSA ordinates are **reconstructed** (Campbell & Bozorgnia 2014 median plus a
    published total residual) for 7,098 rows within Rrup 80 km; they take the standard names here, and
    ``Dataset.kind`` of :mod:`gmtools.data.datasets` says that they are not measured.

    Stations are known by their coordinates only, and only for 13,790 rows: two rows have the same ``station_id`` when
    their coordinates agree to 1e-4 degree (about 10 m), and rows without coordinates have none. Nothing else
    identifies a station (VS30 is shared by many), so nothing else is tried.

    Parameters
    ----------
    path : str or Path
        ``nga_west2_extract.csv``.

    Returns
    -------
    DataFrame, one row for each record
        Columns named in :mod:`gmtools.columns`; rake in (-180, 180] degrees; ``event_id`` as given (``EQ...`` is PEER's
        EQID, ``S...`` an event inferred from equal source parameters).

    Raises
    ------
    ColumnMissing, FormatError
        The file is another one.
    """
    reconstructed = {f"psa_{period:g}s_reconstructed_g": columns.psa(period) for period in PSA_PERIODS}
    raw = read_csv(path, SOURCE, [*_AS_NAMED, *reconstructed])
    frame = raw[[*_AS_NAMED, *reconstructed]].rename(columns=reconstructed)
    # One event is listed with rake 355 degrees.
    frame[columns.RAKE] = 180.0 - np.mod(180.0 - frame[columns.RAKE], 360.0)
    frame.insert(2, columns.STATION, _station(frame))
    return frame


def _station(frame: pd.DataFrame) -> pd.Series:
    place = frame[[columns.STATION_LONGITUDE, columns.STATION_LATITUDE]]
    known = place.notna().all(axis=1)
    number = place[known].round(4).groupby(list(place.columns)).ngroup()
    return number.map("ST{:04d}".format).reindex(frame.index)
