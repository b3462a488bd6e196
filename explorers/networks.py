"""The trained networks that come with the package, and the command that makes them again.

Each is an npz file of plain arrays with a JSON sidecar. What the sidecar's ``provenance`` must tell is
:data:`REQUIRED`; scores are computed by the maker, on events that the scored network never saw.
"""

import json
import os
import subprocess
from importlib import import_module
from pathlib import Path

import numpy as np

from gmtools import __version__
from gmtools.errors import FormatError, UnknownModel

FOLDER = Path(__file__).with_name("networks")
LICENSE = "BSD-3-Clause, as gmtools; the data that the network learned from are not part of it"
REQUIRED = ("data", "gmtools", "settings", "scores", "license")
SCORE = ("score", "value", "unit", "baseline", "baseline_value", "on", "records", "events")

# Name of a network -> module:function that makes it, called as function(name, folder).
MAKERS = {}


def make(names=(), folder=FOLDER):
    """Make networks again, on the real data.

    Parameters
    ----------
    names : sequence of str
        Keys of :data:`MAKERS`; all when empty.
    folder : Path

    Returns
    -------
    dict of str to str
        Name -> one line for the terminal.

    Raises
    ------
    UnknownModel
        For a name that is not in :data:`MAKERS`.
    DataNotFound
        When the real data are not there.
    """
    for name in names:
        if name not in MAKERS:
            raise UnknownModel(f"No network is called {name!r}. Choose among {', '.join(MAKERS)}.")
    said = {}
    for name in names or MAKERS:
        module, function = MAKERS[name].split(":")
        getattr(import_module(module), function)(name, folder)
        size = (folder / f"{name}.npz").stat().st_size
        said[name] = f"{name}: {size / 1000:.0f} kB; {summary(provenance(name, folder))}"
    return said


def provenance(name, folder=FOLDER):
    """Where a network that ships comes from: data, version, settings, scores, license.

    Raises
    ------
    FormatError
        When the sidecar is missing, or lacks a part of :data:`REQUIRED` or of a score.
    """
    path = folder / f"{name}.json"
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))["provenance"]
    except (OSError, ValueError, KeyError) as error:
        raise FormatError(f"{path} does not say where the network comes from ({error}): gmtools networks.") from None
    missing = [key for key in REQUIRED if key not in facts]
    missing += [f"scores/{key}" for score in facts.get("scores", []) for key in SCORE if key not in score]
    if missing:
        raise FormatError(f"{path} says nothing about {', '.join(dict.fromkeys(missing))}: gmtools networks {name}.")
    return facts


def summary(facts):
    """The first score in words, with its baseline."""
    if not facts["scores"]:
        return "no score"
    first = facts["scores"][0]
    baseline = f"{first['baseline']}: {first['baseline_value']:.3g}"
    return f"{first['score']} {first['value']:.3g} {first['unit']} on {first['on']} ({baseline})"


def told(facts):
    """Provenance with the version of the code and the license filled in."""
    return {"gmtools": ", ".join([__version__, *_commit()]), "license": LICENSE, **facts}


def _commit():
    """The commit, and whether a Python file differs from it; nothing outside of a git checkout."""
    git = ["git", "-C", str(FOLDER.parent)]
    try:
        commit, changed = (
            subprocess.run([*git, *words], capture_output=True, text=True, timeout=20, check=True).stdout.strip()
            for words in (["rev-parse", "--short", "HEAD"], ["status", "--porcelain", "--", ":(top)*.py"])
        )
    except (OSError, subprocess.SubprocessError):
        return []
    return [f"commit {commit}{' and changes' if changed else ''}"]


def write(name, folder, arrays, facts):
    """Write one network as ``NAME.npz`` (compressed) and ``NAME.json``, replacing both at once.

    Parameters
    ----------
    name : str
    folder : Path
    arrays : dict of str to ndarray
        Plain arrays.
    facts : dict
        JSON values for the sidecar; ``facts["provenance"]`` has the keys of :data:`REQUIRED`, of which "gmtools" (the
        version) and "license" are filled in where they are missing.
    """
    facts = {**facts, "provenance": told(facts["provenance"])}
    text = json.dumps(facts, indent=1, allow_nan=False, ensure_ascii=False) + "\n"
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f".{name}.{os.getpid()}"
    with temporary.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)
    temporary.replace(folder / f"{name}.npz")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(folder / f"{name}.json")


def read(name, folder=FOLDER):
    """Arrays and sidecar of a network that ships.

    Returns
    -------
    arrays : dict of str to ndarray
    facts : dict

    Raises
    ------
    UnknownModel
        When there is no such file.
    """
    path = folder / f"{name}.npz"
    if not path.exists():
        known = ", ".join(sorted(file.stem for file in folder.glob("*.npz"))) or "none"
        raise UnknownModel(f"No network called {name!r} ships; there are {known}. Make it: gmtools networks {name}.")
    with np.load(path, allow_pickle=False) as file:
        arrays = dict(file)
    return arrays, json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
