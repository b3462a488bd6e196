"""Numbers and claims of a lesson's text: each goes into the text and, as a checked result, into what the run keeps."""

import json
import math
from collections.abc import Iterable, Mapping
from numbers import Integral, Real
from pathlib import Path

from gmtools.data import catalog
from gmtools.errors import ResultError

MIME = "application/vnd.gmtools.result+json"
KINDS = ("results", "numbers", "claims")
"""What a run keeps: values for the scoreboard, numbers of the text, claims of the text."""
_recorded: dict[str, tuple] = {}  # what this kernel has recorded: name -> the cell, and its execution


def number(name: str, value, show: str = ".2f", unit: str = "") -> None:
    """Give the text of a lesson a number (or word), and record it as a result that ``gmtools check`` compares.

    The text shows it with ``{glue:text}`name```, in the format ``show`` and with the unit behind; once in a lesson.
    ResultError where the value is neither one number nor a word.
    """
    from myst_nb import glue  # here, so that the command line starts without it

    value = plain(name, value)
    text = value if isinstance(value, str) else format(math.nan if value is None else value, show)
    glue(name, f"{text} {unit}".rstrip(), display=False)
    show_result("numbers", [{"name": name, "value": value}], f"{name} = {text}")


def claim(text: str, value, holds: bool, draw: bool = False) -> None:
    """Record a conclusion of the text, a sentence in short and what decides it: ``gmtools check`` is red when it flips.

    ``draw``: it depends on what was drawn, and the text says so: not compared for other seeds.

    >>> claim("three is more than two", 3, holds="yes")
    Traceback (most recent call last):
    gmtools.errors.ResultError: three is more than two: holds is 'yes', and must be True or False
    """
    truth = holds.item() if hasattr(holds, "item") else holds
    if not isinstance(truth, bool):
        raise ResultError(f"{text}: holds is {holds!r}, and must be True or False")
    entry = {"name": text, "value": plain(text, value), "holds": truth, "draw": draw}
    show_result("claims", [entry], f"{'holds' if truth else 'does not hold'}: {text}")


def plain(name: str, value) -> float | int | str | None:
    """Return a value as JSON holds it: a number, a word, or None for a number that is not finite."""
    size = getattr(value, "size", 1)
    single = value.item() if size == 1 and hasattr(value, "item") else value
    if isinstance(single, str):
        return str(single)
    if isinstance(single, bool) or not isinstance(single, Real):
        raise ResultError(f"{name} takes one number or a word, not {value!r}")
    if isinstance(single, Integral):
        return int(single)
    return float(single) if math.isfinite(single) else None


def show_result(kind: str, entries: list[dict], text: str) -> None:
    """Put results into the output of the cell that runs, with the data sets that its kernel found so far."""
    from IPython.display import display  # here, so that the command line starts without it

    _refuse_twice([_name(entry) for entry in entries])
    display({MIME: {kind: entries, "found": sorted(catalog.found)}, "text/plain": text}, raw=True)


def _refuse_twice(names: list[str]) -> None:
    """Raise where another cell has recorded a name; in JupyterLab, which names cells, a cell may run again."""
    from IPython import get_ipython

    shell = get_ipython()
    if shell is None:
        return
    parent = shell.kernel.get_parent("shell") if hasattr(shell, "kernel") else {}
    cell, execution = parent.get("metadata", {}).get("cellId"), shell.execution_count
    for name in names:
        earlier = _recorded.get(name)
        if earlier and (cell is None or earlier[0] != cell or earlier[1] == execution):
            raise ResultError(
                f"{name} is recorded twice: this notebook's execution [{earlier[1]}] has recorded it; keep one "
                "(and restart the kernel where that cell is gone)"
            )
    _recorded.update(dict.fromkeys(names, (cell, execution)))


def _name(entry: Mapping) -> str:
    return entry["id"] if "id" in entry else entry["name"]


def collect(executed_notebook_path) -> dict:
    """Read all that an executed notebook recorded: papermill's ``profile``, ``seed``, ``data``; ``found``, ids of the
    data sets that it used; what its ``figures`` show; for each of ``KINDS`` entries with ``lesson`` and ``cell``.
    ResultError where two of a kind have one name."""
    path = Path(executed_notebook_path)
    notebook = json.loads(path.read_text(encoding="utf-8"))
    outputs = [(index, one) for index, cell in enumerate(notebook["cells"]) for one in cell.get("outputs", [])]
    payloads = [(index, output["data"][MIME]) for index, output in outputs if MIME in output.get("data", {})]
    parameters = notebook["metadata"].get("papermill", {}).get("parameters", {})
    found = {name for _, payload in payloads for name in payload.get("found", ())}
    collected = {key: parameters.get(key, "") for key in ("profile", "seed", "data")} | {"found": sorted(found)}
    metadata = [output.get("metadata", {}) for _, output in outputs]
    collected["figures"] = [told["shows"] for told in metadata if "shows" in told]
    for kind in KINDS:
        places = ((entry, index) for index, payload in payloads for entry in payload.get(kind, ()))
        collected[kind] = [entry | {"lesson": path.stem, "cell": index} for entry, index in places]
        by_name(collected[kind])
    return collected


def by_name(entries: Iterable[Mapping]) -> dict[str, Mapping]:
    """Return entries by their id or name; ResultError where two have one name says where both are."""
    found: dict[str, Mapping] = {}
    for entry in entries:
        name = _name(entry)
        earlier = found.setdefault(name, entry)
        if earlier is not entry:
            raise ResultError(
                f"{name} is recorded twice: {earlier['lesson']}, cell {earlier['cell']}, and "
                f"{entry['lesson']}, cell {entry['cell']}; keep one"
            )
    return found
