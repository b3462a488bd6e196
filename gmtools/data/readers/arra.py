"""H/V peaks at the stations of the ARRA project (Yong et al. 2013), as a third party tabulated them."""

import warnings
from pathlib import Path

import pandas as pd

from gmtools import columns
from gmtools.data.readers import numbers

PEAKS = 3
_NAMES = {
    "Network": columns.NETWORK,
    "Station": columns.STATION,
    "Sensor": columns.SENSOR,
    "Latitude": columns.LATITUDE,
    "Longtitude": columns.LONGITUDE,
    "Peak Frequency(f0)": columns.F0,
    "H/V Amplitude": columns.HV_AMPLITUDE,
    "Comments": "comment",
}


def read(path: str | Path) -> pd.DataFrame:
    """Read ``HVSR_tian.xlsx``, one row for each sensor: ``f0_hz`` and ``hv_amplitude`` of the first peak listed (NaN
    where there is none), the same with ``_2`` and ``_3`` for further ones (a cell such as 0.9/1.6/14 is split),
    ``comment``."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Unknown extension is not supported")
        raw = pd.read_excel(path)
    raw.columns = raw.columns.astype(str).str.strip()
    frame = raw[list(_NAMES)].rename(columns=_NAMES)
    for name in (columns.NETWORK, columns.STATION, columns.SENSOR, "comment"):
        frame[name] = frame[name].fillna("").astype(str).str.strip()
    for name in (columns.LATITUDE, columns.LONGITUDE):
        frame[name] = numbers(frame[name], path)
    return pd.concat([frame.drop(columns=[columns.F0, columns.HV_AMPLITUDE]), _peaks(frame, path)], axis=1)


def _peaks(frame: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Columns of up to three peaks."""
    parts = {
        name: frame[name].astype("string").str.split("/", expand=True).reindex(columns=range(PEAKS))
        for name in (columns.F0, columns.HV_AMPLITUDE)
    }
    return pd.DataFrame(
        {
            name if peak == 0 else f"{name}_{peak + 1}": numbers(part[peak], path)
            for peak in range(PEAKS)
            for name, part in parts.items()
        }
    )
