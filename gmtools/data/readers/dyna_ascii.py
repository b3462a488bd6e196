"""ASCII accelerograms with a DYNA header, one file for each component: ESM, ITACA and AFAD's TADAS."""

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from gmtools import columns
from gmtools.data.accelerograms import Accelerogram, located
from gmtools.data.readers import STANDARD_GRAVITY, event_time, header_number, number_if_known, samples_of
from gmtools.errors import FormatError, RecordingUnusable

SOURCE = "https://esm-db.eu, https://itaca.mi.ingv.it or https://tadas.afad.gov.tr"
UNITS = {"cm/s^2": 1.0, "cm/s2": 1.0, "gal": 1.0, "m/s^2": 100.0, "m/s2": 100.0, "g": STANDARD_GRAVITY}
"""Units that a header may state, in cm/s²."""
MARK = re.compile(rb"^STREAM[ \t]*:", re.MULTILINE)
"""What tells these files from others."""
_ORDER = {"N": 0, "E": 1, "Z": 2}
_NUMBER = re.compile(rb"\s*[-+]?(\d|\.\d)[\d.eE+-]*\s*$")
_START = "DATE_TIME_FIRST_SAMPLE_YYYYMMDD_HHMMSS"
_SAME = ("EVENT_ID", "EVENT_DATE_YYYYMMDD", "EVENT_TIME_HHMMSS", "NETWORK", "STATION_CODE", "LOCATION", "DATA_TYPE")
_SAME += ("PROCESSING", "UNITS")


def record_of(name: str, content: bytes) -> tuple[str, ...]:
    """What is the same in the headers of one record's components."""
    header, _ = _header(name, content)
    return *(header.get(key, "") for key in _SAME), header["STREAM"][:-1]


def parse(contents: Mapping[str, bytes]) -> Accelerogram:
    """Make a record, in cm/s², of names and bytes of its three files; STREAM's last letter tells their components.

    Event id is the header's; where that is only a number, as AFAD's are, the origin time (14 digits). P and S times are
    not in these files. Components whose lengths differ by one sample are cut. Raises FormatError and RecordingUnusable.
    """
    parts = {}
    for name, content in sorted(contents.items()):
        header, samples = _split(name, content)
        parts.setdefault(_ORDER.get(header["STREAM"][-1:].upper()), []).append((name, header, samples))
    if sorted(parts, key=str) != [0, 1, 2] or any(len(files) > 1 for files in parts.values()):
        streams = ", ".join(f"{name} ({header['STREAM']})" for files in parts.values() for name, header, _ in files)
        raise RecordingUnusable(
            "orientation unknown" if None in parts and len(contents) == 3 else "component missing",
            f"One file each for north, east and vertical (STREAM ends with N, E, Z) is needed, found: {streams}.",
        )
    names, headers, samples = zip(*(parts[order][0] for order in range(3)), strict=True)
    if len({record_of(name, contents[name]) for name in names}) > 1:
        raise RecordingUnusable("component missing", f"{', '.join(names)} are not of one record: their headers differ.")
    intervals = {header_number(names[0], header, "SAMPLING_INTERVAL_S", 1e-4, 1) for header in headers}
    if len(intervals) > 1:
        raise RecordingUnusable(
            "sampling rates differ", f"{names[0]} and its components: sampling intervals {sorted(intervals)} s differ."
        )
    starts = sorted({header.get(_START, "") for header in headers})
    if len(starts) > 1:
        raise RecordingUnusable(
            "gap", f"{names[0]} and its components begin at different times, {' and '.join(starts)}: cut them first."
        )
    lengths = [len(part) for part in samples]
    if max(lengths) - min(lengths) > 1:
        raise RecordingUnusable("gap", f"{names[0]} and its components have {lengths} samples. Get the record again.")
    together = np.stack([part[: min(lengths)] for part in samples], axis=-1)
    return _record(names[0], headers[0], together, 1 / intervals.pop())


def _header(name: str, content: bytes) -> tuple[dict[str, str], list[bytes]]:
    """Header, and the lines below it."""
    lines = content.splitlines()
    first = next((number for number, line in enumerate(lines) if _NUMBER.match(line)), len(lines))
    if b"SPECTRUM" in content[:8000].upper():  # two numbers a line: period and ordinate
        first = next((number for number, line in enumerate(lines) if line and b":" not in line), len(lines))
    pairs = (line.decode("latin-1").partition(":") for line in lines[:first])
    header = {key.strip(): value.strip() for key, _, value in pairs}
    lacking = [key for key in ("STREAM", "SAMPLING_INTERVAL_S", "NDATA", "STATION_CODE") if not header.get(key)]
    if "SPECTRUM" in header.get("DATA_TYPE", "").upper():
        raise RecordingUnusable(
            "response spectrum",
            f"{name} is an {header['DATA_TYPE'].lower()} in {header.get('UNITS', 'no unit')}, not a record. Get the "
            "accelerogram (ACC) too: spectra are computed from it.",
        )
    if lacking:
        raise FormatError(f"{name} is no DYNA file: its header lacks {', '.join(sorted(lacking))}. Use {SOURCE}.")
    return header, lines[first:]


def _split(name: str, content: bytes) -> tuple[dict[str, str], np.ndarray]:
    """Header, and samples in cm/s²."""
    header, lines = _header(name, content)
    unit, kind = header.get("UNITS", ""), header.get("DATA_TYPE", "ACCELERATION")
    if unit.lower() not in UNITS or kind.upper() != "ACCELERATION":
        raise RecordingUnusable(
            "unit not stated" if kind.upper() == "ACCELERATION" else "no acceleration",
            f"{name}: {kind.lower()} in {unit or 'a unit that is not stated'}; acceleration in one of "
            f"{', '.join(UNITS)} is needed. Choose the acceleration file, or ask its owner for the unit.",
        )
    samples = samples_of(name, lines, header_number(name, header, "NDATA", 1, 1e8, int), 1)
    return header, samples[:, 0] * UNITS[unit.lower()]


def _record(name: str, header: dict[str, str], samples: np.ndarray, rate: float) -> Accelerogram:
    stated = f"{header.get('EVENT_DATE_YYYYMMDD', '')} {header.get('EVENT_TIME_HHMMSS', '').partition('.')[0]}".strip()
    time = event_time(name, stated) if stated else ""
    event = header.get("EVENT_ID", "")
    event = event if event and not event.isdigit() else time or Path(name).stem
    station = f"{header.get('NETWORK') or 'XX'}.{header['STATION_CODE']}"
    places = {
        "EVENT_LONGITUDE_DEGREE": columns.EVENT_LONGITUDE,
        "EVENT_LATITUDE_DEGREE": columns.EVENT_LATITUDE,
        "EVENT_DEPTH_KM": columns.HYPOCENTRAL_DEPTH,
        "STATION_LONGITUDE_DEGREE": columns.STATION_LONGITUDE,
        "STATION_LATITUDE_DEGREE": columns.STATION_LATITUDE,
    }
    magnitudes = [number_if_known(name, header, f"MAGNITUDE_{kind}", columns.MAGNITUDE) for kind in "WL"]
    return Accelerogram(
        samples,
        rate,
        record_id=f"{event}_{station}",
        event_id=event,
        station_id=station,
        magnitude=magnitudes[0] if np.isfinite(magnitudes[0]) else magnitudes[1],
        vs30_m_s=number_if_known(name, header, "VS30_M/S", columns.VS30),
        **located(*(number_if_known(name, header, key, column) for key, column in places.items())),
    )
