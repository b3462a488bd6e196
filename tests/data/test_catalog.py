"""The catalog against broken files, broken servers and missing data. The only server is this machine."""

import argparse
import hashlib
import io
import os
import re
import shutil
import subprocess
import sys
import threading
import zipfile
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pandas as pd
import pytest
import yaml
from scipy.io import savemat

from bookkit.data_commands import add_data_commands
from gmtools import studies
from gmtools.cache import replacing
from gmtools.data import catalog, download, manifests
from gmtools.errors import CacheNotWritable, ChecksumMismatch, DataNotFound, DownloadFailed, FormatError

DATA = b"magnitude,rjb_km\n6.5,30\n" * 400
FLIPPED = bytes([DATA[0] ^ 1]) + DATA[1:]
HASH = hashlib.sha256(DATA).hexdigest()
TOY = {
    "id": "toy",
    "title": "A toy data set",
    "citation": "Nobody (2026). Nothing.",
    "doi": None,
    "licence": "none stated",
    "kind": "measured",
    "study": ["ann_gmm_iran"],
    "rows": 3,
    "reader": "",
    "provenance": "Made up for a test.",
    "faults": [],
    "steps": ["Ask the owner."],
}
OWN = {"name": "toy/a.csv", "sha256": None, "bytes": None, "addresses": []}
PAGE = b"\n<!DOCTYPE html><html><body>Please sign in</body></html>"


class Server(ThreadingHTTPServer):
    """Answers each path with what ``answers`` holds: (status, body, bytes that the header promises)."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answer)
        self.answers, self.asked = {}, Counter()

    def address(self, path, body=DATA, status=200, promised=None):
        """Serve ``body`` at a path and return its address."""
        self.answers[f"/{path}"] = (status, body, len(body) if promised is None else promised)
        return f"http://127.0.0.1:{self.server_port}/{path}"


class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked[self.path] += 1
        status, body, promised = self.server.answers[self.path]
        if callable(status):
            status = status(self.server.asked[self.path])
        self.send_response(status)
        self.send_header("Content-Length", str(promised))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(download, "WAITS_S", (0.01, 0.01))
    with Server() as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache, no named folder, and a folder of manifests without any."""
    monkeypatch.delenv("GMTOOLS_DATA", raising=False)
    monkeypatch.delenv("GMTOOLS_OFFLINE", raising=False)
    monkeypatch.setenv("GMTOOLS_CACHE", str(tmp_path / "cache"))
    (tmp_path / "manifests").mkdir()
    shutil.copy(manifests.FOLDER / "schema.json", tmp_path / "manifests")
    monkeypatch.setattr(manifests, "FOLDER", tmp_path / "manifests")
    return tmp_path / "cache"


@pytest.fixture
def mirror(tmp_path, monkeypatch, cache):
    """A folder named in GMTOOLS_DATA."""
    (tmp_path / "mirror" / "toy").mkdir(parents=True)
    monkeypatch.setenv("GMTOOLS_DATA", str(tmp_path / "mirror"))
    return tmp_path / "mirror"


def declare(*addresses, **changes):
    """Write the manifest ``toy`` with one file, toy/a.csv."""
    file = {"name": "toy/a.csv", "sha256": HASH, "bytes": len(DATA), "addresses": list(addresses)}
    content = {**TOY, "access": "open" if addresses else "not public", "files": [file], **changes}
    (manifests.FOLDER / "toy.yml").write_text(yaml.safe_dump(content))


def declare_own(**changes):
    """Write the manifest ``toy`` for a file that the user gets by registering."""
    declare(access="registration", steps=["Register at https://example.org."], files=[OWN], **changes)


def files_below(folder):
    """Everything that is not a folder, hidden files too."""
    return sorted(path.name for path in folder.rglob("*") if not path.is_dir())


def run(*arguments):
    """Run ``gmtools data ...`` and return its exit status."""
    parser = argparse.ArgumentParser()
    add_data_commands(parser.add_subparsers())
    parsed = parser.parse_args(["data", *map(str, arguments)])
    return parsed.run(parsed)


def test_a_named_folder_comes_before_cache_and_network(mirror, cache, server):
    declare(server.address("a.csv"))
    (mirror / "toy" / "a.csv").write_bytes(DATA)
    assert catalog.find("toy") == {"toy/a.csv": mirror / "toy" / "a.csv"}
    assert not server.asked


