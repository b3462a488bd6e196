"""Data manifests: one YAML file for each data set, held against a schema."""

import difflib
import json
import sys
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import yaml

from gmtools.data import strict_yaml
from gmtools.errors import DataNotFound, ManifestError

FOLDER = Path(__file__).resolve().parents[2] / "data_manifests"


@dataclass(frozen=True)
class DataFile:
    """One file of a data set: its path below the root of a mirror, with forward slashes; SHA-256 and size, None only
    for a file that the user gets from its owner and imports; public addresses of the very same bytes, or of a zip
    archive from which :func:`gmtools.data.download.assemble` makes them."""

    name: str
    sha256: str | None
    bytes: int | None
    addresses: tuple[str, ...]
    made_from: dict | None = field(default=None, hash=False)


@dataclass(frozen=True)
class Manifest:
    """What is known of one data set; ``data_manifests/schema.json`` explains each key."""

    id: str
    title: str
    citation: str
    doi: str | None
    licence: str
    access: str
    kind: str
    files: tuple[DataFile, ...]
    reader: str
    rows: int | None
    faults: tuple[str, ...]
    steps: tuple[str, ...]
    study: tuple[str, ...]
    provenance: str
    columns: dict = field(default_factory=dict, hash=False)


def manifests():
    """Every manifest of the project by id, in alphabetical order; ManifestError names file, key and next step."""
    stamp = tuple((path, path.stat().st_mtime_ns, path.stat().st_size) for path in sorted(FOLDER.glob("*.yml")))
    if not stamp:
        raise ManifestError(
            f"no manifest in {FOLDER}. Next step: install gmtools from a clone of the project, with pip install -e ."
        )
    return dict(_read_all(stamp))


def manifest(data_id):
    """One manifest; DataNotFound, with the nearest ids, where there is none of this id."""
    known = manifests()
    if data_id not in known:
        near = difflib.get_close_matches(data_id, known, n=3, cutoff=0.4)
        hint = f"Nearest ids: {', '.join(near)}. " if near else ""
        raise DataNotFound(f"no data set has the id {data_id!r}. {hint}Next step: gmtools data list shows all ids.")
    return known[data_id]


def text(data_id):
    """Return the text of one manifest, as bytes."""
    return (FOLDER / f"{manifest(data_id).id}.yml").read_bytes()


@lru_cache(maxsize=4)
def _read_all(stamp):
    """Read the manifests of a list of (path, modification time, size), checking that no file is named twice."""
    known, owner = {}, {}
    for path, *_ in stamp:
        entry = _read(path)
        known[entry.id] = entry
        for file in entry.files:
            if file.name in owner:
                raise ManifestError(
                    f"{path.name}: files: {file.name} is already named by {owner[file.name]}.yml. "
                    "Next step: keep it in one of the two manifests."
                )
            owner[file.name] = entry.id
    return known


def _read(path):
    """Read and check one manifest."""
    try:
        content = strict_yaml.load(path.read_text(encoding="utf-8"))
        errors = sorted(_validator().iter_errors(content), key=lambda error: list(map(str, error.absolute_path)))
        complaint = _complaint(path, errors[0]) if errors else ""
    except (yaml.YAMLError, ValueError, TypeError, AttributeError, RecursionError) as error:  # also bytes, and dates
        where = " ".join(str(error).split())
        raise ManifestError(f"{path.name} is not YAML: {where}. Next step: correct the line it names.") from error
    if complaint:
        raise ManifestError(complaint)
    if content["id"] != path.stem:
        raise ManifestError(
            f"{path.name}: id: {content['id']!r} differs from the file's name. Next step: make both the same."
        )
    files = tuple(DataFile(**{**file, "addresses": tuple(file["addresses"])}) for file in content.pop("files"))
    lists = {key: tuple(content.pop(key)) for key in ("faults", "steps", "study")}
    return Manifest(**content, **lists, files=files)


@lru_cache(maxsize=1)
def _validator():
    """Return the validator of the manifests' schema."""
    sys.modules.setdefault("rfc3987_syntax", None)  # a grammar of addresses that takes a second and that none asks
    import jsonschema  # here, not above: it would slow down every start of gmtools

    return jsonschema.Draft202012Validator(json.loads((FOLDER / "schema.json").read_text(encoding="utf-8")))


def _complaint(path, error):
    """Say which key of a manifest breaks which rule and what to do about it."""
    key = ".".join(map(str, error.absolute_path)) or "(top level)"
    return f"{path.name}: {key}: {error.message}. Next step: write what data_manifests/schema.json allows."
