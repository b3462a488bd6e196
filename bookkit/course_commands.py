"""The commands ``gmtools course build | answers | grade | slides | project | board``."""

import argparse
import json
from pathlib import Path

from bookkit.lessons import Settings
from gmtools.cache import PROJECT


def add_course_commands(subparsers):
    """Add ``course`` and its commands to argparse's subparsers; each sets ``run``, a function of the arguments."""
    course = subparsers.add_parser("course", help="editions, answers, grades, slides and the project of a course")
    commands = course.add_subparsers(dest="course_command", required=True)
    meaning = "as for run; all lessons when none is named"

    build = _add(commands, "build", _build, "the lessons as an edition for students, or for instructors")
    edition = build.add_mutually_exclusive_group(required=True)
    edition.add_argument("--student", metavar="DIR", help="stubs in place of solutions, packed as DIR.zip too")
    edition.add_argument("--instructor", metavar="DIR", help="solutions with what they printed, notes on marking")
    build.add_argument(
        "--variant", metavar="WORD", help="variants of exercises, such as 2027; the same in both editions"
    )
    build.add_argument("lessons", nargs="*", metavar="LESSON", help=meaning)

    _add(commands, "answers", _answers, "write the hashed answers anew from the solutions and book/checks.yml")

    grade = _add(commands, "grade", _grade, "run submitted notebooks and grade their checked answers")
    grade.add_argument("submissions", metavar="DIR", type=Path)
    grade.add_argument("--answers", metavar="FILE", type=Path, help="answers.json of the edition (default: the book's)")
    grade.add_argument("--out", metavar="CSV", type=Path, help="write the grades as a table")

    slides = _add(commands, "slides", _slides, "slides of lessons that ran: HTML that prints to PDF")
    slides.add_argument("folder", metavar="DIR", type=Path)
    slides.add_argument("lessons", nargs="*", metavar="LESSON", help=meaning)

    project = _add(commands, "project", _project, "draw the hidden world of the project")
    project.add_argument("--seed", type=int, required=True, help="keep it to yourself: it draws the answers again")
    project.add_argument("--student", metavar="DIR", type=Path, required=True, help="tables for the students")
    project.add_argument("--keep", metavar="DIR", type=Path, required=True, help="truth.csv, for you alone")

    board = _add(commands, "board", _board, "score the project's csv tables, best first")
    board.add_argument("submissions", metavar="DIR", type=Path)
    board.add_argument("--truth", metavar="CSV", type=Path, required=True)
    board.add_argument("--final", action="store_true", help="the private scores too")


def _add(commands, name, run, text):
    parser = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
    parser.set_defaults(run=run)
    return parser


def _build(wanted: argparse.Namespace) -> None:
    from bookkit import course
    from bookkit.working import Workshop

    folder = Path(wanted.student or wanted.instructor).expanduser().resolve()
    written = course.build(folder, Workshop.configured(), bool(wanted.instructor), wanted.lessons, wanted.variant)
    print(f"{sum(path.suffix == '.ipynb' for path in written)} lessons in {folder}")
    print("\n".join(f"packed: {path}" for path in written if path.suffix == ".zip"))


def _answers(wanted: argparse.Namespace) -> None:
    from bookkit import course, exercises

    path = PROJECT / "bookkit" / exercises.FILE
    kept = course.answers()
    path.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    print(f"{len(kept)} answers: {path}")


def _grade(wanted: argparse.Namespace) -> None:
    from bookkit import exercises, grading

    path = wanted.answers or PROJECT / "bookkit" / exercises.FILE
    grades = grading.grade(wanted.submissions, json.loads(path.read_text(encoding="utf-8")))
    print(grading.report(grades))
    if wanted.out:
        grading.table(grades).to_csv(wanted.out, index=False)


def _slides(wanted: argparse.Namespace) -> None:
    from bookkit import lessons, slides

    written = slides.write(wanted.folder, wanted.lessons, Settings())
    lacking = {one.name for one in lessons.select(wanted.lessons)} - {path.stem for path in written}
    told = [f"{name} has no slides, because it did not run: gmtools run {name}" for name in sorted(lacking)]
    print("\n".join([*map(str, written), *told]))


def _project(wanted: argparse.Namespace) -> None:
    from bookkit import project

    project.make(wanted.seed, wanted.student, wanted.keep)
    print(f"For the students: {wanted.student}. For you alone: {wanted.keep / project.TRUTH}")


def _board(wanted: argparse.Namespace) -> None:
    from bookkit import project

    print(project.board(wanted.submissions, wanted.truth, wanted.final).round(3).to_string())
