"""Arrays that cost time to compute: computed once, kept below ``_build/models``, and loaded afterwards."""

import hashlib
import json
import os
import zipfile
from pathlib import Path

import numpy as np
from filelock import FileLock

from gmtools.errors import FormatError

PROJECT = Path(__file__).resolve().parents[1]


def once(name, inputs, make, folder=None):
    """Load arrays that an earlier run kept for the same inputs, or compute and keep them.

    Parameters
    ----------
    name : str
        Beginning of the file's name, such as "squeezenet_fine_tuned".
    inputs : sequence
        Everything that decides the result: arrays, and values that JSON knows (settings, seeds, versions). To make a
        change of code count, pass its modules' paths (``pathlib.Path``): their contents are hashed.
    make : callable
        Without arguments; returns a list of arrays, such as ``model.get_weights()``.
    folder : path-like, optional
        Instead of ``_build/models``.

    Returns
    -------
    list of ndarray

    Raises
    ------
    FormatError
        The kept file is damaged.
    """
    folder = Path(folder or PROJECT / "_build" / "models")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{key(inputs)}.npz"
    with FileLock(path.with_suffix(".lock")):  # two lessons that run side by side compute it once
        if not path.exists():
            _write(path, make())
        return _read(path)


def key(inputs):
    """Twelve hexadecimal digits that change when one of the inputs of :func:`once` does."""
    digest = hashlib.sha256()
    for value in inputs:
        if isinstance(value, np.ndarray):
            digest.update(f"{value.dtype}{value.shape}".encode() + np.ascontiguousarray(value).tobytes())
        elif isinstance(value, Path):
            digest.update(value.read_bytes())
        else:
            digest.update(json.dumps(value, sort_keys=True).encode())
        digest.update(b"\0")
    return digest.hexdigest()[:12]


def _write(path, arrays):
    """Write under another name, then move: a reader never sees half a file."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with temporary.open("wb") as file:
        np.savez(file, allow_pickle=False, **{f"array_{i}": values for i, values in enumerate(arrays)})
    temporary.replace(path)


def _read(path):
    try:
        with np.load(path, allow_pickle=False) as file:
            return [file[f"array_{i}"] for i in range(len(file.files))]
    except (KeyError, ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise FormatError(f"{path} does not hold plain arrays ({error}). Delete it to compute them again.") from None
