"""A lesson is one sitting: its sizes, and what must stand in cells that a reader sees."""

import ast
import re

import pytest

from bookkit import lessons

MOST = {
    "words": 2300,
    "visible lines": 220,
    "lines of the longest cell": 25,
    "cells over 15 lines (share)": 0.1,
    "columns": 88,
    "names of gmtools": 20,
}
NEEDED = {
    "11": [r"np\.log1p", r"GroupKFold", r"\.std\(axis=0\)", r"integers\(len\("],
    "12": [r"layers\.Dense\(64", r"\.compile\(", r"\.fit\(", r"losses\.Huber", r"GroupKFold", r"np\.log1p", r"sd ="],
    "13": [r"\.trainable = False", r"set_weights", r"Adam\(1e-4\)", r"2200", r"GroupKFold"],
    "14": [r"\.trainable = False", r"integers\(|integers$|\.integers"],
    "22": [r"Conv2D\(", r"Conv2DTranspose|UpSampling", r"\.fit\("],
    "16": [r"classical\(", r"NamedNetwork\(", r"stats\.norm\.sf"],
    "15": [r"log_normal_cdf", r"ln_sigma", r"def one_way", r"\.trainable = False"],
}
"""Number of a lesson -> patterns that its visible code holds."""
UNSEEN = {"hide-input", "hide-cell", "remove-input", "remove-cell", "parameters", "exercise", "solution", "answer"}
UNSEEN |= {"solution-code"}


def tags(cell):
    return set(cell.metadata.get("tags", []))


def lines(source):
    return [line for line in source.splitlines() if line.strip()]


def visible(notebook):
    return [cell.source for cell in lessons.code_cells(notebook) if not tags(cell) & UNSEEN]


def words(notebook):
    """Words outside exercises, solutions and folded answers."""
    cells = (cell for cell in notebook.cells if cell.cell_type == "markdown" and not tags(cell) & UNSEEN)
    return len(" ".join(cell.source for cell in cells).split())


def gmtools_names(notebook):
    """Functions, classes and constants of gmtools that the code uses, as module.name."""
    tree = ast.parse("\n".join(cell.source for cell in lessons.code_cells(notebook)))
    homes = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "gmtools":
            homes |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    used = {homes[name] for name in homes if name[0].isupper()}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in homes:
            used.add(f"{homes[node.value.id]}.{node.attr}")
    return used


def sizes(notebook):
    seen = visible(notebook)
    counts = [len(lines(source)) for source in seen]
    return {
        "words": words(notebook),
        "visible lines": sum(counts),
        "lines of the longest cell": max(counts, default=0),
        "cells over 15 lines (share)": sum(count > 15 for count in counts) / max(len(counts), 1),
        "columns": max((len(line) for source in seen for line in source.splitlines()), default=0),
        "names of gmtools": len(gmtools_names(notebook)),
    }


TAUGHT = [one for one in lessons.discover() if not re.match(r"\d9_", one.name)]


@pytest.fixture(params=TAUGHT, ids=lambda lesson: lesson.name)
def lesson(request):
    return request.param


def test_a_lesson_fits_one_sitting(lesson):
    found = sizes(lessons.read(lesson.path))
    assert {name: value for name, value in found.items() if value > MOST[name]} == {}


def test_hidden_code_is_at_most_a_third(lesson):
    notebook = lessons.read(lesson.path)
    hidden = [cell.source for cell in lessons.code_cells(notebook) if tags(cell) & {"hide-input", "hide-cell"}]
    behind, shown = (sum(len(source.splitlines()) for source in part) for part in (hidden, visible(notebook)))
    assert behind <= (behind + shown) / 3 + 5


def test_a_lesson_holds_no_plumbing_in_sight(lesson):
    seen = "\n".join(visible(lessons.read(lesson.path)))
    plumbing = r"\bscoreboard\.|\bglue\(|display\(\s*Markdown\(\s*f?[\"']|fmt: skip"
    assert re.findall(plumbing, seen) == []


@pytest.mark.parametrize("number", NEEDED)
def test_the_idea_of_a_lesson_stands_in_its_cells(number):
    (lesson,) = [one for one in lessons.discover() if one.name.startswith(f"{number}_")]
    seen = "\n".join(visible(lessons.read(lesson.path)))
    assert [pattern for pattern in NEEDED[number] if not re.search(pattern, seen)] == []


def test_what_is_counted():
    """The measure itself, on a small notebook."""
    from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

    cells = [
        new_markdown_cell("one two three"),
        new_markdown_cell("not counted", metadata={"tags": ["answer"]}),
        new_code_cell("from gmtools import networks\n\nnetworks.load('a')\nx = 1"),
        new_code_cell("plot()", metadata={"tags": ["hide-input"]}),
    ]
    found = sizes(new_notebook(cells=cells))
    assert (found["words"], found["visible lines"], found["names of gmtools"]) == (3, 3, 1)
