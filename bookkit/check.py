"""Holds what the lessons recorded against ``expected/``: what moved, what is missing, what nobody expects."""

import datetime
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from bookkit import lessons, runner, solutions
from bookkit.lessons import Settings
from bookkit.runner import recorded
from gmtools import scoreboard, targets
from gmtools.cache import PROJECT
from gmtools.data import strict_yaml
from gmtools.errors import GmtoolsError, ManifestError
from gmtools.expected import KINDS, by_name

EXACT = 1e-9  # relative: the last digits of sums differ between processors
RESIDUE = 1e-12  # absolute: what is left of a difference that should be zero
UNMEASURED = {
    "within": {"relative": 1e-3},
    "reason": "spread not measured (gmtools check --spread); a tenth of a percent",
}
COUNTED = {"within": "exact", "reason": "counts, words and arithmetic"}
DRAWN = {"within": 0.01, "reason": "spread not measured; a percent of each number, or as much as a value may move"}
_KEPT_CHANGES = 3


@dataclass(frozen=True)
class Drift:
    """One result that is not as expected, in words for the terminal."""

    lesson: str
    name: str
    expected: str
    got: str
    tolerance: str = ""


@dataclass
class Expected:
    """What one lesson is expected to give: a file of ``expected/``."""

    found: list[str] = field(default_factory=list)  # data sets that the lesson used
    measured: str = ""  # how the spreads were
    reproduced: list[str] = field(default_factory=list)  # rows, or groups of rows, of the scoreboard
    claims: dict[str, dict] = field(default_factory=dict)  # text -> holds, value, within (absolute), draw
    values: list[dict] = field(default_factory=list)  # of one tolerance: within, reason, spreads, name -> value
    figures: dict = field(default_factory=dict)  # what they show (see figures.shows): within (relative), reason, shown
    history: list[dict] = field(default_factory=list)  # the last changes: because, date, old values

    def by_name(self) -> dict[str, tuple]:
        """Name -> (value, tolerance as it is written in the file)."""
        return {name: (value, group["within"]) for group in self.values for name, value in group["values"].items()}


def check(
    wanted: list[str] | None, settings: Settings, root: Path = PROJECT, strict: bool = False
) -> tuple[list[Drift], int, list[str]]:
    """Compare what lessons recorded with what is expected: drifts, how many results were compared, and notes.

    ``strict``: a lesson that took other data sets than expected from what is there has drifted, and one of which
    nothing is expected. Else the first is a note, the second too until half of the lessons have a file of that kind.
    """
    drifts, compared, notes = [], 0, []
    for lesson in lessons.select(wanted, root):
        run = recorded(lesson, settings, root)
        if run is None:
            drifts.append(Drift(lesson.name, "the lesson", "a run", "none"))
            continue
        path = expected_path(lesson.name, settings, run, root)
        if not path.exists():
            count = sum(len(run[kind]) for kind in KINDS)
            whole = 2 * len(list(path.parent.glob("*.yml"))) > len(lessons.discover(root))
            if count and not (strict or whole):
                notes.append(f"{lesson.name} gave {count} results; nothing is expected of {path.parent.name} yet")
            elif count:
                drifts.append(Drift(lesson.name, "the lesson", f"nothing, no {path.parent.name}", f"{count} results"))
            continue
        expected = read(path)
        if run["found"] != expected.found and not strict:
            notes.append(f"{lesson.name} found {_words(run['found'])}, not {_words(expected.found)}: not compared")
            continue
        drifts += compare(lesson.name, run, expected)
        compared += sum(len(run[kind]) for kind in KINDS)
    if not wanted:
        drifts += _orphans(root)
    return drifts, compared, notes


def expected_path(name: str, settings: Settings, run: Mapping, root: Path = PROJECT) -> Path:
    """Return the file that says what a run should give: ``auto`` is what the lesson took, real or simulated data."""
    took = ("real" if run["found"] else "simulated") if settings.data == "auto" else settings.data
    return root / "expected" / f"{settings.profile}-{took}" / f"{name}.yml"


def compare(name: str, run: Mapping, wanted: Expected) -> list[Drift]:
    """Compare one run with its file. For another seed than 0 only the claims that hold for every draw."""
    if run["found"] != wanted.found:
        return [Drift(name, "data sets", _words(wanted.found), _words(run["found"]))]
    drifts = list(_claims(name, run, wanted))
    if run["seed"] == 0:
        drifts += _verdicts(name, run, wanted)
        drifts += _values(name, values_of(run), wanted.by_name())
        drifts += _figures(name, run.get("figures", []), wanted.figures)
    return drifts


