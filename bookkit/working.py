"""Working copies: lessons as JupyterLab, VS Code, Colab and a preview at GitHub show them without any extension."""

import copy
import hashlib
import json
import posixpath
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import yaml
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from bookkit import glossary, lessons, pages, places, plain, quizzes, runner
from bookkit.lessons import Lesson, Settings
from bookkit.references import References
from gmtools.cache import PROJECT
from gmtools.errors import BookFailed

METADATA = "gmtools"
READING = Settings()
SCHEME = re.compile(r"^[a-z][a-z+.-]*:")
PAGES = {"book/glossary.md": "#words-used", "book/bibliography.md": "#works-cited"}  # what the copy has itself
SOURCE_FOLDED = {"hide-input", "hide-cell", "remove-cell", "remove-input", "answer", "solution", "solution-code"}
OUTPUTS_FOLDED = {"hide-cell", "hide-output", "answer", "solution", "solution-code"}
NOTE = (
    "*A working copy, yours to change. Shift+Enter runs a cell. Answers and solutions open with a click on ▸, words "
    "with a dotted line explain themselves under the mouse.{numbers}*"
)
FROM_RUN = ' Numbers in the text are those of a run with `profile = "{profile}"`; yours may differ.'
FROM_CELLS = " A name in italics stands for a number that nobody has computed yet: cells below print it."
CHECK = """\
from bookkit.exercises import check

check("{exercise}", ...)  # in place of the dots: {asks}"""
INSTALL = """\
# Elsewhere than in the book's environment, as in Colab: brings the project, once. Then restart the kernel.
import importlib.util
import subprocess
import sys
from pathlib import Path

if importlib.util.find_spec("gmtools") is None:
    project = Path.home() / "gmtools-book"
    if not project.exists():
        subprocess.run(["git", "clone", "--depth", "1", "{address}", str(project)], check=True)
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "-e", str(project)], check=True)
    raise SystemExit("Installed. Restart the kernel (menu Kernel or Runtime), and run the notebook from its top.")"""


@dataclass(frozen=True)
class Workshop:
    """Makes the working copies of a project's lessons; ``settings`` say which run the numbers in the text come from,
    ``book`` where the book's pages are (an address or a path from the folder of the copies; None when nowhere),
    ``repository`` is the public address from which a copy that is opened elsewhere, as in Colab, brings the project."""

    root: Path = PROJECT
    settings: Settings = READING
    book: str | None = None
    repository: str = ""

    @classmethod
    def configured(cls, root: Path = PROJECT, settings: Settings = READING, built: str | None = None) -> "Workshop":
        """As the project's ``_config.yml`` says; where it publishes no book, links lead to a ``built`` one."""
        config = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))
        published = config.get("html", {}).get("baseurl") or built
        return cls(root, settings, published, config.get("repository", {}).get("url") or "")

    @cached_property
    def references(self) -> References:
        """The bibliography."""
        return References(self.root / "references.bib")

    @cached_property
    def words(self) -> dict[str, glossary.Word]:
        """The glossary."""
        return glossary.read(self.root / "book" / "glossary.md")

    @cached_property
    def places(self) -> dict[str, places.Place]:
        """Every name that a text can link to."""
        return places.named(self.root)

    @cached_property
    def checks(self) -> dict[str, str]:
        """Label of an exercise -> the cell that checks its answer."""
        path = self.root / "book" / "checks.yml"
        entries = yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else {}
        return {
            f"ex-{name.replace('.', '-')}": CHECK.format(exercise=name, asks=entry["asks"])
            for name, entry in entries.items()
        }

    def copy(self, lesson: Lesson, change: Callable[[NotebookNode], NotebookNode] | None = None) -> NotebookNode:
        """Make the working copy of a lesson, without outputs, as it stands or as a function changes it first; its
        metadata hold digests for :func:`is_untouched` and :func:`lesson_digest`. BookFailed where it is a working copy
        already."""
        source = lessons.read(lesson.path)
        if METADATA in source.metadata:
            raise BookFailed(f"{lesson.path} is a working copy itself: in this branch they replace the lessons.")
        source = change(source) if change else source
        made = _Copy(self, lesson, _printed(lesson, self.settings, self.root))
        notebook = copy.deepcopy(source)
        notebook.cells = quizzes.added(made.cells(source.cells), lesson.numbers[0], self.root)
        notebook.metadata = NotebookNode(
            {name: source.metadata[name] for name in ("kernelspec",) if name in source.metadata}
        )
        told = {"copy_of": lesson.relative.as_posix(), "lesson": _digest(source.cells), "copy": _digest(notebook.cells)}
        notebook.metadata[METADATA] = told
        notebook.nbformat_minor = max(5, source.nbformat_minor)
        return notebook


