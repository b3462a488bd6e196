"""Buttons that open a lesson elsewhere: none without a public address, none that leads to a missing file."""

import re
from urllib.parse import parse_qs, urlsplit

import nbformat
import pytest
import yaml
from nbformat.v4 import new_markdown_cell, new_notebook

from bookkit import book
from gmtools.cache import PROJECT

LESSON = "notebooks/00_start_here"


def built_page(root, repository: str) -> str:
    """The HTML of a book of one lesson, with the project's settings and a repository's address."""
    written = yaml.safe_load((PROJECT / "_config.yml").read_text(encoding="utf-8"))
    written["repository"]["url"] = repository
    for setting in ("html_static_path", "html_css_files", "html_js_files"):
        written["sphinx"]["config"][setting] = []
    source = root / "_build" / "book_source"
    (source / "notebooks").mkdir(parents=True)
    (source / "_config.yml").write_text(yaml.safe_dump(book.configuration(written, offline=False)))
    (source / "_toc.yml").write_text(f"format: jb-book\nroot: index\nchapters:\n- file: {LESSON}\n")
    (source / "references.bib").write_bytes((PROJECT / "references.bib").read_bytes())
    (source / "index.md").write_text("# Book\n")
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    lesson = new_notebook(cells=[new_markdown_cell("# Lesson")], metadata={"kernelspec": kernel})
    nbformat.write(lesson, source / f"{LESSON}.ipynb")
    book._sphinx(source, root)
    return (root / "_build" / "html" / f"{LESSON}.html").read_text(encoding="utf-8")


def launch_links(page: str) -> list[str]:
    return re.findall(r'href="(https://(?:mybinder|colab)\.[^"]+)"', page)


def test_the_book_names_no_repository_of_its_own_accord():
    written = yaml.safe_load((PROJECT / "_config.yml").read_text(encoding="utf-8"))
    assert written["repository"]["url"] == "" or written["repository"]["url"].startswith("https://")
    without = {**written, "repository": {"url": "", "branch": "main"}}
    assert "launch_buttons" not in book.configuration(without, offline=True)


def test_without_an_address_there_is_no_button(tmp_path):
    page = built_page(tmp_path, "")
    assert launch_links(page) == [] and "launch-buttons" not in page


def test_with_an_address_the_buttons_lead_to_files_that_are_here(tmp_path):
    binder, colab = sorted(launch_links(built_page(tmp_path, "https://github.com/owner/name")), reverse=True)
    assert binder.startswith("https://mybinder.org/v2/gh/owner/name/lessons?")
    opened = parse_qs(urlsplit(binder).query)["urlpath"][0].removeprefix("lab/tree/")
    start = "https://colab.research.google.com/github/owner/name/blob/lessons/"
    assert opened == colab.removeprefix(start) == f"{LESSON}.ipynb"
    assert (PROJECT / opened).is_file() and (PROJECT / "environment.yml").is_file()


@pytest.mark.parametrize(
    ("address", "buttons"),
    [
        ("https://gitlab.com/owner/name", {"binderhub_url", "notebook_interface"}),
        ("https://git.example.org/owner/name", set()),
    ],
)
def test_colab_opens_no_repository_but_githubs_and_the_theme_only_those_of_two_hosts(address, buttons):
    written = {"repository": {"url": address}, "sphinx": {"config": {}}}
    assert set(book.configuration(written, offline=False).get("launch_buttons", {})) == buttons