def values_of(run: Mapping) -> dict:
    """Name -> value of all that a run recorded besides claims."""
    return {name: entry["value"] for kind in ("results", "numbers") for name, entry in by_name(run[kind]).items()}


def counted(run: Mapping) -> set[str]:
    """Names of what arithmetic alone gave."""
    return {result["id"] for result in run["results"] if result["inputs"] == "arithmetic"}


def within(value, expected, tolerance) -> bool:
    """Say whether a value is as expected.

    Examples
    --------
    >>> within(1.00001, 1.0, {"relative": 1e-4}), within(1.01, 1.0, {"absolute": 1e-4}), within("so", "so", "exact")
    (True, False, True)

    In words with a tolerance the numbers have it, and the rest is the same:

    >>> within("12 to 15 %", "13 to 15 %", {"absolute": 1}), within("12 or 15 %", "13 to 15 %", {"absolute": 1})
    (True, False)
    """
    if isinstance(value, str) and isinstance(expected, str) and tolerance != "exact":
        pairs = solutions.pairs(value, expected)
        return pairs is not None and all(within(*map(solutions.value, pair), tolerance) for pair in pairs)
    if isinstance(value, str) or isinstance(expected, str) or value is None or expected is None:
        return value == expected
    limits = {"relative": EXACT} if tolerance == "exact" else tolerance
    return abs(value - expected) <= limits.get("absolute", limits.get("relative", 0) * abs(expected)) + RESIDUE


def reproduced(run: Mapping) -> list[str]:
    """Return what a run reproduces of its paper: a group of rows where all that it recorded are, or single rows."""
    rows = {row.id: row for study in targets.studies().values() for row in study.targets}
    groups: dict[str, dict[str, bool]] = {}
    for result in run["results"]:
        row = rows.get(result["id"])
        if row is None:  # it left the targets since
            continue
        groups.setdefault(row.group, {})[row.id] = scoreboard.verdict(row, result) == "reproduced"
    return [
        name
        for group, members in groups.items()
        for name in ([group] if all(members.values()) else [row for row, good in members.items() if good])
    ]


def report(drifts: list[Drift], compared: int, notes: Iterable[str] = ()) -> str:
    """Lines for the terminal: what was not compared, and a table of what is not as expected, or that all is."""
    if not drifts:
        return "\n".join([*notes, f"check: {compared} results, all as expected"])
    rows = [("lesson", "name", "expected", "got", "tolerance")]
    rows += [(drift.lesson, drift.name, drift.expected, drift.got, drift.tolerance) for drift in drifts]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = [
        "  ".join([*(cell.ljust(w) for cell, w in zip(row, widths, strict=False)), row[4]]).rstrip() for row in rows
    ]
    return "\n".join([*notes, *lines, f"check: {len(drifts)} not as expected, {compared} results compared"])


def accept(name: str, run: Mapping, old: Expected | None, because: str) -> Expected:
    """Return a file with the values of a run; tolerances stay, old values go to its history with the reason."""
    if not because.strip():
        raise GmtoolsError('Say why the results moved: gmtools check --accept LESSON --because "…"')
    if run["seed"] != 0:
        raise GmtoolsError(f"{name} ran with seed {run['seed']}; what is expected is a run with seed 0")
    old = old or Expected()
    values = values_of(run)
    known = old.by_name()
    groups = [group | {"values": {n: values[n] for n in group["values"] if n in values}} for group in old.values]
    exact = counted(run)
    for name, value in values.items():
        if name not in known:
            template = COUNTED if name in exact or not measured(value) else UNMEASURED
            group = next((group for group in groups if group["reason"] == template["reason"]), None)
            if group is None:
                groups.append(group := template | {"values": {}})
            group["values"][name] = value
    claims = {text: _accepted(entry, old.claims.get(text)) for text, entry in by_name(run["claims"]).items()}
    was = {n: value for n, (value, tolerance) in known.items() if not within(values.get(n), value, tolerance)}
    was |= {
        text: entry["holds"]
        for text, entry in old.claims.items()
        if entry["holds"] != claims.get(text, {}).get("holds")
    }
    change = {"because": because, "date": datetime.date.today().isoformat(), "was": was}
    history = [*old.history, change][-_KEPT_CHANGES:]
    groups = [group for group in groups if group["values"]]
    figures = figures_of(run, old.figures or DRAWN | {"within": max(DRAWN["within"], widest(groups))})
    return Expected(run["found"], old.measured, reproduced(run), claims, groups, figures, history)


