import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from bookkit import lessons, runner
from gmtools.cache import PROJECT
from gmtools.errors import LessonFailed

LESSON = lessons.Lesson(Path("11_lesson.ipynb"), Path("10_study/11_lesson.ipynb"))
PARAMETERS = 'profile = "fast"\nseed = 0\ndata = "auto"'


def write_lesson(root: Path, name: str, *code: str, text: str = "Some text") -> Path:
    path = root / "notebooks" / f"{name}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    parameters = new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]})
    cells = [new_markdown_cell(f"# {name}"), parameters, *map(new_code_cell, code), new_markdown_cell(text)]
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "P"}}), path)
    return path


def run(root, *wanted, data="simulated", **options):
    return {o.lesson.name: o for o in runner.run(list(wanted), "smoke", data, 7, root=root, **options)}


def printed(root, relative, folder="smoke-simulated") -> str:
    executed = lessons.read(root / "_build" / "executed" / folder / f"{relative}.ipynb")
    return "".join(o.text for cell in executed.cells for o in cell.get("outputs", []) if o.output_type == "stream")


@pytest.fixture(autouse=True)
def nothing_recorded(monkeypatch):
    monkeypatch.setattr("gmtools.expected.collect", lambda path: {"results": [{"id": "X-1", "value": 1.5}]})


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return tmp_path_factory.mktemp("project")


def test_a_lesson_gets_its_parameters_its_folder_and_one_thread_however_many_run(project):
    code = "import os, json\nprint(profile, seed, data, os.getcwd(), os.environ['OMP_NUM_THREADS'])"
    write_lesson(project, "10_study/11_good", code)
    outcome = run(project, workers=1)["11_good"]
    assert outcome.result == "ran" and outcome.seconds > 0
    expected = f"smoke 7 simulated {(project / 'notebooks' / '10_study').resolve()} 1\n"
    assert printed(project, "10_study/11_good") == expected
    results = project / "_build" / "results" / "smoke-simulated" / "10_study" / "11_good.json"
    assert json.loads(results.read_text()) == {"results": [{"id": "X-1", "value": 1.5}]}


def test_what_has_not_changed_is_not_run_again(project, monkeypatch):
    monkeypatch.setattr(runner, "_worker", lambda *arguments: pytest.fail("a worker was started"))
    executed = project / "_build" / "executed" / "smoke-simulated" / "10_study" / "11_good.ipynb"
    before = executed.stat().st_mtime_ns
    assert run(project)["11_good"].result == "up to date"
    assert executed.stat().st_mtime_ns == before


def test_new_text_keeps_the_outputs(project, monkeypatch):
    monkeypatch.setattr(runner, "_worker", lambda *arguments: pytest.fail("a worker was started"))
    path = project / "notebooks" / "10_study" / "11_good.ipynb"
    notebook = lessons.read(path)
    notebook.cells[-1].source = "Better words"
    notebook.cells.insert(1, new_markdown_cell("One more paragraph"))
    nbformat.write(notebook, path)
    assert run(project)["11_good"].result == "new text"
    executed = lessons.read(project / "_build" / "executed" / "smoke-simulated" / "10_study" / "11_good.ipynb")
    assert [c.source for c in executed.cells if c.cell_type == "markdown"][1:] == ["One more paragraph", "Better words"]
    assert "smoke 7 simulated" in printed(project, "10_study/11_good")
    assert run(project)["11_good"].result == "up to date"


def test_new_code_runs_again_and_a_failure_leaves_the_others_and_the_earlier_copy_alone(project, capsys):
    earlier = printed(project, "10_study/11_good")
    broken = write_lesson(project, "10_study/11_good", "fine = 1", "first = 2\nraise ValueError(f'no {first} ways')")
    write_lesson(project, "10_study/12_other", "print('other')")
    outcomes = run(project, workers=2)
    assert outcomes["11_good"].result == "failed" and outcomes["12_other"].result == "ran"
    problem = outcomes["11_good"].problem
    assert "stopped in code cell 3 of 3" in problem and "    first = 2" in problem
    assert "ValueError: no 2 ways" in problem and "11_good.failed.ipynb" in problem
    assert problem in capsys.readouterr().out
    assert printed(project, "10_study/11_good") == earlier
    assert printed(project, "10_study/12_other") == "other\n"
    failed = lessons.read(project / "_build/executed/smoke-simulated/10_study/11_good.failed.ipynb")
    assert any(o.output_type == "error" for cell in failed.cells for o in cell.get("outputs", []))

    notebook = lessons.read(broken)
    notebook.cells[3].source = "print('repaired')"
    nbformat.write(notebook, broken)
    assert run(project, "11")["11_good"].result == "ran"
    assert printed(project, "10_study/11_good") == "repaired\n"
    left = [p.name for p in (project / "_build/executed/smoke-simulated/10_study").iterdir()]
    assert sorted(left) == ["11_good.ipynb", "12_other.ipynb"]


def test_a_worker_that_dies_before_it_reads_its_lesson_is_reported(tmp_path, monkeypatch):
    def dead(errors):
        pipe = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        process = subprocess.Popen([sys.executable, "-c", "import sys; sys.exit('no memory')"], stderr=errors, **pipe)
        process.wait()
        return process

    monkeypatch.setattr(runner, "_worker", dead)
    write_lesson(tmp_path, "00_never_read", "x = 1")
    outcome = run(tmp_path)["00_never_read"]
    assert outcome.result == "failed"
    assert "ended with status 1 and no report.\nno memory" in outcome.problem


