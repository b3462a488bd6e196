"""The command line: what ``gmtools --help`` lists."""

import argparse
import contextlib
import os
import signal
import sys

from gmtools import __version__
from gmtools.errors import GmtoolsError, LessonFailed

PROFILES = ("smoke", "fast", "full")
DATA = ("auto", "real", "simulated")


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
    from bookkit.course_commands import add_course_commands
    from bookkit.data_commands import add_data_commands

    program = argparse.ArgumentParser(prog="gmtools", description="Data, lessons and book.")
    program.add_argument("--version", action="version", version=f"gmtools {__version__}")
    commands = program.add_subparsers(title="commands", required=True, metavar="COMMAND")
    add_data_commands(commands)
    _add_run(commands)
    _add(commands, "book", _book, "build the HTML book from the lessons that ran")
    _add_lab(commands)
    _add_solutions(commands)
    add_course_commands(commands)
    pdf = commands.add_parser("pdf", help="the built book as one PDF", description="Print the built book as one PDF.")
    pdf.set_defaults(run=_pdf)
    _add_check(commands)
    export = commands.add_parser("export", help="a named network as one file for another program")
    export.add_argument("format", choices=("oq",), help="oq: a ground-motion model of OpenQuake")
    export.add_argument("name", metavar="NAME", help="such as ann_iran_transfer")
    export.add_argument("folder", metavar="DIR", help="where the file goes")
    export.set_defaults(run=_export)
    pages = commands.add_parser("explorers", help="make a page for each explorer, to be opened as a file")
    pages.add_argument("--data", choices=DATA, default="auto", help="records to show")
    pages.set_defaults(run=_explorers)
    return program


def _add(commands, name: str, run, text: str) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
    command.add_argument("--profile", choices=PROFILES, default="fast", help="how much to compute (default: fast)")
    where = "real data where there are any (auto, the default), only real ones, or only simulated ones"
    command.add_argument("--data", choices=DATA, default="auto", help=where)
    command.set_defaults(run=run)
    return command


def _add_run(commands) -> None:
    command = _add(commands, "run", _run, "run lessons whose code, data or settings have changed")
    meaning = "number (13), folder (10), name or path of a lesson; all lessons when none is named"
    command.add_argument("lessons", nargs="*", metavar="LESSON", help=meaning)
    command.add_argument("--seed", type=int, default=0, help="seed of every random number (default: 0)")
    command.add_argument(
        "--workers", type=_positive, metavar="N", help="lessons at a time (default: 2, or 1 on one core)"
    )
    command.add_argument("--force", action="store_true", help="run even what has not changed")
    limit = "how long one cell may take (default: 600 in smoke, 1800 in fast, 86400 in full)"
    command.add_argument("--cell-timeout", type=_positive, metavar="SECONDS", help=limit)


def _add_lab(commands) -> None:
    command = _add(commands, "lab", _lab, "working copies of the lessons in a folder of yours, and JupyterLab there")
    command.add_argument("folder", nargs="?", default="work", metavar="DIR", help="your folder (default: work)")
    command.add_argument("--no-open", action="store_true", help="make the copies and leave JupyterLab closed")


def _add_check(commands) -> None:
    command = _add(commands, "check", _check, "what the lessons recorded against what is expected of them")
    command.add_argument("lessons", nargs="*", metavar="LESSON", help="as for run; all lessons when none is named")
    what = command.add_mutually_exclusive_group()
    accepted = "expect what these lessons recorded, or ALL that ran; wants --because"
    what.add_argument("--accept", nargs="*", metavar="LESSON", help=accepted)
    again = "run these lessons with three seeds, on one and two threads, and make their tolerances"
    what.add_argument("--spread", nargs="+", metavar="LESSON", help=again)
    command.add_argument("--because", default="", metavar="REASON", help="why results moved; kept in the file")


def _add_solutions(commands) -> None:
    command = _add(commands, "solutions", _solutions, "run the exercises' solutions after their lessons")
    meaning = "as for run; all lessons when none is named"
    command.add_argument("lessons", nargs="*", metavar="LESSON", help=meaning)


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
    from pathlib import Path

    from bookkit import lab
    from bookkit.lessons import Settings
    from bookkit.working import Workshop

    folder = Path(wanted.folder).expanduser().resolve()
    settings = Settings(wanted.profile, wanted.data)
    workshop = Workshop.configured(settings=settings, built=lab.built_book(lab.PROJECT, folder))
    print(lab.report(lab.deliver(workshop, folder), folder), flush=True)
    return 0 if wanted.no_open else lab.open_lab(folder)


def _solutions(wanted: argparse.Namespace) -> None:
    from bookkit import lessons, runner, solutions

    settings = lessons.Settings(wanted.profile, wanted.data)
    outcomes = runner.run(wanted.lessons, wanted.profile, wanted.data, solve=True)
    failed = [outcome.lesson.name for outcome in outcomes if outcome.result == "failed"]
    for lesson in (outcome.lesson for outcome in outcomes if outcome.result != "failed"):
        notebook, ran = lessons.read(lesson.path), runner.solved(lesson, settings)
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


if __name__ == "__main__":
    sys.exit(main())
