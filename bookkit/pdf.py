"""The built book as one PDF: its pages in one document, printed by a headless Chromium."""

import posixpath
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, urldefrag

import yaml

from bookkit.browser import chromium
from gmtools.cache import PROJECT
from gmtools.errors import BookFailed

DOCUMENT = """\
<!doctype html><html lang="en" data-theme="light"><head><meta charset="utf-8"><title>{title}</title>
{head}
<style>
html {{ font-size: 11px; }}
article {{ break-before: page; }}
article:first-of-type {{ break-before: auto; }}
pre, pre span {{ white-space: pre-wrap !important; }}
img, tr, .sd-card {{ break-inside: avoid; max-width: 100%; }}
summary, .headerlink {{ display: none !important; }}
</style></head><body>
{articles}
</body></html>
"""
HEAD = re.compile(r'<link[^>]+rel="stylesheet"[^>]*>|<script[^>]+mathjax/[^>]+></script>|<script>window\.MathJax[^<]*<')
ARTICLE = re.compile(r'<article class="bd-article">(.*?)</article>', re.DOTALL)
TAG = re.compile(r"<[^<>]+>")
ATTRIBUTE = re.compile(r'(?<=\s)(?P<name>id|href|src)="(?P<value>[^"]*)"')
UNFOLD = """document.querySelectorAll("details:not(.hide, .score-all), .tag_folded > details")
  .forEach((folded) => { folded.open = true; })"""
"""Answers and the code that pages fold are printed; the code of figures, which the lessons fold themselves, is not."""
FOOTER = '<p style="font-size: 8px; width: 100%; text-align: center"><span class="pageNumber"></span></p>'
MARGIN = {"top": "15mm", "bottom": "15mm", "left": "14mm", "right": "14mm"}


def make(root: Path = PROJECT) -> Path:
    """Print the book of a project folder to ``_build/html/book.pdf``: A4, with bookmarks and links inside the book; the
    front page then links to it. BookFailed without a built book or MathJax, PackageUnreachable without a Chromium."""
    html = root / "_build" / "html"
    path = html / "book.pdf"
    if not (html / "index.html").exists():
        raise BookFailed(f"There is no book in {html}. Build it first: make book")
    contents = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    pages = {f"{name}.html": (html / f"{name}.html").read_text(encoding="utf-8") for name in reading_order(contents)}
    whole = html.parent / "print.html"
    whole.write_text(document(pages), encoding="utf-8")
    with chromium() as browser:
        page = browser.new_page()
        page.set_default_timeout(600_000)
        page.goto(whole.as_uri(), wait_until="load")
        if not page.evaluate("Boolean(window.MathJax?.startup)"):
            raise BookFailed("The book's formulas cannot be drawn: MathJax is not there. Build it once with a network.")
        page.evaluate("window.MathJax.startup.promise")
        page.evaluate(UNFOLD)
        page.pdf(
            path=path, format="A4", margin=MARGIN, print_background=True, outline=True, tagged=True,
            display_header_footer=True, header_template="<p></p>", footer_template=FOOTER,
        )  # fmt: skip
    _link(html, shown=True)
    return path


def withdraw(root: Path = PROJECT) -> None:
    """Take a PDF away that was printed from other pages than there are now."""
    html = root / "_build" / "html"
    if (html / "book.pdf").exists():
        (html / "book.pdf").unlink()
        _link(html, shown=False)


def _link(html: Path, shown: bool) -> None:
    """Let the front page link to the PDF, or not."""
    front = html / "book" / "index.html"
    text = front.read_text(encoding="utf-8")
    for forms in (('<p id="book-pdf" hidden>', '<p id="book-pdf">'), ('<a data-href="../book', '<a href="../book')):
        text = text.replace(*(forms if shown else forms[::-1]))
    front.write_text(text, encoding="utf-8")


def reading_order(contents: dict | list) -> list[str]:
    """Names of the pages of a table of contents such as ``_toc.yml``, in its order."""
    if isinstance(contents, list):
        return [name for part in contents for name in reading_order(part)]
    own = [contents[key] for key in ("root", "file") if key in contents]
    return own + [name for part in contents.values() if isinstance(part, list) for name in reading_order(part)]


def document(pages: Mapping[str, str], folder: str = "html") -> str:
    """Articles of built pages (path -> HTML, in reading order) as one page with the first one's style: ids stay
    unique, links lead inside, pictures are found in ``folder``."""
    numbers = {name: number for number, name in enumerate(pages)}
    first = next(iter(pages))
    head = "\n".join(part if not part.endswith("<") else f"{part}/script>" for part in HEAD.findall(pages[first]))
    articles = [
        f'<article id="page{number}" class="bd-article">{_moved(ARTICLE.search(pages[name])[1], name, numbers, folder)}'
        for name, number in numbers.items()
    ]
    title = re.search(r"<title>(.*?)(?: &#8212;.*)?</title>", pages[first], re.DOTALL)[1].strip()
    joined = "</article>\n".join([*articles, ""])
    return DOCUMENT.format(title=title, head=_moved(head, first, numbers, folder), articles=joined)


def _moved(html: str, page: str, numbers: Mapping[str, int], folder: str) -> str:
    """HTML of a page with its ids, links and addresses as they are in the one document."""

    def attribute(match: re.Match) -> str:
        """One id, link or address, as it is in the one document."""
        value = match["value"]
        if match["name"] == "id":  # pandas styles its tables by their ids, which are unique
            value = value if value.startswith("T_") else f"page{numbers[page]}-{value}"
        elif not re.match(r"\w+:|//", value):
            address, anchor = urldefrag(value)
            target = posixpath.normpath(posixpath.join(posixpath.dirname(page), unquote(address))) if address else page
            inside = f"#page{numbers.get(target)}" + (f"-{anchor}" if anchor else "")
            value = inside if target in numbers else f"{folder}/{target}"
        return f'{match["name"]}="{value}"'

    return TAG.sub(lambda tag: ATTRIBUTE.sub(attribute, tag[0]), html)