@pytest.mark.parametrize(
    ("changed", "value"),
    [("profile", "full"), ("seed", 1), ("data", "real")],
)
def test_the_key_depends_on_each_parameter(changed, value):
    notebook = new_notebook(cells=[new_code_cell("x = 1")])
    key = lessons.content_key(LESSON, notebook, lessons.Settings(), "f")
    assert lessons.content_key(LESSON, notebook, lessons.Settings(**{changed: value}), "f") != key


def test_the_key_depends_on_code_data_and_lock_but_not_on_text(tmp_path):
    def key(*cells, fingerprint="f", root=tmp_path):
        return lessons.content_key(LESSON, new_notebook(cells=list(cells)), lessons.Settings(), fingerprint, root)

    base = key(new_code_cell("x = 1"))
    assert key(new_markdown_cell("text"), new_code_cell("x = 1")) == base
    assert key(new_code_cell("x = 2")) != base
    assert key(new_code_cell("x = 1"), fingerprint="g") != base
    (tmp_path / "requirements.lock").write_text("keras==3.15.1\n")
    assert key(new_code_cell("x = 1")) != base


def test_the_key_depends_on_the_modules_that_a_lesson_uses(monkeypatch):
    def key(code):
        notebook = new_notebook(cells=[new_code_cell(code)])
        return lessons.content_key(LESSON, notebook, lessons.Settings(), "f")

    before = {code: key(code) for code in ("from gmtools import response", "x = 1")}
    read = Path.read_bytes
    edited = PROJECT / "gmtools" / "response.py"
    monkeypatch.setattr(Path, "read_bytes", lambda path: read(path) + (b"# edited" if path == edited else b""))
    assert [key(code) == before[code] for code in before] == [False, True]


def test_the_key_depends_on_the_targets_of_its_own_study(tmp_path):
    (tmp_path / "paper_targets").mkdir()
    for name, folder in (("mine", "10_study"), ("other", "20_other"), ("longer", "10_study_2")):
        (tmp_path / "paper_targets" / f"{name}.yml").write_text(f"study: {name}\nfolder: notebooks/{folder}\nrows: 1\n")

    def key():
        return lessons.content_key(LESSON, new_notebook(), lessons.Settings(), "f", tmp_path)

    before = key()
    for name, same in (("other", True), ("longer", True), ("mine", False)):
        path = tmp_path / "paper_targets" / f"{name}.yml"
        path.write_text(path.read_text() + "more: 2\n")
        assert (key() == before) is same


def test_only_data_that_a_lesson_names_make_it_stale(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr("gmtools.data.catalog.fingerprint", lambda ids: asked.append(set(ids)) or "f")
    write_lesson(tmp_path, "10_study/11_iran", "from gmtools.data import datasets\nname = 'iran'")
    write_lesson(tmp_path, "10_study/12_none", "print(1)")
    for name in ("11_iran", "12_none"):
        lesson = lessons.select([name], tmp_path)[0]
        assert runner.Job(lesson, lessons.Settings("fast", "auto"), tmp_path, 1.0).fingerprint == "f"
        assert runner.Job(lesson, lessons.Settings("fast", "simulated"), tmp_path, 1.0).fingerprint == "simulated"
    assert asked == [{"iran_kuehn"}, set()]


@pytest.fixture
def shelf(tmp_path):
    for name in ("00_start_here", "10_ann_gmm/11_data", "10_ann_gmm/13_transfer_to_iran", "20_kanto/21_maps"):
        write_lesson(tmp_path, name)
    write_lesson(tmp_path, "10_ann_gmm/draft_without_number")
    return tmp_path


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ([], ["00_start_here", "11_data", "13_transfer_to_iran", "21_maps"]),
        (["13"], ["13_transfer_to_iran"]),
        (["10"], ["11_data", "13_transfer_to_iran"]),
        (["10_ann_gmm", "11"], ["11_data", "13_transfer_to_iran"]),
        (["transfer_to_iran"], ["13_transfer_to_iran"]),
        (["21", "00"], ["00_start_here", "21_maps"]),
        (["notebooks/20_kanto/21_maps.ipynb"], ["21_maps"]),
        (["notebooks/20_kanto"], ["21_maps"]),
    ],
)
def test_words_that_name_lessons(shelf, monkeypatch, words, names):
    monkeypatch.chdir(shelf)
    assert [lesson.name for lesson in lessons.select(words, shelf)] == names


def test_an_unknown_word_gets_the_nearest_names(shelf):
    with pytest.raises(LessonFailed, match=r"'transfer_iran'. Nearest: 13_transfer_to_iran"):
        lessons.select(["transfer_iran"], shelf)
    with pytest.raises(LessonFailed, match=r"'99'. Nearest: 00_start_here, 11_data, 13_transfer_to_iran, 21_maps"):
        lessons.select(["99"], shelf)


def test_named_folders_reach_a_worker_as_full_paths(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GMTOOLS_DATA", os.pathsep.join(["../mirror", "here"]))
    expected = os.pathsep.join([str(tmp_path.resolve().parent / "mirror"), str(tmp_path.resolve() / "here")])
    assert runner.worker_environment()["GMTOOLS_DATA"] == expected


def test_writing_is_all_or_nothing(tmp_path):
    path = tmp_path / "deep" / "file.txt"
    runner.write_atomically(path, "old")
    with pytest.raises(TypeError):
        runner.write_atomically(path, b"bytes")
    assert path.read_text() == "old" and list(path.parent.iterdir()) == [path]