def is_untouched(notebook: NotebookNode) -> bool:
    """Whether nobody changed or ran this copy since it was made."""
    return notebook.metadata.get(METADATA, {}).get("copy") == _digest(notebook.cells)


def lesson_digest(notebook: NotebookNode) -> str:
    """Digest of the lesson that this copy was made from, or nothing for another notebook."""
    return notebook.metadata.get(METADATA, {}).get("lesson", "")


def _digest(cells: Iterable[NotebookNode]) -> str:
    parts = [[cell.cell_type, cell.source, cell.get("attachments", {}), cell.get("outputs", [])] for cell in cells]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _printed(lesson: Lesson, settings: Settings, root: Path) -> dict[str, str]:
    """Name -> text that the last run of a lesson glued; nothing where its code has changed since."""
    path = runner.place("executed", lesson, settings, root)
    merged = lessons.merge(lessons.read(lesson.path), lessons.read(path)) if path.exists() else None
    return pages.numbers([merged]) if merged else {}


class _Copy:
    """One copy in the making."""

    def __init__(self, workshop: Workshop, lesson: Lesson, printed: Mapping[str, str]):
        self.workshop = workshop
        self.here = f"notebooks/{lesson.relative.as_posix()}"
        self.context = plain.Context(workshop.references, workshop.words, printed, self.link)

    def cells(self, source: list[NotebookNode]) -> list[NotebookNode]:
        """All cells of the copy, in order."""
        made = [copied for cell in source for copied in self.cell(cell)]
        made.insert(1, new_markdown_cell(NOTE.format(numbers=self._origin()), id="working-copy"))
        if self.workshop.repository:
            made.insert(2, _installing(self.workshop.repository))
        return made + self.appendix()

    def cell(self, cell: NotebookNode) -> list[NotebookNode]:
        """A cell as cells of the copy."""
        if cell.cell_type != "markdown":
            return [code(cell) if cell.cell_type == "code" else copy.deepcopy(cell)]
        tags = set(cell.metadata.get("tags", []))
        made = self.markdown(cell.source, cell.id, folds=bool(tags & {"answer", "solution"}))
        if "exercise" in tags or re.search(r"^[`:]{3,}\{exercise\}", cell.source, re.MULTILINE):
            made.append(new_code_cell("", id=f"{cell.id[:58]}-yours"))
            asked = (self.workshop.checks.get(name) for name in re.findall(r":label: *(\S+)", cell.source))
            made += [new_code_cell(text, id=f"{cell.id[:58]}-check") for text in asked if text]
        return made

    def markdown(self, text: str, cell_id: str, folds: bool) -> list[NotebookNode]:
        """A text as cells: one that ``folds`` is folded whole if nothing in it is, and what is folded ends a cell."""
        shown = plain.convert(text, self.context).strip("\n")
        if folds and "<details" not in shown:
            shown = plain.folded("Answer", shown)
        made = []
        for number, part in enumerate(_parts(shown), start=1):
            made.append(new_markdown_cell(part, id=f"{cell_id[:60]}-{number}" if number > 1 else cell_id))
        return made

    def appendix(self) -> list[NotebookNode]:
        """Words used and works cited, so that a copy needs no other page."""
        words, cells = self.context.used.copy(), []
        if words:
            order = sorted(words, key=str.lower)
            lines = [f"- **{term}**: {' '.join(words[term].definition.split())}" for term in order]
            text = plain.convert("\n".join(lines), self.context)
            folded = plain.folded(f"Words used here ({len(words)})", text)
            cells.append(new_markdown_cell(f'## <a id="words-used"></a>Words\n\n{folded}', id="words-used"))
        cited = self.workshop.references.in_order(self.context.cited)
        if cited:
            works = "\n".join(f"- {self.workshop.references.entry(key)}" for key in cited)
            cells.append(new_markdown_cell(f'## <a id="works-cited"></a>Works cited\n\n{works}', id="works-cited"))
        return cells

    def link(self, to: str) -> tuple[str | None, str]:
        """Address and title of what a text links to."""
        path, _, anchor = to.partition("#")
        if SCHEME.match(to):
            return to, to
        place = self.workshop.places.get(to if path else anchor)
        if place:
            title = plain.in_words(place.title, self.workshop.references)
            if to.startswith("ex-") and place.page != self.here:
                title += f" of lesson {to.split('-')[1]}"
            return self._address(place.page, to if path else anchor), title
        if not path:
            return to, anchor
        page = posixpath.normpath(posixpath.join(posixpath.dirname(self.here), path))
        if not posixpath.splitext(page)[1]:  # {doc} names a page without its ending
            page += ".ipynb" if (self.workshop.root / f"{page}.ipynb").exists() else ".md"
        return self._address(page, anchor), places.title(self.workshop.root / page)

    def _address(self, page: str, anchor: str) -> str | None:
        """Where a page of the project is, seen from this copy."""
        hashed = f"#{anchor}" if anchor else ""
        if page == self.here:
            return hashed
        if page.endswith(".ipynb"):
            return posixpath.relpath(page, posixpath.dirname(self.here)) + hashed
        if page in PAGES:
            return PAGES[page]
        book = self.workshop.book
        if book is None:
            return None
        if not SCHEME.match(book):
            book = posixpath.join("../" * (len(Path(self.here).parts) - 2), book)
        return posixpath.join(book, f"{posixpath.splitext(page)[0]}.html{hashed}")

    def _origin(self) -> str:
        if self.context.missing:
            return FROM_CELLS
        return FROM_RUN.format(profile=self.workshop.settings.profile) if self.context.numbers else ""


