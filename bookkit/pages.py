"""An executed lesson as a page of the book: its number, its picture first, code folded, anchors for the scoreboard."""

import ast
import copy
import re
from collections.abc import Iterable, Mapping
from html import escape

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from bookkit.lessons import is_injected
from bookkit.plain import exercise_number

WIDGET_MIME = "application/vnd.jupyter.widget-view+json"
RESULT_MIME = "application/vnd.gmtools.result+json"
EXPLORER = 'class="gmtools-explorer"'
POINT = "point"
"""Tag of a cell that is the point of its lesson: the page shows its code, and folds all other code."""
UNFOLDED = {POINT, "hide-input", "hide-cell", "remove-input", "remove-cell", "remove-output"}
SETTINGS = re.compile(r"^SETTINGS = ", re.MULTILINE)
OUTCOME = re.compile(r"\{outcome\}`(?P<name>[^`]+)`")
BARS = re.compile(r"^```\{bars\} (?P<unit>.+)\n(?P<lines>(?:.+\n)+?)```$", re.MULTILINE)
LABEL = re.compile(r"^\((?P<name>[\w:.-]+)\)=\s*$", re.MULTILINE)
POINTS_AT = re.compile(r"\]\(#?(?P<name>[\w:-]+)\)")
EXERCISE = re.compile(
    r"^(?P<fence>[`:]{3,})\{exercise\} *(?P<title>.*)\n:label: *(?P<label>ex-\d+-\d+) *$", re.MULTILINE
)
SOLUTION = re.compile(r"^(?P<fence>[`:]{3,})\{solution\} *(?P<label>ex-\d+-\d+) *$", re.MULTILINE)
REFERENCE = re.compile(r"\{ref\}`(?P<label>ex-\d+-\d+)`")
NOT_RUN = """\
```{{warning}}
This lesson has not been run for this edition of the book ({reason}), so it shows no output.
```"""


def lesson_page(executed: NotebookNode, number: str = "") -> NotebookNode:
    """Page of a lesson that ran, as a copy: alt texts where MyST-NB looks for them, anchors ``result-<group>`` in
    place of results for the scoreboard, no progress bars, and papermill's cell only where it differs from the
    lesson's own values; and what :func:`_as_a_page` does."""
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
    return _as_a_page(page, number)


def not_run_page(source: NotebookNode, reason: str, number: str = "") -> NotebookNode:
    """Make the page of a lesson that has no run to show: its text and code, and below the title a box that says so."""
    page = copy.deepcopy(source)
    page.cells.insert(1, new_markdown_cell(NOT_RUN.format(reason=reason), id="not-run"))
    return _as_a_page(page, number)


def _as_a_page(page: NotebookNode, number: str) -> NotebookNode:
    """Number the title and the exercises, show the lesson's picture first, and fold all code but the point."""
    picture = _picture(page)
    for cell in page.cells:
        if cell.cell_type == "markdown":
            cell.source = numbered(cell.source)
        elif not UNFOLDED & set(cell.metadata.get("tags", [])):
            part = "cell" if SETTINGS.search(cell.source) else "input"  # the table of profiles goes with its code
            cell.metadata["tags"] = [*cell.metadata.get("tags", []), f"hide-{part}", "folded"]
    if number:
        page.cells[0].source = re.sub(r"^# +", f"# {number} ", page.cells[0].source, count=1)
    if picture is not None:
        page.cells.insert(1, picture)
    return page


def numbered(text: str) -> str:
    """Give exercises, solutions and references to them (MyST) the number that their label has: 33.2 of ``ex-33-2``."""

    def exercise(match: re.Match) -> str:
        """A box whose title is the exercise's number, below its anchor."""
        title = f"Exercise {exercise_number(match['label'])}" + (f": {match['title']}" if match["title"] else "")
        return f"({match['label']})=\n{match['fence']}{{admonition}} {title}\n:class: exercise"

    text = EXERCISE.sub(exercise, text)
    text = SOLUTION.sub(
        lambda m: f"{m['fence']}{{admonition}} Solution to exercise {exercise_number(m['label'])}", text
    )
    return REFERENCE.sub(lambda m: f"{{ref}}`exercise {exercise_number(m['label'])} <{m['label']}>`", text)


def _picture(page: NotebookNode) -> NotebookNode | None:
    """The picture that the lesson's opening points at, or its first one, as a cell that shows nothing else."""
    named = [match["name"] for match in POINTS_AT.finditer(page.cells[0].source)] if page.cells else []
    labels = {match["name"]: i for i, cell in enumerate(page.cells) for match in LABEL.finditer(cell.source)}
    starts = [labels[name] for name in named if name in labels]
    for start in (*starts, 0):
        for cell in page.cells[start:]:
            drawn = [output for output in cell.get("outputs", []) if alt_text(output)]
            if drawn and not {"remove-cell", "remove-output"} & set(cell.metadata.get("tags", [])):
                tags = {"tags": ["remove-input", "picture"], "mystnb": {"image": {"alt": alt_text(drawn[0])}}}
                shown = new_code_cell("# the picture of this lesson", metadata=tags, id="picture")
                shown.outputs = copy.deepcopy(drawn[:1])
                return shown
    return None


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
    """Put the lessons' numbers where a page says ``{outcome}`NAME```, a dash where the lesson has no run to show, and
    draw its ``{bars}``."""
    text = OUTCOME.sub(lambda match: glued.get(match["name"], "–"), text)
    return BARS.sub(lambda match: bars(match["unit"], match["lines"].splitlines()), text)


def bars(unit: str, lines: list[str]) -> str:
    """Lines such as ``formula | 0.57`` as bars from zero, with a unit below them; no bar where there is no number."""
    parts = [[part.strip() for part in line.rpartition("|")[::2]] for line in lines]
    sizes = [float(found[0]) if (found := re.match(r"\d+(\.\d+)?", value)) else 0.0 for _, value in parts]
    longest = max(sizes) or 1.0
    row = '<tr><th scope="row">{}</th><td><i style="width: {:.0f}%"></i>{}</td></tr>'
    sizes = [70 * size / longest for size in sizes]  # percent of the column; the rest is for the number
    drawn = [row.format(escape(label), size, value) for (label, value), size in zip(parts, sizes, strict=True)]
    return f'<table class="bars"><caption>{escape(unit)}</caption><tbody>{"".join(drawn)}</tbody></table>'


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
    cell.outputs = [
        output for output in cell.outputs if RESULT_MIME not in output.get("data", {}) and not _is_progress_bar(output)
    ]


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
