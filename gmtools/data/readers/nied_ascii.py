"""K-NET and KiK-net records in NIED's ASCII format: archives of accelerograms to a table of PGA and PSA."""

import io
import re
import tarfile
import warnings
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from gmtools import columns
from gmtools.data.readers import BROKEN_ARCHIVE, STANDARD_GRAVITY, reject_large_member, reject_web_page
from gmtools.errors import FormatError
from gmtools.geodesy import with_distances
from gmtools.response import response_spectrum

SOURCE = "https://www.kyoshin.bosai.go.jp"
HIGHPASS_HZ = 0.1
"""Corner of the high-pass filter: ordinates beyond 8 s are not usable."""
_COMPONENT = re.compile(r"\.(?:EW|NS|UD)[12]?$")
_ARCHIVE = re.compile(r"\.(?:tar|tar\.gz|tgz|zip)$")
_DEEPEST = 3  # archives in archives: all events, an event, one network's files


def read(path: str | Path, periods: Sequence[float] = (1.0,)) -> pd.DataFrame:
    """Read every record (one sensor, one station, one earthquake) of ``.tar``, ``.tar.gz`` or ``.zip``, archives
    within it too. Components lose their mean, are tapered over 5 % and high-passed at 0.1 Hz (Butterworth, order 4,
    both ways); ``pga_g`` and PSA at ``periods`` (s) are geometric means. JMA magnitude, UTC, ``sensor_depth_m`` 0 or
    NaN in a borehole. A record without both horizontals is left out with a warning."""
    path = Path(path)
    reject_web_page(path, SOURCE)
    sensors = defaultdict(dict)
    for name, content in _members(path):
        trace = _trace(name, content, path)
        head, channel = trace.stats.knet, trace.stats.channel
        sensors[str(head.evot), trace.stats.station, channel[2:]][channel[:2]] = trace
    rows = [_row(traces, periods) for traces in sensors.values() if {"EW", "NS"} <= set(traces)]
    if not rows:
        raise FormatError(f"{path} holds no record with two horizontal components. Download it again from {SOURCE}.")
    if len(rows) < len(sensors):
        warnings.warn(f"{path}: {len(sensors) - len(rows)} of {len(sensors)} records lack a component.", stacklevel=2)
    frame = pd.DataFrame(rows).sort_values([columns.EVENT, columns.STATION], kind="stable")
    return with_distances(frame.reset_index(drop=True))


def _members(path: Path) -> Iterator[tuple[str, bytes]]:
    """Name and content of each component."""
    found = list(_unpacked(path.name, path.read_bytes(), path, _DEEPEST))
    if not found:
        raise FormatError(f"{path} holds no file that ends with .EW, .NS2 or the like. Choose the ASCII format.")
    return iter(found)


def _unpacked(name: str, content: bytes, path: Path, depth: int) -> Iterator[tuple[str, bytes]]:
    if _COMPONENT.search(name):
        yield name, content
    elif _ARCHIVE.search(name) or depth == _DEEPEST:
        if depth == 0:
            raise FormatError(f"{path}: {name} lies in {_DEEPEST} archives within each other. Unpack it by hand.")
        for inner, part in _opened(name, content, path):
            yield from _unpacked(inner, part, path, depth - 1)


def _opened(name: str, content: bytes, path: Path) -> Iterator[tuple[str, bytes]]:
    stream = io.BytesIO(content)
    try:
        if zipfile.is_zipfile(stream):
            with zipfile.ZipFile(stream) as archive:
                for info in archive.infolist():
                    if not info.is_dir():
                        reject_large_member(f"{path}: {info.filename}", info.file_size)
                        yield info.filename, archive.read(info)
        else:
            stream.seek(0)
            with tarfile.open(fileobj=stream) as archive:
                for info in archive:
                    if info.isfile():
                        reject_large_member(f"{path}: {info.name}", info.size)
                        yield info.name, archive.extractfile(info).read()
    except BROKEN_ARCHIVE as error:
        raise FormatError(f"{path}: {name} is no whole archive ({error}). Download it again from {SOURCE}.") from error


def _trace(name: str, content: bytes, path: Path):
    import obspy  # here, not above: it takes a second

    try:
        (trace,) = obspy.read(io.BytesIO(content), format="KNET")
    except Exception as error:  # ObsPy raises its own, ValueError, IndexError and KeyError on broken headers
        raise FormatError(f"{path}: {name} is no K-NET ASCII file ({error!r}). Download it again.") from error
    if len(trace) < 2:
        raise FormatError(f"{path}: {name} has no samples. Download it again from {SOURCE}.")
    return trace


def _row(traces: dict, periods: Sequence[float]) -> dict:
    first = traces["EW"].stats
    head, sensor = first.knet, first.channel[2:]
    spectra = [_spectrum(traces[name], (0.0, *periods)) for name in ("EW", "NS")]
    mean = np.sqrt(spectra[0] * spectra[1])
    time = pd.Timestamp(head.evot.datetime)
    return {
        columns.EVENT: time.strftime("NIED-%Y%m%d%H%M%S"),
        columns.ORIGIN_TIME: time,
        columns.MAGNITUDE: head.mag,
        columns.HYPOCENTRAL_DEPTH: head.evdp,
        columns.EVENT_LONGITUDE: head.evlo,
        columns.EVENT_LATITUDE: head.evla,
        columns.STATION: first.station,
        columns.NETWORK: "KiK-net" if sensor else "K-NET",
        columns.SENSOR_DEPTH: np.nan if sensor == "1" else 0.0,
        columns.STATION_LONGITUDE: head.stlo,
        columns.STATION_LATITUDE: head.stla,
        **{columns.psa(period): value for period, value in zip((0.0, *periods), mean, strict=True)},
    }


def _spectrum(trace, periods: Sequence[float]) -> np.ndarray:
    """Spectral ordinates (k,) of one component, g."""
    trace = trace.copy()
    trace.data = trace.data * trace.stats.calib * 100 / STANDARD_GRAVITY  # ObsPy's calibration leads to m/s²
    trace.detrend("demean").taper(0.05).filter("highpass", freq=HIGHPASS_HZ, corners=4, zerophase=True)
    return response_spectrum(trace.data, trace.stats.delta, periods)
