"""Measures how far results of a lesson spread over seeds, threads and instruction sets, and makes tolerances of it."""

import datetime
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from bookkit import check, runner
from bookkit.check import EXACT, Expected
from bookkit.lessons import Lesson, Settings
from gmtools.cache import PROJECT
from gmtools.errors import LessonFailed
from gmtools.expected import by_name

COPIED = ("bookkit", "explorers", "gmtools", "notebooks", "networks", "data_manifests", "paper_targets")
OTHER_PROCESSOR = {  # stands for a machine without AVX-512
    "OPENBLAS_CORETYPE": "Haswell",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "NPY_DISABLE_CPU_FEATURES": "AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL AVX512_SPR",
    "XLA_FLAGS": "--xla_cpu_max_isa=AVX2",
}
SEEDS = (0, 1, 2)
MARGIN = 3  # tolerance over the largest measured difference
OF_SEEDS = 0.1  # and at least this part of the seeds' spread, where training makes rounding grow
LEAST = 1e-4  # relative: what else may differ between machines
GROWS = 1e-5  # relative difference from which rounding has grown
LEAST_GROWN = 1e-3  # relative: of such a value
MEASURED = "seeds 0, 1, 2 on one thread; seed 0 again on two threads without AVX-512"
REASONS = {
    "exact": "counts, words and arithmetic, the same on one and on two threads, with and without AVX-512",
    "rounding": f"{MARGIN} times the difference between threads and instruction sets, at least {LEAST:g}",
    "grown": f"training makes rounding grow: {MARGIN} times that difference, {OF_SEEDS:g} of the seeds' spread, "
    f"at least {LEAST_GROWN:g}",
}


def measure(lesson: Lesson, settings: Settings, root: Path = PROJECT) -> tuple[list[dict], list[dict]]:
    """What a lesson records with each of ``SEEDS``, and with the first one on two threads and without AVX-512.

    The first run stays; the others happen in copies of the project, the last without anything kept by an earlier run.
    """
    seeds = [_run(lesson, settings, SEEDS[0], root)]
    with tempfile.TemporaryDirectory(prefix="gmtools-spread-") as folder:
        copies = [_copy(root, Path(folder) / name) for name in ("seeds", "other")]
        (copies[0] / "_build").mkdir()
        for kept in (root / "_build").iterdir():
            if kept.name not in ("executed", "results"):
                (copies[0] / "_build" / kept.name).symlink_to(kept)
        seeds += [_run(lesson, settings, seed, copies[0]) for seed in SEEDS[1:]]
        others = [_run(lesson, settings, SEEDS[0], copies[1], {"GMTOOLS_THREADS": "2"} | OTHER_PROCESSOR)]
    return seeds, others


def _copy(root: Path, copy: Path) -> Path:
    for name in COPIED:
        if (root / name).exists():
            shutil.copytree(root / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(root / "requirements.lock", copy)
    return copy


def _run(
    lesson: Lesson, settings: Settings, seed: int, root: Path, extra: Mapping[str, str] = MappingProxyType({})
) -> dict:
    command = [sys.executable, "-m", "bookkit.cli", "run", lesson.name, "--seed", str(seed)]
    command += ["--profile", settings.profile, "--data", settings.data]
    environment = os.environ | {"PYTHONPATH": str(root), "GMTOOLS_THREADS": "1"} | extra
    run = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, encoding="utf-8")
    if run.returncode:
        said = f"{run.stdout[-3000:]}{run.stderr[-1000:]}"
        raise LessonFailed(f"{lesson.name} with seed {seed} and {dict(extra)} in {root}:\n{said}")
    path = runner.place("results", lesson, settings, root)
    return json.loads(path.read_text(encoding="utf-8"))


def expectation(seeds: list[dict], others: list[dict], old: Expected | None = None) -> Expected:
    """Make what a lesson is expected to give, with tolerances, from the runs of :func:`measure`.

    A tolerance that a person set, with another reason than those of this module, stays where it is the wider one.
    """
    measured = f"{MEASURED}; {datetime.date.today().isoformat()}"
    old = old or Expected()
    values = [[check.values_of(run) for run in runs] for runs in (seeds, others)]
    values[1].append(_before(values[0][0], old))
    groups = _groups(*values, _by_hand(old), check.counted(seeds[0]))
    claims = _claims(*([by_name(run["claims"]) for run in runs] for runs in (seeds, others)), old.claims)
    figures = check.figures_of(seeds[0], _of_figures(seeds[0], others, check.widest(groups)))
    return Expected(seeds[0]["found"], measured, check.reproduced(seeds[0]), claims, groups, figures, old.history)


def _before(now: Mapping, old: Expected) -> dict:
    """The values that stood in the file, of another day and perhaps another machine, where more than digits differ."""
    then = old.by_name().items()
    return {name: value for name, (value, within) in then if check.rounded(now.get(name), within) != value}


def _of_figures(run: dict, others: list[dict], values: float) -> dict:
    """The least tolerance of which a third holds what another processor draws, and not below that of the values."""
    pairs = [
        (now, then)
        for other in others
        for figures in zip(other.get("figures", []), run.get("figures", []), strict=False)
        for now, then in zip(*figures, strict=False)
    ]
    steps = (0.01, 0.03, 0.1, 0.3)
    enough = (step for step in steps if all(check.alike(*pair, step / MARGIN) for pair in pairs))
    reason = f"{MARGIN} times the difference between threads, at least a percent and that of the values"
    return {"within": max(next(enough, 1.0), min(values, steps[2])), "reason": reason}


