"""Where the bytes of a data set are, and whether they are the right ones.

Looked for in this order: the folders named in ``GMTOOLS_DATA`` (by relative path, then by name and SHA-256 anywhere
below), the user's cache folder (``GMTOOLS_CACHE`` overrides it), the network (``GMTOOLS_OFFLINE=1`` forbids it).
"""

import hashlib
import json
import os
import shutil
import warnings
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from gmtools.cache import replacing
from gmtools.data.download import assemble, download, is_web_page, sha256_of, zip_folder
from gmtools.data.manifests import DataFile, Manifest, manifest, manifests, text
from gmtools.errors import CacheNotWritable, ChecksumMismatch, DataNotFound, DownloadFailed, FormatError

__all__ = ["Copy", "DataFile", "Manifest", "available", "cache_folder", "copies", "data_folders", "find"]
__all__ += ["fingerprint", "forget_hashes", "import_file", "manifest", "manifests"]

found = set()  # ids of the data sets that this process found: what its results come from
HASHES = "hashes.json"  # in the cache folder
_indexes = {}  # folder -> (modification times of the folders below it, last name -> paths)
_hashes = {}  # (path, size, modification time) -> SHA-256 of files hashed by this process


@dataclass(frozen=True)
class Copy:
    """One file on this machine that stands for a manifest's file: ``path``, ``place`` ("named folder" or "cache"), and
    its SHA-256, ``expected`` (None for a file of the user's own) and ``actual`` (why there is none, in words)."""

    path: Path
    place: str
    expected: str | None
    actual: str

    @property
    def right(self):
        """Whether the bytes are the promised ones."""
        return " " not in self.actual and self.expected in (None, self.actual)


def data_folders():
    """Folders that ``GMTOOLS_DATA`` names, separated as in ``PATH``."""
    return [Path(entry).expanduser() for entry in os.environ.get("GMTOOLS_DATA", "").split(os.pathsep) if entry]


def cache_folder():
    """Folder for downloaded and imported files: ``GMTOOLS_CACHE``, or gmtools' own in the system's cache folder."""
    if os.environ.get("GMTOOLS_CACHE"):
        return Path(os.environ["GMTOOLS_CACHE"]).expanduser()
    import pooch

    return Path(pooch.os_cache("gmtools"))


def find(data_id, progress=False):
    """Find, check and if need be download the files of a data set: name in the manifest -> path whose SHA-256 was
    checked.

    DataNotFound where a file is in no folder and has no address, or the network is forbidden, with the places;
    ChecksumMismatch where it is there with wrong bytes only; DownloadFailed where no address answered with it.
    """
    entry = manifest(data_id)
    paths = {file.name: _right_path(file) for file in entry.files}
    missing = [file for file in entry.files if paths[file.name] is None]
    if missing and (offline() or not all(file.addresses for file in missing)):
        _refuse(entry, missing)
    for file in missing:
        paths[file.name] = _fetch(file, progress)
    found.add(data_id)
    return paths


def available(data_id):
    """Whether all files of a data set are on this machine with the right bytes; never uses the network. Warns of a
    file with wrong bytes only; DataNotFound where no manifest has this id, which is not the same as absent data."""
    for file in manifest(data_id).files:
        if _right_path(file) is None:
            wrong = list(_copies(file))
            if wrong:
                warnings.warn(_mismatch(file, wrong), stacklevel=2)
            return False
    return True


def copies(data_id):
    """What lies on this machine under the names of a data set's files, right or wrong: file name in the manifest ->
    list of :class:`Copy`, in the order in which :func:`find` tries them."""
    return {file.name: list(_copies(file)) for file in manifest(data_id).files}


