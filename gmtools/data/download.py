"""One file from one of several addresses: to a temporary file, checked, then moved into place."""

import hashlib
import http.client
import io
import time
import zipfile
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np

from gmtools.cache import replacing
from gmtools.errors import CacheNotWritable, ChecksumMismatch, DownloadFailed

TIMEOUT_S = (5, 60)  # to connect, between two chunks
LONGEST_S, SLOWEST_BYTES_S = 120, 20_000  # a download may take the one, and what its size takes at the other
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
    """Fetch one file of ``size`` bytes from the first of its addresses that answers with it, and return ``target``,
    where an older file stays unless the new one is right. Raises ChecksumMismatch (other bytes), DownloadFailed
    (refused, broke off, a web page, too large, too slow) and CacheNotWritable."""
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
    import urllib3

    try:
        proxies = requests.utils.get_environ_proxies(address)
        asked = requests.utils.select_proxy(address, proxies) or urlsplit(address).netloc
    except ValueError as error:
        raise DownloadFailed(f"{address} is no address ({error})") from error
    if asked in _silent:
        raise DownloadFailed(f"{address}: {asked} did not answer earlier and is not asked again by this process")
    for wait in (*WAITS_S, None):
        received = [0]
        try:
            return _receive(address, temporary, size, progress, received)
        except requests.HTTPError as error:
            status = error.response.status_code
            reason = f"the server answered {status} {error.response.reason}"
            if status < 500 and status != 429:
                raise DownloadFailed(f"{address}: {reason}") from error
        except (
            requests.RequestException,
            urllib3.exceptions.HTTPError,
            http.client.HTTPException,
            ValueError,
        ) as error:
            reason = f"the transfer ended after {received[0]} of {size} bytes ({type(error).__name__})"
            if isinstance(error, ValueError):  # an address, its redirection or a header that cannot be understood
                raise DownloadFailed(f"{address}: {reason}") from error
            if isinstance(error, requests.Timeout) and not received[0]:
                _silent.add(asked)
                break
        if wait is not None:
            time.sleep(wait)
    raise DownloadFailed(f"{address}: {reason}" + ("" if asked in _silent else f", {len(WAITS_S) + 1} times"))


def _receive(address, temporary, size, progress, received):
    """One try; ``received`` counts its bytes."""
    import requests
    from tqdm import tqdm

    end, bar = time.monotonic() + LONGEST_S + size / SLOWEST_BYTES_S, tqdm(total=size, unit="B", disable=not progress)
    with requests.get(address, stream=True, timeout=TIMEOUT_S) as response, temporary.open("wb") as file, bar:
        response.raise_for_status()
        while chunk := response.raw.read1(1 << 16, decode_content=True):
            received[0] += len(chunk)
            if received[0] > size:
                raise DownloadFailed(f"{address}: the server sends more than the {size} bytes of the file")
            if time.monotonic() > end:
                raise DownloadFailed(
                    f"{address}: {received[0]} of {size} bytes came in {LONGEST_S} s and more: too slow"
                )
            file.write(chunk)
            bar.update(len(chunk))
        promised = response.headers.get("Content-Length", "")
        if promised.isdecimal() and received[0] < int(promised) and "Content-Encoding" not in response.headers:
            raise requests.ConnectionError("broken off")


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
    """Pack the files below a folder into ``target`` and return it; links, and an older ``target``, stay out."""
    found = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    paths = sorted(path for path in found if path.resolve() != target.resolve())
    options = {
        "compression": zipfile.ZIP_DEFLATED,
        "compresslevel": 1,
        "strict_timestamps": False,
    }  # zip begins in 1980
    with replacing(target) as temporary, zipfile.ZipFile(temporary, "w", **options) as pack:
        for path in paths:
            pack.write(path, path.relative_to(folder).as_posix())
    return target
