"""Does anything notice when a number is wrong? One-line mutations, each run against the tests that cover its file.

``python benchmarks/mutations.py`` takes the list in ``mutations.yml``, makes each mutation in a copy of the tree, runs
the covering tests until the first one fails, and prints a table. With ``--check``, what the tests let through, and each
mutation of a lesson, is run as a lesson, simulated and small, and held against ``expected/`` by ``gmtools check``.
What was caught once is kept in ``_build/mutations.json`` until the file or the mutation changes.
"""

import argparse
import hashlib
import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import yaml

PROJECT = Path(__file__).resolve().parents[1]
KEPT = PROJECT / "_build" / "mutations.json"
NPZ = "last bias"
PRELOAD = ["numpy", "pandas", "scipy.signal", "scipy.stats", "scipy.interpolate", "matplotlib.pyplot", "pytest"]
PRELOAD += ["pyproj", "shapely", "yaml", "jsonschema", "nbformat", "statsmodels.api", "openquake.hazardlib.gsim"]
CAUGHT, MISSED, BROKEN = "caught", "NOT CAUGHT", "no result"


@dataclass(frozen=True)
class Mutation:
    """One line changed: the file, what is replaced by what, the tests that cover it, and a lesson that uses it."""

    file: str
    old: str
    new: str
    tests: tuple[str, ...]
    lesson: str | None

    def text(self, root: Path = PROJECT) -> bytes:
        """The file with the mutation in it.

        Raises
        ------
        ValueError
            The old text does not stand exactly once in the file.
        """
        path = root / self.file
        if path.suffix == ".npz":
            return path.read_bytes()
        text = path.read_text(encoding="utf-8")
        if text.count(self.old) != 1:
            raise ValueError(f"{self.file} has {text.count(self.old)} times {self.old!r}: choose another text.")
        return text.replace(self.old, self.new).encode()

    def key(self) -> str:
        """Hash of the file and of what changes in it; what is not caught is tried again whatever else has changed."""
        return hashlib.sha256(b"\0".join([self.old.encode(), self.new.encode(), self.text()])).hexdigest()[:16]

    def apply(self, root: Path) -> None:
        """Write the mutated file into a copy of the tree."""
        path = root / self.file
        if path.suffix != ".npz":
            path.write_bytes(self.text())
            return
        with np.load(path) as file:
            arrays = dict(file)
        name = [name for name in arrays if "bias" in name or arrays[name].ndim == 1][-1]
        arrays[name] = (arrays[name] * float(self.new)).astype(arrays[name].dtype)
        np.savez_compressed(path, **arrays)


def mutations() -> list[Mutation]:
    """All mutations of ``mutations.yml``."""
    found = []
    for file, entry in yaml.safe_load(Path(__file__).with_suffix(".yml").read_text(encoding="utf-8")).items():
        tests = tuple(entry.get("tests", "").split())
        found += [Mutation(file, old, str(new), tests, entry.get("lesson")) for old, new in entry["mutations"]]
    return found


def copy_tree(root: Path) -> None:
    """Copy what git knows of."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=PROJECT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, names.split("\0")):
        if (PROJECT / name).is_file():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(PROJECT / name, root / name)


def run_tests(root: str, tests: tuple[str, ...]) -> None:
    """In a process of its own, whose libraries are loaded already: the tests until the first failure."""
    import pytest

    os.chdir(root)
    os.environ["PYTHONPATH"] = root
    sys.path.insert(0, root)
    sys.dont_write_bytecode = True
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
    os._exit(pytest.main(["-x", "-q", "-n0", "-p", "no:cacheprovider", "--no-header", *tests]))


@cache
def passing(root: Path, tests: tuple[str, ...], lesson: str | None, context) -> None:
    """Stop where the tests, or the check of a lesson, fail without any mutation: they would seem to catch every one."""
    if lesson and (failed := checked(lesson, root)):
        sys.exit(f"gmtools {failed} {lesson} fails as it is: repair that first.")
    if not tests:
        return
    process = context.Process(target=run_tests, args=(str(root), tests))
    process.start()
    process.join()
    if process.exitcode:
        sys.exit(f"{' '.join(tests)} ends with {process.exitcode} as it is: repair that first.")


def outcome_of(mutation: Mutation, root: Path, context, limit_s: float, check: bool) -> str:
    """Whether the tests, or else the check of a lesson, notice a mutation that is in the tree."""
    if mutation.tests:
        process = context.Process(target=run_tests, args=(str(root), mutation.tests))
        process.start()
        process.join(limit_s)
        if process.is_alive():
            process.kill()
            return f"{CAUGHT}: the tests do not end"
        if process.exitcode:
            return f"{CAUGHT}: tests" if process.exitcode == 1 else f"{BROKEN}: pytest ended with {process.exitcode}"
    failed = mutation.lesson and check and checked(mutation.lesson, root)
    return f"{CAUGHT}: gmtools {failed}" if failed else MISSED


def checked(lesson: str, root: Path) -> str | None:
    """The command, run or check, that fails for a lesson, simulated and small."""
    environment = os.environ | {"PYTHONPATH": str(root)}
    for command in ("run", "check"):
        words = [sys.executable, "-m", "bookkit.cli", command, lesson, "--profile", "smoke"]
        if subprocess.run([*words, "--data", "simulated"], cwd=root, env=environment, capture_output=True).returncode:
            return command
    return None


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", nargs="*", help="parts of the names of files; all files when none is given")
    parser.add_argument("--check", action="store_true", help="run lessons where no test notices")
    parser.add_argument("--limit", type=float, default=300, metavar="SECONDS", help="for the tests of one mutation")
    options = parser.parse_args()
    kept = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    chosen = [m for m in mutations() if not options.words or any(word in m.file for word in options.words)]
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOAD)
    with tempfile.TemporaryDirectory(prefix="mutations-") as folder:
        root = Path(folder)
        copy_tree(root)
        for mutation in chosen:
            key = mutation.key()
            if not kept.get(key, "").startswith(CAUGHT):
                began = time.monotonic()
                passing(root, mutation.tests, mutation.lesson if options.check else None, context)
                mutation.apply(root)
                kept[key] = outcome_of(mutation, root, context, options.limit, options.check)
                shutil.copy2(PROJECT / mutation.file, root / mutation.file)
                KEPT.parent.mkdir(exist_ok=True)
                KEPT.write_text(json.dumps(kept, indent=0))
                print(f"{time.monotonic() - began:6.1f} s", end="  ")
            print(f"{kept[key]:<22} {mutation.file}: {mutation.old!r} -> {mutation.new!r}", flush=True)
    missed = [m for m in chosen if not kept[m.key()].startswith(CAUGHT)]
    print(f"{len(chosen) - len(missed)} of {len(chosen)} mutations are caught.")
    return len(missed) > 0


if __name__ == "__main__":
    sys.exit(main())