def archived(path, **variables):
    """A zip archive with a MATLAB file, and its bytes."""
    inner = io.BytesIO()
    savemat(inner, variables)
    with zipfile.ZipFile(path, "w") as pack:
        pack.writestr("deep/a.mat", inner.getvalue())
    return path.read_bytes()


def declare_made(server, content, table):
    """Write the manifest ``toy`` with a file that is made from an archive."""
    made = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content), "member": "deep/a.mat"}
    made["columns"] = {"depth_km": "depth", "station": "code"}
    file = {"name": "toy/a.csv", "sha256": hashlib.sha256(table).hexdigest(), "bytes": len(table)}
    file |= {"addresses": [server.address("a.zip", content)], "made_from": made}
    declare(file["addresses"][0], files=[file])


def test_a_table_is_made_from_an_archive_and_held_against_its_hash(tmp_path, cache, server):
    content = archived(tmp_path / "a.zip", code=["E.A ", "E.BC"], depth=[[0.1, np.nan]])
    declare_made(server, content, b"depth_km,station\n0.1,E.A\n,E.BC\n")
    assert catalog.find("toy")["toy/a.csv"].read_bytes() == b"depth_km,station\n0.1,E.A\n,E.BC\n"
    assert catalog.available("toy") and server.asked["/a.zip"] == 1
    (cache / "toy" / "a.csv").unlink()
    declare_made(server, content, b"depth_km,station\n0.2,E.A\n")
    with pytest.raises(ChecksumMismatch, match=r"a.zip: received 31 bytes with SHA-256"):
        catalog.find("toy")
    assert files_below(cache) == ["a.zip"], "no table with other bytes stays"
    declare_made(server, content[:-1] + b"x", b"depth_km,station\n0.2,E.A\n")
    server.address("a.zip", content)
    with pytest.raises(ChecksumMismatch, match=r"a.zip could not be downloaded"):
        catalog.find("toy")


@pytest.mark.skipif(not catalog.available("kanto_mesonet_basin_depth"), reason="its table is in no folder")
def test_the_table_of_basin_depths_comes_out_byte_for_byte(tmp_path):
    """From an archive like the public one, made of the numbers of the mirror: 286 stations, padded names."""
    (file,) = catalog.manifest("kanto_mesonet_basin_depth").files
    made = file.made_from
    table = pd.read_csv(catalog.find("kanto_mesonet_basin_depth")[file.name])
    variables = {name: table[ours].to_numpy() for ours, name in made["columns"].items()}
    variables["station"] = [f"{name:7}" for name in table["station"]]
    archived(tmp_path / "a.zip", **variables)
    out = download.assemble(
        tmp_path / "a.zip", tmp_path / "a.csv", file.sha256, file.bytes, "deep/a.mat", made["columns"]
    )
    assert len(out.read_text().splitlines()) == 287


def test_a_file_put_there_after_a_failed_search_is_found(mirror):
    declare()
    assert not catalog.available("toy")
    (mirror / "toy" / "a.csv").write_bytes(DATA)
    assert catalog.available("toy")


def test_a_flipped_byte_names_the_file_both_hashes_and_the_next_step(mirror):
    declare()
    (mirror / "toy" / "a.csv").write_bytes(FLIPPED)
    wrong = hashlib.sha256(FLIPPED).hexdigest()
    with pytest.raises(ChecksumMismatch, match=rf"toy/a\.csv has the wrong bytes: .*{wrong}.*{HASH}.*Next step: del"):
        catalog.find("toy")


def test_a_wrong_copy_is_named_even_when_a_fresh_one_cannot_be_had(mirror, server):
    declare(server.address("a.csv", status=404))
    (mirror / "toy" / "a.csv").write_bytes(FLIPPED)
    with pytest.raises(ChecksumMismatch, match=r"wrong bytes: .*mirror.*fresh copy is not to be had: .*404"):
        catalog.find("toy")


def test_a_wrong_copy_gives_way_to_a_good_download(mirror, cache, server):
    declare(server.address("a.csv"))
    (mirror / "toy" / "a.csv").write_bytes(FLIPPED)
    assert catalog.find("toy")["toy/a.csv"] == cache / "toy" / "a.csv"
    assert (mirror / "toy" / "a.csv").read_bytes() == FLIPPED


