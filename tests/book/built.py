"""Where the built book is, and which pages it has."""

from pathlib import Path

import pytest

from gmtools.cache import PROJECT

HTML = PROJECT / "_build" / "html"
needs_book = pytest.mark.skipif(not (HTML / "index.html").exists(), reason="no book here: make book")


def pages() -> list[Path]:
    return [path for path in sorted(HTML.rglob("*.html")) if not {"_static", "_sources"} & set(relative(path).parts)]


def relative(path: Path) -> Path:
    return path.relative_to(HTML)


def name(path: Path) -> str:
    return relative(path).as_posix()
