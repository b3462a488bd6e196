"""Buttons that open a lesson elsewhere: none without a public address, none that leads to a missing file."""

import json
import os
import re
import subprocess
import sysconfig
import venv
from urllib.parse import parse_qs, urlsplit

import nbformat
import pytest
import yaml
from nbformat.v4 import new_markdown_cell, new_notebook

from bookkit import book, lessons
from bookkit.working import Workshop
from gmtools.cache import PROJECT

LESSON = "notebooks/00_start_here"


def built_page(root, repository: str) -> str:
    """The HTML of a book of one lesson, with the project's settings and a repository's address."""
    written = yaml.safe_load((PROJECT / "_config.yml").read_text(encoding="utf-8"))
    written["repository"]["url"] = repository
    for setting in ("html_static_path", "html_css_files", "html_js_files"):
        written["sphinx"]["config"][setting] = []
    del written["html"]["favicon"]
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


RUN_CELLS = """
import json, sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
for source in json.load(open(sys.argv[1], encoding="utf-8")):
    result = shell.run_cell(source)
    if result.error_in_exec or result.error_before_exec:
        sys.exit(str(result.error_in_exec or result.error_before_exec))
import gmtools
print("ran with", gmtools.__file__)
"""


def test_a_working_copy_brings_the_project_to_where_it_is_not_and_runs(tmp_path):
    """The cells of a copy in a new environment, in an empty folder, twice: the first cell installs, then all run.

    The environment sees the packages of this one through a .pth file and asks no index. So this does not show that the
    4 GB of packages can be had from one, nor that they get along with those that Colab has already.
    """
    if not (PROJECT / ".git").exists():
        pytest.skip("no git checkout, so nothing to clone from")
    subprocess.run(["git", "clone", "--quiet", "--bare", PROJECT, tmp_path / "project.git"], check=True)
    copy = Workshop(repository=(tmp_path / "project").as_posix()).copy(lessons.select(["00"])[0])
    cells = [cell.source for cell in copy.cells if cell.cell_type == "code"]
    cells = [
        re.sub(r"^profile = .*\n(.*\n)data = .*", r'profile = "smoke"\n\1data = "simulated"', cell) for cell in cells
    ]
    (tmp_path / "cells.json").write_text(json.dumps(cells), encoding="utf-8")
    venv.create(tmp_path / "environment", with_pip=True)
    python = tmp_path / "environment" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    there = [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    packages = subprocess.run(there, capture_output=True, text=True, check=True).stdout.strip()
    # Python 3.11 puts an old setuptools there, which would build in place of ours.
    subprocess.run([python, "-m", "pip", "uninstall", "--quiet", "--yes", "setuptools"], check=True)
    with open(f"{packages}/of_the_book.pth", "w", encoding="utf-8") as path:
        path.write(sysconfig.get_path("purelib"))
    (tmp_path / "empty").mkdir()
    own = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "GMTOOLS_DATA")}
    own |= {"HOME": str(tmp_path), "USERPROFILE": str(tmp_path), "PIP_NO_INDEX": "1", "PIP_NO_BUILD_ISOLATION": "0"}
    command = [python, "-c", RUN_CELLS, tmp_path / "cells.json"]
    first, second = (
        subprocess.run(command, cwd=tmp_path / "empty", env=own, capture_output=True, text=True, encoding="utf-8")
        for _ in range(2)
    )
    assert "Installed. Restart the kernel" in first.stdout + first.stderr, first.stdout + first.stderr
    assert second.returncode == 0, second.stdout + second.stderr
    assert f"ran with {tmp_path / 'gmtools-book' / 'gmtools'}" in second.stdout