def test_a_file_changed_after_it_was_checked_is_not_trusted(mirror):
    declare()
    path = mirror / "toy" / "a.csv"
    path.write_bytes(DATA)
    catalog.find("toy")
    path.write_bytes(FLIPPED)
    os.utime(path, ns=(1, 1))
    with pytest.raises(ChecksumMismatch, match="wrong bytes"):
        catalog.find("toy")


def test_a_checked_file_is_not_read_again(mirror, monkeypatch):
    declare()
    (mirror / "toy" / "a.csv").write_bytes(DATA)
    catalog.find("toy")
    monkeypatch.setattr(catalog, "sha256_of", lambda path: pytest.fail(f"{path} was read again"))
    assert catalog.available("toy")


def test_available_warns_about_wrong_bytes_and_refuses_an_unknown_id(mirror):
    declare()
    assert not catalog.available("toy")
    (mirror / "toy" / "a.csv").write_bytes(FLIPPED)
    with pytest.warns(UserWarning, match="wrong bytes"):
        assert not catalog.available("toy")
    with pytest.raises(DataNotFound, match=r"the id 'tyo'. Nearest ids: toy"):
        catalog.available("tyo")


def test_missing_data_says_where_it_looked_and_what_to_do(mirror, cache, monkeypatch):
    monkeypatch.setenv("GMTOOLS_DATA", os.pathsep.join([str(mirror), "/no/such/mirror"]))
    declare()
    with pytest.raises(DataNotFound) as raised:
        catalog.find("toy")
    message = str(raised.value)
    assert "1 of 1 files missing: toy/a.csv" in message
    assert f"{mirror}, /no/such/mirror (there is no such folder) and the cache {cache}" in message
    assert message.endswith("Next step: (1) Ask the owner.")


def test_a_data_set_counts_as_found_only_when_its_files_are_there(mirror, monkeypatch):
    monkeypatch.setattr(catalog, "found", set())
    declare()
    with pytest.raises(DataNotFound):
        catalog.find("toy")
    assert catalog.found == set()
    (mirror / "toy" / "a.csv").write_bytes(DATA)
    catalog.find("toy")
    assert catalog.found == {"toy"}


def test_a_download_is_checked_kept_and_not_repeated(cache, server):
    declare(server.address("a.csv"))
    assert catalog.find("toy")["toy/a.csv"].read_bytes() == DATA
    catalog.find("toy")
    assert server.asked == {"/a.csv": 1}
    assert files_below(cache) == ["a.csv"]


def test_the_second_address_is_tried_when_the_first_is_gone(cache, server):
    declare(server.address("gone", status=404), server.address("a.csv"))
    assert catalog.find("toy")["toy/a.csv"].read_bytes() == DATA
    assert server.asked == {"/gone": 1, "/a.csv": 1}


def test_a_server_that_stumbles_is_asked_again(cache, server):
    declare(server.address("a.csv", status=lambda times: 503 if times < 3 else 200))
    assert catalog.find("toy")["toy/a.csv"].read_bytes() == DATA
    assert server.asked == {"/a.csv": 3}


@pytest.mark.parametrize(
    ("answer", "error", "message"),
    [
        ({"body": FLIPPED}, ChecksumMismatch, f"received {len(DATA)} bytes with SHA-256 .*expected .*{HASH}"),
        ({"body": DATA[:100]}, ChecksumMismatch, f"received 100 bytes .*expected {len(DATA)} bytes"),
        (
            {"body": DATA[:100], "promised": len(DATA)},
            DownloadFailed,
            r"the transfer broke off \(ChunkedEncodingError\)",
        ),
        ({"body": PAGE}, DownloadFailed, "the server sent a web page instead of the file"),
        ({"status": 404}, DownloadFailed, "the server answered 404 Not Found"),
        ({"status": 500}, DownloadFailed, "the server answered 500 "),
    ],
    ids=["flipped byte", "shorter file", "transfer broken off", "web page", "not found", "server error"],
)
def test_a_bad_download_has_its_own_error_and_leaves_nothing(cache, server, answer, error, message):
    declare(server.address("a.csv", **answer))
    with pytest.raises(error, match=rf"a\.csv could not be downloaded: .*{message}.*Next step: try again later"):
        catalog.find("toy")
    assert files_below(cache) == []


