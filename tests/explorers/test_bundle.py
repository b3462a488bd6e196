import json
import os
import shutil
import subprocess
import sys

import anywidget
import pytest

from explorers import EXPLORERS, GroundMotion, bundle, npm
from explorers.base import Choice, Explorer, Number, Switch
from gmtools.errors import BookFailed, PackageUnreachable, SettingRefused

FETCHED = bundle.FOLDER / "npm" / "installed"


@pytest.fixture
def offline(monkeypatch):
    monkeypatch.setenv("GMTOOLS_OFFLINE", "1")


def test_the_lock_names_no_address_and_has_a_hash_for_every_package():
    lock = json.loads((bundle.SOURCE / "package-lock.json").read_text())
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert len(packages) > 2
    assert [name for name, package in packages.items() if not package["integrity"].startswith("sha512-")] == []
    for name in ("package.json", "package-lock.json"):
        assert "://" not in (bundle.SOURCE / name).read_text()


def test_offline_the_error_says_what_is_missing_and_why(tmp_path, offline):
    with pytest.raises(
        PackageUnreachable, match=r"packages of explorers/js are not here yet, and GMTOOLS_OFFLINE forbids"
    ):
        bundle.bundle("ground_motion", tmp_path)
    assert not (tmp_path / "ground_motion.js").exists()


def test_offline_the_packages_of_another_lock_stay(tmp_path, offline):
    (tmp_path / "npm").mkdir()
    (tmp_path / "npm" / "installed").write_text("another lock")
    with pytest.raises(PackageUnreachable, match="GMTOOLS_OFFLINE forbids"):
        bundle.bundle("ground_motion", tmp_path)
    assert (tmp_path / "npm" / "installed").read_text() == "another lock"


def test_without_npm_the_error_names_what_to_install(tmp_path, monkeypatch):
    monkeypatch.delenv("GMTOOLS_OFFLINE", raising=False)
    monkeypatch.setattr(npm, "npm_command", lambda: None)
    with pytest.raises(PackageUnreachable, match="there is no npm"):
        bundle.bundle("ground_motion", tmp_path)


def test_what_npm_says_is_passed_on_and_nothing_counts_as_installed(tmp_path, monkeypatch):
    monkeypatch.delenv("GMTOOLS_OFFLINE", raising=False)
    monkeypatch.setattr(npm, "npm_command", lambda: ["npm"])
    said = subprocess.CompletedProcess([], 1, "", "npm error EINTEGRITY sha512-a expected\nnpm error more")
    monkeypatch.setattr(subprocess, "run", lambda *arguments, **options: said)
    with pytest.raises(PackageUnreachable, match="npm ended with 1: npm error EINTEGRITY"):
        bundle.bundle("ground_motion", tmp_path)
    assert not (tmp_path / "npm" / "installed").exists()


