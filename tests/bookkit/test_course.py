"""A course from the lessons: checks, variants, editions, grades, quizzes, slides, the project's scores."""

import json
import re
import shutil
import zipfile
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from bookkit import course, exercises, grading, lessons, project, quizzes, slides, solutions
from bookkit.working import Workshop
from gmtools.cache import PROJECT
from gmtools.errors import BookFailed, ColumnMissing, DataNotFound, FormatError

LESSONS = [lesson.numbers[0] for lesson in lessons.discover() if not re.match(r"\d9_", lesson.name)]
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
KEPT = {"1.1": exercises.record("1.1", 2881, 0.0, "a count is exact", {2768: "and the constants?"}, "count the rows")}
KEPT["1.2"] = exercises.record("1.2", -0.5, 0.02, "two decimals", {0.5: "mind the sign"}, "look at the table")


@pytest.fixture(scope="module")
def answered():
    """Exercise -> answer, as the solutions print it."""
    printed = {s.label: s.prints or "" for one in lessons.discover() for s in solutions.of(lessons.read(one.path))}
    return {
        exercise: solutions.value(solutions.NUMBER.findall(printed[course.label(exercise)])[entry["number"] - 1])
        for exercise, entry in course.checks().items()
    }


def test_kept_answers_are_those_of_the_solutions():
    kept = json.loads((PROJECT / "bookkit" / exercises.FILE).read_text(encoding="utf-8"))
    assert kept == course.answers(), "write them anew: gmtools course answers"


@pytest.mark.parametrize("number", LESSONS)
def test_each_lesson_has_two_checks(number):
    assert sum(exercise.split(".")[0] == number for exercise in course.checks()) >= 2


@pytest.mark.parametrize("number", LESSONS)
def test_each_lesson_has_four_questions_one_of_them_a_prediction(number):
    questions = quizzes.of(number)
    assert len(questions) >= 4 and any(question.predict for question in questions)
    assert all(len(question.choices) >= 3 and len(dict(question.choices)) >= 3 for question in questions)


def test_answers_are_accepted_usual_mistakes_get_their_hint_and_nothing_gives_an_answer_away(answered):
    kept = course.answers()
    for exercise, entry in course.checks().items():
        answer = answered[exercise]
        assert exercises.verdict(exercise, answer, kept)[0]
        assert exercises.verdict(exercise, answer + 0.85 * entry["tolerance"], kept)[0]
        assert not exercises.verdict(exercise, answer + 1.3 * entry["tolerance"] + 1e-5, kept)[0]
        for rule, hint in entry["mistakes"].items():
            wrong = eval(rule, course.ALLOWED, {"answer": answer})
            assert exercises.verdict(exercise, wrong, kept) == (False, f"Not yet: {hint}"), exercise
        hints = " ".join([entry["hint"], *entry["mistakes"].values()])
        assert not re.search(rf"(?<![\d.]){re.escape(f'{answer:g}')}(?![\d.]|-s)", hints), exercise


@pytest.mark.parametrize(
    ("value", "said"),
    [(..., "Not answered"), ("many", "Not a number"), (np.nan, "Not a number"), (np.array([1, 2]), "Not a number")],
)
def test_what_is_no_number_is_said_in_words(value, said):
    right, message = exercises.verdict("1.1", value, KEPT)
    assert not right and message.startswith(said)


def test_an_exercise_without_an_answer_is_named():
    with pytest.raises(DataNotFound, match=r"'9\.9' is kept. Checked are: 1\.1"):
        exercises.verdict("9.9", 1, KEPT)


def test_check_takes_the_answers_of_the_edition_it_runs_in(tmp_path, monkeypatch, capsys):
    (tmp_path / exercises.FILE).write_text(json.dumps(KEPT))
    (tmp_path / "10_study").mkdir()
    monkeypatch.chdir(tmp_path / "10_study")
    exercises.answers.cache_clear()
    exercises.check("1.2", -0.51)
    exercises.answers.cache_clear()
    assert capsys.readouterr().out.startswith("Right. Tolerance 0.02")


def test_ten_exercises_have_variants_which_a_word_chooses():
    one, again, other = course.variants("2027"), course.variants("2027"), course.variants("2028")
    assert len(one) >= 10 and one == again
    assert sum(one[name].prints != other[name].prints for name in one) >= 5
    printed = {s.label: s.prints for lesson in lessons.discover() for s in solutions.of(lessons.read(lesson.path))}
    assert all(variant.prints.strip() != printed[name].strip() for name, variant in one.items())