def widest(groups: Iterable[Mapping]) -> float:
    """The widest relative tolerance among groups of values."""
    return max((group["within"].get("relative", 0) for group in groups if group["within"] != "exact"), default=0)


def figures_of(run: Mapping, like: Mapping) -> dict:
    """What the figures of a run show, with the tolerance of ``like``; nothing where it has none."""
    return {**like, "shown": run["figures"]} if run.get("figures") else {}


def alike(text: str, expected: str, relative: float) -> bool:
    """Say whether what a figure shows is the same: its words, and its numbers within a part of each, or within one and
    a half units of the last digit (in proportion, for parts of more than a hundredth).

    Examples
    --------
    >>> alike("PGA (g) 0.011, 0.4", "PGA (g) 0.010, 0.4", 0.01), alike("PGA (cm/s²) 0.4", "PGA (g) 0.4", 0.01)
    (True, False)
    >>> alike("median 0.42", "median 0.4", 0.01), alike("median 4", "median 0.4", 0.01)
    (True, False)
    """
    pairs = solutions.pairs(text, expected)
    return pairs is not None and all(_near(solutions.value(one), other, relative) for one, other in pairs)


def _near(value: float, written: str, relative: float) -> bool:
    slack = relative * max(abs(solutions.value(written)), 150 * solutions.last_digit(written))
    return abs(value - solutions.value(written)) <= slack + RESIDUE


def _figures(name: str, got: list, wanted: Mapping) -> Iterator[Drift]:
    """What figures show that is not as expected; nothing where nothing is expected of any."""
    if wanted and len(got) != len(wanted["shown"]):
        yield Drift(name, "figures", str(len(wanted["shown"])), str(len(got)))
    for number, (now, then) in enumerate(zip(got, wanted.get("shown", []), strict=False), start=1):
        if len(now) != len(then):
            yield Drift(name, f"figure {number}", f"{len(then) - 1} axes", f"{len(now) - 1}")
        for one, other in zip(now, then, strict=False):
            if not alike(one, other, wanted["within"]):
                yield Drift(name, f"figure {number}", other, one, f"{wanted['within']:g} relative")


def _accepted(claim: Mapping, old: Mapping | None) -> dict:
    """A claim as the file has it: with the tolerance that it had, or that of a value whose spread is not measured."""
    slack = UNMEASURED["within"]["relative"] * abs(claim["value"]) if measured(claim["value"]) else 0.0
    accepted = {
        "holds": claim["holds"],
        "value": claim["value"],
        "within": old["within"] if old else float(f"{slack:.0e}"),
    }
    return accepted | ({"draw": True} if claim["draw"] else {})


def measured(value) -> bool:
    """Whether a value is no word and no count."""
    return isinstance(value, float) and not value.is_integer()


def read(path: Path) -> Expected:
    """Read a file of ``expected/``; ManifestError where it is not YAML or lacks what it must hold."""
    try:
        content = strict_yaml.load(path.read_text(encoding="utf-8")) or {}
        for group in content.get("values", ()):
            group["values"] = dict(_unfolded(group["values"]))
        return Expected(**content)
    except (yaml.YAMLError, TypeError, KeyError, AttributeError) as error:
        raise ManifestError(f"{path} does not say what a lesson should give: {error}. Restore it from git.") from error


def write(path: Path, wanted: Expected) -> None:
    """Write a file of ``expected/``, a line for each value or family of values."""
    content = {key: value for key, value in vars(wanted).items() if value}
    content["claims"] = {text: _Row(_short(entry)) for text, entry in wanted.claims.items()}
    content["values"] = [_written(group) for group in wanted.values]
    content["history"] = [change | {"was": _Row(change["was"])} for change in wanted.history]
    content = {key: value for key, value in content.items() if value}
    path.parent.mkdir(parents=True, exist_ok=True)
    text = yaml.dump(content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)
    runner.write_atomically(path, text)


def _written(group: Mapping) -> dict:
    within = group["within"] if isinstance(group["within"], str) else _Row(group["within"])
    return dict(group) | {"within": within, "values": _folded(group)}


