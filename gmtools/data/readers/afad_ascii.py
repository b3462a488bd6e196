"""AFAD's older ASCII format ("Strong ground motion records of Turkiye"): one file with three columns."""

import re

import numpy as np

from gmtools import columns
from gmtools.data.accelerograms import Accelerogram, located
from gmtools.data.readers import event_time, header_number, number_if_known, samples_of
from gmtools.errors import FormatError, RecordingUnusable

SOURCE = "AFAD"
MARK = "STRONG GROUND MOTION RECORDS OF TURKIYE"
_COLUMNS = ["N-S", "E-W", "U-D"]
_NEEDED = ("EARTHQUAKE DATE", "EPICENTER COORDINATES", "STATION ID", "NUMBER OF DATA", "SAMPLING INTERVAL (sec)")


def parse(name: str, content: bytes) -> Accelerogram:
    """Make a record of a file's name and bytes; event id is the origin time (14 digits), station id TK and AFAD's code.
    The header's line of PGA values must name gal (cm/s²); VS30 and P and S times are not in these files. Raises
    FormatError and RecordingUnusable."""
    lines = content.decode("latin-1").splitlines()
    titles = next((number for number, line in enumerate(lines[:60]) if line.split()[:1] == ["N-S"]), None)
    if MARK not in content[:200].decode("latin-1") or titles is None:
        raise FormatError(f"{name} does not begin with {MARK!r}, or has no line of columns. Use a file of {SOURCE}.")
    header = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines[:titles])}
    lacking = [key for key in _NEEDED if not header.get(key)]
    if lacking:
        raise FormatError(f"{name}: the header lacks {', '.join(lacking)}. Use a file as {SOURCE} offers it.")
    if not any("PGA VALUES (gal)" in key for key in header):
        raise RecordingUnusable(
            "unit not stated",
            f"{name}: no line 'PGA VALUES (gal)' says that samples are cm/s². Get the file from {SOURCE}.",
        )
    if lines[titles].split() != _COLUMNS:
        raise RecordingUnusable(
            "component missing", f"{name}: columns are {lines[titles].split()}; {_COLUMNS} are needed."
        )
    interval = header_number(name, header, "SAMPLING INTERVAL (sec)", 1e-4, 1)
    samples = samples_of(name, lines[titles + 1 :], header_number(name, header, "NUMBER OF DATA", 1, 1e8, int), 3)
    event, station = event_time(name, header["EARTHQUAKE DATE"]), f"TK.{header['STATION ID']}"
    latitude, longitude = _place(name, header["EPICENTER COORDINATES"])
    station_latitude, station_longitude = _place(name, header.get("STATION COORDINATES", ""))
    depth = number_if_known(name, header, "EARTHQUAKE DEPTH (km)", columns.HYPOCENTRAL_DEPTH)
    # Such as 6.5 Mw, or several with their kinds.
    header["EARTHQUAKE MAGNITUDE"] = next(iter(header.get("EARTHQUAKE MAGNITUDE", "").split()), "")
    return Accelerogram(
        samples,
        1 / interval,
        record_id=f"{event}_{station}",
        event_id=event,
        station_id=station,
        magnitude=number_if_known(name, header, "EARTHQUAKE MAGNITUDE", columns.MAGNITUDE),
        **located(longitude, latitude, depth, station_longitude, station_latitude),
    )


def _place(name: str, text: str) -> tuple[float, float]:
    """Latitude and longitude of a text like 36.91980N-27.44350E; NaN where there is none."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*N\s*-\s*(\d+(?:\.\d+)?)\s*E", text)
    if text.strip(" -NE") and not found:
        raise FormatError(f"{name}: the place {text!r} is not like 36.91980N-27.44350E. Correct it.")
    return (float(found[1]), float(found[2])) if found else (np.nan, np.nan)
