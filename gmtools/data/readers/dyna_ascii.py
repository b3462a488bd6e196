"""ASCII accelerograms with a DYNA header, one file for each component: ESM, ITACA and AFAD's TADAS."""

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from gmtools.data.accelerograms import Accelerogram
from gmtools.data.readers import STANDARD_GRAVITY
from gmtools.errors import FormatError, RecordingUnusable

SOURCE = "https://esm-db.eu, https://itaca.mi.ingv.it or https://tadas.afad.gov.tr"
UNITS = {"cm/s^2": 1.0, "cm/s2": 1.0, "gal": 1.0, "m/s^2": 100.0, "m/s2": 100.0, "g": STANDARD_GRAVITY}
"""Units that a header may state, in cm/s²."""
_ORDER = {"N": 0, "1": 0, "E": 1, "2": 1, "Z": 2, "3": 2}
_NUMBER = re.compile(rb"\s*[-+]?(\d|\.\d)[\d.eE+-]*\s*$")


def parse(contents: Mapping[str, bytes]) -> Accelerogram:
    """Make a record, in cm/s², of names and bytes of its three files; STREAM's last letter tells their components.

    Event id is the header's; where that is only a number, as AFAD's are, the origin time (14 digits). P and S times are
    not in these files. Components whose lengths differ by one sample are cut. Raises
    FormatError and RecordingUnusable.
    """
    parts = {}
    for name, content in sorted(contents.items()):
        header, samples = _split(name, content)
        parts.setdefault(_ORDER.get(header["STREAM"][-1:].upper()), []).append((name, header, samples))
    if sorted(parts, key=str) != [0, 1, 2] or any(len(files) > 1 for files in parts.values()):
        streams = ", ".join(f"{name} ({header['STREAM']})" for files in parts.values() for name, header, _ in files)
        raise RecordingUnusable(
            "component missing", f"One file each for north, east and vertical is needed, found: {streams}."
        )
    names, headers, samples = zip(*(parts[order][0] for order in range(3)), strict=True)
    intervals = {header["SAMPLING_INTERVAL_S"] for header in headers}
    if len(intervals) > 1:
        raise RecordingUnusable(
            "sampling rates differ", f"{names[0]} and its components: sampling intervals {sorted(intervals)} s differ."
        )
    lengths = [len(part) for part in samples]
    if max(lengths) - min(lengths) > 1:
        raise RecordingUnusable("gap", f"{names[0]} and its components have {lengths} samples. Get the record again.")
    return _record(names[0], headers[0], np.stack([part[: min(lengths)] for part in samples], axis=-1))


def located(longitude, latitude, depth_km, station_longitude, station_latitude) -> dict[str, float]:
    """Return coordinates (degrees), depth and distances (km) as arguments of Accelerogram; NaN stays NaN."""
    import pyproj

    from gmtools.geodesy import hypocentral_distance_km

    places = (station_longitude, station_latitude, longitude, latitude)
    known = np.isfinite(places).all()
    return {
        "event_longitude": longitude,
        "event_latitude": latitude,
        "hypocentral_depth_km": depth_km,
        "station_longitude": station_longitude,
        "station_latitude": station_latitude,
        "repi_km": pyproj.Geod(ellps="WGS84").inv(*places)[2] / 1e3 if known else np.nan,
        "rhyp_km": float(hypocentral_distance_km(*places, depth_km)) if known and np.isfinite(depth_km) else np.nan,
    }


def _split(name: str, content: bytes) -> tuple[dict[str, str], np.ndarray]:
    """Header, and samples in cm/s²."""
    lines = content.splitlines()
    first = next((number for number, line in enumerate(lines) if _NUMBER.match(line)), len(lines))
    pairs = (line.decode("latin-1").partition(":") for line in lines[:first])
    header = {key.strip(): value.strip() for key, _, value in pairs}
    lacking = {"STREAM", "SAMPLING_INTERVAL_S", "NDATA", "STATION_CODE"} - set(header)
    if lacking:
        raise FormatError(f"{name} is no DYNA file: its header lacks {', '.join(sorted(lacking))}. Use {SOURCE}.")
    unit, kind = header.get("UNITS", ""), header.get("DATA_TYPE", "ACCELERATION")
    if unit.lower() not in UNITS or kind.upper() != "ACCELERATION":
        raise RecordingUnusable(
            "unit not stated",
            f"{name}: {kind.lower()} in {unit or 'a unit that is not stated'}; acceleration in one of "
            f"{', '.join(UNITS)} is needed. Choose the acceleration file, or ask its owner for the unit.",
        )
    try:
        samples = np.array(lines[first:], dtype=float) if lines[first:] else np.empty(0)
        wanted = int(header["NDATA"])
    except ValueError as error:
        raise RecordingUnusable(
            "gap", f"{name}: a line below the header is no number ({error}). Get the file again."
        ) from error
    if len(samples) != wanted:
        raise RecordingUnusable(
            "gap", f"{name}: {len(samples)} samples, its header says {wanted}: cut off. Get it again."
        )
    return header, samples * UNITS[unit.lower()]


def _record(name: str, header: dict[str, str], samples: np.ndarray) -> Accelerogram:
    time = re.sub(r"\D", "", header.get("EVENT_DATE_YYYYMMDD", ""))
    time += re.sub(r"\D", "", header.get("EVENT_TIME_HHMMSS", "").partition(".")[0])
    event = header.get("EVENT_ID", "")
    event = event if event and not event.isdigit() else time or Path(name).stem
    station = f"{header.get('NETWORK') or 'XX'}.{header['STATION_CODE']}"
    places = ("EVENT_LONGITUDE_DEGREE", "EVENT_LATITUDE_DEGREE", "EVENT_DEPTH_KM")
    places += ("STATION_LONGITUDE_DEGREE", "STATION_LATITUDE_DEGREE")
    magnitude = _number(header, "MAGNITUDE_W")
    return Accelerogram(
        samples,
        1 / float(header["SAMPLING_INTERVAL_S"]),
        record_id=f"{event}_{station}",
        event_id=event,
        station_id=station,
        magnitude=magnitude if np.isfinite(magnitude) else _number(header, "MAGNITUDE_L"),
        vs30_m_s=_number(header, "VS30_M/S"),
        **located(*(_number(header, key) for key in places)),
    )


def _number(header: dict[str, str], key: str) -> float:
    """Value of a header line, NaN where it is empty or a word such as None."""
    try:
        return float(header.get(key, ""))
    except ValueError:
        return np.nan