@pytest.fixture
def small(tmp_path, skip_unless_ci):
    """Sources of an explorer without packages but esbuild."""
    if not FETCHED.exists():
        if npm.npm_command() is None:
            skip_unless_ci("needs npm")
        bundle.bundle("ground_motion")
    source, folder = tmp_path / "source", tmp_path / "out"
    (source / "core").mkdir(parents=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(bundle.SOURCE / name, source / name)
    (source / "ground_motion.js").write_text('import css from "./a.css";\nexport default { render() { return css; } };')
    (source / "a.css").write_text("p { color: red }")
    (source / "core" / "mount.js").write_text("export const mount = (name, one) => { window[name] = one; };")
    (folder / "npm").mkdir(parents=True)
    shutil.copyfile(FETCHED, folder / "npm" / "installed")
    os.symlink(FETCHED.with_name("node_modules"), folder / "npm" / "node_modules")
    return source, folder


def test_a_bundle_is_made_once_and_again_when_a_source_changes(small, offline, monkeypatch):
    source, folder = small
    made = bundle.bundle("ground_motion", folder, source)
    assert "export{" in made.module.read_text() and "color: red" in made.script.read_text()
    assert made.script.read_text().startswith("(()=>{") and "window[" in made.script.read_text()
    runs = []
    monkeypatch.setattr(bundle, "_esbuild", lambda *arguments: runs.append(arguments))
    bundle.bundle("ground_motion", folder, source)
    assert runs == []
    (source / "a.css").write_text("p { color: blue }")
    bundle.bundle("ground_motion", folder, source)
    assert len(runs) == 2


def test_a_mistake_in_the_javascript_is_told_in_esbuilds_words(small, offline):
    source, folder = small
    (source / "ground_motion.js").write_text("export default {")
    with pytest.raises(BookFailed, match=r"(?s)cannot bundle the explorers.*ground_motion.js:1"):
        bundle.bundle("ground_motion", folder, source)


def test_packages_without_node_are_told_of(small, offline, monkeypatch):
    source, folder = small
    monkeypatch.setattr(npm, "npm_command", lambda tool: None)
    with pytest.raises(PackageUnreachable, match="no node to run esbuild with"):
        bundle.bundle("ground_motion", folder, source)


def test_without_packages_the_pages_say_so_and_load_nothing(monkeypatch):
    def unreachable(*arguments):
        raise PackageUnreachable("npm gave no answer: ['/home/me/npm', 'ci']")

    monkeypatch.setattr(bundle, "bundle", unreachable)
    files, reason = bundle.page_files(["ground_motion"])
    assert list(files) == ["loader.js"] and "/home/me" in reason
    loader = files["loader.js"].decode()
    assert '{"bundled": []}' in loader and "/home/me" not in loader


def test_without_packages_the_widget_says_so_and_python_works(monkeypatch):
    def unreachable(*arguments):
        raise PackageUnreachable("npm gave no answer: ['/home/me/npm', 'ci']")

    monkeypatch.setattr(bundle, "bundle", unreachable)
    explorer = GroundMotion(magnitude=5)
    assert "only its Python part works. The reason stands" in explorer._esm and "render({ el })" in explorer._esm
    assert "/home/me" not in explorer._esm
    assert not explorer.values().empty


class Small(Explorer):
    explorer = "small"
    make_payload = staticmethod(lambda data: b"numbers of " + data.encode())
    depth_km = Number(10, 0, 50, "km")
    place = Choice("Rome", ("Rome", "Tokyo"))
    grid = Switch(False)
    _esm = "export default {}"


def test_an_explorer_is_a_widget_and_a_twin_for_the_page():
    explorer = Small(data="real", depth_km=7, place="Tokyo")
    assert isinstance(explorer, anywidget.AnyWidget) and explorer.payload == b"numbers of real"
    assert explorer.state() == {"depth_km": 7.0, "place": "Tokyo", "grid": False}
    shown, _ = explorer._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in shown
    assert 'data-explorer="small" data-state="{&quot;depth_km&quot;: 7.0' in shown["text/html"]


@pytest.mark.parametrize(
    ("setting", "value", "told"),
    [
        ("depth_km", 51, "Small.depth_km cannot be 51; it takes 0 to 50 km"),
        ("depth_km", "deep", "Small.depth_km cannot be 'deep'"),
        ("place", "Oslo", "Small.place cannot be 'Oslo'; choose among 'Rome', 'Tokyo'"),
    ],
)
def test_settings_outside_of_their_limits_are_refused(setting, value, told):
    with pytest.raises(SettingRefused, match=told):
        Small(**{setting: value})


def test_every_explorer_of_the_list_is_there():
    import explorers

    for name, class_name in EXPLORERS.items():
        assert getattr(explorers, class_name).explorer == name and (bundle.SOURCE / f"{name}.js").exists()
    with pytest.raises(AttributeError, match="has no attribute 'Mars'"):
        _ = explorers.Mars


def test_the_package_alone_imports_no_widget_library():
    code = "import sys, gmtools, bookkit.cli, explorers; print([m for m in sys.modules if 'widget' in m])"
    environment = os.environ | {"PYTHONPATH": str(bundle.PROJECT)}
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert run.stdout.strip() == "[]"