def import_file(data_id, path, check: Callable[[Path], object] = lambda path: None):
    """Copy a file, or a folder of records (as one archive), that the user got by hand into the cache and return its
    path. A file that the manifest gives no hash for is first given to ``check``, which raises where it is none, and
    keeps its name, with its hash beside it. Raises DataNotFound, ChecksumMismatch (none of the data set's files),
    FormatError (empty, a web page) and CacheNotWritable."""
    entry, path = manifest(data_id), Path(path).expanduser()
    archive = next((file for file in entry.files if file.sha256 is None and file.name.endswith(".zip")), None)
    if path.is_dir() and archive:
        if not any(found.is_file() for found in path.rglob("*")):
            raise DataNotFound(f"{path} holds no file. Next step: give the folder that you unpacked the records into.")
        check(path)
        target = zip_folder(path, cache_folder() / archive.name)
        return _note_import(archive, target, sha256_of(target))
    _check_import(path)
    actual = sha256_of(path)
    known = next((file for file in entry.files if file.sha256 == actual), None)
    if known:
        return _copy(path, cache_folder() / known.name)
    own = [file for file in entry.files if file.sha256 is None]
    if not own:
        names = ", ".join(f"{Path(file.name).name} ({file.sha256[:12]}…)" for file in entry.files)
        raise ChecksumMismatch(
            f"{path} with SHA-256 {actual} is no file of {data_id}, which has {names}. "
            f"Next step: {_steps(entry) or 'gmtools data fetch ' + data_id}"
        )
    check(path)
    file = next((file for file in own if Path(file.name).name == path.name), own[0])
    return _note_import(file, _copy(path, (cache_folder() / file.name).with_name(path.name)), actual)


def fingerprint(data_ids=None):
    """64 hexadecimal digits that say which data are here: text of the manifests (of all, or of ``data_ids``), and
    bytes of the files that are the promised ones. Hashes are kept in the cache folder, and a file is read again when
    its size or time is new."""
    kept = _kept_hashes()
    _hashes.update({key: value for key, value in kept.items() if key not in _hashes})
    digest = hashlib.sha256()
    for data_id in sorted(manifests() if data_ids is None else data_ids):
        digest.update(text(data_id))
        for file in manifest(data_id).files:
            right = next((copy.actual for copy in _copies(file) if copy.right), "")
            digest.update(f"{file.name}\0{right}\n".encode())
    if _hashes != kept:
        _keep_hashes()
    return digest.hexdigest()


def forget_hashes():
    """Make this process read every file again before it trusts it."""
    _hashes.clear()


def offline():
    """Whether ``GMTOOLS_OFFLINE`` forbids the network: set to anything but 0."""
    return os.environ.get("GMTOOLS_OFFLINE", "") not in ("", "0")


def _kept_hashes():
    """Return the hashes that earlier processes kept, by path, size and modification time; none where they cannot."""
    try:
        rows = json.loads((cache_folder() / HASHES).read_text(encoding="utf-8"))
        return {(Path(path), size, modified): value for path, size, modified, value in rows}
    except (OSError, ValueError, TypeError, RecursionError):
        return {}


def _keep_hashes():
    """Keep the hashes of files that are still as they were."""
    rows = [[str(path), size, modified, value] for (path, size, modified), value in _hashes.items()]
    rows = [row for row in rows if _modified(row[0]) == row[2]]
    with suppress(CacheNotWritable, OSError), replacing(cache_folder() / HASHES) as temporary:
        temporary.write_text(json.dumps(rows), encoding="utf-8")


def _copies(file):
    """Yield the copies of one file, each hashed only when it is asked for. What only has its last name counts with the
    right bytes alone: a reader's own events.csv is no wrong copy of ours."""
    for folder in data_folders():
        exact = folder / file.name
        if os.path.isfile(exact):
            yield Copy(exact, "named folder", file.sha256, _hash(exact))
        for path in _same_name(folder, file) if file.sha256 else ():
            if os.path.getsize(path) == file.bytes and _hash(path) == file.sha256:
                yield Copy(path, "named folder", file.sha256, file.sha256)
    cached, expected, note = cache_folder() / file.name, file.sha256, _record(file)
    if file.sha256 is None and os.path.isfile(note):
        try:
            record = json.loads(note.read_text(encoding="utf-8"))
            cached, expected = note.with_name(Path(record["file"]).name), str(record["sha256"])
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            yield Copy(note, "cache", None, "a damaged note of an import: delete it and import again")
            return
    if os.path.isfile(cached):
        yield Copy(cached, "cache", expected, _hash(cached))


def _right_path(file):
    """Return the first copy with the right bytes, or None."""
    return next((copy.path for copy in _copies(file) if copy.right), None)


def _same_name(folder, file):
    """Files below a folder that share a file's last name and lie where no manifest expects another file."""
    expected_there = {folder / other.name for entry in manifests().values() for other in entry.files}
    return [path for path in _index(folder)[Path(file.name).name] if path not in expected_there and path.is_file()]


def _index(folder):
    """Map last names to paths for all files below a folder; walked again only after one of its folders changed."""
    known = _indexes.get(folder)
    if known and all(_modified(path) == then for path, then in known[0].items()):
        return known[1]
    modified, paths = {}, defaultdict(list)
    for parent, _, names in os.walk(folder):
        modified[Path(parent)] = _modified(parent)
        for name in names:
            paths[name].append(Path(parent) / name)
    _indexes[folder] = (modified, paths)
    return paths


