"""Where the bytes of a data set are, and whether they are the right ones.

Looked for in this order: the folders named in ``GMTOOLS_DATA``, the user's cache folder (``GMTOOLS_CACHE`` overrides
it), the network (``GMTOOLS_OFFLINE=1`` forbids it).
"""

import hashlib
import os
import shutil
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gmtools.cache import replacing
from gmtools.data.download import assemble, download, is_web_page, sha256_of, zip_folder
from gmtools.data.manifests import DataFile, Manifest, manifest, manifests, text
from gmtools.errors import ChecksumMismatch, DataNotFound, DownloadFailed, FormatError

__all__ = ["Copy", "DataFile", "Manifest", "available", "cache_folder", "copies", "data_folders", "find"]
__all__ += ["fingerprint", "import_file", "manifest", "manifests"]

found = set()  # ids of the data sets that this process found: what its results come from
_hashes = {}  # (path, size, modification time) -> SHA-256 of files hashed by this process


@dataclass(frozen=True)
class Copy:
    """One file on this machine that stands for a manifest's file: ``path``, ``place`` ("named folder" or "cache"), and
    its SHA-256, ``expected`` (None for a file of the user's own) and ``actual``."""

    path: Path
    place: str
    expected: str | None
    actual: str

    @property
    def right(self):
        """Whether the bytes are the promised ones."""
        return self.expected in (None, self.actual)


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
    missing = [file for file in manifest(data_id).files if _right_path(file) is None]
    for message in map(_mismatch, missing):
        if message:
            warnings.warn(message, stacklevel=2)
    return not missing


def copies(data_id):
    """What lies on this machine under the names of a data set's files, right or wrong: file name in the manifest ->
    list of :class:`Copy`, in the order in which :func:`find` tries them."""
    return {file.name: list(_copies(file)) for file in manifest(data_id).files}


def import_file(data_id, path, check: Callable[[Path], object] = lambda path: None):
    """Copy a file, or a folder of records (as one archive), that the user got by hand into the cache under the name
    in the manifest, and return its path. What the manifest gives no hash for is first given to ``check``, which raises
    where it is none. Raises DataNotFound, ChecksumMismatch (none of the data set's files), FormatError (a web page) and
    CacheNotWritable."""
    entry, path = manifest(data_id), Path(path).expanduser()
    own = next((file for file in entry.files if file.sha256 is None), None)
    if path.is_dir() and own and own.name.endswith(".zip"):
        check(path)
        return zip_folder(path, cache_folder() / own.name)
    if not path.is_file():
        raise DataNotFound(f"{path} is not a file. Next step: give the path of the file that you downloaded.")
    if is_web_page(path):
        raise FormatError(f"{path} is a web page (often the log-in page). Next step: sign in and download it again.")
    actual = sha256_of(path)
    file = next((file for file in entry.files if file.sha256 == actual), own)
    if file is None:
        names = ", ".join(f"{Path(file.name).name} ({file.sha256[:12]}…)" for file in entry.files)
        raise ChecksumMismatch(
            f"{path} with SHA-256 {actual} is no file of {data_id}, which has {names}. Next step: {_steps(entry)}"
        )
    if file is own:
        check(path)
    with replacing(cache_folder() / file.name) as temporary:
        shutil.copyfile(path, temporary)
    return cache_folder() / file.name


def fingerprint(data_ids=None):
    """64 hexadecimal digits that say which data are here: text of the manifests (of all, or of ``data_ids``), and
    bytes of the files that are the promised ones."""
    digest = hashlib.sha256()
    for data_id in sorted(manifests() if data_ids is None else data_ids):
        digest.update(text(data_id))
        for file in manifest(data_id).files:
            right = next((copy.actual for copy in _copies(file) if copy.right), "")
            digest.update(f"{file.name}\0{right}\n".encode())
    return digest.hexdigest()


def offline():
    """Whether ``GMTOOLS_OFFLINE`` forbids the network: set to anything but 0."""
    return os.environ.get("GMTOOLS_OFFLINE", "") not in ("", "0")


def _copies(file):
    """Yield the copies of one file, each hashed only when it is asked for."""
    for folder, place in [*((folder, "named folder") for folder in data_folders()), (cache_folder(), "cache")]:
        if os.path.isfile(folder / file.name):
            yield Copy(folder / file.name, place, file.sha256, _hash(folder / file.name))


def _right_path(file):
    """Return the first copy with the right bytes, or None."""
    return next((copy.path for copy in _copies(file) if copy.right), None)


def _hash(path):
    """Return a file's SHA-256, read again only after its size or modification time changed."""
    state = path.stat()
    key = (path, state.st_size, state.st_mtime_ns)
    if key not in _hashes:
        _hashes[key] = sha256_of(path)
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
        wrong = _mismatch(file)
        if not wrong:
            raise
        raise ChecksumMismatch(f"{wrong} A fresh copy is not to be had: {error}") from error


def _mismatch(file):
    """Say which copies of a file have which wrong bytes; nothing where there is none."""
    wrong = "; ".join(f"{copy.path} has SHA-256 {copy.actual}" for copy in _copies(file))
    if not wrong:
        return ""
    return (
        f"{file.name} has the wrong bytes: {wrong}; expected SHA-256 {file.sha256}. "
        "Next step: delete the wrong copy and get the file again."
    )


def _refuse(entry, missing):
    """Raise the error for files that are not here and will not be downloaded."""
    wrong = " ".join(filter(None, map(_mismatch, missing)))
    if wrong:
        raise ChecksumMismatch(wrong)
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
