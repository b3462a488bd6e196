"""Manifests: each one holds the schema, and a bad one is refused with the key and the next step."""

import importlib.util
import os
import re
import shutil
from pathlib import Path

import pytest
import yaml

from gmtools import targets
from gmtools.data import catalog, manifests
from gmtools.errors import DataNotFound, ManifestError

GOOD = {
    "id": "toy",
    "title": "A toy data set",
    "citation": "Nobody (2026). Nothing.",
    "doi": None,
    "licence": "none stated",
    "access": "open",
    "kind": "measured",
    "study": ["ann_gmm_iran"],
    "rows": 3,
    "reader": "",
    "provenance": "Made up for a test.",
    "faults": [],
    "steps": [],
    "files": [{"name": "toy/a.csv", "sha256": "0" * 64, "bytes": 3, "addresses": ["https://example.org/a.csv"]}],
}
OWN = {"name": "toy/a.csv", "sha256": None, "bytes": None, "addresses": []}


@pytest.fixture
def write(tmp_path, monkeypatch):
    """A function that writes a changed copy of the good manifest into an otherwise empty folder of manifests."""
    shutil.copy(manifests.FOLDER / "schema.json", tmp_path)
    monkeypatch.setattr(manifests, "FOLDER", tmp_path)

    def write(name="toy", drop=(), **changes):
        content = {key: value for key, value in {**GOOD, "id": name, **changes}.items() if key not in drop}
        (tmp_path / f"{name}.yml").write_text(yaml.safe_dump(content))

    return write


def test_every_manifest_of_the_project_holds_the_schema():
    known = catalog.manifests()
    assert {"nga_west2_extract", "iran_kuehn", "sedaghati_pezeshk_2026_models", "peer_nga_west2"} <= set(known)
    assert [entry.id for entry in known.values()] == sorted(path.stem for path in manifests.FOLDER.glob("*.yml"))


def test_official_sets_say_how_a_person_gets_them():
    own = [entry for entry in catalog.manifests().values() if any(file.sha256 is None for file in entry.files)]
    assert len(own) == 7
    for entry in own:
        assert len(entry.steps) >= 3
        read = entry.reader or entry.columns
        used = rf"gmtools data import {entry.id} (FILE|FOLDER)" if read else "No lesson reads it"
        assert re.search(used, entry.steps[-1])


def test_addresses_name_a_commit_and_are_encrypted():
    addresses = [a for entry in catalog.manifests().values() for file in entry.files for a in file.addresses]
    pattern = r"https://raw\.githubusercontent\.com/[^/]+/[^/]+/[0-9a-f]{40}/\S+"
    assert len(addresses) > 60
    for address in addresses:
        assert re.fullmatch(pattern, address), address


def test_each_study_of_a_manifest_has_its_targets():
    assert {study for entry in catalog.manifests().values() for study in entry.study} <= targets.studies().keys()


def test_no_two_manifests_name_the_same_file():
    names = [file.name for entry in catalog.manifests().values() for file in entry.files]
    assert len(names) == len(set(names))


def test_readers_exist():
    readers = {entry.reader for entry in catalog.manifests().values()} - {""}
    assert "gmtools.data.readers.iran.read" in readers
    for reader in readers:
        assert importlib.util.find_spec(reader.rpartition(".")[0]), f"{reader} is named by a manifest, but not there"


@pytest.mark.skipif(not os.environ.get("GMTOOLS_DATA"), reason="GMTOOLS_DATA names no mirror")
def test_every_file_of_the_mirror_is_the_promised_one():
    catalog._hashes.clear()
    copies = [copy for data_id in catalog.manifests() for found in catalog.copies(data_id).values() for copy in found]
    assert copies
    assert [copy.path for copy in copies if not copy.right] == []


@pytest.mark.skipif(not os.environ.get("GMTOOLS_DATA"), reason="GMTOOLS_DATA names no mirror")
def test_sizes_and_list_of_hashes_of_the_mirror_agree_with_the_manifests():
    files = {file.name: file for entry in catalog.manifests().values() for file in entry.files if file.sha256}
    for folder in catalog.data_folders():
        for name in files.keys() & {str(path.relative_to(folder)) for path in folder.rglob("*")}:
            assert (folder / name).stat().st_size == files[name].bytes
        sums = folder / "SHA256SUMS"
        listed = dict(reversed(line.split("  ./")) for line in sums.read_text().splitlines()) if sums.is_file() else {}
        assert {name: digest for name, digest in listed.items() if name not in files} == {}
        assert {name: digest for name, digest in listed.items() if files[name].sha256 != digest} == {}


