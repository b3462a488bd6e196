"""Three-component recordings of ambient noise: whatever ObsPy reads, SESAME's SAF, and text with three columns."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from gmtools.data.readers import header_number, reject_web_page
from gmtools.data.readers.waveforms import AXES, LETTERS, inventory_of, stream_of, three
from gmtools.data.recording import Recording
from gmtools.errors import DataNotFound, FormatError, RecordingUnusable

SOURCE = "where you got it"
_SAF = re.compile(rb"\s*SESAME ASCII data format", re.IGNORECASE)
_RATE = re.compile(r"sampling\s+(?:rate|frequency)[\s:=,(\[]*(?:hz)?[)\]\s:=,]*([^\n]*)", re.IGNORECASE)
_UNIT = re.compile(r"\s*(?:hz|samples/s(?:ec)?)?\s*$", re.IGNORECASE)  # "128 Hz" is how a Tromino writes it
_SEPARATOR = re.compile(r"\s*[;\t]\s*|,\s+|\s+|(?<=\d),(?=[-+]?\d*\.)")  # a comma between digits may be a decimal one
_NUMBERS = re.compile(r"\s*(?:[-+]?\d*\.?\d+(?:[eE][-+]?\d+)?[\s,;]+){2}[-+]?\d*\.?\d+")


def read(
    paths: str | Path | Iterable[str | Path],
    stations: str | Path | Iterable[str | Path] = (),
) -> Recording:
    """Read one recording.

    Parameters
    ----------
    paths : path or several
        One file with all three components (miniSEED, GSE2, SAF, a Tromino's text export), or one for each (SAC). A text
        has a line "Sampling rate"; its last line before the numbers names the columns, and three columns without names
        are taken as a Tromino's (north, east, vertical) only where the text says that it comes from one. The columns of
        a SAF file are told apart by their CHn_ID and turned to north by NORTH_ROT.
    stations : path or several
        StationXML: channels are turned to north, east and vertical by its azimuths and dips, and divided by their
        sensitivities. Without it only channels whose names end with N, E and Z are understood.

    Returns
    -------
    Recording
        Cut to the time span that the components share; named after the first file.

    Raises
    ------
    RecordingUnusable
        A component is missing, there twice, constant, or points nobody knows where; it has a gap, or two pieces that
        overlap and disagree; sampling rates, or two descriptions of a channel, differ.
    FormatError
        The file is a web page, cut off, or of no known format; a number in its header is none.
    DataNotFound
        There is no such file.
    """
    paths, stations = _listed(paths), _listed(stations)
    contents = {path: path.read_bytes() for path in paths}
    if len(paths) == 1:
        (path, content), text = *contents.items(), None
        if _SAF.match(content[:4096]):
            return _saf(path, content.decode("latin-1"))
        if b"\0" not in content[:4096]:
            text = content.decode("latin-1")
        if text and _RATE.search(text[:4096]) and any(map(_NUMBERS.match, text.splitlines()[:200])):
            return _text(path, text)
    return _obspy(contents, {path.name: inventory_of(path.name, path.read_bytes()) for path in stations})


def _listed(paths) -> list[Path]:
    paths = [Path(paths)] if isinstance(paths, str | Path) else [Path(path) for path in paths]
    for path in paths:
        if not path.is_file():
            raise DataNotFound(f"{path} is not a file. Give the path of a recording, or of three.")
        reject_web_page(path, SOURCE)
    return paths


def _obspy(contents: Mapping[Path, bytes], inventories: Mapping) -> Recording:
    import obspy

    if not contents:
        raise DataNotFound("No file is given. Give the path of a recording, or of three.")
    stream = obspy.Stream()
    for path, content in contents.items():
        stream += stream_of(str(path), content)
    name = next(iter(contents)).name
    samples, first, _ = three(stream, name, inventories)
    return Recording(*samples.T, first.stats.sampling_rate, name)


def _in_order(labels: list[str], name: str) -> list[int]:
    """Places of north, east and up among columns."""
    found = [LETTERS.get(label.upper().split()[-1] if label.split() else "") for label in labels]
    if sorted(found, key=str) != [0, 1, 2]:
        raise RecordingUnusable(
            "component missing",
            f"{name}: one channel each for north, east and vertical is needed, found: {', '.join(labels) or 'none'}. "
            f"They are called {', '.join(LETTERS)}.",
        )
    return [found.index(axis) for axis in range(len(AXES))]


def _saf(path: Path, text: str) -> Recording:
    lines = text.splitlines()
    end = next((number for number, line in enumerate(lines) if line.startswith("####") and "=" not in line), len(lines))
    pairs = (line.partition("=") for line in lines[:end] if not line.startswith("#"))
    header = {key.strip().upper(): value.strip() for key, mark, value in pairs if mark}
    lacking = {"SAMP_FREQ", "NDAT", "CH0_ID", "CH1_ID", "CH2_ID"} - set(header)
    if lacking or end == len(lines):
        raise FormatError(f"{path}: the SAF header lacks {', '.join(sorted(lacking)) or 'its last line, ####---'}.")
    order = _in_order([header[f"CH{number}_ID"] for number in range(3)], path.name)
    wanted = header_number(path.name, header, "NDAT", 1, 1e9, int)
    rate = header_number(path.name, header, "SAMP_FREQ", 1e-3, 1e5)
    samples = _table(lines[end + 1 :], path)
    if len(samples) != wanted:
        raise FormatError(f"{path}: {len(samples)} samples, its header promises {wanted}: cut off. Get it again.")
    ns, ew, vt = samples[:, order].T
    turned = header_number(path.name, header, "NORTH_ROT", -360, 360) if header.get("NORTH_ROT") else 0.0
    angle = np.radians(turned)
    north, east = ns * np.cos(angle) - ew * np.sin(angle), ns * np.sin(angle) + ew * np.cos(angle)
    return Recording(north, east, vt, rate, header.get("STA_CODE") or path.name)


def _text(path: Path, text: str) -> Recording:
    lines = text.splitlines()
    start = next(number for number, line in enumerate(lines) if _NUMBERS.match(line))
    head = "\n".join(lines[:start])
    stated = _RATE.search(head)
    if not stated:
        raise FormatError(f"{path}: no line above the numbers states the sampling rate. Export the time series again.")
    rate = header_number(path.name, {"Sampling rate": _UNIT.sub("", stated[1])}, "Sampling rate", 1e-3, 1e5)
    numbers = [text for text in (_UNIT.sub("", found).strip() for found in _RATE.findall(head)) if text[:1].isdigit()]
    if len(set(numbers)) > 1:
        raise FormatError(f"{path}: sampling rates of {' and '.join(numbers)} are stated. Strike out the wrong one.")
    rows = [_SEPARATOR.split(line.strip()) for line in lines[start:] if line.strip()]
    samples = _table([" ".join(row) for row in rows], path)
    return Recording(*samples[:, _columns(lines[:start], len(rows[0]), path)].T, rate, path.name)


def _columns(head: list[str], count: int, path: Path) -> list[int]:
    """Places of north, east and up: by the last line with their names, or as a Tromino orders them."""
    for line in reversed(head):
        words = re.sub(r"\[[^\]]*\]|\([^)]*\)", " ", line).upper().partition(":")
        labels = [word.strip("#*\"'") for word in re.split(r"[\s,;|]+", words[2] or words[0])]
        labels = [label for label in labels if label]
        places = [place for place, label in enumerate(labels) if label in LETTERS]
        if len(places) == 3:
            order = _in_order([labels[place] for place in places], path.name)
            # "NORTH SOUTH; EAST WEST; UP DOWN" names three columns with six words.
            return [places[place] if len(labels) == count else place for place in order]
    if re.search("tromino|grilla", "\n".join(head), re.IGNORECASE):
        return [0, 1, 2]
    raise RecordingUnusable(
        "orientation unknown",
        f"{path.name}: no line above the numbers says which column is north, east and vertical (the last one is "
        f"{head[-1] if head else ''!r}). Write their names, such as N E Z, into the line above the first number.",
    )


def _table(lines: list[str], path: Path) -> np.ndarray:
    """Columns of the lines, (n_samples, 3 or more)."""
    try:
        table = np.loadtxt(lines, ndmin=2, comments=None)
    except (ValueError, IndexError) as error:
        raise FormatError(f"{path}: three columns of numbers are expected after the header ({error}).") from error
    if table.shape[1] < 3:
        raise FormatError(f"{path}: three columns of numbers are expected after the header, found {table.shape[1]}.")
    return table
