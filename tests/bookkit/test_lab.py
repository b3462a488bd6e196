"""The student's folder: nothing that anybody wrote there is ever replaced."""

import os
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from bookkit import cli, lab, lessons
from bookkit.working import Workshop
from gmtools.cache import PROJECT
from gmtools.errors import BookFailed

KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}


def write_lesson(root: Path, text: str = "# Title", name: str = "12_lesson") -> None:
    path = root / "notebooks" / "10_study" / f"{name}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    cells = [new_markdown_cell(text, id="title"), new_code_cell("x = 1", id="code")]
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": KERNEL}), path)


@pytest.fixture
def root(tmp_path) -> Path:
    (tmp_path / "references.bib").write_text("", encoding="utf-8")
    write_lesson(tmp_path)
    return tmp_path


def deliver(root: Path) -> dict[str, str]:
    """Deliver into ``work`` and return what became of each file."""
    folder = root / "work"
    delivered = lab.deliver(Workshop(root), folder)
    return {delivery.path.relative_to(folder).as_posix(): delivery.result for delivery in delivered}


def opened(root: Path, name: str = "12_lesson") -> tuple[Path, nbformat.NotebookNode]:
    path = root / "work" / "10_study" / f"{name}.ipynb"
    return path, lessons.read(path)


def test_a_copy_that_nobody_touched_is_renewed(root):
    assert deliver(root) == {"10_study/12_lesson.ipynb": "new"}
    path, _ = opened(root)
    first = path.read_bytes()
    assert deliver(root) == {"10_study/12_lesson.ipynb": "as it was"}
    assert path.read_bytes() == first
    write_lesson(root, "# New title")
    assert deliver(root) == {"10_study/12_lesson.ipynb": "renewed"}
    assert "# New title" in path.read_text(encoding="utf-8")


def change_code(notebook):
    notebook.cells[-1].source = "x = 2"


def run_it(notebook):
    notebook.cells[-1].outputs = [new_output("stream", name="stdout", text="1\n")]


def add_a_cell(notebook):
    notebook.cells.append(new_markdown_cell("mine"))


@pytest.mark.parametrize("change", [change_code, run_it, add_a_cell])
def test_what_somebody_wrote_or_ran_stays_and_a_new_edition_lands_beside_it(root, change):
    deliver(root)
    path, notebook = opened(root)
    change(notebook)
    nbformat.write(notebook, path)
    theirs = path.read_bytes()
    assert deliver(root) == {"10_study/12_lesson.ipynb": "yours"}
    write_lesson(root, "# New title")
    assert deliver(root) == {"10_study/12_lesson.new.ipynb": "beside yours"}
    write_lesson(root, "# Newer title")
    assert deliver(root) == {"10_study/12_lesson.new.ipynb": "beside yours"}
    assert path.read_bytes() == theirs
    assert "# Newer title" in opened(root, "12_lesson.new")[0].read_text(encoding="utf-8")


def test_work_in_the_new_edition_stays_as_well(root):
    deliver(root)
    for name, title in (("12_lesson", "# Second"), ("12_lesson.new", "# Third")):
        path, notebook = opened(root, name)
        change_code(notebook)
        nbformat.write(notebook, path)
        write_lesson(root, title)
        deliver(root)
    assert opened(root, "12_lesson.new")[1].cells[-1].source == "x = 2"
    assert opened(root, "12_lesson.new2")[1].cells[0].source == "# Third"
    assert deliver(root) == {"10_study/12_lesson.new2.ipynb": "beside yours"}


@pytest.mark.parametrize(
    "content", ["", "{broken", '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}']
)
def test_a_file_that_is_no_copy_of_ours_stays(root, content):
    path = root / "work" / "10_study" / "12_lesson.ipynb"
    path.parent.mkdir(parents=True)
    path.write_text(content, encoding="utf-8")
    assert deliver(root) == {"10_study/12_lesson.new.ipynb": "beside yours"}
    assert path.read_text(encoding="utf-8") == content


def test_the_report_names_what_is_somebodys_own(root):
    deliver(root)
    path, notebook = opened(root)
    change_code(notebook)
    nbformat.write(notebook, path)
    folder = root / "work"
    kept = lab.report(lab.deliver(Workshop(root), folder), folder)
    assert "10_study/12_lesson.ipynb: has your changes, left as it is" in kept.replace(os.sep, "/")
    write_lesson(root, "# New title")
    beside = lab.report(lab.deliver(Workshop(root), folder), folder)
    assert "10_study/12_lesson.new.ipynb: the lesson's new edition, beside your 12_lesson.ipynb" in beside.replace(
        os.sep, "/"
    )


@pytest.mark.parametrize("place", ["notebooks", "notebooks/10_study"])
def test_the_lessons_themselves_are_no_place_for_copies(root, place):
    with pytest.raises(BookFailed, match="holds the lessons themselves"):
        lab.deliver(Workshop(root), root / place)


def test_a_file_is_no_place_for_copies(root):
    (root / "work").write_text("", encoding="utf-8")
    with pytest.raises(BookFailed, match="is a file"):
        lab.deliver(Workshop(root), root / "work")


def test_kernels_get_folders_of_data_by_their_full_names(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GMTOOLS_DATA", os.pathsep.join(["data", "../more"]))
    assert lab.environment()["GMTOOLS_DATA"].split(os.pathsep) == [
        str(tmp_path / "data"),
        str(tmp_path.parent / "more"),
    ]


def test_inside_the_project_links_lead_to_the_built_book(root, tmp_path_factory):
    assert lab.built_book(root, root / "work") is None
    (root / "_build" / "html").mkdir(parents=True)
    (root / "_build" / "html" / "index.html").write_text("", encoding="utf-8")
    assert lab.built_book(root, root / "work") == "../_build/html"
    assert lab.built_book(root, tmp_path_factory.mktemp("elsewhere")) is None
    assert lab.command(root / "work", root)[3:5] == [str(root), "--LabApp.default_url=/lab/tree/work"]


def test_the_command_makes_the_copies(tmp_path, capsys):
    assert cli.main(["lab", str(tmp_path / "mine"), "--no-open"]) == 0
    assert (tmp_path / "mine" / "00_start_here.ipynb").exists()
    assert "lessons as working copies" in capsys.readouterr().out
    assert cli.main(["lab", str(PROJECT / "notebooks"), "--no-open"]) == 1