@pytest.mark.parametrize("word", ["2027", "2028", "2030"])
def test_the_usual_mistakes_of_a_variant_get_their_hints(word):
    changed = course.variants(word)
    kept = course.answers(changed=changed)
    new = {name: [float(x) for x in solutions.NUMBER.findall(" ".join(changed[name].exercise.values()))]
           for name in ("ex-12-1", "ex-32-1", "ex-33-1")}  # fmt: skip
    (n,), (sigma, left), (factor, _) = new.values()
    for exercise, wrong, word in (
        ("12.1", 3 * 64 + 64 * 32 + 32 * n + n, "constant"),
        ("12.1", 4 * 64 + 65 * 32 + 33 * n + 33, "reads the neurons"),
        ("12.1", 2369, "without"),
        ("32.1", np.log(sigma) + (left / sigma) ** 2, "logarithm of the variance"),
        ("33.1", 250 + factor, "it multiplies"),
    ):
        assert word in exercises.verdict(exercise, wrong, kept)[1]


def test_a_students_edition_has_answer_cells_quiz_and_manifests_and_no_solution(tmp_path):
    written = course.build(tmp_path / "autumn", Workshop.configured(), False, ["12"], seed="2027")
    text = "\n".join(cell.source for cell in nbformat.read(written[0], as_version=4).cells)
    assert 'check("12.1", ...)' in text and "## Questions" in text and "Predict before you run" in text
    assert "Solution to exercise" not in text and "2369 2881" not in text
    variant = course.variants("2027")["ex-12-1"]
    assert next(iter(variant.exercise.values())) in text
    kept = json.loads((tmp_path / "autumn" / exercises.FILE).read_text())
    assert exercises.verdict("12.1", float(variant.prints.split()[1]), kept)[0]
    assert (tmp_path / "autumn" / "data_manifests" / "nga_west2_extract.yml").exists()
    assert written[-1].name == "autumn.zip"
    assert {"autumn/README.md", f"autumn/{exercises.FILE}"} <= set(zipfile.ZipFile(written[-1]).namelist())


def test_an_instructors_edition_has_solutions_what_they_printed_and_marking_notes(tmp_path):
    written = course.build(tmp_path / "mine", Workshop.configured(), True, ["12"], seed="2027")
    text = "\n".join(cell.source for cell in nbformat.read(written[0], as_version=4).cells)
    printed = course.variants("2027")["ex-12-1"].prints
    assert "Solution to exercise 12.1" in text and text.count(printed) == 2 and "2369 2881" not in text
    assert text.count("Marking") == 3 and "Usual mistake: " in text and "*Open.* 6 points" in text
    with pytest.raises(BookFailed, match="is not empty"):
        course.build(tmp_path / "mine", Workshop.configured(), True, ["12"])


def submission(path: Path, *cells: str) -> None:
    path.parent.mkdir(exist_ok=True)
    setup = "from bookkit.exercises import check"
    nbformat.write(
        new_notebook(cells=[new_code_cell(text) for text in (setup, *cells)], metadata={"kernelspec": KERNEL}), path
    )


def test_three_submissions_are_graded_as_they_should_be(tmp_path):
    (tmp_path / exercises.FILE).write_text(json.dumps(KEPT))
    right = ["weights = 4 * 64 + 65 * 32 + 33 * 16 + 17", 'check("1.1", weights)', 'check("1.2", -0.49)']
    submission(tmp_path / "right" / "12.ipynb", *right)
    submission(tmp_path / "usual" / "12.ipynb", 'check("1.1", 3 * 64 + 64 * 32 + 32 * 16 + 16)', 'check("1.2", 0.5)')
    submission(tmp_path / "broken" / "12.ipynb", "1 / 0", 'check("1.1", weights)', "check('1.2', -0.5", "check = print")
    (tmp_path / "torn").mkdir()
    (tmp_path / "torn" / "12.ipynb").write_text("{")
    grades = grading.grade(tmp_path, KEPT)
    found = {(one.submission.split("/")[0], one.exercise): (one.points, one.remark) for one in grades}
    assert found["right", "1.1"][0] == found["right", "1.2"][0] == 1
    assert found["usual", "1.1"] == (0, "Not yet: and the constants?")
    assert found["usual", "1.2"] == (0, "Not yet: mind the sign")
    assert found["broken", "1.1"] == (0, "Its cell stopped: NameError: name 'weights' is not defined")
    assert found["torn", "all"][0] == 0 and "FormatError" in found["torn", "all"][1]
    assert found["broken", "1.2"] == (0, "Its cell gave no answer: it may not be Python, or never ran.")
    assert "broken/12: 0 of 2" in grading.report(grades)
    assert "usual/12: 0 of 2" in grading.report(grades) and "right/12: 2 of 2" in grading.report(grades)
    assert grading.table(grades)["points"].sum() == 2


