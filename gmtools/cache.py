"""Arrays that cost time to compute: computed once, kept below ``_build/models``, and loaded afterwards."""

import hashlib
import json
import os
import uuid
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from filelock import FileLock

from gmtools.errors import CacheNotWritable, FormatError

PROJECT = Path(__file__).resolve().parents[1]
ROOM = "make room on the disk, or name a folder that you may write to (GMTOOLS_CACHE, for what is downloaded)."


def once(name, inputs, make, folder=None):
    """Load arrays that an earlier run kept for the same inputs, or compute and keep them below ``_build/models``.

    ``inputs`` is everything that decides the result: arrays, values that JSON knows, and paths of modules, whose
    contents are hashed so that a change of code counts. ``make()`` returns a list of arrays. FormatError where the kept
    file is damaged; CacheNotWritable where the folder is, or the disk is full: no half-written file stays behind.
    """
    folder = Path(folder or PROJECT / "_build" / "models")
    path = folder / f"{name}-{key(inputs)}.npz"
    with locked(path):  # two lessons that run side by side compute it once
        if not path.exists():
            arrays = make()
            with replacing(path) as temporary, temporary.open("wb") as file:
                np.savez(file, allow_pickle=False, **{f"array_{i}": values for i, values in enumerate(arrays)})
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


@contextmanager
def locked(path):
    """Hold the lock of a file (``PATH.lock`` for its ending) until the block ends; CacheNotWritable where there can
    be none."""
    lock = FileLock(path.with_suffix(".lock"))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except OSError as error:
        raise CacheNotWritable(f"cannot lock {path}: {error}. Next step: remove {lock.lock_file}, or {ROOM}") from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def replacing(target):
    """Give a temporary path beside ``target`` that replaces it in one step when the block ends well. Folders are
    made; CacheNotWritable where they cannot be written to; no half-written file stays behind."""
    temporary = target.with_name(f".{target.name}.{uuid.uuid4().hex}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        os.replace(temporary, target)
    except OSError as error:
        raise CacheNotWritable(f"cannot write {target}: {error.strerror or error}. Next step: {ROOM}") from error
    finally:
        if temporary.parent.is_dir():
            temporary.unlink(missing_ok=True)


def _read(path):
    try:
        with np.load(path, allow_pickle=False) as file:
            return [file[f"array_{i}"] for i in range(len(file.files))]
    except Exception as error:  # NumPy and zipfile raise a dozen kinds for a damaged file
        raise FormatError(f"{path} does not hold plain arrays ({error}). Delete it to compute them again.") from None