def _parts(text: str) -> list[str]:
    """A text cut after each ``</details>`` that closes the outermost: below it a new cell has more room."""
    parts, lines, depth = [], [], 0
    for line in text.splitlines():
        lines.append(line)
        depth += line.startswith("<details>") - line.startswith("</details>")
        if line == "</details>" and depth == 0:
            parts.append("\n".join(lines).strip("\n"))
            lines = []
    rest = "\n".join(lines).strip("\n")
    return [*parts, rest] if rest or not parts else parts


def code(cell: NotebookNode) -> NotebookNode:
    """A code cell of a copy: without outputs, folded by JupyterLab's own metadata."""
    tags = cell.metadata.get("tags", [])
    made = new_code_cell(cell.source, id=cell.id, metadata={"tags": tags} if tags else {})
    folded = {"source_hidden": SOURCE_FOLDED, "outputs_hidden": OUTPUTS_FOLDED}
    hidden = {name: True for name, those in folded.items() if those & set(tags)}
    if hidden:
        made.metadata["jupyter"] = hidden
    if "source_hidden" in hidden:
        made.metadata["cellView"] = "form"  # Colab's word for it
    return made


def _installing(repository: str) -> NotebookNode:
    source = INSTALL.format(address=f"{repository.removesuffix('/')}.git".replace(".git.git", ".git"))
    return new_code_cell(source, id="install", metadata={"jupyter": {"source_hidden": True}})
