"""What a lesson uses: found in the code, without running it."""

import pytest

from bookkit import lessons, uses
from gmtools.cache import PROJECT


def files(*sources, root=PROJECT):
    return {path.relative_to(root).as_posix() for path in uses.of(sources, root).files}


@pytest.fixture(scope="module")
def used_by():
    """Lesson -> the files that it uses."""
    cells = {lesson: lessons.code_cells(lessons.read(lesson.path)) for lesson in lessons.discover()}
    return {lesson: files(*(cell.source for cell in found)) for lesson, found in cells.items()}


@pytest.fixture
def toy(tmp_path):
    """A project whose gmtools has the given files."""

    def make(**modules):
        for name, source in {"__init__": "", **modules}.items():
            path = (
                tmp_path
                / "gmtools"
                / f"{name.replace('__init__', '_I_').replace('__', '/').replace('_I_', '__init__')}.py"
            )
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(source)
        return tmp_path

    return make


@pytest.mark.parametrize("name", ["gmms", "residuals", "figures/_style"])
def test_a_shared_module_is_used_by_lessons_of_several_studies(used_by, name):
    folders = {lesson.relative.parts[0] for lesson, found in used_by.items() if f"gmtools/{name}.py" in found}
    assert len(folders) >= 3


def test_a_module_of_one_study_is_used_there_and_where_readers_bring_such_files(used_by):
    found = {
        lesson.relative.parts[0] for lesson, files in used_by.items() if "gmtools/simulate/microtremor.py" in files
    }
    assert found == {"40_hvsr", "70_your_own"}


def test_the_lesson_on_explorers_uses_their_scripts_and_networks(used_by):
    lesson = next(lesson for lesson in used_by if lesson.name.startswith("61"))
    assert {"explorers/js/core/plot.js", "explorers/js/package-lock.json"} <= used_by[lesson]


def test_imports_are_followed_also_inside_functions(toy):
    root = toy(
        a="from gmtools import b",
        b="def late():\n    from gmtools.room import c\n",
        room____init__="",
        room__c="from gmtools.room import d",
        room__d="from gmtools.e import name",
        e="",
        other="",
    )
    assert files("from gmtools.a import thing", root=root) == {
        f"gmtools/{name}.py" for name in ("__init__", "a", "b", "room/__init__", "room/c", "room/d", "e")
    }


def test_an_edit_and_only_an_edit_of_what_is_used_changes_the_digest(toy):
    root = toy(a="from gmtools import b", b="x = 1", other="x = 1")

    def digest():
        return uses.of(["import gmtools.a"], root).digest(root)

    before = digest()
    (root / "gmtools" / "other.py").write_text("x = 2")
    assert digest() == before
    (root / "gmtools" / "b.py").write_text("x = 2")
    assert digest() != before


def test_a_cell_that_is_no_python_uses_everything(toy):
    root = toy(a="", b="")
    assert files("%timeit 1", root=root) == {"gmtools/__init__.py", "gmtools/a.py", "gmtools/b.py"}


def test_a_table_brings_its_readers_its_simulation_and_its_data_alone():
    iran = uses.of(['from gmtools import studies\nstudies.load("iran", data)'])
    names = {path.relative_to(PROJECT).as_posix() for path in iran.files}
    assert {"gmtools/data/readers/iran.py", "gmtools/simulate/records.py"} <= names
    assert not {"gmtools/simulate/kanto.py", "gmtools/data/readers/ita18.py"} & names
    assert "iran_kuehn" in iran.data and not {"peer_nga_west2", "italy_ita18", "afad"} & iran.data
    italy = uses.of(['from gmtools import studies\nstudies.load("italy", data)'])
    assert {"italy_ita18", "italy_horus_catalogue"} <= italy.data


def test_a_network_counts_for_those_that_name_it(toy):
    root = toy()
    (root / "networks").mkdir()
    for name in ("iran_frozen.npz", "iran_frozen.json", "kanto_unet.npz"):
        (root / "networks" / name).write_text("")
    assert files('load("iran_frozen")', root=root) == {"networks/iran_frozen.npz", "networks/iran_frozen.json"}
    assert files('load(f"iran_{kind}")', root=root) == {"networks/iran_frozen.npz", "networks/iran_frozen.json"}
    assert files('load("vs30")', root=root) == set()
