"""Real records for the ground-motion explorer: thinned, and rounded to what a dot in a figure can show."""

import numpy as np
import pandas as pd

from gmtools import columns, studies
from gmtools.errors import DataNotFound, DownloadFailed
from gmtools.studies import iran

# Value = low + step * code, one byte; ordinates and distance as logarithms. The code 255 is a missing ordinate.
CODES = {
    columns.MAGNITUDE: (2.5, 0.025),
    "ln(rjb_km + 1)": (0.0, 0.0233),
    "ln(vs30_m_s)": (4.0, 0.0165),
    "ln(psa_g)": (-14.0, 0.066),
}
MISSING = 255
NOTES = {"nga_west2": "", "iran": "none with PGA below 0.0102 g, so that far and small ones are missing"}
COUNT = {"nga_west2": 3600, "iran": 1200}
SEED = 7


def thinned(data="auto"):
    """Some of this machine's records: facts of each table, codes (n, 16) uint8 of magnitude, ln(RJB + 1), ln VS30
    and 13 ordinates (:data:`CODES`), and which table each belongs to (n,). "auto" takes real records or none: a dot
    that was drawn must not look like a measurement."""
    facts, parts = [], []
    for name, count in COUNT.items():
        try:
            found = studies.load(name, "real" if data == "auto" else data)
        except (DataNotFound, DownloadFailed):
            if data == "real":
                raise
            continue
        frame = iran.source_records(found) if name == "nga_west2" else iran.records(found)
        shown = frame.sample(min(count, len(frame)), random_state=SEED)
        parts.append(_codes(shown))
        facts.append(_facts(found, frame, shown))
    table = np.repeat(np.arange(len(parts)), [len(part) for part in parts]).astype("uint8")
    return facts, np.concatenate([np.empty((0, 3 + len(columns.PERIODS)), "uint8"), *parts]), table


def _facts(found, frame, shown):
    return {
        "name": {"nga_west2": "NGA-West2", "iran": "Iran"}[found.name],
        "shown": len(shown),
        "of": len(frame),
        "events": int(frame[columns.EVENT].nunique()),
        "pga": found.ordinate_kind(0.0),
        "psa": found.ordinate_kind(1.0),
        "source": found.citation,
        "note": "" if found.simulated else NOTES[found.name],
    }


def _codes(frame: pd.DataFrame):
    ordinates = np.log(frame[[columns.psa(period) for period in columns.PERIODS]].to_numpy(float))
    values = [
        frame[columns.MAGNITUDE].to_numpy(float),
        np.log1p(frame[columns.RJB].to_numpy(float)),
        np.log(frame[columns.VS30].to_numpy(float)),
        *ordinates.T,
    ]
    ways = [*list(CODES.values())[:3], *[CODES["ln(psa_g)"]] * len(columns.PERIODS)]
    codes = [np.clip(np.round((value - low) / step), 0, 254) for value, (low, step) in zip(values, ways, strict=True)]
    return np.nan_to_num(np.stack(codes, axis=1), nan=MISSING).astype("uint8")
