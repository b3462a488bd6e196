"""The printed book, where there is one: `make pdf` makes it."""

import re
import zlib

import pytest
import yaml

from bookkit.pdf import reading_order
from gmtools.cache import PROJECT

PDF = PROJECT / "_build" / "html" / "book.pdf"
pytestmark = pytest.mark.skipif(not PDF.exists(), reason="no PDF here: make pdf")


@pytest.fixture(scope="module")
def content() -> bytes:
    """The file with its object streams unpacked, where Chromium keeps pages, links and bookmarks."""
    raw = PDF.read_bytes()
    assert raw.startswith(b"%PDF-")
    streams = re.findall(rb"/Type /ObjStm\b.*?stream\r?\n(.*?)\r?\nendstream", raw, re.DOTALL)
    return raw + b"".join(map(zlib.decompress, streams))


def test_each_page_of_the_book_starts_on_a_page_of_its_own(content):
    contents = yaml.safe_load((PROJECT / "_toc.yml").read_text(encoding="utf-8"))
    assert len(re.findall(rb"/Type /Page\b", content)) > 3 * len(reading_order(contents))


def test_it_has_bookmarks_and_links_that_lead_inside(content):
    assert content.count(b"/Outlines") >= 1
    assert len(re.findall(rb"/Dest ?[/(\[]|/S /GoTo", content)) > 100


def test_it_has_text_that_can_be_selected(content):
    assert b"/ToUnicode" in content and b"/Type /Font" in content