def test_a_good_manifest_becomes_a_frozen_record(write):
    write()
    entry = catalog.manifest("toy")
    assert entry.files[0].addresses == ("https://example.org/a.csv",)
    with pytest.raises(AttributeError, match="cannot assign"):
        entry.title = "other"


@pytest.mark.parametrize("access", ["registration", "not public"])
def test_a_file_that_the_user_brings_needs_no_hash(write, access):
    write(access=access, files=[OWN], steps=["Register at the owner's page."])
    assert catalog.manifest("toy").files[0].sha256 is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"files": [{**GOOD["files"][0], "sha256": None}]}, r"toy\.yml: files\.0\.sha256: None.*schema.json"),
        ({"files": [{k: v for k, v in GOOD["files"][0].items() if k != "sha256"}]}, r"'sha256' is a req.*schema.json"),
        ({"files": [{**GOOD["files"][0], "sha256": "abc"}]}, r"files\.0\.sha256: 'abc'.*schema.json"),
        ({"files": [{**GOOD["files"][0], "name": "../a.csv"}]}, r"files\.0\.name: '\.\./a\.csv'"),
        ({"files": [{**GOOD["files"][0], "addresses": []}]}, r"files\.0\.addresses"),
        ({"colour": "red"}, r"toy\.yml: \(top level\).*'colour'"),
        ({"access": "secret"}, r"toy\.yml: access: 'secret' is not one of \['open', 'registration', 'not public'\]"),
        ({"access": "registration"}, r"toy\.yml: steps"),
        ({"doi": "https://doi.org/10.1000/x"}, r"doi: .*write what data_manifests/schema\.json allows"),
        ({"drop": ["licence"]}, r"toy\.yml: \(top level\): 'licence' is a required property"),
    ],
)
def test_a_bad_manifest_is_refused_with_file_key_and_next_step(write, changes, message):
    write(**changes)
    with pytest.raises(ManifestError, match=message):
        catalog.manifests()


@pytest.mark.parametrize("name", ["x\n/../../evil", "C:/evil", "/evil", "a//b", "a/../b", "a.csv\n", "a\\b", ".hidden"])
def test_a_name_stays_in_its_folder(write, name):
    write(files=[{**GOOD["files"][0], "name": name}])
    with pytest.raises(ManifestError, match=r"toy\.yml: files\.0\.name"):
        catalog.manifests()


@pytest.mark.parametrize("text", ["id: toy".encode("utf-16"), "title: \xe4".encode("cp1252"), b"doi: 2026-13-45",
                                  b"- " * 20_000, b"? {a: b}\n: c"])  # fmt: skip
def test_bytes_that_are_no_manifest_are_refused(write, text):
    Path(manifests.FOLDER / "toy.yml").write_bytes(text)
    with pytest.raises(ManifestError, match=r"toy\.yml"):
        catalog.manifests()


def test_a_file_in_two_manifests_is_refused(write):
    write("one")
    write("two")
    with pytest.raises(ManifestError, match=r"two\.yml: files: toy/a\.csv is already named by one\.yml"):
        catalog.manifests()


def test_the_id_is_the_file_name(write):
    write()
    (manifests.FOLDER / "toy.yml").rename(manifests.FOLDER / "other.yml")
    with pytest.raises(ManifestError, match=r"other\.yml: id: 'toy' differs from the file's name"):
        catalog.manifests()


def test_what_is_not_yaml_is_refused(write):
    Path(manifests.FOLDER / "toy.yml").write_text("id: [toy")
    with pytest.raises(ManifestError, match=r"toy\.yml is not YAML: .*line"):
        catalog.manifests()


def test_a_folder_without_manifests_says_how_to_install(write):
    with pytest.raises(ManifestError, match=r"no manifest in .*pip install -e"):
        catalog.manifests()


def test_a_changed_manifest_is_read_again(write):
    write()
    assert catalog.manifest("toy").rows == 3
    write(rows=12345)
    assert catalog.manifest("toy").rows == 12345


def test_an_unknown_id_names_the_nearest_ids():
    with pytest.raises(DataNotFound, match=r"no data set has the id 'nga_west'.*nga_west2_extract"):
        catalog.manifest("nga_west")
