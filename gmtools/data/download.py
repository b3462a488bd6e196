"""One file from one of several addresses: to a temporary file, checked, then moved into place."""

import hashlib
import io
import time
import zipfile
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np

from gmtools.cache import replacing
from gmtools.errors import CacheNotWritable, ChecksumMismatch, DownloadFailed

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
    return start.startswith((b"<!doctype html", b"<html", b"<head"))


def download(addresses, target, sha256, size, progress=False):
    """Fetch one file of ``size`` bytes from the first of its addresses that answers with it, and return ``target``,
    where an older file stays unless the new one is right. Raises ChecksumMismatch (other bytes), DownloadFailed
    (refused, broke off, a web page, too large) and CacheNotWritable."""
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
    import requests  # here, not above: it would slow down every start of gmtools

    proxies = requests.utils.get_environ_proxies(address)
    asked = requests.utils.select_proxy(address, proxies) or urlsplit(address).netloc
    if asked in _silent:
        raise DownloadFailed(f"{address}: {asked} did not answer earlier and is not asked again by this process")
    for wait in (*WAITS_S, None):
        try:
            return _receive(address, temporary, size, progress)
        except requests.HTTPError as error:
            reason = f"the server answered {error.response.status_code} {error.response.reason}"
            again = error.response.status_code >= 500
        except requests.RequestException as error:
            reason = f"the transfer broke off ({type(error).__name__})"
            again = not isinstance(error, requests.Timeout)
            if not again:
                _silent.add(asked)
        if wait is None or not again:
            raise DownloadFailed(f"{address}: {reason}")
        time.sleep(wait)


def _receive(address, temporary, size, progress):
    """One try."""
    import requests
    from tqdm import tqdm

    bar = tqdm(total=size, unit="B", disable=not progress)
    with requests.get(address, stream=True, timeout=TIMEOUT_S) as response, temporary.open("wb") as file, bar:
        response.raise_for_status()
        for chunk in response.iter_content(1 << 16):
            bar.update(file.write(chunk))
            if file.tell() > size:
                raise DownloadFailed(f"{address}: the server sends more than the {size} bytes of the file")


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


def assemble(archive, target, sha256, size, member, columns):
    """Write variables of a MATLAB file in a zip archive, whose bytes were checked, as a csv table (its header ->
    variable), and return ``target``; ChecksumMismatch where the table is not the promised one."""
    import pandas as pd
    from scipy.io import loadmat

    with zipfile.ZipFile(archive) as pack:
        variables = loadmat(io.BytesIO(pack.read(member)))
    values = {name: variables[variable].ravel() for name, variable in columns.items()}
    values |= {name: np.char.strip(value) for name, value in values.items() if value.dtype.kind == "U"}
    with replacing(target) as temporary:
        pd.DataFrame(values).to_csv(temporary, index=False, lineterminator="\n")
        _check(archive.name, temporary, sha256, size)
    return target


def zip_folder(folder, target):
    """Pack the files below a folder into ``target`` and return it; links stay out."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    options = {"compression": zipfile.ZIP_DEFLATED, "strict_timestamps": False}  # zip begins in 1980
    with replacing(target) as temporary, zipfile.ZipFile(temporary, "w", **options) as pack:
        for path in paths:
            pack.write(path, path.relative_to(folder).as_posix())
    return target
