"""Slides of a lesson from its own figures: one figure and one question a slide, as HTML that prints to PDF."""

import html
import re
from collections.abc import Iterable
from itertools import chain, repeat
from pathlib import Path

from nbformat import NotebookNode

from bookkit import lessons, pages, quizzes, runner
from bookkit.lessons import Lesson, Settings
from gmtools.cache import PROJECT

ASKED = "What does this figure say, what is it drawn from, and which other explanation does it leave?"
STYLE = """
@page { size: 297mm 167mm; margin: 0 }
body { margin: 0; font: 22px/1.35 sans-serif; color: #111; background: #fff }
section { box-sizing: border-box; width: 100vw; height: 100vh; padding: 3vh 5vw; display: flex;
  flex-direction: column; gap: 2vh; break-after: page; overflow: hidden }
h1, h2 { margin: 0; font-size: 1.5em } img { flex: 1; min-height: 0; object-fit: contain }
p, li { margin: 0 } a { overflow-wrap: anywhere } .ask { font-weight: bold } .small { font-size: 0.7em }
"""


def write(folder: Path, wanted: list[str] | None, settings: Settings, root: Path = PROJECT) -> list[Path]:
    """Write the slides of the lessons that ran, one file each, and an index; returned are the former."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for lesson in lessons.select(wanted, root):
        path = runner.place("executed", lesson, settings, root)
        if path.exists():
            written.append(folder / f"{lesson.name}.html")
            written[-1].write_text(of(lesson, lessons.read(path), root), encoding="utf-8")
    links = "".join(f'<li><a href="{path.name}">{path.stem}</a></li>' for path in written)
    (folder / "index.html").write_text(_page("Slides", f"<h1>Slides</h1><ul>{links}</ul>"), encoding="utf-8")
    return written


def of(lesson: Lesson, executed: NotebookNode, root: Path = PROJECT) -> str:
    """The slides of a lesson that ran: its title, a slide for each figure, its exercises."""
    asked = quizzes.of(lesson.numbers[0], root)
    title = _plain(executed.cells[0].source.splitlines()[0].lstrip("# "))
    questions = chain((_question(one) for one in asked), repeat(f'<p class="ask">{ASKED}</p>'))
    slides = [f"<h1>{title}</h1><p>Lesson {lesson.numbers[0]}. What would you say before you have seen any number?</p>"]
    slides += [f"{shown}{question}" for shown, question in zip(_figures(executed), questions, strict=False)]
    text = "\n".join(cell.source for cell in executed.cells if cell.cell_type == "markdown")
    exercises = re.findall(r"^`+\{exercise\} *([^\n]*)\n:label: (\S+)", text, re.MULTILINE)
    items = "".join(f"<li>{_plain(name) or 'Exercise'} ({label})</li>" for name, label in exercises)
    slides.append(f"<h2>To do</h2><ul>{items}</ul>")
    return _page(title, "\n".join(f"<section>{slide}</section>" for slide in slides))


def _page(title: str, body: str) -> str:
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">'
        f"<style>{STYLE}</style></head>\n<body>\n{body}\n</body></html>\n"
    )


def _figures(executed: NotebookNode) -> Iterable[str]:
    """Heading and picture of each figure that the page shows, in order."""
    heading = ""
    for cell in executed.cells:
        if cell.cell_type == "markdown":
            found = re.findall(r"^##+ +(.+)$", cell.source, re.MULTILINE)
            heading = _plain(found[-1]) if found else heading
        elif "remove-cell" not in cell.metadata.get("tags", []):
            for output in cell.get("outputs", []):
                alt, png = pages.alt_text(output), output.get("data", {}).get("image/png", "").replace("\n", "")
                if alt and png:
                    yield f'<h2>{heading}</h2><img src="data:image/png;base64,{png}" alt="{html.escape(alt)}">'


def _question(question: quizzes.Question) -> str:
    choices = "".join(f"<li>{_plain(text)}</li>" for text in question.shuffled())
    return f'<p class="ask">{_plain(question.text)}</p><ul class="small">{choices}</ul>'


def _plain(text: str) -> str:
    """A line of Markdown as HTML: roles and marks gone, code kept."""
    text = re.sub(r"\{[\w:.-]+\}`([^`<]*)(?:<[^>]*>)?`", r"\1", text)
    text = html.escape(re.sub(r"\*+", "", text), quote=False)
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", text)
