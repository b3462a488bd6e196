"""Three-component recordings of ambient noise: whatever ObsPy reads, SESAME's SAF, and the text of a Tromino."""

import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from gmtools.data.readers import reject_web_page
from gmtools.data.recording import COMPONENTS, Recording
from gmtools.errors import DataNotFound, FormatError, RecordingUnusable

SOURCE = "where you got it"
LABELS = {"N": "ns", "1": "ns", "NS": "ns", "H1": "ns", "E": "ew", "2": "ew", "EW": "ew", "H2": "ew"}
LABELS |= {"Z": "vt", "V": "vt", "3": "vt", "UD": "vt"}
"""What files call the components: SEED's last letter, SAF's channel ids. 1 and 2 are taken as north and east."""
_SAF = re.compile(rb"\s*SESAME ASCII data format", re.IGNORECASE)
_RATE = re.compile(r"sampling\s+rate\D*([\d.]+)", re.IGNORECASE)
_NUMBERS = re.compile(r"\s*(?:[-+]?\d*\.?\d+(?:[eE][-+]?\d+)?[\s,;]+){2}[-+]?\d*\.?\d+")


def read(paths: str | Path | Iterable[str | Path]) -> Recording:
    """Read one recording.

    Parameters
    ----------
    paths : path or several
        One file with all three components (miniSEED, GSE2, SAF, a Tromino's text export), or one for each (SAC). A text
        with a line "Sampling rate" and columns ns, ew, vt after the header is taken as a Tromino's; the columns of a
        SAF file are told apart by their CHn_ID and turned to north by NORTH_ROT.

    Returns
    -------
    Recording
        Cut to the time span that the components share; named after the first file.

    Raises
    ------
    RecordingUnusable
        A component is missing or there twice; the message lists the channels found.
    RecordingUnusable
        A component has a gap; says where and how long.
    RecordingUnusable
        The components are sampled at different rates.
    RecordingUnusable
        A component is constant.
    FormatError
        The file is a web page, cut off, or of no known format.
    DataNotFound
        There is no such file.
    """
    paths = [Path(paths)] if isinstance(paths, str | Path) else [Path(path) for path in paths]
    for path in paths:
        if not path.is_file():
            raise DataNotFound(f"{path} is not a file. Give the path of a recording, or of three.")
        reject_web_page(path, SOURCE)
    if len(paths) == 1:
        head = paths[0].read_bytes()[:4096]
        if _SAF.match(head):
            return _saf(paths[0])
        if _RATE.search(head.decode("latin-1")):
            return _tromino(paths[0])
    return _obspy(paths)


def _obspy(paths: list[Path]) -> Recording:
    import obspy

    stream = obspy.Stream()
    for path in paths:
        try:
            stream += obspy.read(str(path))
        except Exception as error:  # ObsPy's format plugins answer a foreign or cut-off file with many kinds of errors
            raise FormatError(
                f"{path}: ObsPy reads it as no waveform format ({type(error).__name__}: {error}). miniSEED, SAC, GSE2, "
                "SAF and a Tromino's text are understood; get the file again, or export it as one of these."
            ) from error
    return from_stream(stream, paths[0].name)


def from_stream(stream, name: str) -> Recording:
    """Make a recording of an ObsPy stream of one station; the channel's last letter tells the component. Errors of
    :func:`read`."""
    rates = {trace.id: trace.stats.sampling_rate for trace in stream}
    if len({round(rate, 6) for rate in rates.values()}) > 1:
        raise RecordingUnusable(
            "sampling rates differ", f"{name}: sampling rates differ (Hz): {rates}. Resample to the lowest one first."
        )
    # Overlaps have a negative length; they are merged.
    gaps = [gap for gap in stream.get_gaps() if gap[6] > 0]
    if gaps:
        where = f"{'.'.join(gaps[0][:4])} for {gaps[0][6]:.2f} s after {gaps[0][4]}"
        raise RecordingUnusable(
            "gap", f"{name}: {len(gaps)} gaps, the first in {where}. Read the longest part without one."
        )
    stream = stream.copy().merge()
    channels = sorted(trace.id for trace in stream)
    found = [LABELS.get(trace.stats.channel[-1:].upper()) for trace in stream]
    order = _in_order(found, channels, name)
    start = max(trace.stats.starttime for trace in stream)
    stream.trim(start, min(trace.stats.endtime for trace in stream))
    length = min(trace.stats.npts for trace in stream) if len(stream) == 3 else 0
    if not length:
        raise RecordingUnusable(
            "component missing", f"{name}: {', '.join(channels)} share no time span. Give files of one recording."
        )
    return Recording(*(stream[place].data[:length] for place in order), stream[0].stats.sampling_rate, name)


def _in_order(found: list[str | None], channels: list[str], name: str) -> list[int]:
    """Places of ns, ew and vt among the channels."""
    if sorted(component for component in found if component) != sorted(COMPONENTS):
        listed = ", ".join(channels) or "none"
        raise RecordingUnusable(
            "component missing",
            f"{name}: one channel each for north, east and vertical is needed, found: {listed}. "
            f"Their names end with one of {', '.join(LABELS)}; give the files of one station together.",
        )
    return [found.index(component) for component in COMPONENTS]


def _saf(path: Path) -> Recording:
    text = path.read_text(encoding="latin-1")
    head, _, body = text.partition("####")
    header = {
        key.strip().upper(): value.strip()
        for key, mark, value in (line.partition("=") for line in head.splitlines() if not line.startswith("#"))
        if mark
    }
    lacking = {"SAMP_FREQ", "NDAT", "CH0_ID", "CH1_ID", "CH2_ID"} - set(header)
    if lacking or not body:
        raise FormatError(f"{path}: the SAF header lacks {', '.join(sorted(lacking)) or 'its last line, ####---'}.")
    channels = [header[f"CH{number}_ID"] for number in range(3)]
    found = [LABELS.get(channel.upper().rpartition(" ")[2]) for channel in channels]
    order = _in_order(found, channels, path.name)
    samples = _table(body.splitlines()[1:], path)
    if len(samples) != int(header["NDAT"]):
        raise FormatError(
            f"{path}: {len(samples)} samples, its header promises {header['NDAT']}: cut off. Get it again."
        )
    ns, ew, vt = samples[:, order].T
    angle = np.radians(float(header.get("NORTH_ROT") or 0))
    north, east = ns * np.cos(angle) - ew * np.sin(angle), ns * np.sin(angle) + ew * np.cos(angle)
    return Recording(north, east, vt, float(header["SAMP_FREQ"]), header.get("STA_CODE") or path.name)


def _tromino(path: Path) -> Recording:
    lines = path.read_text(encoding="latin-1").splitlines()
    start = next((number for number, line in enumerate(lines) if _NUMBERS.match(line)), None)
    if start is None:
        raise FormatError(f"{path}: names a sampling rate, but no line holds three numbers. Export the time series.")
    rate = float(_RATE.search("\n".join(lines[:start]))[1])
    return Recording(*_table(lines[start:], path).T, rate, path.name)


def _table(lines: list[str], path: Path) -> np.ndarray:
    """First three columns of the lines, (n_samples, 3)."""
    try:
        return np.loadtxt(lines, usecols=(0, 1, 2), ndmin=2, comments=None)
    except (ValueError, IndexError) as error:
        raise FormatError(f"{path}: three columns of numbers are expected after the header ({error}).") from error
