"""Predictions for records that a network did not learn from, kept beside the networks: a small table for comparisons.

``networks/predictions/NAME.npz`` holds an array for each variant in half precision, ``NAME.json`` where they come from.
They are what a table of many networks needs, which themselves are too many to keep.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from gmtools import columns
from gmtools.cache import replacing
from gmtools.errors import FormatError, UnknownModel
from gmtools.networks import FOLDER


def digest(frame: pd.DataFrame) -> str:
    """Digest of the earthquakes and stations of a table's records, in their order."""
    names = frame[columns.EVENT].astype(str) + " " + frame[columns.STATION].astype(str)
    return hashlib.sha256("\n".join(names).encode()).hexdigest()


def save(name: str, frame: pd.DataFrame, arrays: Mapping[str, np.ndarray], folder=FOLDER / "predictions", **facts):
    """Write arrays (..., n_records) for the records of ``frame``; ``facts`` say as JSON where they come from.

    FormatError where an array has another last axis or holds NaN.
    """
    for key, values in arrays.items():
        if values.shape[-1] != len(frame) or not np.isfinite(values).all():
            raise FormatError(f"{key} of {name} has shape {values.shape} for {len(frame)} records, or holds NaN.")
    path = Path(folder) / f"{name}.npz"
    half = {key: values.astype("float16") for key, values in arrays.items()}
    with replacing(path) as temporary, temporary.open("wb") as stream:
        np.savez_compressed(stream, allow_pickle=False, **half)
    facts = {"name": name, "records": len(frame), "digest": digest(frame), **facts}
    with replacing(path.with_suffix(".json")) as temporary:
        temporary.write_text(json.dumps(facts, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def load(name: str, frame: pd.DataFrame, folder=FOLDER / "predictions") -> tuple[dict[str, np.ndarray], dict]:
    """Arrays (..., n_records) in float32, and the facts, of predictions for the records of ``frame``.

    UnknownModel where there are none of that name, FormatError where they are for other records.
    """
    path = Path(folder) / f"{name}.npz"
    if not path.is_file():
        known = ", ".join(sorted(other.stem for other in Path(folder).glob("*.npz"))) or "none"
        raise UnknownModel(f"No predictions are called {name!r} in {folder}; there are {known}.")
    facts = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    if facts["digest"] != digest(frame):
        raise FormatError(
            f"{path} was made for {facts['records']:,} other records than these {len(frame):,}: the data have changed. "
            f"Make it anew: gmtools run {facts.get('lesson', 'LESSON')} --profile full."
        )
    with np.load(path, allow_pickle=False) as file:
        return {key: file[key].astype("float32") for key in file.files}, facts