def _modified(path):
    """Return a path's modification time in nanoseconds, or None when it is gone or hidden."""
    with suppress(OSError):
        return os.stat(path).st_mtime_ns
    return None


def _hash(path):
    """Return a file's SHA-256, read again only after its size or modification time changed, or why there is none."""
    try:
        state = path.stat()
        key = (path, state.st_size, state.st_mtime_ns)
        if key not in _hashes:
            _hashes[key] = sha256_of(path)
    except OSError as error:
        return f"not to be read ({error.strerror})"
    return _hashes[key]


def _fetch(file, progress):
    """Download one file into the cache, or what it is made from; when that fails, say so together with the wrong copies
    on this machine."""
    try:
        target, made = cache_folder() / file.name, file.made_from
        if not made:
            return download(file.addresses, target, file.sha256, file.bytes, progress)
        archive = download(file.addresses, target.with_suffix(".zip"), made["sha256"], made["bytes"], progress)
        return assemble(archive, target, file.sha256, file.bytes, made["member"], made["columns"])
    except DownloadFailed as error:
        wrong = list(_copies(file))
        if not wrong:
            raise
        raise ChecksumMismatch(f"{_mismatch(file, wrong)} A fresh copy is not to be had: {error}") from error


def _mismatch(file, wrong):
    """Say which copies of a file have which wrong bytes."""
    found = "; ".join(
        f"{copy.path} is {copy.actual}"
        if " " in copy.actual
        else f"{copy.path} has {os.path.getsize(copy.path)} bytes, SHA-256 {copy.actual}"
        for copy in wrong
    )
    size = "" if file.bytes is None else f"{file.bytes} bytes, "
    return (
        f"{file.name} has the wrong bytes: {found}; expected {size}SHA-256 {wrong[0].expected}. "
        "Next step: delete the wrong copy and get the file again."
    )


def _refuse(entry, missing):
    """Raise the error for files that are not here and will not be downloaded."""
    for file in missing:
        wrong = list(_copies(file))
        if wrong:
            raise ChecksumMismatch(_mismatch(file, wrong))
    names = ", ".join(file.name for file in missing[:3]) + (f" and {len(missing) - 3} more" if missing[3:] else "")
    named = [f"{folder}{'' if os.path.isdir(folder) else ' (there is no such folder)'}" for folder in data_folders()]
    places = f"{', '.join(named) or 'no named folder (GMTOOLS_DATA is not set)'} and the cache {cache_folder()}"
    raise DataNotFound(
        f"{entry.id} ({entry.title}): {len(missing)} of {len(entry.files)} files missing: {names}. "
        f"Looked in {places}. Next step: {_steps(entry)}"
    )


def _steps(entry):
    """Say what a person does to get a data set."""
    if entry.access == "open":
        forbidden = " (GMTOOLS_OFFLINE forbids the network now: unset it)" if offline() else ""
        return f"gmtools data fetch {entry.id}{forbidden}, or name a folder that holds the files in GMTOOLS_DATA."
    return " ".join(f"({number}) {step}" for number, step in enumerate(entry.steps, start=1))


def _check_import(path):
    """Raise unless a path is a file that may hold data."""
    if not os.path.isfile(path):
        raise DataNotFound(f"{path} is not a file. Next step: give the path of the file that you downloaded.")
    try:
        what = "empty" if path.stat().st_size == 0 else "a web page (often the log-in page)" * is_web_page(path)
    except OSError as error:
        what = f"not to be read ({error.strerror})"
    if what:
        raise FormatError(f"{path} is {what}, not data. Next step: sign in, then download the file again.")


def _copy(source, target):
    """Copy a file into the cache in one step."""
    with replacing(target) as temporary:
        shutil.copyfile(source, temporary)
    return target


def _record(file):
    """Path of the note that says which file the user imported for a manifest's file without a hash."""
    return cache_folder() / f"{file.name}.imported.json"


def _note_import(file, target, actual):
    """Note which file in the cache stands for a manifest's file without a hash, and its hash."""
    note = {"file": target.name, "sha256": actual, "bytes": target.stat().st_size}
    with replacing(_record(file)) as temporary:
        temporary.write_text(json.dumps(note), encoding="utf-8")
    return target
