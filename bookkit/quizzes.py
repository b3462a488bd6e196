"""Quizzes of the lessons: ``book/quizzes/12.yml`` as text that needs no kernel and no script, only a click or Enter."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import yaml
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

from bookkit import plain
from gmtools.cache import PROJECT
from gmtools.errors import BookFailed

SPLIT = " || "  # between a choice and what is said of it


@dataclass(frozen=True)
class Question:
    """A question, its choices with what is said of each, the right one first; ``predict``: asked before the lesson."""

    text: str
    choices: tuple[tuple[str, str], ...]
    predict: bool

    def shuffled(self) -> list[str]:
        """The choices in the order in which they are shown, always the same."""
        return sorted(dict(self.choices), key=lambda text: hashlib.sha256(text.encode()).digest())


def of(number: str, root: Path = PROJECT) -> list[Question]:
    """The questions of the lesson with a number, none where it has no file; each choice has to say why."""
    path = root / "book" / "quizzes" / f"{number}.yml"
    entries = yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else []
    return [_question(entry, path) for entry in entries]


def _question(entry: dict, path: Path) -> Question:
    written = [entry["right"], *entry["wrong"]]
    choices = tuple(tuple(choice.split(SPLIT)) for choice in written)
    silent = [choice[0] for choice in choices if len(choice) != 2]
    if silent:
        raise BookFailed(f"{path}: write the choice {silent[0]!r} as 'choice{SPLIT}why it is right or wrong'.")
    return Question(" ".join(entry["ask"].split()), choices, entry.get("predict", False))


def added(cells: Iterable[NotebookNode], number: str, root: Path = PROJECT) -> list[NotebookNode]:
    """Cells of a lesson with its quiz: predictions below the box at its top, the other questions above the summary."""
    cells, questions = list(cells), of(number, root)
    before = [question for question in questions if question.predict]
    after = [question for question in questions if not question.predict]
    if after:
        summary = [n for n, cell in enumerate(cells) if cell.source.startswith("## Summary")]
        title = (
            "## Questions\n\nChoose by a click, or with Tab and Enter. Each choice says why it is right or wrong.\n\n"
        )
        place = summary[-1] if summary else len(cells)
        cells.insert(place, new_markdown_cell(title + markdown(after), id=f"quiz-{number}"))
    if before:
        title = "**Predict before you run.** Choose now; the lesson comes back to it.\n\n"
        box = next((n for n, cell in enumerate(cells) if "You will be able to" in cell.source), 0)
        cells.insert(box + 1, new_markdown_cell(title + markdown(before), id=f"predictions-{number}"))
    return cells


def markdown(questions: list[Question]) -> str:
    """Questions as Markdown with a little HTML: each choice unfolds what is said of it, the order is not the file's."""
    return "\n\n".join(_shown(question) for question in questions)


def _shown(question: Question) -> str:
    lines = [f"**{question.text}**"]
    for text in question.shuffled():
        told, because = "Right" if text == question.choices[0][0] else "No", dict(question.choices)[text]
        shown = re.sub(r"`([^`]+)`", r"<code>\1</code>", text)  # Markdown leaves the HTML of a summary alone
        lines.append(plain.folded(shown, f"**{told}.** {because}"))
    return "\n\n".join(lines)
