"""Records of the collection AFAD-1218: MATLAB files, one record each, with VS30, P and S times.

A damaged file can end the interpreter inside SciPy's reader: a process of its own reads them, and only that one ends.
"""

import contextlib
import io
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np

from gmtools.data.accelerograms import Accelerogram, located
from gmtools.errors import FormatError, RecordingUnusable

SOURCE = "the repository brsylmz23/CNNLSTM_DeepEQ"
_FIELDS = ("epicenter", "depth", "magnitudeval", "statID", "statco", "numofData", "Accel", "sampling", "Vs30")
_FIELDS += ("Rhyp", "Ptime", "Stime")
_SERVER = f"""
import io, sys
import numpy as np, scipy.io
while head := sys.stdin.buffer.read(8):
    content, answer = io.BytesIO(sys.stdin.buffer.read(int.from_bytes(head, "big"))), io.BytesIO()
    try:
        record = scipy.io.loadmat(content, variable_names=["EQ"])["EQ"][0, 0]["anEQ"][0, 0]
        np.savez(answer, allow_pickle=False, **{{name: np.asarray(record[name], float) for name in {_FIELDS}}})
    except Exception as error:
        answer = io.BytesIO(repr(error).encode())
    sys.stdout.buffer.write(len(answer.getvalue()).to_bytes(8, "big") + answer.getvalue())
    sys.stdout.buffer.flush()
"""
_lock, _process = threading.Lock(), []


def parse(name: str, content: bytes) -> Accelerogram:
    """Make a record of the name, ``<origin time>_<station>.mat``, and bytes of a file. Samples are cm/s², as its
    publishers say and the file does not. Nothing in the file is executed; its dates, MATLAB objects, stay unread.
    FormatError or RecordingUnusable where it is no such record."""
    fields = _fields(name, content)
    samples = np.atleast_2d(fields["Accel"])
    wanted, interval = _number(fields["numofData"]), _number(fields["sampling"])
    if not 1e-4 <= interval <= 1:
        raise FormatError(f"{name}: the sampling interval is {interval} s. Get the file again.")
    if len(samples) != wanted:
        raise RecordingUnusable(
            "gap", f"{name}: {len(samples)} samples, the file says {wanted:g}: cut off. Get it again."
        )
    latitude, longitude = _pair(fields["epicenter"])
    station_latitude, station_longitude = _pair(fields["statco"])
    stem = Path(name).stem
    return Accelerogram(
        samples,
        1 / interval,
        record_id=stem,
        event_id=stem.partition("_")[0],
        station_id=f"TK.{_number(fields['statID']):04.0f}",
        magnitude=_number(fields["magnitudeval"]),
        vs30_m_s=_number(fields["Vs30"]),
        p_time_s=_number(fields["Ptime"]),
        s_time_s=_number(fields["Stime"]),
        **located(longitude, latitude, _number(fields["depth"]) / 1e3, station_longitude, station_latitude)
        | {"rhyp_km": _number(fields["Rhyp"])},
    )


def _fields(name: str, content: bytes) -> dict[str, np.ndarray]:
    answer = _answer(content)
    if not answer.startswith(b"PK"):
        reason = answer.decode(errors="replace") or "SciPy's reader crashed on it"
        raise FormatError(
            f"{name} is no record of AFAD-1218, a MATLAB file with EQ.anEQ and its fields {', '.join(_FIELDS)} "
            f"({reason[:300]}). Use a file of {SOURCE}."
        )
    with np.load(io.BytesIO(answer), allow_pickle=False) as record:
        return dict(record)


def _answer(content: bytes) -> bytes:
    """What the reading process says of a file's bytes; nothing where it ended."""
    with _lock:
        if not _process or _process[0].poll() is not None:
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
            _process[:] = [subprocess.Popen([sys.executable, "-c", _SERVER], **pipes)]
        with contextlib.suppress(OSError):
            _process[0].stdin.write(len(content).to_bytes(8, "big") + content)
            _process[0].stdin.flush()
            size = int.from_bytes(_process[0].stdout.read(8), "big")
            answer = _process[0].stdout.read(size)
            if size and len(answer) == size:
                return answer
        _process[0].kill()
        _process[0].wait()
        return b""


def _number(field: np.ndarray) -> float:
    """Return the one number of a field, NaN where it is empty."""
    return float(field.ravel()[0]) if field.size else np.nan


def _pair(field: np.ndarray) -> tuple[float, float]:
    return tuple(field.ravel().tolist()) if field.size == 2 else (np.nan, np.nan)
