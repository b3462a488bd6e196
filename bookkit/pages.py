"""An executed lesson as a page of the book: alt texts, anchors for the scoreboard, no duplicates."""

import ast
import base64
import copy
import re
from collections.abc import Iterable, Mapping

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from bookkit.lessons import is_injected

WIDGET_MIME = "application/vnd.jupyter.widget-view+json"
RESULT_MIME = "application/vnd.gmtools.result+json"
EXPLORER = 'class="gmtools-explorer"'
NUMPY_NUMBER = re.compile(r"^np\.\w+\((?P<number>.*)\)$")
CARD_FIGURE = re.compile(r"^:img-top: figures/(?P<id>\S+)\.png\n:img-alt: .*\n", re.MULTILINE)
OUTCOME = re.compile(r"\{outcome\}`(?P<name>[^`]+)`")
NOT_RUN = """\
```{{warning}}
This lesson has not been run for this edition of the book ({reason}), so it shows no output.
```"""


def lesson_page(executed: NotebookNode) -> NotebookNode:
    """Page of a lesson that ran, as a copy: alt texts where MyST-NB looks for them, anchors ``result-<group>`` in
    place of results for the scoreboard, no progress bars, and papermill's cell only where it differs from the
    lesson's own values."""
    page = copy.deepcopy(executed)
    anchored = set()
    cells = []
    for cell in page.cells:
        if is_injected(cell) and _repeats(cell, page.cells):
            continue
        if cell.cell_type != "code":
            cells.append(cell)
            continue
        groups = [group for group in recorded_groups(cell) if group not in anchored]
        anchored.update(groups)
        if groups:
            cells.append(_anchors(groups, cell.id))
        _strip_outputs(cell)
        _prefer_page_twins(cell)
        cells += _one_figure_each(cell)
    page.cells = cells
    page.metadata.pop("papermill", None)
    page.metadata.pop("gmtools", None)
    _forget_widgets(page)
    return page


def not_run_page(source: NotebookNode, reason: str) -> NotebookNode:
    """Make the page of a lesson that has no run to show: its text and code, and below the title a box that says so."""
    page = copy.deepcopy(source)
    page.cells.insert(1, new_markdown_cell(NOT_RUN.format(reason=reason), id="not-run"))
    return page


def figures(pages: Iterable[NotebookNode]) -> dict[str, tuple[bytes, str]]:
    """Cell id -> PNG and alt text of the first figure with an alt text that the cell drew."""
    found = {}
    for cell in (cell for page in pages for cell in page.cells):
        for output in cell.get("outputs", []):
            if alt_text(output) and "image/png" in output.get("data", {}):
                found.setdefault(cell.id, (base64.b64decode(output.data["image/png"]), alt_text(output)))
    return found


def with_figures(text: str, drawn: Mapping[str, tuple[bytes, str]]) -> tuple[str, dict[str, bytes]]:
    """A page (MyST) whose cards with ``:img-top: figures/ID.png`` carry alt texts of the figures that their cells
    drew, no picture where they drew none, and the pictures, path beside the page -> PNG."""
    named = {match["id"] for match in CARD_FIGURE.finditer(text)} & drawn.keys()

    def option(match: re.Match) -> str:
        """Options of a card: its figure, or nothing where the cell drew none."""
        name = match["id"]
        return f":img-top: figures/{name}.png\n:img-alt: {drawn[name][1]}\n" if name in named else ""

    return CARD_FIGURE.sub(option, text), {f"figures/{name}.png": drawn[name][0] for name in sorted(named)}


def numbers(pages: Iterable[NotebookNode]) -> dict[str, str]:
    """Name -> text of every number that the lessons glued."""
    return {
        output.metadata["scrapbook"]["name"]: content.strip("'\"")
        for page in pages
        for cell in page.cells
        for output in cell.get("outputs", [])
        if "scrapbook" in output.get("metadata", {})
        for kind, content in output.get("data", {}).items()
        if kind.endswith("text/plain")
    }


def with_outcomes(text: str, glued: Mapping[str, str]) -> str:
    """Put the lessons' numbers where a page says ``{outcome}`NAME```; a dash where the lesson has no run to show."""
    return OUTCOME.sub(lambda match: glued.get(match["name"], "–"), text)


