"""Files of a folder, of a zip or of a tar archive, each unpacked when it is asked for and never to disk."""

import io
import re
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path, PurePosixPath

from gmtools.data.readers import BROKEN_ARCHIVE, reject_large_member
from gmtools.errors import FormatError

ENDING = re.compile(r"\.(?:zip|tar|tar\.gz|tgz|tar\.bz2|tar\.xz)$", re.IGNORECASE)
DEEPEST = 3
"""Archives in archives: all events, an event, one network's files."""
LARGEST_RATIO = 100
"""Bytes that one byte of an archive may become, all files together: text becomes some ten."""
_LITTER = re.compile(r"(?:^|/)(?:__MACOSX/|\._|\.DS_Store$|Thumbs\.db$|desktop\.ini$)")

Files = Mapping[str, Callable[[], bytes]]


class Budget:
    """Bytes that may still be unpacked of one file that a user gave, archives within it included."""

    def __init__(self, packed: int):
        self.left = LARGEST_RATIO * packed + 2**26

    def take(self, name: str, size: int) -> None:
        """Count a member; FormatError where it is too large, or all together are."""
        reject_large_member(name, size)
        self.left -= size
        if self.left < 0:
            raise FormatError(
                f"{name}: its archive becomes more than {LARGEST_RATIO} times as large when it is unpacked, which no "
                "archive of records does. If it is what you expect, unpack it by hand."
            )


def is_litter(name: str) -> bool:
    """Whether a file is what an operating system left beside the others."""
    return bool(_LITTER.search(name))


def in_folder(folder: Path) -> Files:
    """The files below a folder."""
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): partial(_bytes, path) for path in paths}


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise FormatError(f"{path} cannot be read ({error.strerror}). Give yourself the right to.") from error


def in_archive(name: str, content: bytes, budget: Budget, source: str) -> Files:
    """The files of a zip or tar archive, in its order."""
    stream = io.BytesIO(content)
    try:
        if content.startswith(b"PK"):
            archive = zipfile.ZipFile(stream)
            infos = [(info.filename, info.file_size, info) for info in archive.infolist() if not info.is_dir()]
            load = archive.read
        else:
            archive = tarfile.open(fileobj=stream)  # noqa: SIM115 it stays open for what is asked later
            infos = [(info.name, info.size, info) for info in archive.getmembers() if info.isfile()]
            load = partial(_from_tar, archive)
    except BROKEN_ARCHIVE as error:
        raise FormatError(f"{name} is no whole zip or tar archive ({error}). Get it again from {source}.") from error
    return {inner: partial(_member, load, info, inner, size, budget, source) for inner, size, info in infos}


def _from_tar(archive: tarfile.TarFile, info: tarfile.TarInfo) -> bytes:
    return archive.extractfile(info).read()


def _member(load, info, name: str, size: int, budget: Budget, source: str) -> bytes:
    budget.take(name, size)
    try:
        return load(info)
    except BROKEN_ARCHIVE as error:
        raise FormatError(
            f"{name} cannot be unpacked ({error}). Download its archive again from {source}; unpack one with a "
            "password by hand."
        ) from error


def suffix(name: str) -> str:
    """Ending of a file's name in small letters."""
    return PurePosixPath(name).suffix.lower()
