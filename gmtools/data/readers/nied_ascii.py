"""K-NET and KiK-net records in NIED's ASCII format: archives of accelerograms to a table of PGA and PSA."""

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from gmtools import columns
from gmtools.data.accelerograms import Accelerogram, Exclusion
from gmtools.data.readers import STANDARD_GRAVITY, possible, strong_motion
from gmtools.errors import FormatError
from gmtools.geodesy import with_distances
from gmtools.response import response_spectrum

SOURCE = "https://www.kyoshin.bosai.go.jp"
HIGHPASS_HZ = 0.1
"""Corner of the high-pass filter: ordinates beyond 8 s are not usable."""


def read(path: str | Path, periods: Sequence[float] = (1.0,)) -> pd.DataFrame:
    """Read every record (one sensor, one station, one earthquake) of a folder, ``.tar``, ``.tar.gz`` or ``.zip``,
    archives within it too. Components lose their mean, are tapered over 5 % and high-passed at 0.1 Hz (Butterworth,
    order 4, both ways); ``pga_g`` and PSA at ``periods`` (s) are geometric means. JMA magnitude, UTC,
    ``sensor_depth_m`` 0 or NaN in a borehole. What is left out is named in a warning and in ``attrs["left_out"]``."""
    rows, left_out = [], []
    for found in strong_motion.read(path):
        if isinstance(found, Exclusion):
            left_out.append((found.record_id, found.detail))
        elif found.event_id.startswith("NIED-"):
            rows.append(_row(found, periods))
        else:
            left_out.append((found.record_id, "not a record of K-NET or KiK-net"))
    listed = "; ".join(f"{name} ({detail})" for name, detail in left_out[:3])
    if not rows:
        raise FormatError(
            f"{path} holds no record of K-NET or KiK-net, {len(left_out)} files or records are left out: {listed}. "
            f"Choose the ASCII format, and download it again from {SOURCE}."
        )
    if left_out:
        warnings.warn(f"{path}: {len(left_out)} files or records are left out: {listed}", stacklevel=2)
    frame = pd.DataFrame(rows).sort_values([columns.EVENT, columns.STATION], kind="stable")
    frame = possible(with_distances(frame.reset_index(drop=True)), path)
    frame.attrs["left_out"] = left_out
    return frame


def _row(record: Accelerogram, periods: Sequence[float]) -> dict:
    sensor = record.record_id.rpartition("_")[2]
    spectra = [_spectrum(record, axis, (0.0, *periods)) for axis in (1, 0)]
    mean = np.sqrt(spectra[0] * spectra[1])
    return {
        columns.EVENT: record.event_id,
        columns.ORIGIN_TIME: pd.to_datetime(record.event_id, format="NIED-%Y%m%d%H%M%S"),
        columns.MAGNITUDE: record.magnitude,
        columns.HYPOCENTRAL_DEPTH: record.hypocentral_depth_km,
        columns.EVENT_LONGITUDE: record.event_longitude,
        columns.EVENT_LATITUDE: record.event_latitude,
        columns.STATION: record.station_id.partition(".")[2],
        columns.NETWORK: "KiK-net" if sensor in ("1", "2") else "K-NET",
        columns.SENSOR_DEPTH: np.nan if sensor == "1" else 0.0,
        columns.STATION_LONGITUDE: record.station_longitude,
        columns.STATION_LATITUDE: record.station_latitude,
        **{columns.psa(period): value for period, value in zip((0.0, *periods), mean, strict=True)},
    }


def _spectrum(record: Accelerogram, axis: int, periods: Sequence[float]) -> np.ndarray:
    """Spectral ordinates (k,) of one component, g."""
    from obspy import Trace  # here, not above: it takes a second

    data = record.acceleration[:, axis].astype(float) / STANDARD_GRAVITY
    trace = Trace(data, {"sampling_rate": record.sampling_rate_hz})
    trace.detrend("demean").taper(0.05).filter("highpass", freq=HIGHPASS_HZ, corners=4, zerophase=True)
    return response_spectrum(trace.data, trace.stats.delta, periods)
