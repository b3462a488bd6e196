import pytest

from bookkit import pdf
from gmtools.errors import BookFailed

PAGE = """<html><head><title>%s &#8212; Book</title>
<link rel="stylesheet" href="../_static/a.css" />
<script>window.MathJax = {}</script><script defer="defer" src="../_static/vendored/mathjax/tex.js"></script>
<script src="../_static/other.js"></script></head><body><nav id="side"></nav>
<article class="bd-article">
%s
</article></body></html>"""
FIRST = (
    '<section id="one"><h1>One</h1><a class="x" href="../notebooks/two.html#deep">on</a><img src="../_images/p.png">'
)
SECOND = '<h1 id="one">Two</h1><a href="#deep">here</a><table id="T_1a"></table><a href="https://x.org/#y">out</a>'


@pytest.fixture
def whole():
    pages = {"book/index.html": PAGE % ("One", FIRST), "notebooks/two.html": PAGE % ("Two", SECOND)}
    return pdf.document(pages)


def test_ids_stay_unique_but_those_that_carry_style(whole):
    for identity in ("page0", "page0-one", "page1", "page1-one", "T_1a"):
        assert whole.count(f'id="{identity}"') == 1


def test_links_between_pages_lead_inside_and_others_stay(whole):
    assert '<a class="x" href="#page1-deep">on</a>' in whole and '<a href="#page1-deep">here</a>' in whole
    assert '<a href="https://x.org/#y">out</a>' in whole


def test_pictures_style_and_formulas_are_found_and_the_rest_is_left_out(whole):
    assert '<img src="html/_images/p.png">' in whole and 'href="html/_static/a.css"' in whole
    assert "<script>window.MathJax = {}</script>" in whole and 'src="html/_static/vendored/mathjax/tex.js"' in whole
    assert "other.js" not in whole and "<nav" not in whole and "<title>One</title>" in whole


def test_pages_come_in_the_order_of_the_contents():
    parts = [{"caption": "A", "chapters": [{"file": "b", "sections": [{"file": "c"}]}]}, {"chapters": [{"file": "d"}]}]
    assert pdf.reading_order({"format": "jb-book", "root": "a", "parts": parts}) == ["a", "b", "c", "d"]


def test_without_a_book_there_is_nothing_to_print(tmp_path):
    with pytest.raises(BookFailed, match=r"There is no book in .*html. Build it first: make book"):
        pdf.make(tmp_path)
