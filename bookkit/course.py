"""A course from the lessons: answers that are checked, variants of exercises, editions for students and instructors."""

import contextlib
import hashlib
import io
import json
import math
import random
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import nbformat
import yaml
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

from bookkit import exercises, lessons, runner, solutions
from bookkit.lessons import Lesson
from bookkit.working import Workshop
from gmtools.cache import PROJECT
from gmtools.errors import BookFailed

CHECKS, VARIANTS, GUIDE = "book/checks.yml", "book/variants.yml", "book/course/students.md"
ALLOWED = {name: getattr(math, name) for name in ("log", "log10", "exp", "sqrt", "pi")} | {"__builtins__": {}}
MARKS = {
    "Understand": "2 points: 1 for the number, 1 for a sentence that says why it is so.",
    "Change and explain": "4 points: 1 for code that runs, 1 for the number with its data, 2 for the explanation.",
    "Open": "6 points by the rubric: question, method, evidence, what it does not show.",
}


@dataclass(frozen=True)
class Variant:
    """An exercise with other numbers: exchanged pieces of its text, of its solution's code, and what that prints."""

    exercise: dict[str, str]
    solution: dict[str, str]
    prints: str


def label(exercise: str) -> str:
    """Label of an exercise in its lesson: ``ex-12-1`` of ``12.1``."""
    return "ex-" + exercise.replace(".", "-")


def checks(root: Path = PROJECT) -> dict[str, dict]:
    """Exercise -> what is asked, which number of its solution is the answer, tolerance, reason, mistakes, hint."""
    return yaml.safe_load((root / CHECKS).read_text(encoding="utf-8"))


def answers(root: Path = PROJECT, changed: Mapping[str, Variant] | None = None) -> dict[str, dict]:
    """What :func:`bookkit.exercises.check` compares with: numbers that solutions or variants print, as hashes."""
    printed = {name: variant.prints for name, variant in (changed or {}).items()}
    for lesson in lessons.discover(root):
        for solution in solutions.of(lessons.read(lesson.path)):
            printed.setdefault(solution.label, solution.prints or "")
    kept = {}
    for exercise, entry in checks(root).items():
        numbers = solutions.NUMBER.findall(printed.get(label(exercise), ""))
        if len(numbers) < entry["number"]:
            raise BookFailed(f"{CHECKS}, {exercise}: its solution says no number {entry['number']}, but {numbers}.")
        answer = solutions.value(numbers[entry["number"] - 1])
        wrong = {eval(rule, ALLOWED, {"answer": answer}): hint for rule, hint in entry["mistakes"].items()}
        told = (float(entry["tolerance"]), entry["because"], wrong, entry["hint"])
        kept[exercise] = exercises.record(exercise, answer, *told)
    return kept


def variants(seed: str, root: Path = PROJECT) -> dict[str, Variant]:
    """Label -> the variant of an exercise that a word or number, such as the year, chooses; its code is run here."""
    made = {}
    for exercise, entry in yaml.safe_load((root / VARIANTS).read_text(encoding="utf-8")).items():
        dice = random.Random(hashlib.sha256(f"{seed} {exercise}".encode()).hexdigest())
        chosen = dice.choice(entry["choices"])
        exchanged = [
            {
                old: re.sub(r"\{(\w+)\}", lambda name, of=chosen: str(of[name[1]]), new)
                for old, new in entry[part].items()
            }
            for part in ("text", "code")
        ]
        code = _exchanged(_code(label(exercise), root), exchanged[1], exercise)
        screen = io.StringIO()
        with contextlib.redirect_stdout(screen):
            exec(entry.get("before", "") + "\n" + code, {})
        made[label(exercise)] = Variant(*exchanged, screen.getvalue())
    return made


def _code(wanted: str, root: Path) -> str:
    for lesson in lessons.discover(root):
        for solution in solutions.of(lessons.read(lesson.path)):
            if solution.label == wanted:
                return solution.code
    raise BookFailed(f"{VARIANTS}: no lesson has a solution with code for {wanted}.")


def _exchanged(text: str, pieces: Mapping[str, str], where: str) -> str:
    for old, new in pieces.items():
        if old not in text:
            raise BookFailed(f"{VARIANTS}, {where}: {old!r} does not stand in the exercise any more.")
        text = text.replace(old, new)
    return text


