"""Solutions of the exercises: run in the kernel that their lesson left, and compared with what the lesson says."""

import copy
import hashlib
import json
import re
from dataclasses import dataclass
from itertools import zip_longest

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from bookkit import lessons
from bookkit.lessons import Settings

SOLUTION = re.compile(
    r"^(?P<marks>`{3,}|:{3,})\{solution\} *(?P<label>\S+)[^\n]*\n(?P<body>.*?)^(?P=marks) *$", re.MULTILINE | re.DOTALL
)
CODE = re.compile(r"^```python\n(?P<code>.*?)^```\n(?:\s*^```text\n(?P<prints>.*?)^``` *$)?", re.MULTILINE | re.DOTALL)
NUMBER = re.compile(r"(?<![\w.])[-+\N{MINUS SIGN}]?\d[\d,]*(?:\.\d+)?(?:[eE][-+]?\d+)?")
STOPPED = "\0stopped "
# Each solution starts from what the lesson left, whatever another one has changed; underscores are IPython's own.
# One that stops ends itself and nothing else: papermill ends a run at the first output that is an error.
KEEP = """\
_left = {name: value for name, value in globals().items() if not name.startswith("_")}

def _solve(code):
    for name in [name for name in globals() if not name.startswith("_") and name not in _left]:
        del globals()[name]
    globals().update(_left)
    _more(code)

def _more(code):
    try:
        exec(compile(code, "<solution>", "exec"), globals())
    except Exception as error:
        print(f"\\0stopped {type(error).__name__}: {error}")"""


@dataclass(frozen=True)
class Solution:
    """The code of one block of a solution; ``prints`` is what the lesson says that it prints, or None."""

    label: str
    code: str
    prints: str | None


def of(notebook: NotebookNode) -> list[Solution]:
    """Blocks of code in the solutions of a lesson, in order."""
    texts = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    return [
        Solution(found["label"], block["code"], block["prints"])
        for text in texts
        for found in SOLUTION.finditer(text)
        for block in CODE.finditer(found["body"] + "\n")
    ]


def key(of_lesson: str, notebook: NotebookNode) -> str:
    """Hash of what the solutions print hangs on: the lesson's own key and their code."""
    return hashlib.sha256(json.dumps([of_lesson, [solution.code for solution in of(notebook)]]).encode()).hexdigest()


def appended(source: NotebookNode) -> NotebookNode:
    """A copy of a lesson with its solutions as cells at its end, none where it has none."""
    notebook, solutions = copy.deepcopy(source), of(source)
    calls = [
        f"{'_more' if number and solutions[number - 1].label == solution.label else '_solve'}({solution.code!r})"
        for number, solution in enumerate(solutions)
    ]
    metadata = {"tags": [lessons.APPENDED]}
    for number, text in enumerate([KEEP, *calls] if calls else []):
        notebook.cells.append(new_code_cell(text, id=f"appended-{number}", metadata=metadata))
    return notebook


def taken_off(executed: NotebookNode) -> list[str]:
    """Take the cells of :func:`appended` off what ran, and return what each solution printed."""
    cells = [cell for cell in executed.cells if lessons.is_appended(cell)]
    executed.cells = [cell for cell in executed.cells if not lessons.is_appended(cell)]
    return [
        "".join(o.text for o in cell.outputs if o.output_type == "stream" and o.name == "stdout") for cell in cells[1:]
    ]


def problems(notebook: NotebookNode, printed: list[str], settings: Settings) -> dict[str, list[str]]:
    """Label -> what is wrong with a solution: it stopped, or in fast on real data it printed another text than the
    lesson has."""
    compared = settings.profile == "fast" and settings.data != "simulated" and settings.seed == 0
    found = {}
    for solution, text in zip(of(notebook), printed, strict=True):
        if STOPPED in text:
            told = [text.partition(STOPPED)[2].strip()]
        else:
            told = differences(solution.prints, text) if compared and solution.prints is not None else []
        if told:
            found.setdefault(solution.label, []).extend(told)
    return found


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


def pairs(text: str, other: str) -> list[tuple[str, str]] | None:
    """The numbers of two texts side by side, as they are written; None where the words differ."""
    if NUMBER.sub("#", text) != NUMBER.sub("#", other):
        return None
    return list(zip(NUMBER.findall(text), NUMBER.findall(other), strict=True))


def _close(written: str, printed: str) -> bool:
    whole = not set(".eE") & set(written)
    return abs(value(written) - value(printed)) <= (0.5 if whole else 1.001) * last_digit(written)


def last_digit(written: str) -> float:
    """One unit of the last digit of a number as it is written: 0.01 of 2.50, 1e-4 of 1.5e-3."""
    mantissa, _, exponent = written.lower().partition("e")
    return 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))


def value(text: str) -> float:
    """A number as a lesson writes it."""
    return float(text.replace(",", "").replace("\N{MINUS SIGN}", "-"))
