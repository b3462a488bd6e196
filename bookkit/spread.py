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
}
SEEDS = (0, 1, 2)
MARGIN = 3  # tolerance over the largest measured difference
OF_SEEDS = 0.1  # and at least this part of the seeds' spread, where training makes rounding grow
GROWS = 1e-5  # relative difference from which rounding has grown
MEASURED = "seeds 0, 1, 2 on one thread; seed 0 again on two threads without AVX-512"
REASONS = {
    "exact": "counts, words and arithmetic: the same on one and on two threads, with and without AVX-512",
    "rounding": f"{MARGIN} times the difference between threads and instruction sets",
    "grown": f"training makes rounding grow: {MARGIN} times that difference, and {OF_SEEDS:g} of the seeds' spread",
}


def measure(lesson: Lesson, settings: Settings, root: Path = PROJECT) -> tuple[list[dict], list[dict]]:
    """Run a lesson in copies of the project that share nothing it has kept.

    Returns
    -------
    seeds : list of dict
        What it recorded with each of ``SEEDS``.
    others : list of dict
        With the first seed, on two threads and without AVX-512.

    Raises
    ------
    LessonFailed
        It does not run to its end; the message carries what the run said.
    """
    with tempfile.TemporaryDirectory(prefix="gmtools-spread-") as folder:
        copies = [Path(folder) / name for name in ("seeds", "other")]
        for copy in copies:
            for name in COPIED:
                if (root / name).exists():
                    shutil.copytree(root / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
            shutil.copy(root / "requirements.lock", copy)
        seeds = [_run(lesson, settings, seed, copies[0], {"GMTOOLS_THREADS": "1"}) for seed in SEEDS]
        others = [_run(lesson, settings, SEEDS[0], copies[1], {"GMTOOLS_THREADS": "2"} | OTHER_PROCESSOR)]
    return seeds, others


def _run(lesson: Lesson, settings: Settings, seed: int, copy: Path, extra: Mapping[str, str]) -> dict:
    command = [sys.executable, "-m", "bookkit.cli", "run", lesson.name, "--seed", str(seed)]
    command += ["--profile", settings.profile, "--data", settings.data]
    environment = os.environ | {"PYTHONPATH": str(copy)} | extra
    run = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, encoding="utf-8")
    if run.returncode:
        raise LessonFailed(
            f"{lesson.name} with seed {seed} and {dict(extra)}:\n{run.stdout[-3000:]}{run.stderr[-1000:]}"
        )
    path = runner.results_path(lesson, settings, copy)
    return json.loads(path.read_text(encoding="utf-8"))


def expectation(seeds: list[dict], others: list[dict], old: Expected | None = None) -> Expected:
    """Make what a lesson is expected to give, with tolerances, from the runs of :func:`measure`."""
    base, *drawn = map(check.values_of, seeds)
    again = [check.values_of(run) for run in others]
    groups: dict[str, dict] = {}
    for name, value in base.items():
        noise = _largest(value, [run.get(name) for run in again])
        spread = _largest(value, [run.get(name) for run in drawn])
        tolerance, reason = _tolerance(value, noise, spread)
        group = groups.setdefault(str(tolerance), {"within": tolerance, "reason": reason, "differ": 0.0, "seeds": 0.0})
        scale = abs(value) if "relative" in tolerance else 1
        group["differ"] = max(group["differ"], _two_digits(noise / scale)) if noise else group["differ"]
        group["seeds"] = max(group["seeds"], _two_digits(spread / scale)) if spread and scale else group["seeds"]
        group.setdefault("values", {})[name] = value
    for group in groups.values():
        if group["within"] == "exact":
            del group["differ"], group["seeds"]
    claims = {}
    for text, claim in by_name(seeds[0]["claims"]).items():
        noise = _largest(claim["value"], [_claim(run, text, "value") for run in others])
        spread = _largest(claim["value"], [_claim(run, text, "value") for run in seeds[1:]])
        tolerance, _ = _tolerance(claim["value"], noise, spread)
        slack = (
            0.0
            if tolerance == "exact"
            else tolerance.get("absolute", tolerance.get("relative", 0) * abs(claim["value"] or 0))
        )
        claims[text] = {"holds": claim["holds"], "value": claim["value"], "within": _two_digits(slack)}
        claims[text] |= {"draw": True} if claim["draw"] else {}
    measured = f"{MEASURED}; {datetime.date.today().isoformat()}"
    ordered = sorted(groups.values(), key=lambda group: _order(group["within"]))
    history = old.history if old else []
    return Expected(seeds[0]["found"], measured, check.reproduced(seeds[0]), claims, ordered, history)


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


def _tolerance(value, noise: float, spread: float) -> tuple:
    """Tolerance of one value as the file has it, and why."""
    if not noise or isinstance(value, str) or (value and noise <= EXACT / MARGIN * abs(value)):
        return "exact", REASONS["exact"]
    grown = isinstance(value, int) or noise > GROWS * abs(value)
    slack = max(MARGIN * noise, OF_SEEDS * spread if grown else 0)
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
