import re

import nbformat
import pytest

from bookkit import lessons

ALL = lessons.discover()
STUDIES = [lesson for lesson in ALL if not re.match(r"00_|\d9_", lesson.name)]  # N9 checks, it does not teach
LONGEST_CELL = 40
PARAMETERS = {"profile": '"fast"', "seed": "0", "data": '"auto"'}


def name(lesson):
    return lesson.name


@pytest.fixture(params=ALL, ids=name)
def notebook(request):
    return lessons.read(request.param.path)


def markdown(notebook) -> str:
    return "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def test_there_are_lessons():
    assert len(STUDIES) >= 4


def test_valid_and_for_the_python_kernel(notebook):
    nbformat.validate(notebook)
    assert notebook.metadata["kernelspec"]["name"] == "python3"


def test_committed_without_outputs(notebook):
    left = [cell.source[:60] for cell in lessons.code_cells(notebook) if cell.outputs or cell.execution_count]
    assert left == [], "strip them: nbstripout"
    assert "widgets" not in notebook.metadata and "papermill" not in notebook.metadata


def test_one_parameters_cell_with_the_three_parameters(notebook):
    tagged = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
    assert len(tagged) == 1
    assigned = dict(re.findall(r"^(\w+) = ([^#\n]+?)\s*(?:#.*)?$", tagged[0].source, flags=re.MULTILINE))
    assigned.pop("scheduler", None)  # where networks can be trained on a cluster
    assert assigned == PARAMETERS


def test_starts_with_a_title_and_a_box(notebook):
    title, box = notebook.cells[:2]
    assert title.cell_type == "markdown" and title.source.startswith("# ")
    assert box.cell_type == "markdown"
    for wanted in ("You will be able to", "Before you start", r"\bTime\b", r"\bData\b", r"[Ll]icen[cs]e"):
        assert re.search(wanted, box.source), f"the box says nothing about {wanted!r}"


@pytest.mark.parametrize("lesson", STUDIES, ids=name)
def test_three_exercises_with_folded_solutions(lesson):
    text = markdown(lessons.read(lesson.path))
    number = lesson.name[:2]
    exercises = re.findall(r"\{exercise(?:-start)?\}[^\n]*\n(?::[^\n]*\n)*?:label: (\S+)", text)
    solutions = dict(re.findall(r"\{solution(?:-start)?\} (\S+)\n((?::[^\n]*\n)*)", text))
    assert len(exercises) >= 3
    assert all(re.fullmatch(rf"ex-{number}-\d+", label) for label in exercises)
    assert len(set(exercises)) == len(exercises)
    assert sorted(solutions) == sorted(exercises)
    assert [label for label, options in solutions.items() if "dropdown" not in options] == []


def test_code_cells_are_short(notebook):
    long = {cell.source[:60]: n for cell in lessons.code_cells(notebook) if (n := len(cell.source.splitlines())) > 40}
    assert long == {}, f"at most {LONGEST_CELL} lines; plumbing belongs into gmtools"


@pytest.mark.parametrize(
    "pattern",
    [
        r"pip install",
        r"(?<![\w.:/])/(?:home|Users|root|tmp|opt|work|mnt|content)/",
        r"[A-Z]:\\\\",
        r"allow_pickle=True",
    ],
)
def test_nothing_of_this_machine_and_nothing_unsafe(notebook, pattern):
    hits = [cell.source for cell in notebook.cells if re.search(pattern, cell.source)]
    assert hits == []