def test_an_older_good_file_survives_a_bad_download(cache, server):
    target = cache / "toy" / "a.csv"
    target.parent.mkdir(parents=True)
    target.write_bytes(b"older")
    with pytest.raises(ChecksumMismatch, match="could not be downloaded"):
        download.download([server.address("a.csv", body=FLIPPED)], target, HASH, len(DATA))
    assert target.read_bytes() == b"older"
    assert files_below(cache) == ["a.csv"]


def test_an_interrupt_leaves_nothing_half_written(cache):
    with pytest.raises(KeyboardInterrupt), replacing(cache / "a.csv") as temporary:
        temporary.write_bytes(DATA[:50])
        raise KeyboardInterrupt
    assert files_below(cache) == []


def test_a_server_may_not_send_more_than_the_file(cache, server):
    declare(server.address("a.csv", body=DATA * 9))
    with pytest.raises(DownloadFailed, match=f"sends more than the {len(DATA)} bytes of the file"):
        catalog.find("toy")
    assert files_below(cache) == []


def test_a_server_that_is_not_there(cache, server):
    address = server.address("a.csv")
    server.shutdown()
    server.server_close()
    declare(address)
    with pytest.raises(DownloadFailed, match=r"the transfer broke off \(ConnectionError\)"):
        catalog.find("toy")


def test_offline_forbids_the_network(cache, server, monkeypatch):
    declare(server.address("a.csv"))
    monkeypatch.setenv("GMTOOLS_OFFLINE", "1")
    with pytest.raises(DataNotFound, match=r"gmtools data fetch toy \(GMTOOLS_OFFLINE forbids the network now: unset"):
        catalog.find("toy")
    assert not server.asked


def test_a_cache_that_cannot_be_made_says_what_to_set(cache, server):
    declare(server.address("a.csv"))
    cache.write_text("a file where the folder should be")
    with pytest.raises(CacheNotWritable, match=r"cannot write .*a\.csv.*GMTOOLS_CACHE"):
        catalog.find("toy")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_cache_says_what_to_set(cache, server):
    declare(server.address("a.csv"))
    cache.mkdir(mode=0o500)
    with pytest.raises(CacheNotWritable, match=r"Permission denied.*GMTOOLS_CACHE"):
        catalog.find("toy")


def test_importing_a_known_file_puts_it_where_find_looks(cache, tmp_path):
    declare()
    (tmp_path / "renamed.csv").write_bytes(DATA)
    assert catalog.import_file("toy", tmp_path / "renamed.csv") == cache / "toy" / "a.csv"
    assert catalog.available("toy")


def test_importing_a_wrong_file_names_its_hash_and_the_right_ones(cache, tmp_path):
    declare()
    (tmp_path / "a.csv").write_bytes(FLIPPED)
    with pytest.raises(ChecksumMismatch, match=rf"is no file of toy, which has a\.csv \({HASH[:12]}.*Ask the owner"):
        catalog.import_file("toy", tmp_path / "a.csv")
    assert files_below(tmp_path / "cache") == []


def test_importing_a_web_page_is_refused(cache, tmp_path):
    declare_own()
    (tmp_path / "a.csv").write_bytes(PAGE)
    with pytest.raises(FormatError, match=r"a web page \(often the log-in page\).*Next step: sign in"):
        catalog.import_file("toy", tmp_path / "a.csv")


def test_importing_a_file_that_is_not_there(cache, tmp_path):
    declare_own()
    with pytest.raises(DataNotFound, match=r"none\.csv is not a file"):
        catalog.import_file("toy", tmp_path / "none.csv")


def test_an_own_file_is_found_after_its_import(cache, tmp_path):
    declare_own()
    assert not catalog.available("toy")
    (tmp_path / "official.xlsx").write_bytes(DATA)
    assert catalog.import_file("toy", tmp_path / "official.xlsx") == cache / "toy" / "a.csv"
    assert catalog.find("toy") == {"toy/a.csv": cache / "toy" / "a.csv"}