def _by_hand(old: Expected) -> dict[str, tuple]:
    """Name -> tolerance and reason where a person has set them."""
    made = {*REASONS.values(), check.UNMEASURED["reason"], check.COUNTED["reason"]}
    groups = [group for group in old.values if group["reason"] not in made]
    return {name: (group["within"], group["reason"]) for group in groups for name in group["values"]}


def _slack(value, tolerance) -> float:
    """Largest difference that a tolerance allows; of words, whose numbers have it each, the tolerance itself."""
    if tolerance == "exact":
        return 0.0
    scale = abs(value) if isinstance(value, (int, float)) else 1.0
    return tolerance.get("absolute") or tolerance["relative"] * scale


def _groups(seeds: list[dict], others: list[dict], by_hand: Mapping[str, tuple], counted: set[str]) -> list[dict]:
    """Put values of one tolerance together, with the largest differences between processors and between seeds."""
    groups: dict[str, dict] = {}
    for name, value in seeds[0].items():
        noise, spread = (_largest(value, [run.get(name) for run in runs]) for runs in (others, seeds[1:]))
        tolerance, reason = _tolerance(value, noise, spread, name in counted)
        wider = by_hand.get(name, ("exact", ""))
        if _slack(value, wider[0]) > _slack(value, tolerance):
            tolerance, reason = wider
        group = groups.setdefault(f"{tolerance} {reason}", {"within": tolerance, "reason": reason})
        if tolerance != "exact" and not isinstance(value, str) and value is not None:
            scale = abs(value) if "relative" in tolerance else 1
            for key, size in (("differ", noise), ("seeds", spread)):
                group[key] = max(group.get(key, 0.0), _two_digits(size / scale))
        group.setdefault("values", {})[name] = value
    return sorted(groups.values(), key=lambda group: _order(group["within"]))


def _claims(seeds: list[dict], others: list[dict], old: Mapping[str, dict]) -> dict[str, dict]:
    claims = {}
    for text, claim in seeds[0].items():
        value = claim["value"]
        noise, spread = (
            _largest(value, [run.get(text, {}).get("value") for run in runs]) for runs in (others, seeds[1:])
        )
        tolerance, _ = _tolerance(value, noise, spread)
        slack, was = _slack(value, tolerance), old.get(text, {}).get("within", 0.0)
        if was > 1.5 * _slack(value, check.UNMEASURED["within"]):  # wider than what stands there by itself
            slack = max(slack, was)
        claims[text] = {"holds": claim["holds"], "value": value, "within": _two_digits(slack)}
        claims[text] |= {"draw": True} if claim["draw"] else {}
    return claims


def unsure(seeds: list[dict], others: list[dict]) -> list[str]:
    """Say which claims hang on the draw without saying so, and which claims and words hang on rounding."""
    lines = []
    for text, claim in by_name(seeds[0]["claims"]).items():
        if not claim["draw"] and {_claim(run, text, "holds") for run in seeds} != {claim["holds"]}:
            holds = [_claim(run, text, "holds") for run in seeds]
            lines.append(f"claim depends on the draw ({holds} for seeds {list(SEEDS)}); say so, and draw=True: {text}")
        if {_claim(run, text, "holds") for run in others} != {claim["holds"]}:
            lines.append(f"claim depends on rounding: {text}")
    for name, value in check.values_of(seeds[0]).items():
        got = [check.values_of(run).get(name) for run in others]
        if isinstance(value, str) and any(other != value for other in got):
            lines.append(f"word depends on rounding: {name} = {value!r}, then {got}")
    return lines


def _claim(run: Mapping, text: str, key: str):
    return by_name(run["claims"]).get(text, {}).get(key)


def _largest(value, others: list) -> float:
    if isinstance(value, str) or value is None:
        return 0.0
    return max((abs(other - value) for other in others if isinstance(other, (int, float))), default=0.0)


def _tolerance(value, noise: float, spread: float, counted: bool = False) -> tuple:
    """Tolerance of one value as the file has it, and why; ``counted``: it comes from arithmetic alone."""
    same = noise <= EXACT / MARGIN * abs(value or 0) if not isinstance(value, str) else True
    if same and (counted or not check.measured(value)):
        return "exact", REASONS["exact"]
    grown = isinstance(value, int) or noise > GROWS * abs(value)
    least = LEAST_GROWN if grown else LEAST
    slack = max(MARGIN * noise, OF_SEEDS * spread if grown else 0, least * abs(value))
    reason = REASONS["grown" if grown else "rounding"]
    if isinstance(value, int) or slack > abs(value):
        return {"absolute": _step(slack)}, reason
    return {"relative": _step(slack / abs(value))}, reason


def _step(slack: float) -> float:
    """The next of …, 0.01, 0.03, 0.1, 0.3, … that is not below."""
    decade = 10.0 ** math.floor(math.log10(slack))
    return float(f"{next(step for step in (decade, 3 * decade, 10 * decade) if step >= slack * (1 - 1e-12)):.0e}")


def _two_digits(value: float) -> float:
    return float(f"{value:.1e}")


def _order(tolerance) -> tuple:
    return (0, 0) if tolerance == "exact" else ("absolute" in tolerance, next(iter(tolerance.values())))
