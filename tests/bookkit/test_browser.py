import sys

import pytest

from bookkit import browser as browsers
from gmtools.errors import PackageUnreachable

PAGE = """<!doctype html><html lang="en"><head><title>Page</title><link rel="icon" href="data:,"></head><body><main>
<h1>Page</h1>%s</main></body></html>"""


@pytest.fixture
def written(tmp_path):
    def write(body: str):
        (tmp_path / "page.html").write_text(PAGE % body)
        return tmp_path / "page.html"

    return write


def test_a_sound_page_has_no_fault_from_a_folder_and_from_a_server(written, visit, serve, axe):
    path = written("<p>Text</p>")
    for address in (path.as_uri(), serve(path.parent) + path.name):
        opened = visit(address)
        assert (opened.page.title(), opened.faults, axe(opened.page)) == ("Page", [], [])


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("<script>console.error('lost')</script>", "console: lost"),
        ("<script>undefined_name()</script>", "script: undefined_name is not defined"),
        ('<img src="missing.png" alt="none">', "404: "),
        ('<img src="https://example.org/a.png" alt="far">', "asks another host: https://example.org/a.png"),
    ],
)
def test_each_kind_of_fault_is_seen(written, visit, serve, body, fault):
    path = written(body)
    assert any(fault in found for found in visit(serve(path.parent) + path.name).faults)


def test_axe_finds_a_planted_fault(written, visit, axe):
    opened = visit(written('<p style="color: #ccc">Pale</p><input>').as_uri())
    assert sorted({found.split(":")[0] for found in axe(opened.page)}) == ["color-contrast", "label"]


def test_a_named_program_that_is_not_there(monkeypatch):
    monkeypatch.setenv("GMTOOLS_CHROMIUM", "/nowhere/chromium")
    with pytest.raises(PackageUnreachable, match=r"no Chromium: /nowhere/chromium\. Name its program"):
        browsers._program("/nowhere/own")


def test_no_browser_at_all(monkeypatch):
    monkeypatch.delenv("GMTOOLS_CHROMIUM", raising=False)
    monkeypatch.setattr(browsers.shutil, "which", lambda name: None)
    with pytest.raises(PackageUnreachable, match=r"no Chromium: chromium, .*, /nowhere/own\..*apt install"):
        browsers._program("/nowhere/own")


def test_without_playwright(monkeypatch):
    monkeypatch.setitem(sys.modules, "playwright.sync_api", None)
    with pytest.raises(PackageUnreachable, match=r"pip install -e .\[test\]"), browsers.chromium():
        pass