class _Row(dict):
    """Stands in one line."""


class _Dumper(yaml.SafeDumper):
    """Plain YAML; a :class:`_Row`, and a list, in one line."""

    def ignore_aliases(self, data):
        return True


_Dumper.add_representer(_Row, lambda dumper, row: dumper.represent_mapping("tag:yaml.org,2002:map", row, True))


def _folded(group: Mapping) -> dict:
    """Put values whose names differ after their last dot into one line."""
    folded: dict = {}
    values = {name: rounded(value, group["within"]) for name, value in group["values"].items()}
    for name, value in values.items():
        family, _, leaf = name.rpartition(".")
        if sum(other.rpartition(".")[0] == family for other in values) > 1 and family:
            folded.setdefault(family, _Row())[leaf] = value
        else:
            folded[name] = value
    return folded


def _unfolded(values: Mapping) -> Iterator[tuple]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from ((f"{name}.{leaf}", entry) for leaf, entry in value.items())
        else:
            yield name, value


def rounded(value, tolerance):
    """Round a value to the digits that its tolerance leaves.

    Examples
    --------
    >>> rounded(0.123456789, {"relative": 1e-3}), rounded(123.456, {"absolute": 1}), rounded(12.0, "exact")
    (0.12346, 123.46, 12)
    """
    if not isinstance(value, float):
        return value
    if tolerance == "exact" and value.is_integer():
        return int(value)
    if value == 0:
        return value
    limits = {"relative": EXACT} if tolerance == "exact" else tolerance
    slack = limits.get("absolute", limits.get("relative", 0) * abs(value))
    return float(f"{value:.{max(2, math.ceil(math.log10(abs(value) / slack)) + 2) if slack else 17}g}")


def _short(claim: Mapping) -> dict:
    return dict(claim) | {"value": rounded(claim["value"], {"absolute": claim["within"] or EXACT})}


def _claims(name: str, run: Mapping, wanted: Expected) -> Iterator[Drift]:
    got = by_name(run["claims"])
    for text, claim in wanted.claims.items():
        if text not in got:
            yield Drift(name, text, "a claim", "not made")
        elif run["seed"] and claim.get("draw"):
            continue
        elif got[text]["holds"] != claim["holds"]:
            words = {True: "holds", False: "does not hold"}
            yield Drift(
                name, text, words[claim["holds"]], f"{words[got[text]['holds']]} ({_shown(got[text]['value'])})"
            )
        elif not run["seed"]:
            limits = {"absolute": claim["within"]} if claim["within"] else "exact"
            if not within(got[text]["value"], claim["value"], limits):
                yield Drift(name, text, _shown(claim["value"]), _shown(got[text]["value"]), _tolerance(limits))
    yield from (Drift(name, text, "nothing", "a claim") for text in got if text not in wanted.claims)


def _verdicts(name: str, run: Mapping, wanted: Expected) -> Iterator[Drift]:
    now = set(reproduced(run))
    rows = {row.id: row for study in targets.studies().values() for row in study.targets}
    for result in run["results"]:
        row = rows.get(result["id"])
        if row and {row.group, row.id} & set(wanted.reproduced) and not {row.group, row.id} & now:
            yield Drift(name, row.id, "reproduced", scoreboard.verdict(row, result))


def _values(name: str, got: Mapping, wanted: Mapping) -> Iterator[Drift]:
    for key, (value, tolerance) in wanted.items():
        if key not in got:
            yield Drift(name, key, _shown(value), "missing")
        elif not within(got[key], value, tolerance):
            yield Drift(name, key, _shown(value), _shown(got[key]), _tolerance(tolerance))
    yield from (Drift(name, key, "nothing", _shown(value)) for key, value in got.items() if key not in wanted)


def _orphans(root: Path) -> Iterator[Drift]:
    """Files of lessons that are not there."""
    names = {lesson.name for lesson in lessons.discover(root)}
    for path in sorted((root / "expected").glob("*/*.yml")):
        if path.stem not in names:
            yield Drift(path.stem, "the lesson", path.relative_to(root).as_posix(), "no such lesson")


def _shown(value) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _tolerance(tolerance) -> str:
    return (
        tolerance if isinstance(tolerance, str) else ", ".join(f"{value:g} {kind}" for kind, value in tolerance.items())
    )


def _words(names: list[str]) -> str:
    return ", ".join(names) or "simulated only"
