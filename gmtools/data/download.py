"""One file from one of several addresses: to a temporary file, checked, then moved into place."""

import hashlib
import time
import zipfile
from pathlib import Path
from urllib.parse import urlsplit

from gmtools.cache import replacing
from gmtools.errors import CacheNotWritable, ChecksumMismatch, DataNotFound, DownloadFailed

TIMEOUT_S = (5, 60)  # to connect, between two chunks
WAITS_S = (0.5, 1.5)  # before the second and the third try at one address
_silent = set()  # proxies and hosts that never answered this process: each costs a minute, and is asked once


def sha256_of(path):
    """SHA-256 of a file's bytes, 64 hexadecimal digits."""
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def is_web_page(path):
    """Whether a file starts as HTML does: a log-in or error page saved under a data file's name."""
    with Path(path).open("rb") as stream:
        start = stream.read(1024).lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return start.startswith((b"<!doctype html", b"<html"))


def download(addresses, target, sha256, size, progress=False):
    """Fetch one file, trying its addresses in turn.

    Parameters
    ----------
    addresses : sequence of str
        Addresses of the very same bytes.
    target : Path
        Where the file goes. An older file there stays untouched unless the new one is right.
    sha256 : str
        The hash that the bytes must have.
    size : int
        How many bytes there must be; used in messages only.
    progress : bool
        Draw a progress bar on standard error.

    Returns
    -------
    Path
        ``target``.

    Raises
    ------
    ChecksumMismatch
        When an address answered with other bytes and none with the right ones.
    DownloadFailed
        When no address answered with a file (refused, broke off, sent a web page).
    CacheNotWritable
        When the target's folder cannot be written to.
    """
    failures = []
    for address in addresses:
        try:
            with replacing(target) as temporary:
                _transfer(address, temporary, size, progress)
                _check(address, temporary, sha256, size)
            return target
        except CacheNotWritable:
            raise
        except (DownloadFailed, ChecksumMismatch) as error:
            failures.append(error)
    kind = ChecksumMismatch if any(isinstance(error, ChecksumMismatch) for error in failures) else DownloadFailed
    raise kind(
        f"{target.name} could not be downloaded: {'; '.join(map(str, failures))}. Next step: try again later, or put "
        "the file into a folder that the environment variable GMTOOLS_DATA names."
    )


def _transfer(address, temporary, size, progress):
    """Copy what an address sends into a file, trying again when the connection or the server fails."""
    import pooch
    import requests  # here, not above: it would slow down every start of gmtools

    asked = (
        requests.utils.select_proxy(address, requests.utils.get_environ_proxies(address)) or urlsplit(address).netloc
    )
    if asked in _silent:
        raise DownloadFailed(f"{address}: {asked} did not answer earlier and is not asked again by this process")
    fetch = pooch.HTTPDownloader(progressbar=progress, chunk_size=1 << 16, timeout=TIMEOUT_S)
    for wait in (*WAITS_S, None):
        try:
            return fetch(address, str(temporary), None)
        except requests.HTTPError as error:
            status = error.response.status_code
            reason = f"the server answered {status} {error.response.reason}"
            if status < 500 and status != 429:
                raise DownloadFailed(f"{address}: {reason}") from error
        except requests.RequestException as error:
            received = temporary.stat().st_size if temporary.exists() else 0
            reason = f"the transfer ended after {received} of {size} bytes ({type(error).__name__})"
            if isinstance(error, requests.Timeout) and not received:
                _silent.add(asked)
                break
        if wait is not None:
            time.sleep(wait)
    raise DownloadFailed(f"{address}: {reason}" + ("" if asked in _silent else f", {len(WAITS_S) + 1} times"))


def _check(address, path, sha256, size):
    """Raise unless the file has the promised bytes."""
    actual = sha256_of(path)
    if actual == sha256:
        return
    if is_web_page(path):
        raise DownloadFailed(f"{address}: the server sent a web page instead of the file")
    raise ChecksumMismatch(
        f"{address}: received {path.stat().st_size} bytes with SHA-256 {actual}, "
        f"expected {size} bytes with SHA-256 {sha256}"
    )


def zip_folder(folder, target):
    """Pack the files below a folder into ``target`` and return it; links, and an older ``target``, stay out. Raises
    DataNotFound where there is no file."""
    found = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    paths = sorted(path for path in found if path.resolve() != target.resolve())
    if not paths:
        raise DataNotFound(f"{folder} holds no file. Next step: give the folder that you unpacked the records into.")
    options = {
        "compression": zipfile.ZIP_DEFLATED,
        "compresslevel": 1,
        "strict_timestamps": False,
    }  # zip begins in 1980
    with replacing(target) as temporary, zipfile.ZipFile(temporary, "w", **options) as pack:
        for path in paths:
            pack.write(path, path.relative_to(folder).as_posix())
    return target
