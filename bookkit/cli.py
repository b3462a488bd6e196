"""The command line: what ``gmtools --help`` lists."""

import argparse
import contextlib
import json
import os
import signal
import sys
from pathlib import Path

from gmtools import __version__
from gmtools.errors import GmtoolsError, LessonFailed

PROFILES = ("smoke", "fast", "full")
DATA = ("auto", "real", "simulated")
_WHICH = "number (13), folder (10), name or path of a lesson; all lessons when none is named"
LESSONS = {"nargs": "*", "metavar": "LESSON", "help": _WHICH}


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit status: 0, 1 after an error of :mod:`gmtools.errors`, whose message goes to
    standard error, 130 after Ctrl-C and 128 more than its number after another signal."""
    for stream in (sys.stdout, sys.stderr):  # a terminal that lacks a character shows its number
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    wanted = parser().parse_args(arguments)
    try:
        return wanted.run(wanted) or 0
    except GmtoolsError as error:
        print(f"gmtools: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt as interrupt:
        with contextlib.suppress(OSError):  # the terminal may be gone
            print("gmtools: stopped. What had ended is kept; the same command goes on from there.", file=sys.stderr)
        return 128 + next(iter(interrupt.args), signal.SIGINT)


def parser() -> argparse.ArgumentParser:
    """Make the parser; each command sets ``run``, a function of the parsed arguments."""
    from bookkit.data_commands import add_data_commands

    program = argparse.ArgumentParser(prog="gmtools", description="Data, lessons and book.")
    program.add_argument("--version", action="version", version=f"gmtools {__version__}")
    commands = program.add_subparsers(title="commands", required=True, metavar="COMMAND")
    add_data_commands(commands)
    _add_lesson_commands(commands)
    _add_course_commands(commands)
    _add(commands, "pdf", _pdf, "the built book as one PDF")
    export = _add(commands, "export", _export, "a named network as one file for another program")
    export.add_argument("format", choices=("oq",), help="oq: a ground-motion model of OpenQuake")
    export.add_argument("name", metavar="NAME", help="such as ann_iran_transfer")
    export.add_argument("folder", metavar="DIR", help="where the file goes")
    pages = _add(commands, "explorers", _explorers, "make a page for each explorer, to be opened as a file")
    pages.add_argument("--data", choices=DATA, default="auto", help="records to show")
    return program


def _add(commands, name: str, run, text: str, settings: bool = False) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
    command.set_defaults(run=run)
    if settings:
        command.add_argument("--profile", choices=PROFILES, default="fast", help="how much to compute (default: fast)")
        where = "real data where there are any (auto, the default), only real ones, or only simulated ones"
        command.add_argument("--data", choices=DATA, default="auto", help=where)
    return command


def _add_lesson_commands(commands) -> None:
    run = _add(commands, "run", _run, "run lessons whose code, data or settings have changed", settings=True)
    run.add_argument("lessons", **LESSONS)
    run.add_argument("--seed", type=int, default=0, help="seed of every random number (default: 0)")
    run.add_argument("--workers", type=_positive, metavar="N", help="lessons at a time (default: 2, or 1 on one core)")
    run.add_argument("--force", action="store_true", help="run even what has not changed")
    limit = "how long one cell may take (default: 600 in smoke, 1800 in fast, 86400 in full)"
    run.add_argument("--cell-timeout", type=_positive, metavar="SECONDS", help=limit)
    _add(commands, "book", _book, "build the HTML book from the lessons that ran", settings=True)
    copies = "working copies of the lessons in a folder of yours, and JupyterLab there"
    lab = _add(commands, "lab", _lab, copies, settings=True)
    lab.add_argument("folder", nargs="?", default="work", metavar="DIR", help="your folder (default: work)")
    lab.add_argument("--no-open", action="store_true", help="make the copies and leave JupyterLab closed")
    solutions = _add(
        commands, "solutions", _solutions, "run the exercises' solutions after their lessons", settings=True
    )
    solutions.add_argument("lessons", **LESSONS)
    check = _add(commands, "check", _check, "what the lessons recorded against what is expected of them", settings=True)
    check.add_argument("lessons", **LESSONS)
    what = check.add_mutually_exclusive_group()
    accepted = "expect what these lessons recorded, or ALL that ran; wants --because"
    what.add_argument("--accept", nargs="*", metavar="LESSON", help=accepted)
    again = "run these lessons with three seeds, on one and two threads, and make their tolerances"
    what.add_argument("--spread", nargs="+", metavar="LESSON", help=again)
    check.add_argument("--because", default="", metavar="REASON", help="why results moved; kept in the file")


def _add_course_commands(commands) -> None:
    course = commands.add_parser("course", help="editions, answers, grades, slides and the project of a course")
    commands = course.add_subparsers(dest="course_command", required=True)
    build = _add(commands, "build", _edition, "the lessons as an edition for students, or for instructors")
    edition = build.add_mutually_exclusive_group(required=True)
    edition.add_argument("--student", metavar="DIR", help="stubs in place of solutions, packed as DIR.zip too")
    edition.add_argument("--instructor", metavar="DIR", help="solutions with what they printed, notes on marking")
    meaning = "variants of exercises, such as 2027; the same in both editions"
    build.add_argument("--variant", metavar="WORD", help=meaning)
    build.add_argument("lessons", **LESSONS)
    _add(commands, "answers", _answers, "write the hashed answers anew from the solutions and book/checks.yml")
    grade = _add(commands, "grade", _grade, "run submitted notebooks and grade their checked answers")
    grade.add_argument("submissions", metavar="DIR", type=Path)
    grade.add_argument("--answers", metavar="FILE", type=Path, help="answers.json of the edition (default: the book's)")
    grade.add_argument("--out", metavar="CSV", type=Path, help="write the grades as a table")
    slides = _add(commands, "slides", _slides, "slides of lessons that ran: HTML that prints to PDF")
    slides.add_argument("folder", metavar="DIR", type=Path)
    slides.add_argument("lessons", **LESSONS)
    project = _add(commands, "project", _project, "draw the hidden world of the project")
    project.add_argument("--seed", type=int, required=True, help="keep it to yourself: it draws the answers again")
    project.add_argument("--student", metavar="DIR", type=Path, required=True, help="tables for the students")
    project.add_argument("--keep", metavar="DIR", type=Path, required=True, help="truth.csv, for you alone")
    board = _add(commands, "board", _board, "score the project's csv tables, best first")
    board.add_argument("submissions", metavar="DIR", type=Path)
    board.add_argument("--truth", metavar="CSV", type=Path, required=True)
    board.add_argument("--final", action="store_true", help="the private scores too")


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number; give 1 or more")
    return int(text)


def _run(wanted: argparse.Namespace) -> None:
    from bookkit import runner

    settings = wanted.profile, wanted.data, wanted.seed
    outcomes = runner.run(wanted.lessons, *settings, wanted.workers, wanted.force, wanted.cell_timeout)
    failed = [outcome.lesson.name for outcome in outcomes if outcome.result == "failed"]
    if failed:
        raise LessonFailed(
            f"{len(failed)} of {len(outcomes)} lessons failed: {', '.join(failed)}. "
            "The cell and the traceback stand above; repair it and give the same command, the others are not run again."
        )


def _check(wanted: argparse.Namespace) -> int:
    from bookkit import check, lessons

    settings = lessons.Settings(wanted.profile, wanted.data)
    if wanted.accept is not None:
        everything = [word.lower() for word in wanted.accept] in ([], ["all"])
        for lesson in lessons.select([] if everything else wanted.accept):
            _expect(lesson, settings, wanted.because, everything)
        return 0
    if wanted.spread:
        for lesson in lessons.select(wanted.spread):
            _spread(lesson, settings, wanted.because)
        return 0
    drifts, compared, notes = check.check(wanted.lessons, settings, strict="CI" in os.environ)
    print(check.report(drifts, compared, notes))
    return 1 if drifts else 0


def _expect(lesson, settings, because: str, all_that_ran: bool) -> None:
    from bookkit import check

    run = check.recorded(lesson, settings)
    if run is None and not all_that_ran:
        raise LessonFailed(f"{lesson.name} has not run: gmtools run {lesson.name} --profile {settings.profile}")
    if run is None or not any(run[kind] for kind in check.KINDS):
        return
    path = check.expected_path(lesson.name, settings, run)
    old = check.read(path) if path.exists() else None
    if old is None or check.compare(lesson.name, run, old) or (run.get("figures") and not old.figures):
        check.write(path, check.accept(lesson.name, run, old, because))
        print(f"{path} written")


def _spread(lesson, settings, because: str) -> None:
    from bookkit import check, spread

    seeds, others = spread.measure(lesson, settings)
    path = check.expected_path(lesson.name, settings, seeds[0])
    old = check.read(path) if path.exists() else None
    if old is not None:
        moved = check.compare(lesson.name, seeds[0], old)
        old = check.accept(lesson.name, seeds[0], old, because) if moved else old
    check.write(path, spread.expectation(seeds, others, old))
    print("\n".join([f"{path} written", *spread.unsure(seeds, others)]))


def _book(wanted: argparse.Namespace) -> None:
    from bookkit import book

    print(book.report(book.build(wanted.profile, wanted.data)))


def _lab(wanted: argparse.Namespace) -> int:
    from bookkit import lab, lessons, working

    folder = Path(wanted.folder).expanduser().resolve()
    settings = lessons.Settings(wanted.profile, wanted.data)
    workshop = working.Workshop.configured(settings=settings, built=lab.built_book(lab.PROJECT, folder))
    print(lab.report(lab.deliver(workshop, folder), folder), flush=True)
    return 0 if wanted.no_open else lab.open_lab(folder)


def _solutions(wanted: argparse.Namespace) -> None:
    from bookkit import lessons, runner, solutions

    settings = lessons.Settings(wanted.profile, wanted.data)
    outcomes = runner.run(wanted.lessons, wanted.profile, wanted.data, solve=True)
    failed = [outcome.lesson.name for outcome in outcomes if outcome.result == "failed"]
    for lesson in (outcome.lesson for outcome in outcomes if outcome.result != "failed"):
        notebook, ran = lessons.read(lesson.path), runner.recorded(lesson, settings, kind="solutions")
        wrong = solutions.problems(notebook, ran["printed"], settings) if ran else {}
        failed += [lesson.name] if wrong else []
        for label, told in wrong.items():
            print(f"{label}: {'; '.join(told)}")
    if failed:
        raise LessonFailed(
            f"Solutions of {len(failed)} of {len(outcomes)} lessons have a problem: {', '.join(failed)}. "
            "Mend the code, or the text below it, which holds what it prints in fast on real data."
        )


def _export(wanted: argparse.Namespace) -> None:
    from gmtools.networks import openquake

    print(openquake.export(wanted.name, wanted.folder))


def _explorers(wanted: argparse.Namespace) -> None:
    from explorers import bundle

    print("\n".join(map(str, bundle.standalone(data=wanted.data))))


def _pdf(wanted: argparse.Namespace) -> None:
    from bookkit import pdf

    print(f"Book printed: {pdf.make()}")


def _edition(wanted: argparse.Namespace) -> None:
    from bookkit import course, working

    folder = Path(wanted.student or wanted.instructor).expanduser().resolve()
    written = course.build(
        folder, working.Workshop.configured(), bool(wanted.instructor), wanted.lessons, wanted.variant
    )
    print(f"{sum(path.suffix == '.ipynb' for path in written)} lessons in {folder}")
    print("\n".join(f"packed: {path}" for path in written if path.suffix == ".zip"))


def _answers(wanted: argparse.Namespace) -> None:
    from bookkit import course, exercises

    path = Path(exercises.__file__).with_name(exercises.FILE)
    kept = course.answers()
    path.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    print(f"{len(kept)} answers: {path}")


def _grade(wanted: argparse.Namespace) -> None:
    from bookkit import exercises, grading

    path = wanted.answers or Path(exercises.__file__).with_name(exercises.FILE)
    grades = grading.grade(wanted.submissions, json.loads(path.read_text(encoding="utf-8")))
    print(grading.report(grades))
    if wanted.out:
        grading.table(grades).to_csv(wanted.out, index=False)


def _slides(wanted: argparse.Namespace) -> None:
    from bookkit import lessons, slides

    written = slides.write(wanted.folder, wanted.lessons, lessons.Settings())
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


if __name__ == "__main__":
    sys.exit(main())