def build(
    folder: Path, workshop: Workshop, teaches: bool, wanted: list[str] | None = None, seed: str | None = None
) -> list[Path]:
    """Write an edition into a new folder, the instructors' where it ``teaches``; ``wanted`` words name lessons, a
    ``seed`` (any word) chooses variants. Returned are the notebooks, and the archive of a students' edition."""
    if folder.exists() and any(folder.iterdir()):
        raise BookFailed(f"{folder} is not empty: name a new folder, so that nothing of an older edition stays in it.")
    changed = variants(seed, workshop.root) if seed else {}
    data, written = set(), []
    for lesson in lessons.select(wanted, workshop.root):
        path = folder / lesson.relative
        path.parent.mkdir(parents=True, exist_ok=True)
        change = _instructors(lesson, workshop, changed) if teaches else partial(_students, changed=changed)
        nbformat.write(workshop.copy(lesson, change), path)
        written.append(path)
        data |= lessons.used(lessons.read(lesson.path)).data
    kept = answers(workshop.root, changed)
    (folder / exercises.FILE).write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    (folder / "data_manifests").mkdir()
    for name in data:
        shutil.copy(workshop.root / "data_manifests" / f"{name}.yml", folder / "data_manifests")
    if not teaches:
        shutil.copy(workshop.root / GUIDE, folder / "README.md")
        written.append(Path(shutil.make_archive(str(folder), "zip", folder.parent, folder.name)))
    return written


def _students(source: NotebookNode, changed: Mapping[str, Variant]) -> NotebookNode:
    """A lesson without its solutions."""
    source.cells = [cell for cell in source.cells if not _is_solution(cell)]
    return _varied(source, changed)


def _instructors(
    lesson: Lesson, workshop: Workshop, changed: Mapping[str, Variant]
) -> Callable[[NotebookNode], NotebookNode]:
    ran = runner.recorded(lesson, workshop.settings, workshop.root, "solutions")

    def change(source: NotebookNode) -> NotebookNode:
        """A lesson whose solutions say what they printed, with a note on marking below each."""
        found, cells = solutions.of(source), []
        printed = ran["printed"] if ran and len(ran["printed"]) == len(found) else [s.prints for s in found]
        checked = {label(exercise): entry for exercise, entry in checks(workshop.root).items()}
        kinds = {name: text for cell in source.cells for name, text in _kinds(cell.source)}
        for cell in source.cells:
            cells.append(cell)
            for match in solutions.SOLUTION.finditer(cell.source if cell.cell_type == "markdown" else ""):
                told = [text for s, text in zip(found, printed, strict=True) if s.label == match["label"] and text]
                told = [changed[match["label"]].prints] if match["label"] in changed else told
                note = _marking(kinds.get(match["label"], "Open"), told, checked.get(match["label"]))
                cells.append(new_markdown_cell(note, id=f"marking-{match['label']}"))
        source.cells = cells
        return _varied(source, changed)

    return change


def _is_solution(cell: NotebookNode) -> bool:
    return bool({"solution", "solution-code"} & set(cell.metadata.get("tags", []))) or bool(
        cell.cell_type == "markdown" and solutions.SOLUTION.search(cell.source)
    )


def _kinds(text: str) -> list[tuple[str, str]]:
    """Label and kind of the exercises in a cell: understand, change and explain, or open."""
    starts = re.split(r":label: *(\S+)", text)
    pairs = zip(starts[1::2], starts[2::2], strict=True)
    return [(name, next((kind for kind in MARKS if re.search(rf"\*{kind}\.|{kind} q", body)), "Change and explain"))
            for name, body in pairs]  # fmt: skip


def _marking(kind: str, printed: list[str], entry: Mapping | None) -> str:
    """Notes on marking an exercise, and on what its cell checks, as a folded box."""
    lines = [f"*{kind}.* {MARKS[kind]}"]
    if printed:
        lines.append("The solution printed:\n\n```text\n" + "".join(printed) + "```")
    if entry:
        lines.append(f"Checked in its cell: {entry['asks']}, ± {entry['tolerance']:g} ({entry['because']}).")
        lines += [f"- Usual mistake: {hint}" for hint in entry["mistakes"].values()]
    return "::::{admonition} Marking\n:class: dropdown\n\n" + "\n\n".join(lines) + "\n::::"


def _varied(source: NotebookNode, changed: Mapping[str, Variant]) -> NotebookNode:
    """A lesson with the variants in the place of its exercises, and of the code of their solutions."""
    for cell in source.cells:
        for name, variant in changed.items():
            if re.search(rf"^:label: *{name}$", cell.source, re.MULTILINE):
                cell.source = _exchanged(cell.source, variant.exercise, name)
            elif (match := solutions.SOLUTION.search(cell.source)) and match["label"] == name:
                text = _exchanged(cell.source, variant.solution, name)
                told = f"```text\n{variant.prints}```\n\n*The words below are those of the exercise in the book.*"
                cell.source = re.sub(r"^```text\n.*?^```$", lambda _, told=told: told, text, count=1, flags=re.M | re.S)
    return source
