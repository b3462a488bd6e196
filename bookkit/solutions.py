"""Runs the solutions of the exercises after their lessons, and compares what they print with what the lesson says."""

import re
import subprocess
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

from bookkit import lessons, runner
from bookkit.lessons import Lesson, Settings
from gmtools.cache import PROJECT

SOLUTION = re.compile(
    r"^(?P<marks>`{3,}|:{3,})\{solution\} *(?P<label>\S+)[^\n]*\n(?P<body>.*?)^(?P=marks) *$", re.MULTILINE | re.DOTALL
)
CODE = re.compile(r"^```python\n(?P<code>.*?)^```\n(?:\s*^```text\n(?P<prints>.*?)^``` *$)?", re.MULTILINE | re.DOTALL)
NUMBER = re.compile(r"(?<![\w.])[-+\N{MINUS SIGN}]?\d[\d,]*(?:\.\d+)?(?:[eE][-+]?\d+)?")
# Each solution starts from what the lesson left, whatever another one has changed; underscores are IPython's own.
KEEP = "_left = {name: value for name, value in globals().items() if not name.startswith('_')}"
RESTORE = """\
for _name in [name for name in globals() if not name.startswith("_") and name not in _left]:
    del globals()[_name]
globals().update(_left)"""


@dataclass(frozen=True)
class Solution:
    """The code of one block of a solution; ``prints`` is what the lesson says that it prints, or None."""

    label: str
    code: str
    prints: str | None


@dataclass(frozen=True)
class Ran:
    """What became of a lesson's solutions: problems by label of the exercise, none where all is well."""

    lesson: str
    problems: dict[str, list[str]]
    solutions: int
    seconds: float


def of(notebook: NotebookNode) -> list[Solution]:
    """Blocks of code in the solutions of a lesson, in order."""
    texts = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    return [
        Solution(found["label"], block["code"], block["prints"])
        for text in texts
        for found in SOLUTION.finditer(text)
        for block in CODE.finditer(found["body"] + "\n")
    ]


def checked(notebook: NotebookNode) -> bool:
    """Whether a lesson says what its solutions print, so that they are run."""
    return any(solution.prints is not None for solution in of(notebook))


def run(
    wanted: list[str] | None = None, settings: Settings | None = None, workers: int | None = None, root: Path = PROJECT
) -> list[Ran]:
    """Run the solutions of lessons, each lesson in a kernel of its own, and print how it goes.

    Parameters
    ----------
    wanted
        Words that name lessons; all that say what their solutions print when there is none.
    settings
        Profile, data and seed. What is printed is compared with the text in the profile ``fast`` on real data alone.
    workers
        Lessons at a time; by default two, or one on a single core.
    root
        Project folder.
    """
    settings = settings or Settings()
    chosen = [lesson for lesson in lessons.select(wanted, root) if wanted or checked(lessons.read(lesson.path))]
    workers = workers or min(2, runner.cores())
    with ThreadPoolExecutor(workers) as pool:
        outcomes = []
        for outcome in pool.map(lambda lesson: _run(lesson, settings), chosen):
            print(line(outcome), flush=True)
            outcomes.append(outcome)
    return outcomes


def line(ran: Ran) -> str:
    """A lesson's outcome for the terminal."""
    head = f"{ran.lesson}: {ran.solutions} solutions, {len(ran.problems)} with a problem, {ran.seconds:.1f} s"
    told = [f"  {label}: {problem}" for label, problems in ran.problems.items() for problem in problems]
    return "\n".join([head, *told])


def _run(lesson: Lesson, settings: Settings) -> Ran:
    source = lessons.read(lesson.path)
    solutions = of(source)
    started = time.perf_counter()
    notebook = script(source, solutions, settings)
    client = NotebookClient(notebook, timeout=None, resources={"metadata": {"path": str(lesson.path.parent)}})
    try:
        client.execute(env=runner.worker_environment(), stderr=subprocess.DEVNULL)
        problems = _problems(notebook, solutions, settings)
    except CellExecutionError as error:
        problems = {"the lesson itself": [_last_line(str(error))]}
    count = len({solution.label for solution in solutions})
    return Ran(lesson.name, problems, count, time.perf_counter() - started)


def script(source: NotebookNode, solutions: Iterable[Solution], settings: Settings) -> NotebookNode:
    """The code of a lesson with the settings as its parameters, and below it its solutions."""
    parameters = "\n".join(f"{name} = {value!r}" for name, value in settings.parameters().items())
    cells = [
        new_code_cell(
            f"{cell.source}\n{parameters}" if "parameters" in cell.metadata.get("tags", []) else cell.source, id=cell.id
        )
        for cell in lessons.code_cells(source)
    ]
    cells.append(new_code_cell(KEEP, id="keep"))
    label = None
    for number, solution in enumerate(solutions):
        if solution.label != label:
            cells.append(new_code_cell(RESTORE, id=f"restore-{number}"))
        label = solution.label
        tags = {"tags": ["raises-exception"]}
        cells.append(new_code_cell(solution.code, id=f"solution-{number}", metadata=tags))
    return new_notebook(cells=cells, metadata={"kernelspec": source.metadata["kernelspec"]})


def _problems(notebook: NotebookNode, solutions: list[Solution], settings: Settings) -> dict[str, list[str]]:
    cells = {cell.id: cell for cell in notebook.cells}
    compared = settings.profile == "fast" and settings.data != "simulated" and settings.seed == 0
    found = {}
    for number, solution in enumerate(solutions):
        outputs = cells[f"solution-{number}"].outputs
        stopped = [f"{output.ename}: {output.evalue}" for output in outputs if output.output_type == "error"]
        printed = "".join(o.text for o in outputs if o.output_type == "stream" and o.name == "stdout")
        told = stopped or (differences(solution.prints, printed) if compared and solution.prints is not None else [])
        if told:
            found.setdefault(solution.label, []).extend(told)
    return found


def _last_line(text: str) -> str:
    plain_text = re.sub(r"\x1b\[[0-9;]*m", "", text)
    return [line for line in plain_text.splitlines() if line.strip()][-1]


def differences(written: str, printed: str) -> list[str]:
    """Where a printed text is another than the written one: in its words, or by more than one in a number's last digit.

    Examples
    --------
    >>> differences("rms 0.71 of 1,581", "rms  0.713 of 1581")
    []
    >>> differences("rms 0.71", "rms 0.74")
    ['0.71 is written, 0.74 is printed']
    >>> differences("better", "worse")
    ["'better' is written, 'worse' is printed"]
    """
    words = [" ".join(NUMBER.sub("#", text).split()) for text in (written, printed)]
    if words[0] != words[1]:
        return [f"{written.strip()!r} is written, {printed.strip()!r} is printed"]
    pairs = zip_longest(NUMBER.findall(written), NUMBER.findall(printed))
    return [f"{ours} is written, {theirs} is printed" for ours, theirs in pairs if not _close(ours, theirs)]


def _close(written: str, printed: str) -> bool:
    mantissa, _, exponent = written.lower().partition("e")
    digits = len(mantissa.partition(".")[2])
    last = 10.0 ** (int(exponent or 0) - digits)
    whole = not digits and not exponent
    difference = abs(_value(written) - _value(printed))
    return difference <= (0.5 if whole else 1.001) * last


def _value(text: str) -> float:
    return float(text.replace(",", "").replace("\N{MINUS SIGN}", "-"))
