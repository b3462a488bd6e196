"""The names in the lessons and pages that a text can link to: where each is, and what it is called."""

import re
from dataclasses import dataclass
from pathlib import Path

from bookkit import lessons, plain

LABEL = re.compile(r"^\((?P<name>[\w:.-]+)\)=\s*\n+(?:#+ +(?P<title>.+))?|^:label: *(?P<exercise>\S+)", re.MULTILINE)


@dataclass(frozen=True)
class Place:
    """A place that texts link to: its page, relative to the project, and its title."""

    page: str
    title: str


def named(root: Path) -> dict[str, Place]:
    """Name -> place, for all lessons and prose pages of a project."""
    found = {}
    for lesson in lessons.discover(root):
        texts = [cell.source for cell in lessons.read(lesson.path).cells if cell.cell_type == "markdown"]
        found |= _in_text("\n\n".join(texts), f"notebooks/{lesson.relative.as_posix()}")
    for path in sorted((root / "book").rglob("*.md")):
        found |= _in_text(path.read_text(encoding="utf-8"), path.relative_to(root).as_posix())
    return found


def _in_text(text: str, page: str) -> dict[str, Place]:
    found = {}
    for match in LABEL.finditer(text):
        if match["exercise"]:
            found[match["exercise"]] = Place(page, f"exercise {plain.exercise_number(match['exercise'])}")
        else:
            found[match["name"]] = Place(page, (match["title"] or match["name"]).strip())
    return found


def title(path: Path) -> str:
    """First heading of a page or lesson, or its name."""
    if path.suffix == ".ipynb" and path.exists():
        text = lessons.read(path).cells[0].source
    else:
        text = path.read_text(encoding="utf-8") if path.exists() else ""
    heading = re.search(r"^# +(.+)$", text, re.MULTILINE)
    return heading[1].strip() if heading else path.stem.replace("_", " ")
