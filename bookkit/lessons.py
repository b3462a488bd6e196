"""The lessons: where they lie, how one is named on the command line, and when what ran is still good."""

import copy
import difflib
import hashlib
import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import nbformat

from bookkit import uses
from gmtools.cache import PROJECT
from gmtools.errors import FormatError, LessonFailed

INJECTED = "injected-parameters"
APPENDED = "appended-solution"
PRINTED = 20_000  # characters of printed text that a code cell keeps


@dataclass(frozen=True)
class Lesson:
    """One numbered notebook below ``notebooks/``."""

    path: Path
    relative: Path

    @property
    def name(self) -> str:
        """File name without its ending, such as ``12_train_ann``."""
        return self.path.stem

    @property
    def numbers(self) -> tuple[str, ...]:
        """Leading numbers of the lesson and of the folders above it, such as ``("12", "10")``."""
        return tuple(part.split("_")[0] for part in (self.name, *reversed(self.relative.parts[:-1])))


@dataclass(frozen=True)
class Settings:
    """The three parameters that every lesson takes."""

    profile: str = "fast"
    data: str = "auto"
    seed: int = 0

    @property
    def folder(self) -> str:
        """Folder of what ran with these settings, such as ``fast-auto``."""
        return f"{self.profile}-{self.data}"

    def parameters(self) -> dict:
        """What papermill puts below the cell tagged ``parameters``."""
        return {"profile": self.profile, "seed": self.seed, "data": self.data}


def discover(root: Path = PROJECT) -> list[Lesson]:
    """All numbered notebooks of a project folder, in reading order."""
    folder = root / "notebooks"
    found = (path for path in folder.rglob("[0-9][0-9]_*.ipynb") if ".ipynb_checkpoints" not in path.parts)
    return [Lesson(path, path.relative_to(folder)) for path in sorted(found)]


def select(wanted: list[str] | None, root: Path = PROJECT) -> list[Lesson]:
    """Lessons that the words of a command line mean, in reading order and each once.

    A word is a number (``13``), the number or name of a folder (``10``, ``10_ann_gmm``), a name with or without its
    number (``13_transfer_to_iran``, ``transfer_to_iran``) or a path. No word at all means every lesson.
    """
    lessons = discover(root)
    if not wanted:
        return lessons
    chosen = {lesson for word in wanted for lesson in _matching(word, lessons)}
    return [lesson for lesson in lessons if lesson in chosen]


def _matching(word: str, lessons: list[Lesson]) -> list[Lesson]:
    path = Path(word).resolve()
    matching = [
        lesson
        for lesson in lessons
        if word in lesson.numbers
        or word in (lesson.name, lesson.name.partition("_")[2], lesson.relative.as_posix(), *lesson.relative.parts[:-1])
        or path == lesson.path.resolve()
        or (path.is_dir() and path in lesson.path.resolve().parents)
    ]
    if not matching:
        names = [lesson.name for lesson in lessons]
        bare = {name.partition("_")[2]: name for name in names}
        near = difflib.get_close_matches(word, [*names, *bare], n=3, cutoff=0.4)
        near = list(dict.fromkeys(bare.get(name, name) for name in near)) or names
        raise LessonFailed(f"No lesson is called {word!r}. Nearest: {', '.join(near) or 'none, notebooks/ is empty'}.")
    return matching


def read(path: Path) -> nbformat.NotebookNode:
    """Read a notebook of format 4; FormatError where the file is no whole one."""
    try:
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
    except OSError:
        raise
    except Exception as error:  # nbformat raises a dozen kinds for what is no notebook
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        raise FormatError(f"{path} is no whole notebook ({reason}). Repair it, or get it anew from git.") from error
    return notebook


def code_cells(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    """Code cells of a notebook without those that a run put in."""
    return [
        cell for cell in notebook.cells if cell.cell_type == "code" and not is_injected(cell) and not is_appended(cell)
    ]


def is_injected(cell: nbformat.NotebookNode) -> bool:
    """Whether papermill put this cell in."""
    return INJECTED in cell.metadata.get("tags", [])


def is_appended(cell: nbformat.NotebookNode) -> bool:
    """Whether this cell runs a solution after the lesson."""
    return APPENDED in cell.metadata.get("tags", [])


def shorten(notebook: nbformat.NotebookNode) -> None:
    """Cut what each code cell printed after ``PRINTED`` characters, in place, with a note how much is missing."""
    for cell in code_cells(notebook):
        streams = [output for output in cell.outputs if output.output_type == "stream"]
        printed = sum(len(output.text) for output in streams)
        if printed > PRINTED:
            room = PRINTED
            for output in streams:
                output.text, room = output.text[:room], max(0, room - len(output.text))
            cell.outputs = [output for output in cell.outputs if output.get("text") != ""]
            note = f"\n… {printed - PRINTED:,} of {printed:,} printed characters are cut here.\n"
            cell.outputs.append(nbformat.v4.new_output("stream", name="stdout", text=note))


def used(notebook: nbformat.NotebookNode) -> uses.Uses:
    """What the code of a lesson uses of the project."""
    return uses.of(cell.source for cell in code_cells(notebook))


def content_key(
    lesson: Lesson, notebook: nbformat.NotebookNode, settings: Settings, fingerprint: str, root: Path = PROJECT
) -> str:
    """Hash of everything that a lesson's outputs depend on, which its text is not; ``fingerprint``: what data are there
    now (:func:`gmtools.data.catalog.fingerprint`), or a word for simulated data."""
    lock = root / "requirements.lock"
    parts = [
        [cell.source for cell in code_cells(notebook)],
        settings.parameters(),
        used(notebook).digest(),
        fingerprint,
        hashlib.sha256(lock.read_bytes()).hexdigest() if lock.exists() else "",
        list(sys.version_info[:2]),
        _targets(lesson, root),
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _targets(lesson: Lesson, root: Path) -> list[str]:
    """Texts of the files of ``paper_targets`` that are about the study of a lesson."""
    texts = [path.read_text(encoding="utf-8") for path in sorted((root / "paper_targets").glob("*.yml"))]
    study = re.compile(rf"^folder: notebooks/{re.escape(lesson.relative.parent.as_posix())}$", re.MULTILINE)
    return [text for text in texts if study.search(text)]


def merge(source: nbformat.NotebookNode, executed: nbformat.NotebookNode) -> nbformat.NotebookNode | None:
    """Put the outputs of an executed copy into the text as it is now; None when the code has changed."""
    ran = code_cells(executed)
    if [cell.source for cell in ran] != [cell.source for cell in code_cells(source)]:
        return None
    merged = copy.deepcopy(source)
    for cell, old in zip(code_cells(merged), ran, strict=True):
        cell.outputs, cell.execution_count = old.outputs, old.execution_count
    for cell in filter(is_injected, executed.cells):
        cell.metadata.pop("papermill", None)
        merged.cells.insert(_below_parameters(merged), cell)
    for entry in ("gmtools", "language_info", "papermill", "widgets"):
        if entry in executed.metadata:
            merged.metadata[entry] = executed.metadata[entry]
    return merged


def _below_parameters(notebook: nbformat.NotebookNode) -> int:
    tagged = (i for i, cell in enumerate(notebook.cells) if "parameters" in cell.metadata.get("tags", []))
    return next(tagged, -1) + 1
