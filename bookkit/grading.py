"""Grades submitted notebooks: each runs in a kernel of its own, which is asked for numbers and told nothing."""

import ast
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from bookkit import exercises, lessons, runner
from gmtools.errors import FormatError

ASKED = re.compile(r"\bcheck\(\s*[\"']([^\"']+)[\"']")
ANSWER_MIME = "application/vnd.gmtools.answer+json"
ASK = """\
try:
    _answer = float({expression})
except Exception as _error:
    _answer = f"{{type(_error).__name__}}: {{_error}}"
display({{"{mime}": {{"exercise": {exercise!r}, "answer": repr(_answer)}}}}, raw=True)"""


@dataclass(frozen=True)
class Grade:
    """One answer of one submission: 1 or 0 points, and what is said to the student."""

    submission: str
    exercise: str
    points: int
    remark: str


def grade(folder: Path, kept: Mapping[str, dict], timeout_s: int = 600) -> list[Grade]:
    """Run every notebook below a folder of submissions, and grade what it answers with an edition's answers. A notebook
    that cannot be read, or whose kernel dies, has one grade of 0 points that says so."""
    found = sorted(path for path in folder.rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts)
    return [one for path in found for one in _of(path, path.relative_to(folder).with_suffix(""), kept, timeout_s)]


def _of(path: Path, name: Path, kept: Mapping[str, dict], timeout_s: int) -> list[Grade]:
    try:
        notebook = lessons.read(path)
        asked = [one for cell in lessons.code_cells(notebook) for one in ASKED.findall(cell.source) if one in kept]
        answers = _run(asking(notebook), path.parent, timeout_s)
    except (FormatError, DeadKernelError, CellTimeoutError) as error:
        return [Grade(name.as_posix(), "all", 0, f"{type(error).__name__}: {str(error).strip().splitlines()[0]}")]
    return [_graded(name.as_posix(), exercise, answers.get(exercise), kept) for exercise in dict.fromkeys(asked)]


def _graded(submission: str, exercise: str, answer: str | None, kept: Mapping[str, dict]) -> Grade:
    if answer is None:
        return Grade(submission, exercise, 0, "Its cell gave no answer: it may not be Python, or never ran.")
    try:
        right, remark = exercises.verdict(exercise, float(answer), kept)
    except ValueError:
        right, remark = False, f"Its cell stopped: {answer.strip(chr(39) + chr(34))}"
    return Grade(submission, exercise, int(right), remark)


def asking(notebook: NotebookNode) -> NotebookNode:
    """A submission with a cell below each that calls ``check``, which sends the answer to whoever grades."""
    cells = []
    for cell in notebook.cells:
        cells.append(cell)
        for exercise, expression in _calls(cell):
            cells.append(new_code_cell(ASK.format(expression=expression, mime=ANSWER_MIME, exercise=exercise)))
    notebook.cells = cells
    return notebook


def _calls(cell: NotebookNode) -> list[tuple[str, str]]:
    """Exercise and answer, as code, of the calls of ``check`` in a cell; none where it is not Python."""
    try:
        tree = ast.parse(cell.source if cell.cell_type == "code" else "")
    except SyntaxError:
        return []
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "check")
    return [
        (call.args[0].value, ast.unparse(call.args[1]))
        for call in calls
        if len(call.args) == 2 and isinstance(call.args[0], ast.Constant)
    ]


def _run(notebook: NotebookNode, folder: Path, timeout_s: int) -> dict[str, str]:
    """Exercise -> what the kernel answered, of a notebook whose cells may fail."""
    client = NotebookClient(
        notebook, timeout=timeout_s, allow_errors=True, resources={"metadata": {"path": str(folder)}}
    )
    client.execute(env=runner.worker_environment(), stderr=subprocess.DEVNULL)
    told = [output.data[ANSWER_MIME] for cell in lessons.code_cells(notebook) for output in cell.outputs
            if ANSWER_MIME in output.get("data", {})]  # fmt: skip
    return {entry["exercise"]: entry["answer"] for entry in told}


def table(grades: list[Grade]) -> pd.DataFrame:
    """Grades as a table, a row for each answer."""
    return pd.DataFrame([vars(one) for one in grades], columns=["submission", "exercise", "points", "remark"])


def report(grades: list[Grade]) -> str:
    """Points of each submission, and what was said of each answer that has none."""
    lines = []
    for submission, rows in table(grades).groupby("submission"):
        lines.append(f"{submission}: {rows['points'].sum()} of {len(rows)}")
        lines += [f"  {row.exercise}: {row.remark}" for row in rows.itertuples() if not row.points]
    return "\n".join(lines) or "No submission asks a check."