def recorded_groups(cell: NotebookNode) -> list[str]:
    """Groups of paper targets (``I-F2``) that a code cell recorded results for, each once, in order."""
    results = (
        result
        for output in cell.get("outputs", [])
        for result in output.get("data", {}).get(RESULT_MIME, {}).get("results", [])
    )
    return list(dict.fromkeys(result["id"].split(".", 1)[0] for result in results))


def _anchors(groups: list[str], cell_id: str) -> NotebookNode:
    spans = "".join(f'<span id="result-{group}"></span>' for group in groups)
    return new_markdown_cell(spans, id=f"result-{cell_id}"[:64])


def _strip_outputs(cell: NotebookNode) -> None:
    for output in cell.outputs:
        output.get("data", {}).pop(RESULT_MIME, None)
        _unwrap_number(output)
    cell.outputs = [output for output in cell.outputs if output.get("data", True) and not _is_progress_bar(output)]


def _unwrap_number(output: NotebookNode) -> None:
    """Write a glued NumPy number as a plain one: formats in the text, ``{glue:text}`x:.2f```, take no other."""
    if "scrapbook" in output.get("metadata", {}):
        for kind, content in output.data.items():
            if kind.endswith("text/plain"):
                output.data[kind] = NUMPY_NUMBER.sub(r"\g<number>", content)


def _prefer_page_twins(cell: NotebookNode) -> None:
    """Of an explorer keep the HTML that the page brings to life: its widget would need a kernel."""
    for output in cell.outputs:
        if EXPLORER in output.get("data", {}).get("text/html", ""):
            output.data.pop(WIDGET_MIME, None)


def _forget_widgets(page: NotebookNode) -> None:
    """Leave out saved states that no output shows: an explorer's is a megabyte, and any loads the widget manager."""
    outputs = (output for cell in page.cells for output in cell.get("outputs", []))
    if not any(WIDGET_MIME in output.get("data", {}) for output in outputs):
        page.metadata.pop("widgets", None)
    for widgets in page.metadata.get("widgets", {}).values():
        states = widgets.get("state", {})
        for model in [model for model, saved in states.items() if saved.get("model_module") == "anywidget"]:
            del states[model]


def _is_progress_bar(output: NotebookNode) -> bool:
    """Whether a widget is a bar of tqdm, which a page would show as it stood before the work began."""
    data = output.get("data", {})
    return WIDGET_MIME in data and re.search(r"\| 0/\d+ \[", data.get("text/plain", "")) is not None


def _one_figure_each(cell: NotebookNode) -> list[NotebookNode]:
    """MyST-NB knows one alt text for a cell: a cell of several figures goes on in cells that show outputs only."""
    groups = [[]]
    for output in cell.outputs:
        if alt_text(output) and any(map(alt_text, groups[-1])):
            groups.append([])
        groups[-1].append(output)
    cells = [cell]
    for number, outputs in enumerate(groups[1:], start=2):
        tags = {"tags": ["remove-input"]}
        cells.append(
            new_code_cell(f"# figure {number} of the cell above", metadata=tags, id=f"{cell.id[:60]}-{number}")
        )
        cells[-1].outputs = outputs
    cell.outputs = groups[0]
    for part in cells:
        alt = next(filter(None, map(alt_text, part.outputs)), None)
        if alt:
            part.metadata.setdefault("mystnb", {}).setdefault("image", {})["alt"] = alt
    return cells


def alt_text(output: NotebookNode) -> str | None:
    """Alt text that a figure function attached to its output, in one line."""
    metadata = output.get("metadata", {})
    texts = (entry.get("alt") for kind, entry in metadata.items() if kind.startswith("image/"))
    alt = next(filter(None, texts), None)
    return " ".join(alt.split()) if alt else None


def _repeats(injected: NotebookNode, cells: list[NotebookNode]) -> bool:
    own = next((cell for cell in cells if "parameters" in cell.metadata.get("tags", [])), None)
    return own is not None and _assigned(injected.source).items() <= _assigned(own.source).items()


def _assigned(source: str) -> dict:
    """Names and literal values that a parameters cell assigns."""
    return {
        statement.targets[0].id: ast.literal_eval(statement.value)
        for statement in ast.parse(source).body
        if isinstance(statement, ast.Assign)
    }
