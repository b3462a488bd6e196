"""The project's extract of NGA-West2: measured PGA and PGV, reconstructed PSA."""

from pathlib import Path

import numpy as np
import pandas as pd

from gmtools import columns

PSA_PERIODS = columns.PERIODS[1:]
_AS_NAMED = (
    columns.RECORD_NUMBER, columns.EVENT, columns.MAGNITUDE, columns.RAKE, columns.HYPOCENTRAL_DEPTH, columns.RJB,
    columns.RRUP, columns.REPI, columns.RHYP, columns.VS30, columns.STATION_LONGITUDE, columns.STATION_LATITUDE,
    columns.PGA, columns.PGV,
)  # fmt: skip


def read(path: str | Path) -> pd.DataFrame:
    """Read ``nga_west2_extract.csv`` into the standard table. PGA and PGV are measured; twelve PSA ordinates are
    **reconstructed** (Campbell & Bozorgnia 2014 median plus a published total residual) for 7,098 rows within Rrup
    80 km. Two rows have the same ``station_id`` when their coordinates, known for 13,790 rows, agree to 1e-4 degree.
    Rake in (-180, 180] degrees; ``event_id`` ``EQ...`` is PEER's, ``S...`` inferred from equal source parameters."""
    reconstructed = {f"psa_{period:g}s_reconstructed_g": columns.psa(period) for period in PSA_PERIODS}
    frame = pd.read_csv(path)[[*_AS_NAMED, *reconstructed]].rename(columns=reconstructed)
    # One event is listed with rake 355 degrees.
    frame[columns.RAKE] = 180.0 - np.mod(180.0 - frame[columns.RAKE], 360.0)
    frame.insert(2, columns.STATION, _station(frame))
    return frame


def _station(frame: pd.DataFrame) -> pd.Series:
    place = frame[[columns.STATION_LONGITUDE, columns.STATION_LATITUDE]]
    known = place.notna().all(axis=1)
    number = place[known].round(4).groupby(list(place.columns)).ngroup()
    return number.map("ST{:04d}".format).reindex(frame.index)
