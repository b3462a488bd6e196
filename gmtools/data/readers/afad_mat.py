"""Records of the collection AFAD-1218: MATLAB files, one record each, with VS30, P and S times."""

import io
from pathlib import Path

import numpy as np

from gmtools.data.accelerograms import Accelerogram
from gmtools.data.readers import reject_web_page
from gmtools.data.readers.dyna_ascii import located
from gmtools.errors import FormatError, RecordingUnusable

SOURCE = "the repository brsylmz23/CNNLSTM_DeepEQ"
_FIELDS = ("epicenter", "depth", "magnitudeval", "statID", "statco", "numofData", "Accel", "sampling", "Vs30")
_FIELDS += ("Rhyp", "Ptime", "Stime")


def read(path: str | Path) -> Accelerogram:
    """Read ``<origin time>_<station>.mat``. Samples are cm/s², as its publishers say and the file does not. Nothing
    in the file is executed; its dates, MATLAB objects, stay unread. FormatError or RecordingUnusable where it is no
    such record."""
    path = Path(path)
    reject_web_page(path, SOURCE)
    return parse(path.name, path.read_bytes())


def parse(name: str, content: bytes) -> Accelerogram:
    """Make a record of a file's name and bytes; otherwise as :func:`read`."""
    fields = _fields(name, content)
    samples = np.atleast_2d(fields["Accel"]).astype(float)
    wanted = _number(fields["numofData"])
    if len(samples) != wanted:
        raise RecordingUnusable(
            "gap", f"{name}: {len(samples)} samples, the file says {wanted:g}: cut off. Get it again."
        )
    latitude, longitude = _pair(fields["epicenter"])
    station_latitude, station_longitude = _pair(fields["statco"])
    stem = Path(name).stem
    return Accelerogram(
        samples,
        1 / _number(fields["sampling"]),
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
    import scipy.io

    try:
        record = scipy.io.loadmat(io.BytesIO(content), variable_names=["EQ"])["EQ"][0, 0]["anEQ"][0, 0]
        return {field: record[field] for field in _FIELDS}
    except Exception as error:  # SciPy answers a foreign or cut-off file with many kinds of errors
        raise FormatError(
            f"{name} is no record of AFAD-1218, a MATLAB file with EQ.anEQ and its fields {', '.join(_FIELDS)} "
            f"({error!r}). Use a file of {SOURCE}."
        ) from error


def _number(field: np.ndarray) -> float:
    """Return the one number of a field, NaN where it is empty."""
    values = np.asarray(field).ravel()
    return float(values[0]) if values.size and np.issubdtype(values.dtype, np.number) else np.nan


def _pair(field: np.ndarray) -> tuple[float, float]:
    values = np.asarray(field, float).ravel()
    return (float(values[0]), float(values[1])) if values.size == 2 else (np.nan, np.nan)
