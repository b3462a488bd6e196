"""The built book, where there is one: `make book` makes it, and `.ci/run` runs these tests over it."""

import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pytest
import yaml
from built import HTML, name, needs_book, pages

from bookkit import lessons
from gmtools.cache import PROJECT

pytestmark = needs_book
LOADED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src", "embed": "src"}


class Page(HTMLParser):
    """What a page loads, where it links to, which anchors it has and its pictures."""

    def __init__(self, path: Path):
        super().__init__()
        self.loads, self.links, self.anchors, self.pictures = [], [], set(), []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if values.get("id"):
            self.anchors.add(values["id"])
        if tag in LOADED and values.get(LOADED[tag]):
            self.loads.append(values[LOADED[tag]])
        if tag == "link" and values.get("rel") in ("stylesheet", "preload", "icon"):
            self.loads.append(values["href"])
        if tag == "a" and values.get("href"):
            self.links.append(values["href"])
        if tag == "img":
            self.pictures.append(values)


@cache
def page(path: Path) -> Page:
    return Page(path)


@pytest.fixture(params=pages(), ids=name)
def path(request):
    return request.param


@pytest.fixture(scope="module")
def vendored(skip_unless_ci) -> bool:
    if not (HTML / "_static" / "vendored").is_dir():
        skip_unless_ci("npm was out of reach when the book was built, and the build said so")
    return True


def test_nothing_is_loaded_from_outside(path, vendored):
    assert [address for address in page(path).loads if re.match(r"(https?:)?//", address)] == []


def test_everything_that_is_loaded_is_there(path):
    local = [unquote(a.split("?")[0]) for a in page(path).loads if not re.match(r"(https?:)?//|data:", a)]
    assert [address for address in local if not (path.parent / address).is_file()] == []


def test_no_style_sheet_loads_from_outside(vendored):
    sheets = {path: path.read_text(encoding="utf-8") for path in HTML.rglob("*.css")}
    outside = r"(?:@import|url\()\s*[\"']?(?:https?:)?//"
    assert sheets and [path.name for path, text in sheets.items() if re.search(outside, text)] == []


def test_links_inside_the_book_lead_somewhere(path):
    broken = []
    for link in page(path).links:
        address, anchor = urldefrag(link)
        if re.match(r"\w+:|//", address) or link == "#":
            continue
        target = (path.parent / unquote(address)).resolve() if address else path
        missing = not target.is_file() or (anchor and target.suffix == ".html" and anchor not in page(target).anchors)
        broken += [link] if missing else []
    assert broken == []


def test_every_picture_has_alt_text(path):
    without = [p["src"] for p in page(path).pictures if not p.get("alt") or p["alt"].endswith((".png", ".svg"))]
    assert without == []


def test_every_lesson_ran_and_is_in_the_book():
    for lesson in lessons.discover():
        built = HTML / "notebooks" / lesson.relative.with_suffix(".html")
        text = built.read_text(encoding="utf-8")
        assert "has not been run for this edition" not in text, f"{lesson.name}: gmtools run {lesson.name}"
        assert "Traceback (most recent call last)" not in text


def test_the_download_button_gives_the_working_copy():
    for lesson in lessons.discover():
        offered = HTML / "_sources" / "notebooks" / lesson.relative
        assert lessons.read(offered).metadata.gmtools.copy_of == lesson.relative.as_posix()
        assert f"_sources/notebooks/{lesson.relative.as_posix()}" in (
            HTML / "notebooks" / lesson.relative.with_suffix(".html")
        ).read_text(encoding="utf-8")


def test_the_scoreboard_links_into_the_lessons():
    links = page(HTML / "book" / "scoreboard.html").links
    assert any(re.search(r"notebooks/.+\.html#result-", link) for link in links)


def test_no_page_names_a_folder_of_this_machine(path):
    assert str(PROJECT) not in path.read_text(encoding="utf-8")


def test_no_script_names_a_folder_of_this_machine():
    scripts = [*HTML.rglob("*.js"), *HTML.rglob("*.mjs")]
    named = [path.name for path in scripts if str(PROJECT) in path.read_text(encoding="utf-8", errors="replace")]
    assert scripts and named == []


def test_known_blemishes_are_gone(path):
    text = path.read_text(encoding="utf-8")
    assert "THEBE" not in text
    assert text.count('type="search"') <= 1 + (path.name == "search.html")
    assert not re.search(r"Copyright\s+2023", text)
    assert ":::{" not in text  # a directive that a cell displayed as it stands


def test_the_icons_of_widgets_are_there(vendored):
    script = HTML / "_static/vendored/jupyter-widgets/html-manager/embed-amd.js"
    icons = re.findall(r"[0-9a-f]{20}\.woff2", script.read_text(encoding="utf-8"))
    assert icons and all((script.parent / icon).is_file() for icon in icons)


def test_the_table_of_contents_names_every_lesson():
    toc = yaml.safe_dump(yaml.safe_load((PROJECT / "_toc.yml").read_text(encoding="utf-8")))
    left_out = [
        lesson.name
        for lesson in lessons.discover()
        if f"notebooks/{lesson.relative.with_suffix('').as_posix()}\n" not in toc
    ]
    assert left_out == []


def test_each_page_says_how_to_cite_this_version(path):
    if path.relative_to(HTML).parts[0] not in ("book", "notebooks"):  # slides, search, the first page's redirection
        return
    known = yaml.safe_load((PROJECT / "CITATION.cff").read_text(encoding="utf-8"))
    assert f"<em>{known['title']}</em>, version {known['version']}" in path.read_text(encoding="utf-8")
