"""The number that a paper prints, ours beside it, the data it was computed on, and a verdict."""

import difflib
import math
from collections.abc import Iterable, Mapping
from itertools import groupby
from numbers import Real

from gmtools.errors import ResultError
from gmtools.expected import by_name, show_result
from gmtools.targets import Study, Target, studies, table, targets

__all__ = ["INPUTS", "VERDICTS", "difference", "page", "record", "record_many"]
__all__ += ["table", "targets", "verdict", "within"]

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
_FOLD_BEYOND = 8  # a family with more values is one line of the page, its values folded below


def record(target_id: str, value, *, inputs: str, note: str = "") -> None:
    """Put one value on the scoreboard, from a notebook: the executed notebook carries it as a display output.

    Parameters
    ----------
    target_id : str
        Id of a row of ``paper_targets``, for example ``"I-F2.pga.m6.5.r30"``.
    value : float or str
        In the unit of the row. A value that is not finite is kept as "no value".
    inputs : {"same", "other", "simulated", "arithmetic"}
        What the value was computed on. Only ``"same"`` can end in *reproduced*.
    note : str
        What a reader of the scoreboard has to know beside the number.

    Raises
    ------
    ResultError
        The id is unknown (the message names the nearest one), ``inputs`` is none of the four, the value is not one
        number (or one word, where the row holds a word), or another cell of this notebook has recorded the id.
    """
    record_many({target_id: value}, inputs=inputs, note=note)


def record_many(values: Mapping, *, inputs: str, note: str = "") -> None:
    """Put many values on the scoreboard with one display output.

    Parameters
    ----------
    values : mapping of str to float or str
        Id -> value; a pandas Series works. ``inputs`` and ``note`` as in :func:`record`.

    Raises
    ------
    ResultError
        As in :func:`record`; then none of the values is recorded.
    """
    if inputs not in INPUTS:
        raise ResultError(f"inputs is {inputs!r}; say one of {', '.join(map(repr, INPUTS))}")
    results = [
        {"id": target_id, "value": _checked(_find(target_id), value), "inputs": inputs, "note": note}
        for target_id, value in values.items()
    ]
    show_result("results", results, _summary(results))


