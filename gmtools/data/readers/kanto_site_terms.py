"""Site terms and within-event residuals of KiK-net stations in Kanto (Chakraborty & Kotha 2026)."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from gmtools import columns
from gmtools.data.readers import file_ending, numbers

PERIODS = (0.01, 0.1, 1.0)
"""Periods (s) of the files; 0.01 s stands for PGA."""


def read(paths: Mapping[str, Path]) -> pd.DataFrame:
    """Mean site terms (ln) of each station at the three periods, see :func:`column`, with coordinates. ``paths``
    holds ``dS2S_T0.01s.csv``, ``dS2S_T0.1s.csv`` and ``dS2S_T1s.csv``, which list the same stations."""
    frame = None
    for period in PERIODS:
        path = file_ending(paths, f"dS2S_T{period:g}s.csv")
        raw = pd.read_csv(path)
        if frame is None:
            frame = pd.DataFrame({columns.STATION: raw["Name"].str.strip()})
            frame[columns.STATION_LONGITUDE] = numbers(raw["Longitude"], path)
            frame[columns.STATION_LATITUDE] = numbers(raw["Latitude"], path)
        frame[column(period)] = numbers(raw["dS2Ss"], path)
    return frame


def residuals(paths: Mapping[str, Path], period: float) -> pd.DataFrame:
    """Residuals (ln; ``station_id``, ``residual``) that the site terms at a period of :data:`PERIODS` are means of,
    from ``dWs_T...s.csv``. They hold the site term: their scatter about a station's mean is phi_ss. Events are not
    named."""
    path = file_ending(paths, f"dWs_T{period:g}s.csv")
    raw = pd.read_csv(path)
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
