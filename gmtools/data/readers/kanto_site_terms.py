"""Site terms and within-event residuals of KiK-net stations in Kanto (Chakraborty & Kotha 2026)."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from gmtools import columns
from gmtools.data.readers import file_ending, numbers, read_csv
from gmtools.errors import FormatError

SOURCE = "the repository anirban1990/UPM-Kanto-JP"
PERIODS = (0.01, 0.1, 1.0)
"""Periods (s) of the files; 0.01 s stands for PGA."""


def read(paths: Mapping[str, Path]) -> pd.DataFrame:
    """Read the mean site terms.

    Parameters
    ----------
    paths : mapping of file name to Path
        Holds ``dS2S_T0.01s.csv``, ``dS2S_T0.1s.csv`` and ``dS2S_T1s.csv``.

    Returns
    -------
    DataFrame, one row for each station
        ``station_id``, coordinates (degrees), and :func:`column` at each period in natural logarithms.

    Raises
    ------
    ColumnMissing, FormatError, DataNotFound
        A file is another one or missing, or the files list different stations.
    """
    frame = None
    for period in PERIODS:
        path = file_ending(paths, f"dS2S_T{period:g}s.csv")
        raw = read_csv(path, SOURCE, ["Name", "Longitude", "Latitude", "dS2Ss"])
        if frame is None:
            frame = pd.DataFrame({columns.STATION: raw["Name"].str.strip()})
            frame[columns.STATION_LONGITUDE] = numbers(raw["Longitude"], path)
            frame[columns.STATION_LATITUDE] = numbers(raw["Latitude"], path)
        if frame[columns.STATION].tolist() != raw["Name"].str.strip().tolist():
            raise FormatError(f"{path} lists other stations than the file before it. Get all again from {SOURCE}.")
        frame[column(period)] = numbers(raw["dS2Ss"], path)
    return frame


def residuals(paths: Mapping[str, Path], period: float) -> pd.DataFrame:
    """Read the residuals that the site terms are means of.

    The publisher calls them within-event residuals; they hold the site term too, so that their scatter about each
    station's mean is the single-station standard deviation phi_ss.

    Parameters
    ----------
    paths : mapping of file name to Path
        Holds ``dWs_T...s.csv``.
    period : float
        One of :data:`PERIODS`, s.

    Returns
    -------
    DataFrame, one row for each residual
        ``station_id``, ``residual`` (natural logarithm). The files do not say which event a column belongs to.

    Raises
    ------
    ColumnMissing, FormatError, DataNotFound
        The file is another one or missing.
    """
    path = file_ending(paths, f"dWs_T{period:g}s.csv")
    raw = read_csv(path, SOURCE, ["KiK-nets", "Longitude", "Latitude", "Event_1"])
    values = raw.filter(like="Event_").apply(lambda listed: numbers(listed, path))
    table = values.set_axis(raw["KiK-nets"].str.strip(), axis=0).to_numpy()
    row, place = np.nonzero(np.isfinite(table))
    return pd.DataFrame({columns.STATION: raw["KiK-nets"].str.strip().to_numpy()[row], "residual": table[row, place]})


def column(period: float) -> str:
    """Column of the site term at ``period`` (s); period 0 is that at 0.01 s.

    >>> column(0), column(1)
    ('site_term_0.01s', 'site_term_1s')
    """
    return f"site_term_{period or 0.01:g}s"