def within(target: Target, value: float | str) -> bool:
    """Say whether a value lies within the tolerance of a row that has a value.

    Examples
    --------
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
    """Judge one result against its row.

    Parameters
    ----------
    target : Target
    result : mapping or None
        ``value`` and ``inputs`` as :func:`record` keeps them; None where nothing was recorded.

    Returns
    -------
    str
        A key of ``VERDICTS``. *reproduced* and *re-read* need the same inputs and a value within the tolerance.
    """
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


def difference(target: Target, value: float | str | None) -> str:
    """Write how far a value is from its row: in percent, in the unit, or as a limit that is met or not."""
    if value is None or target.value is None:
        return "–"
    if target.relation != "equal":
        return f"limit {'met' if within(target, value) else 'missed'} by {abs(value - target.value):.2g}"
    if isinstance(target.value, str):
        return "equal" if value == target.value else "not equal"
    if "relative" in target.tolerance and target.value:
        return f"{100 * (value / target.value - 1):+.2g} %"
    return f"{value - target.value:+.2g}" if value != target.value else "0"


def page(results: Iterable[Mapping]) -> str:
    """Write the scoreboard page.

    Parameters
    ----------
    results : iterable of mapping
        The ``results`` of :func:`gmtools.expected.collect` for all lessons, in one list; it may be empty.

    Returns
    -------
    str
        MyST Markdown for ``book/scoreboard.md``: counts by verdict, one table for each study, folded value
        families. Links go to ``../<folder>/<lesson>.html#result-<group>``.

    Raises
    ------
    ResultError
        A result names an unknown row, or two results name the same one.
    """
    found = by_name(results)
    for target_id in found:
        _find(target_id)
    rows = [row for study in studies().values() for row in study.targets]
    parts = [_WHOLE_WIDTH, "# Scoreboard", _counts(rows, found)]
    parts += [_study_section(study, found) for study in studies().values()]
    return "\n\n".join(parts) + "\n"


_WHOLE_WIDTH = "---\nhtml_theme.sidebar_secondary.remove: true\n---"  # the tables need the room


def _find(target_id: str) -> Target:
    known = {row.id: row for study in studies().values() for row in study.targets}
    if target_id not in known:
        near = difflib.get_close_matches(str(target_id), known, n=1, cutoff=0)[0]
        raise ResultError(f"no row {target_id!r} in paper_targets; the nearest id is {near}")
    return known[target_id]


def _checked(target: Target, value):
    """Return the value as JSON holds it: a number, a word, or None for a number that is not finite."""
    wants_word = isinstance(target.value, str)
    if isinstance(value, str) and wants_word:
        return value
    size = getattr(value, "size", 1)
    if isinstance(value, (list, tuple, dict)) or size != 1:
        length = len(value) if hasattr(value, "__len__") else size
        raise ResultError(f"{target.id} takes one value, not {length}; record_many takes many ids")
    plain = value.item() if hasattr(value, "item") else value
    if wants_word or isinstance(plain, bool) or not isinstance(plain, Real):
        raise ResultError(f"{target.id} takes {'a word' if wants_word else 'a number'}, not {value!r}")
    return float(plain) if math.isfinite(plain) else None


def _summary(results: list[dict]) -> str:
    """Say in one line of plain text what went to the scoreboard."""
    outcomes = [(verdict(_find(result["id"]), result), result) for result in results]
    if len(outcomes) == 1:
        outcome, result = outcomes[0]
        return f"scoreboard: {result['id']} = {_number(result['value'])} ({outcome})"
    return f"scoreboard: {len(results)} values ({_tally(outcome for outcome, _ in outcomes)})"


def _tally(outcomes: Iterable[str]) -> str:
    outcomes = list(outcomes)
    return ", ".join(f"{outcomes.count(name)} {name}" for name in VERDICTS if name in outcomes)


def _number(value) -> str:
    if value is None:
        return "–"
    return value if isinstance(value, str) else f"{value:.6g}"


def _counts(rows: list[Target], found: Mapping) -> str:
    outcomes = [verdict(row, found.get(row.id)) for row in rows]
    lines = ["| verdict | values | meaning |", "|---|---:|---|"]
    lines += [f"| {name} | {outcomes.count(name)} | {meaning} |" for name, meaning in VERDICTS.items()]
    refused = sum(bool(row.reason_open) and row.id not in found for row in rows)
    return "\n".join(
        [
            f"{len(rows)} values in all, {outcomes.count('open')} of them open: {refused} for a reason that "
            f"stands in the row, {outcomes.count('open') - refused} because this run gave no value.",
            "",
            *lines,
            "",
            "Tags of the sources: S source document, C public code or data files, W web page, A own arithmetic or "
            "re-evaluation, I inference, K general knowledge not verified, P measured or set by this project and not "
            "by the paper.",
        ]
    )


def _study_section(study: Study, found: Mapping) -> str:
    lines = ["| row | source says | ours | off by | data | verdict |", "|---|---|---|---|---|---|"]
    folded = []
    for (family, _), members in groupby(study.targets, key=lambda row: (row.family or row.id, row.group)):
        rows = list(members)
        if len(rows) > _FOLD_BEYOND:
            lines.append(_family_line(study, family, rows, found))
            folded.append(_dropdown(family, rows, found))
        else:
            lines += [_line(study, row, found.get(row.id)) for row in rows]
    tables = ["::::::{div} scoreboard", "\n".join(lines), *folded, "::::::"]
    return "\n\n".join([f"## {study.title}", f"Source: {{cite}}`{study.citation}`", *tables])


def _line(study: Study, row: Target, result: Mapping | None) -> str:
    cells = [
        f"{_link(study, row, row.id, result)}<br>{row.what}",
        f"{_printed(row)} ({row.source}) [{row.tag}]",
        _number(result and result["value"]),
        difference(row, result and result["value"]),
        _data(result),
        _reasoned(row, result),
    ]
    return _table_line(cells)


def _printed(row: Target) -> str:
    if row.value is None:
        return "no number"
    limit = {"equal": "", "at_most": "at most ", "at_least": "at least "}[row.relation]
    return f"{limit}{_number(row.value)}" + (f" {row.unit}" if row.unit != "1" else "")


def _family_line(study: Study, family: str, rows: list[Target], found: Mapping) -> str:
    results = [found[row.id] for row in rows if row.id in found]
    with_value = [row for row in rows if row.value is not None]
    outcomes = _tally(verdict(row, found.get(row.id)) for row in rows)
    pairs = [(row, found[row.id]["value"]) for row in with_value if row.id in found]
    reason = f": {rows[0].reason_open}" if rows[0].reason_open and not results else ""
    cells = [
        f"{_link(study, rows[0], rows[0].group, results[0] if results else None)}<br>{family} ({rows[0].unit})",
        f"{len(with_value) or 'no'} numbers, {len(rows)} rows ({rows[0].source}) [{rows[0].tag}]",
        f"{len(results)} values",
        _worst(pairs),
        "; ".join(dict.fromkeys(map(_data, results))) or "–",
        outcomes + reason,
    ]
    return _table_line(cells)


def _worst(pairs: list[tuple[Target, float | None]]) -> str:
    """Write the largest relative difference of a family; for limits, how many are met."""
    pairs = [(row, value) for row, value in pairs if isinstance(value, float)]
    if not pairs:
        return "–"
    if any(row.relation != "equal" or not row.value for row, _ in pairs):
        return f"{sum(within(row, value) for row, value in pairs)} of {len(pairs)} within"
    worst = max(abs(value / row.value - 1) for row, value in pairs)
    return f"at most {100 * worst:.2g} %"


def _dropdown(family: str, rows: list[Target], found: Mapping) -> str:
    lines = ["| row | source says | ours | off by | verdict |", "|---|---|---|---|---|"]
    for row in rows:
        result = found.get(row.id)
        value = result and result["value"]
        name = f"{row.id}<br>{row.what}"
        cells = [name, _number(row.value), _number(value), difference(row, value), verdict(row, result)]
        lines.append(_table_line(cells))
    return "\n".join([f"````{{dropdown}} {rows[0].group}: {family}", *lines, "````"])


def _link(study: Study, row: Target, label: str, result: Mapping | None) -> str:
    lesson = result["lesson"] if result else row.lesson
    if lesson in study.unwritten:
        return label
    anchor = f"#result-{row.group}" if result else ""
    return f'<a href="../{study.folder}/{lesson}.html{anchor}">{label}</a>'


def _data(result: Mapping | None) -> str:
    if result is None:
        return "–"
    return INPUTS[result["inputs"]] + (f"; {result['note']}" if result["note"] else "")


def _reasoned(row: Target, result: Mapping | None) -> str:
    outcome = verdict(row, result)
    if outcome != "open":
        return outcome
    if result is not None:
        return "open: the run gave no finite value"
    return f"open: {row.reason_open or 'no value in this run'}"


def _table_line(cells: list[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
