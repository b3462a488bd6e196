"""The number that a paper prints, ours beside it, the data it was computed on, and a verdict."""

import difflib
from collections.abc import Mapping

from gmtools.errors import ResultError
from gmtools.expected import plain, show_result
from gmtools.targets import Target, studies, table, targets

__all__ = ["INPUTS", "VERDICTS", "find", "record", "record_many", "table", "targets", "verdict", "within"]

INPUTS = {
    "same": "the paper's own inputs",
    "other": "other data than the paper's",
    "simulated": "simulated data",
    "arithmetic": "no data, arithmetic",
}
VERDICTS = {
    "reproduced": "same inputs, within the tolerance",
    "differs": "same inputs, outside the tolerance",
    "re-read": "the authors' files give again what this project read in them earlier: no number of the paper",
    "compared": "other data, or no printed number: shown beside, no claim",
    "simulated": "computed on simulated data",
    "arithmetic": "a slip or a consistency check",
    "open": "no value yet, with the reason",
}


def record(target_id: str, value, *, inputs: str, note: str = "") -> None:
    """Put one value on the scoreboard, from a notebook: the executed notebook carries it as a display output.

    ``target_id`` is a row of ``paper_targets``, such as ``"I-F2.pga.m6.5.r30"``; the value, in the row's unit, may be a
    word, and "no value" if it is not finite. ``inputs`` says what it was computed on, a key of :data:`INPUTS`; only
    "same" can end in *reproduced*. ``note``: what a reader has to know beside the number. ResultError for an unknown id
    (with the nearest one), other inputs, not one number or word, or an id that another cell has recorded.
    """
    record_many({target_id: value}, inputs=inputs, note=note)


def record_many(values: Mapping, *, inputs: str, note: str = "") -> None:
    """Put many values, id -> value, on the scoreboard with one display output, or none of them: see :func:`record`."""
    if inputs not in INPUTS:
        raise ResultError(f"inputs is {inputs!r}; say one of {', '.join(map(repr, INPUTS))}")
    results = [
        {"id": target_id, "value": _checked(find(target_id), value), "inputs": inputs, "note": note}
        for target_id, value in values.items()
    ]
    show_result("results", results, f"scoreboard: {', '.join(entry['id'] for entry in results)}")


def within(target: Target, value: float | str) -> bool:
    """Say whether a value lies within the tolerance of a row that has a value.

    >>> row = next(row for row in targets() if row.id == "I-F1.pga.m4.5.r10")
    >>> within(row, 0.0309), within(row, 0.0330)
    (True, False)
    """
    if isinstance(target.value, str) or "exact" in target.tolerance:
        return value == target.value
    slack = target.tolerance.get("absolute", target.tolerance.get("relative", 0) * abs(target.value))
    slack += 1e-12 * abs(target.value)  # a value on the limit is within it, whatever the last bit says
    below, above = value <= target.value + slack, value >= target.value - slack
    return {"equal": below and above, "at_most": below, "at_least": above}[target.relation]


def verdict(target: Target, result: Mapping | None) -> str:
    """Judge one result (``value`` and ``inputs``, None where nothing was recorded) against its row: a key of
    ``VERDICTS``. *reproduced* and *re-read* need the same inputs and a value within the tolerance."""
    if result is None:
        return "open"
    value, inputs = result["value"], result["inputs"]
    claims = target.kind in ("value", "re-read") and target.value is not None and inputs == "same"
    if value is None:
        return "differs" if claims else "open"
    if inputs == "simulated":
        return "simulated"
    if target.kind == "arithmetic" or inputs == "arithmetic":
        return "arithmetic"
    if not claims:
        return "compared"
    if not within(target, value):
        return "differs"
    return "re-read" if target.kind == "re-read" else "reproduced"


def find(target_id: str) -> Target:
    """The row of an id; ResultError with the nearest id where there is none."""
    known = {row.id: row for study in studies().values() for row in study.targets}
    if target_id not in known:
        near = difflib.get_close_matches(str(target_id), known, n=1, cutoff=0)[0]
        raise ResultError(f"no row {target_id!r} in paper_targets; the nearest id is {near}")
    return known[target_id]


def _checked(target: Target, value):
    """Return the value as JSON holds it: a number, a word, or None for a number that is not finite."""
    size = getattr(value, "size", len(value) if isinstance(value, (list, tuple, dict)) else 1)
    if size != 1:
        raise ResultError(f"{target.id} takes one value, not {size}; record_many takes many ids")
    wants_word = isinstance(target.value, str)
    found = value if isinstance(value, bool) else plain(target.id, value)
    if isinstance(found, bool) or isinstance(found, str) != wants_word:
        raise ResultError(f"{target.id} takes {'a word' if wants_word else 'a number'}, not {value!r}")
    return found if found is None or wants_word else float(found)


def number(value) -> str:
    """A value of a row as it is shown: six digits, a word, or a dash."""
    if value is None:
        return "–"
    return value if isinstance(value, str) else f"{value:.6g}"
