"""The scoreboard page: each paper's headline numbers, then every number that it prints, with a verdict."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from html import escape
from itertools import groupby
from pathlib import Path

import yaml

from gmtools.expected import by_name
from gmtools.scoreboard import INPUTS, VERDICTS, find, number, verdict, within
from gmtools.targets import Study, Target, studies

HEADLINES = Path(__file__).with_name("headlines.yml")
LETTERS = {
    "F": "figure", "T": "table", "D": "data and method", "M": "data and method", "G": "another publication",
    "E": "another publication", "B": "baseline", "S": "slip or check",
}  # fmt: skip
TAGS = {
    "S": "the document", "C": "public code or data files", "W": "a web page", "A": "own arithmetic or evaluation",
    "I": "an inference", "K": "general knowledge, not verified",
}  # fmt: skip
INTRODUCTION = """\
# Scoreboard

What five publications print, what comes out here, and a verdict, for {count:,} numbers and claims. *Reproduced* needs
the same inputs and a value within the tolerance; *re-read* means that the authors' own files gave the number again,
which is no test of the paper. {open:,} values are open: {refused} for a reason that stands in the row, the others
because this run gave none. Each value of ours leads to the cell that computed it.
"""


def page(results: Iterable[Mapping]) -> str:
    """The scoreboard as MyST Markdown, of what the lessons recorded (``results`` of :func:`gmtools.expected.collect`),
    in one list that may be empty. ResultError where a result names an unknown row, or two name the same one."""
    found = by_name(results)
    for target_id in found:
        find(target_id)
    shown = {study.id: papers_own(study) for study in sorted(studies().values(), key=lambda study: study.number)}
    rows = [row for of_study in shown.values() for row in of_study]
    still_open = [row for row in rows if verdict(row, found.get(row.id)) == "open"]
    refused = sum(bool(row.reason_open) and row.id not in found for row in still_open)
    parts = [INTRODUCTION.format(count=len(rows), open=len(still_open), refused=refused), _counts(shown, found)]
    parts += [_headlines(studies()[name], found) for name in shown]
    parts += ["## All numbers", '<div class="score-filter"></div>']
    parts += [_everything(studies()[name], of_study, found) for name, of_study in shown.items()]
    parts.append("Sources were read as " + ", ".join(f"{tag}: {word}" for tag, word in TAGS.items()) + ".")
    return "\n\n".join(parts) + "\n"


def papers_own(study: Study) -> list[Target]:
    """Rows of a study without those that this project measured or set itself."""
    return [row for row in study.targets if row.tag != "P" and row.group.rpartition("-")[2][0] in LETTERS]


def headlines() -> dict[str, list[str]]:
    """Study -> ids of the rows that a reader of its paper looks for first."""
    return yaml.safe_load(HEADLINES.read_text(encoding="utf-8"))


def _counts(shown: Mapping[str, list[Target]], found: Mapping) -> str:
    lines = ["| study | " + " | ".join(VERDICTS) + " |", "|---|" + "---:|" * len(VERDICTS)]
    for name, rows in shown.items():
        outcomes = [verdict(row, found.get(row.id)) for row in rows]
        counts = [_count(name, word, outcomes.count(word)) for word in VERDICTS]
        lines.append(f"| Study {studies()[name].number} | " + " | ".join(counts) + " |")
    meanings = [f"{word}\n: {meaning}" for word, meaning in VERDICTS.items()]
    return "\n\n".join(["\n".join(lines), ":::{dropdown} What the verdicts say", *meanings, ":::"])


def _count(study: str, word: str, count: int) -> str:
    if not count:
        return "0"
    return f'<a href="#all-numbers" data-study="{study}" data-verdict="{word}">{count}</a>'


def _headlines(study: Study, found: Mapping) -> str:
    chosen = [find(target_id) for target_id in headlines()[study.id]]
    titled = [replace(row, what=f"{row.family}: {row.what}" if row.family else row.what) for row in chosen]
    body = "".join(_row(study, row, found.get(row.id)) for row in titled)
    heading = f"## {study.number} {study.title}\n\nSource: {{cite}}`{study.citation}`"
    return f"{heading}\n\n{_table(f'Headline numbers of study {study.number}', body)}"


def _everything(study: Study, rows: list[Target], found: Mapping) -> str:
    bodies = []
    for (family, group), members in groupby(rows, key=lambda row: (row.family or row.id, row.group)):
        members = list(members)
        lines = "".join(_row(study, row, found.get(row.id)) for row in members)
        if len(members) > 1:
            title = escape(f"{group} · {family}")
            lines = f'<tr class="family"><th colspan="5" scope="rowgroup">{title}</th></tr>{lines}'
        bodies.append(f'<tbody data-kind="{LETTERS[group.rpartition("-")[2][0]]}">{lines}</tbody>')
    title = f"{study.number} {escape(study.title)}: {len(rows)} numbers"
    table = _table(f"All numbers of study {study.number}", "".join(bodies), bodies=True)
    opened = f'<details class="score-all" data-study="{study.id}"><summary>{title}</summary>'
    return f"{opened}\n{table}\n</details>"


def _table(caption: str, lines: str, bodies: bool = False) -> str:
    head = "".join(f'<th scope="col">{name}</th>' for name in ("number", "source says", "ours", "off by", "verdict"))
    lines = lines if bodies else f"<tbody>{lines}</tbody>"
    caption = f'<caption class="visually-hidden">{caption}</caption>'
    return f'<table class="table scores">{caption}<thead><tr>{head}</tr></thead>{lines}</table>'


def _row(study: Study, row: Target, result: Mapping | None) -> str:
    value, outcome = result and result["value"], verdict(row, result)
    cells = {
        "source says": f"{_printed(row)}<small>{escape(row.source)} [{row.tag}]</small>",
        "ours": _ours(study, row, result),
        "off by": difference(row, value),
        "verdict": f"{outcome}<small>{escape(_reason(row, result, outcome))}</small>",
    }
    columns = "".join(f'<td data-column="{name}">{content}</td>' for name, content in cells.items())
    name = f'<th scope="row">{escape(row.what)}<small>{row.id}</small></th>'
    return f'<tr data-verdict="{outcome}">{name}{columns}</tr>'


def _ours(study: Study, row: Target, result: Mapping | None) -> str:
    """Our value as a link to the cell that computed it, and the data that it was computed on."""
    lesson = result["lesson"] if result else row.lesson
    shown = number(result["value"]) if result else f"lesson {lesson.partition('_')[0]}"
    anchor = f"#result-{row.group}" if result else ""
    data = INPUTS[result["inputs"]] + (f"; {result['note']}" if result["note"] else "") if result else ""
    link = f'<a href="../{study.folder}/{lesson}.html{anchor}">{escape(shown)}</a>'
    return f"{link}<small>{escape(data)}</small>"


def _printed(row: Target) -> str:
    if row.value is None:
        return "no number"
    limit = {"equal": "", "at_most": "at most ", "at_least": "at least "}[row.relation]
    return escape(f"{limit}{number(row.value)}" + (f" {row.unit}" if row.unit not in ("1", "count") else ""))


def _reason(row: Target, result: Mapping | None, outcome: str) -> str:
    if outcome != "open":
        return ""
    if result is not None:
        return "the run gave no finite value"
    return row.reason_open or "no value in this run"


def difference(target: Target, value: float | str | None) -> str:
    """How far a value is from its row: in percent, in the unit, or as a limit that is met or not."""
    if value is None or target.value is None:
        return "–"
    if target.relation != "equal":
        return f"limit {'met' if within(target, value) else 'missed'} by {abs(value - target.value):.2g}"
    if isinstance(target.value, str):
        return "equal" if value == target.value else "not equal"
    if "relative" in target.tolerance and target.value:
        return f"{100 * (value / target.value - 1):+.2g} %"
    return f"{value - target.value:+.2g}" if value != target.value else "0"
