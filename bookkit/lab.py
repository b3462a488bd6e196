"""The folder where a student works: working copies that never replace what somebody wrote, and JupyterLab on them."""

import contextlib
import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import nbformat

from bookkit import lessons, working
from bookkit.lessons import Lesson
from bookkit.runner import with_full_paths, write_atomically
from bookkit.working import Workshop
from gmtools.cache import PROJECT
from gmtools.errors import BookFailed


@dataclass(frozen=True)
class Delivery:
    """What became of one copy: ``new``, ``renewed``, ``as it was``, ``yours``, or ``beside yours``."""

    path: Path
    result: str


def deliver(workshop: Workshop, folder: Path, chosen: Iterable[Lesson] | None = None) -> list[Delivery]:
    """Put working copies of all lessons, or of those chosen, into a folder. A copy that nobody touched is renewed; of
    one that somebody changed or ran, a new edition of its lesson lands beside it, as ``12_train_ann.new.ipynb``.
    BookFailed where the folder holds the lessons themselves, or is a file."""
    folder = folder.resolve()
    if folder == workshop.root / "notebooks" or workshop.root / "notebooks" in folder.parents:
        raise BookFailed(f"{folder} holds the lessons themselves: name another folder for the working copies.")
    if folder.exists() and not folder.is_dir():
        raise BookFailed(f"{folder} is a file: name a folder for the working copies.")
    wanted = lessons.discover(workshop.root) if chosen is None else chosen
    return [_deliver(workshop.copy(lesson), folder / lesson.relative) for lesson in wanted]


def _deliver(made: nbformat.NotebookNode, path: Path) -> Delivery:
    there = _read(path)
    if not path.exists():
        return _write(made, path, "new")
    if there is not None and working.is_untouched(there):
        return Delivery(path, "as it was") if there.cells == made.cells else _write(made, path, "renewed")
    if there is not None and working.lesson_digest(there) == working.lesson_digest(made):
        return Delivery(path, "yours")
    return _beside(made, path)


def _beside(made: nbformat.NotebookNode, path: Path) -> Delivery:
    """Write a new edition beside a copy that somebody changed, under a name at which nothing of theirs is."""
    number = 1
    while True:
        place = path.with_suffix(f".new{number if number > 1 else ''}.ipynb")
        there = _read(place)
        if not place.exists() or (there is not None and working.is_untouched(there)):
            return _write(made, place, "beside yours")
        if there is not None and working.lesson_digest(there) == working.lesson_digest(made):
            return Delivery(place, "yours")
        number += 1


def _read(path: Path) -> nbformat.NotebookNode | None:
    """A notebook, or None where there is none that can be read."""
    try:
        return nbformat.read(path, as_version=4)
    except (OSError, ValueError, nbformat.ValidationError):
        return None


def _write(made: nbformat.NotebookNode, path: Path, result: str) -> Delivery:
    write_atomically(path, nbformat.writes(made) + "\n")
    return Delivery(path, result)


def report(deliveries: list[Delivery], folder: Path) -> str:
    """Lines for the terminal: how many copies, and each that is somebody's own."""
    counts = {result: sum(delivery.result == result for delivery in deliveries) for result in ("new", "renewed")}
    told = ", ".join(f"{count} {result}" for result, count in counts.items() if count) or "none of them new"
    lines = [f"{len(deliveries)} lessons as working copies in {folder}: {told}."]
    for delivery in deliveries:
        if delivery.result == "yours":
            lines.append(f"{delivery.path.relative_to(folder)}: has your changes, left as it is")
        elif delivery.result == "beside yours":
            first = delivery.path.name.split(".")[0]
            lines.append(f"{delivery.path.relative_to(folder)}: the lesson's new edition, beside your {first}.ipynb")
    return "\n".join(lines)


def built_book(root: Path, folder: Path) -> str | None:
    """Path of the built book from a folder inside the project; None where there is no book, or the folder is outside:
    JupyterLab serves nothing outside the folder that it was started in, and :func:`open_lab` starts it in the
    project."""
    pages = root / "_build" / "html"
    if not (pages / "index.html").exists() or root not in folder.resolve().parents:
        return None
    return Path(os.path.relpath(pages, folder.resolve())).as_posix()


def open_lab(folder: Path, root: Path = PROJECT) -> int:
    """Open JupyterLab on a folder, and return its exit status; BookFailed where it is not installed."""
    if importlib.util.find_spec("jupyterlab") is None:
        raise BookFailed("JupyterLab is not in this environment: `make lab` uses the book's own, which has it.")
    with subprocess.Popen(command(folder, root), env=environment()) as server:
        while True:
            with contextlib.suppress(KeyboardInterrupt):  # Ctrl-C is for JupyterLab, which asks back
                return server.wait()


def command(folder: Path, root: Path = PROJECT) -> list[str]:
    """Command line of JupyterLab; inside the project it may show the built book, outside it sees its folder only."""
    folder = folder.resolve()
    inside = root in folder.parents
    opened = f"/lab/tree/{folder.relative_to(root).as_posix()}" if inside else "/lab"
    served = root if inside else folder
    as_root = ["--allow-root"] if getattr(os, "geteuid", lambda: 1)() == 0 else []  # in a container there is no other
    return [sys.executable, "-m", "jupyterlab", str(served), f"--LabApp.default_url={opened}", *as_root]


def environment() -> dict[str, str]:
    """Environment of JupyterLab: this Python's kernel, and folders of data that it finds from wherever it runs."""
    return with_full_paths(os.environ) | {"JUPYTER_PREFER_ENV_PATH": "1"}