def test_every_choice_says_why_and_can_be_reached_from_the_keyboard():
    for number in LESSONS:
        text = quizzes.markdown(quizzes.of(number))
        assert text.count("<summary>") == text.count("</details>") == sum(len(q.choices) for q in quizzes.of(number))
        assert text.count("**Right.** ") == len(quizzes.of(number))
        assert not re.search(r"<summary><b>[^<]*[*$]", text), "Markdown and formulas are not read in a summary"


def test_predictions_stand_below_the_box_and_questions_above_the_summary():
    cells = [
        new_markdown_cell(text) for text in ("# Title", "**You will be able to** read", "text", "## Summary\n\n1. One")
    ]
    found = [cell.source for cell in quizzes.added(cells, "12")]
    assert found[2].startswith("**Predict before you run.**") and found[-2].startswith("## Questions")


def test_a_choice_without_a_reason_is_named(tmp_path):
    (tmp_path / "book" / "quizzes").mkdir(parents=True)
    (tmp_path / "book" / "quizzes" / "12.yml").write_text("- {ask: Why so, right: so, wrong: [a || b, c || d]}")
    with pytest.raises(BookFailed, match=r"write the choice 'so' as"):
        quizzes.of("12", tmp_path)


def test_slides_have_a_figure_and_a_question_each():
    output = new_output("display_data", {"image/png": "iVBORw0KGgo="}, metadata={"image/png": {"alt": "a map"}})
    cells = [new_markdown_cell("# Is it {term}`so`?"), new_markdown_cell("## Look at it\n\ntext")]
    cells += [new_code_cell("draw()", outputs=[output]), new_code_cell("hidden()", outputs=[output])]
    cells[-1].metadata["tags"] = ["remove-cell"]
    cells.append(new_markdown_cell("````{exercise} First\n:label: ex-12-1\n\nDo it.\n````"))
    lesson = next(one for one in lessons.discover() if one.numbers[0] == "12")
    text = slides.of(lesson, new_notebook(cells=cells))
    assert text.count("<section>") == 3 and text.count("<img") == 1 and 'alt="a map"' in text
    assert "<h1>Is it so?</h1>" in text and "<h2>Look at it</h2>" in text and "First (ex-12-1)" in text
    assert text.count('class="ask"') == 1 and "@page" in text


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    project.make(7, folder / "students", folder / "kept", events=30, count=300)
    return folder


def test_the_projects_students_get_no_answer_and_the_same_seed_draws_the_same_world(world, tmp_path):
    test = pd.read_csv(world / "students" / project.TEST)
    train = pd.read_csv(world / "students" / project.TRAIN)
    assert project.PREDICTED not in test and not any(
        name.startswith(("true", "pga", "psa")) for name in (*test, *train)
    )
    assert not set(test["event_id"]) & set(train["event_id"])
    project.make(7, tmp_path, tmp_path, events=30, count=300)
    assert (tmp_path / project.TRUTH).read_bytes() == (world / "kept" / project.TRUTH).read_bytes()


def test_the_board_ranks_tables_and_names_what_is_wrong_with_one(world, tmp_path):
    truth = pd.read_csv(world / "kept" / project.TRUTH)
    table = truth[[project.NUMBER, project.PREDICTED]].sample(frac=1, random_state=1)
    table.assign(ln_pga=table[project.PREDICTED] + 0.1).to_csv(tmp_path / "near.csv", index=False)
    table.assign(ln_pga=table[project.PREDICTED].where(truth[project.PART] == "public", 9)).to_csv(
        tmp_path / "peeked.csv", index=False
    )
    table.iloc[1:].to_csv(tmp_path / "short.csv", index=False)
    table.rename(columns={"ln_pga": "pga"}).to_csv(tmp_path / "named.csv", index=False)
    (tmp_path / "empty.csv").write_text("")
    shutil.copy(world / "students" / project.SAMPLE, tmp_path / "mean.csv")
    public = project.board(tmp_path, world / "kept" / project.TRUTH)
    assert "private" not in public and public.loc["near", "public"] == pytest.approx(0.1)
    final = project.board(tmp_path, world / "kept" / project.TRUTH, final=True)
    assert final.index[0] == "near" and final.loc["peeked", "public"] == pytest.approx(0)
    assert final.loc["peeked", "private"] > final.loc["mean", "private"] > 0.5
    assert final.loc[["short", "named", "empty"], "public"].isna().all()
    with pytest.raises(FormatError, match=r"each record of test\.csv once"):
        project.score(tmp_path / "short.csv", world / "kept" / project.TRUTH)
    with pytest.raises(ColumnMissing, match="no column ln_pga"):
        project.score(tmp_path / "named.csv", world / "kept" / project.TRUTH)