def test_a_folder_of_records_becomes_the_archive_that_the_manifest_names(cache, tmp_path):
    declare(access="registration", files=[{**OWN, "name": "toy/records.zip"}])
    (tmp_path / "mine" / "event").mkdir(parents=True)
    (tmp_path / "mine" / "event" / "a.asc").write_bytes(DATA)
    archive = catalog.import_file("toy", tmp_path / "mine")
    assert archive == cache / "toy" / "records.zip" and catalog.find("toy") == {"toy/records.zip": archive}
    assert zipfile.ZipFile(archive).read("event/a.asc") == DATA
    declare_own()
    with pytest.raises(DataNotFound, match="mine is not a file"):
        catalog.import_file("toy", tmp_path / "mine")


def test_old_files_are_packed_links_are_not(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "secret.asc").write_bytes(b"of someone else")
    (tmp_path / "mine" / "a.asc").write_bytes(DATA)
    os.utime(tmp_path / "mine" / "a.asc", (0, 0))  # 1970, as archives without dates unpack; zip begins in 1980
    (tmp_path / "mine" / "link.asc").symlink_to(tmp_path / "secret.asc")
    (tmp_path / "mine" / "folder").symlink_to(tmp_path)
    archive = download.zip_folder(tmp_path / "mine", tmp_path / "all.zip")
    assert zipfile.ZipFile(archive).namelist() == ["a.asc"]


def test_registration_data_say_where_to_register(cache):
    declare_own()
    with pytest.raises(DataNotFound, match=r"Looked in no named folder .*\(1\) Register at https://example\.org"):
        catalog.find("toy")


def test_the_fingerprint_follows_files_and_manifests_but_not_the_folder(mirror, monkeypatch):
    declare()
    prints = [catalog.fingerprint()]
    (mirror / "toy" / "a.csv").write_bytes(DATA)
    prints.append(catalog.fingerprint())
    declare(rows=4)
    prints.append(catalog.fingerprint())
    assert len(set(prints)) == 3
    monkeypatch.setenv("GMTOOLS_DATA", str(mirror.rename(mirror.with_name("moved"))))
    assert catalog.fingerprint() == catalog.fingerprint(["toy"]) == prints[-1]


def test_a_touched_file_and_a_foreign_one_of_the_same_name_leave_the_fingerprint(mirror, monkeypatch):
    declare()
    path = mirror / "toy" / "a.csv"
    path.write_bytes(DATA)
    before = catalog.fingerprint()
    os.utime(path, ns=(1, 1))
    assert catalog.fingerprint() == before
    (mirror / "mine").mkdir()
    (mirror / "mine" / "a.csv").write_bytes(b"my own")
    assert catalog.fingerprint() == before
    path.write_bytes(FLIPPED)
    assert catalog.fingerprint() != before


def test_list_and_status_print_a_line_for_each_set(mirror, capsys):
    declare()
    (mirror / "toy" / "a.csv").write_bytes(DATA)
    assert run("list") == run("status") == run("status", "toy") == 0
    printed = capsys.readouterr().out
    assert "toy  not public  measured  none stated  A toy data set" in printed
    assert "toy  ok     1/1    9.6 kB  named folder" in printed
    assert "step 1      Ask the owner." in printed


@pytest.mark.parametrize("encoding", ["cp932", "ascii"])
def test_the_list_is_printed_in_any_code_page(encoding):
    command = [sys.executable, "-m", "bookkit.cli", "data", "list"]
    printed = subprocess.run(command, capture_output=True, check=True, env=os.environ | {"PYTHONIOENCODING": encoding})
    assert len(printed.stdout.decode(encoding).splitlines()) > 20 and not printed.stderr


def test_status_ends_with_one_when_a_byte_is_wrong(mirror, capsys):
    declare()
    path = mirror / "toy" / "a.csv"
    path.write_bytes(DATA)
    assert run("status") == 0
    state = path.stat()
    path.write_bytes(FLIPPED)
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    catalog._hashes.clear()  # as a new process begins
    assert run("status") == 1
    assert re.search(r"toy +WRONG", capsys.readouterr().out)


def test_fetch_and_import_print_where_the_files_are(cache, server, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(studies, "TABLES", {})  # theirs are other data sets
    declare(server.address("a.csv"))
    (tmp_path / "a.csv").write_bytes(DATA)
    assert run("fetch", "toy") == run("import", "toy", tmp_path / "a.csv") == 0
    captured = capsys.readouterr()
    assert captured.out.count(str(cache / "toy" / "a.csv")) == 2
    assert "100%" in captured.err
