"""Solutions of exercises: found, run after the lesson, and compared with what the lesson says that they print."""

import ast

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from bookkit import cli, lessons, runner, solutions
from bookkit.lessons import Settings

KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
SOLVED = """````{{solution}} ex-12-{number}
:class: dropdown

Words before.

```python
{code}
```

```text
{prints}
```

Words after.
````"""


def write_lesson(root, *solved: tuple[str, str]):
    texts = [SOLVED.format(number=i, code=code, prints=prints) for i, (code, prints) in enumerate(solved, start=1)]
    cells = [
        new_markdown_cell("# Title"),
        new_code_cell('profile = "smoke"\nseed = 1\ndata = "simulated"', metadata={"tags": ["parameters"]}),
        new_code_cell("x = [1, 2]\nprint('of the lesson')"),
        *(new_markdown_cell(text, metadata={"tags": ["solution"]}) for text in texts),
    ]
    path = root / "notebooks" / "10_study" / "12_lesson.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": KERNEL}), path)


FAST = Settings()


def solved(root, settings=FAST):
    """Run the one lesson with its solutions; its notebook and the problems of its solutions."""
    (outcome,) = runner.run(["12"], settings.profile, settings.data, root=root, solve=True)
    notebook = lessons.read(outcome.lesson.path)
    ran = runner.recorded(outcome.lesson, settings, root, "solutions")
    return outcome, solutions.problems(notebook, ran["printed"] if ran else [], settings)


def test_the_code_of_solutions_is_read_with_what_it_prints(tmp_path):
    write_lesson(tmp_path, ("print(1)", "1"), ("print('```')\nprint(2)", "2"))
    found = solutions.of(lessons.read(lessons.discover(tmp_path)[0].path))
    assert found[0] == solutions.Solution("ex-12-1", "print(1)\n", "1\n")
    assert found[1].code == "print('```')\nprint(2)\n"


def test_each_solution_starts_from_what_the_lesson_left_and_problems_are_named(tmp_path):
    write_lesson(
        tmp_path,
        ("x = 3\ny = 1\nprint(profile, seed, x)", "fast 0 3"),
        ("print(x, 'y' in globals())", "[1, 2] False"),
        ("print(0.523)", "0.55"),
        ("1 / 0", ""),
        ("print('better', 0.5)", "worse 0.5"),
    )
    outcome, problems = solved(tmp_path)
    assert problems == {
        "ex-12-3": ["0.55 is written, 0.523 is printed"],
        "ex-12-4": ["ZeroDivisionError: division by zero"],
        "ex-12-5": ["'worse 0.5' is written, 'better 0.5' is printed"],
    }
    ran = lessons.read(runner.place("executed", outcome.lesson, Settings(), tmp_path))
    assert "_solve" not in nbformat.writes(ran), "the page shows the lesson alone"


def test_solutions_run_again_when_their_code_changes_and_not_when_the_text_below_it_does(tmp_path):
    write_lesson(tmp_path, ("print(1)", "2"))
    outcome, problems = solved(tmp_path)
    assert outcome.result == "ran" and problems
    path = outcome.lesson.path
    for old, new, result in (("```text\n2", "```text\n1", "new text"), ("print(1)", "print(3)", "ran")):
        notebook = lessons.read(path)
        notebook.cells[-1].source = notebook.cells[-1].source.replace(old, new)
        nbformat.write(notebook, path)
        outcome, problems = solved(tmp_path)
        assert (outcome.result, bool(problems)) == (result, result == "ran")


def test_on_simulated_data_solutions_have_to_run_and_print_what_they_like(tmp_path):
    write_lesson(tmp_path, ("print(data)", "auto"), ("lacking", ""))
    _, problems = solved(tmp_path, Settings("smoke", "simulated"))
    assert problems == {"ex-12-2": ["NameError: name 'lacking' is not defined"]}


def test_a_lesson_that_stops_is_a_problem_of_its_own(tmp_path):
    write_lesson(tmp_path, ("print(1)", "1"))
    path = lessons.discover(tmp_path)[0].path
    notebook = lessons.read(path)
    notebook.cells[2].source = "raise ValueError('no data')"
    nbformat.write(notebook, path)
    (outcome,) = runner.run(["12"], "smoke", "simulated", root=tmp_path, solve=True)
    assert outcome.result == "failed" and "ValueError: no data" in outcome.problem


@pytest.mark.parametrize(
    ("written", "printed", "same"),
    [
        ("0.70", "0.6951", True),
        ("0.70", "0.72", False),
        ("2,369 of 14,518", "2369 of 14518", True),
        ("688", "689", False),
        ("1.2e-05", "1.3e-05", True),
        ("1.2e-05", "1.5e-05", False),
        ("-0.12", "\N{MINUS SIGN}0.12", True),
        ("-0.12", "0.12", False),
        ("1 2", "1", False),
        ("a  b\n", "a b", True),
        ("", "", True),
    ],
)
def test_numbers_count_to_the_digits_that_are_written(written, printed, same):
    assert (solutions.differences(written, printed) == []) == same


@pytest.mark.parametrize("lesson", lessons.discover(), ids=lambda lesson: lesson.name)
def test_every_solutions_code_is_python(lesson):
    for solution in solutions.of(lessons.read(lesson.path)):
        ast.parse(solution.code)


def test_the_command_says_which_lessons_have_problems(tmp_path, monkeypatch, capsys):
    write_lesson(tmp_path, ("1 / 0", ""))
    ran = [runner.Outcome(lesson, "ran", 1.0) for lesson in lessons.discover(tmp_path)]
    monkeypatch.setattr(runner, "run", lambda *given, **options: ran)
    monkeypatch.setattr(runner, "recorded", lambda *given, kind: {"printed": ["\0stopped ZeroDivisionError: no"]})
    assert cli.main(["solutions"]) == 1
    told = capsys.readouterr()
    assert "ex-12-1: ZeroDivisionError" in told.out and "Solutions of 1 of 1 lessons" in told.err
