"""Checks an answer where it is typed, without a server: an answer is kept as a hash, and says whether it is right."""

import hashlib
import json
import math
from functools import cache
from pathlib import Path

from gmtools.errors import DataNotFound

FILE = "answers.json"
STEPS = 4  # of a grid of answers within the tolerance: at its rim an answer counts to an eighth of the tolerance
ROUNDS = 5_000  # of hashing: nothing for one answer, long for whoever would try them all


def check(exercise: str, value: object = ...) -> None:
    """Say whether an answer to an exercise such as ``"12.1"``, a number, is right, with a hint where it is not;
    DataNotFound where no answer to it is kept."""
    print(verdict(exercise, value, answers())[1])


@cache
def answers() -> dict[str, dict]:
    """The answers of the edition in whose folder this runs, or those of the book."""
    here = Path.cwd()
    found = (folder / FILE for folder in (here, *here.parents, Path(__file__).parent))
    return json.loads(next(path for path in found if path.is_file()).read_text(encoding="utf-8"))


def verdict(exercise: str, value: object, kept: dict[str, dict]) -> tuple[bool, str]:
    """Whether an answer is right, and what to say to whoever gave it.

    >>> kept = {"1.1": record("1.1", 2881, 0.0, "a count is exact", {2832: "and the constants?"}, "count rows")}
    >>> verdict("1.1", 2881, kept)[0], verdict("1.1", 2832, kept)
    (True, (False, 'Not yet: and the constants?'))
    """
    if exercise not in kept:
        raise DataNotFound(f"No answer to exercise {exercise!r} is kept. Checked are: {', '.join(kept)}.")
    entry = kept[exercise]
    if value is ...:
        return False, "Not answered: put a number, or the name of one, in the place of the dots."
    try:
        number = float(value)
    except (TypeError, ValueError):
        return False, f"Not a number: {value!r}. This answer is one number, in the unit that the cell names."
    if not math.isfinite(number):
        return False, f"Not a number: {number}. Look where your computation divides, or takes a logarithm."
    near = _hashes(exercise, number, entry["tolerance"], reach=STEPS)
    if entry["answer"] in near:
        return True, f"Right. Tolerance {entry['tolerance']:g}: {entry['because']}."
    usual = next((hint for kept_hash, hint in entry["mistakes"].items() if kept_hash in near), entry["hint"])
    return False, f"Not yet: {usual}"


def record(
    exercise: str, answer: float, tolerance: float, because: str, mistakes: dict[float, str], hint: str
) -> dict[str, object]:
    """What is kept of an answer: hashes of it and of the usual mistakes, the tolerance with its reason, hints."""
    hashed = {_hashes(exercise, wrong, tolerance)[0]: text for wrong, text in mistakes.items()}
    (right,) = _hashes(exercise, answer, tolerance)
    return {"answer": right, "tolerance": tolerance, "because": because, "mistakes": hashed, "hint": hint}


def _hashes(exercise: str, number: float, tolerance: float, reach: int = 0) -> list[str]:
    """Hashes of the points of the grid around a number."""
    middle = round(number / (tolerance / STEPS or 1e-6))
    salt = f"exercise {exercise}".encode()
    points = [f"{middle + step}".encode() for step in sorted(range(-reach, reach + 1), key=abs)]
    return [hashlib.pbkdf2_hmac("sha256", point, salt, ROUNDS).hex()[:24] for point in points]
