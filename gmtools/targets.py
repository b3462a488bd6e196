"""What the papers print: one YAML file for each study, read, checked and expanded to single rows."""

import itertools
import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import yaml

from gmtools.columns import period_label, psa
from gmtools.data import strict_yaml
from gmtools.errors import ManifestError

FOLDER = Path(__file__).resolve().parents[1] / "paper_targets"


@dataclass(frozen=True)
class Target:
    """One number, figure or statement of a study, and what it takes to call it reproduced: the keys of a row as
    ``schema.json`` explains them. ``value`` is None where the paper prints no number; ``reason_open`` says why the row
    cannot be done; ``family``, ``at``: title of the family that it belongs to, and axis name -> value there."""

    id: str
    study: str
    what: str
    unit: str
    inputs: str
    lesson: str
    value: float | str | None
    tolerance: Mapping
    relation: str
    kind: str
    source: str
    tag: str
    reason_open: str = ""
    family: str = ""
    at: Mapping = field(default_factory=dict)

    @property
    def group(self) -> str:
        """The part of the id before the first dot, for example ``I-F2``."""
        return self.id.split(".", 1)[0]


@dataclass(frozen=True)
class Study:
    """One file of ``paper_targets``: the study, and its rows in the order of the file."""

    id: str
    title: str
    citation: str
    folder: str
    targets: tuple[Target, ...]

    @property
    def number(self) -> int:
        """The study's place in the book: 1 for ``notebooks/10_…``."""
        return int(Path(self.folder).name.split("_")[0]) // 10


@cache
def studies(folder: Path = FOLDER) -> Mapping[str, Study]:
    """Return every study of ``folder`` by its id; ManifestError where a file breaks the schema, lacks a tolerance, has
    values of the wrong shape or repeats an id."""
    found = [read_study(path) for path in sorted(folder.glob("*.yml"))]
    if not found:
        raise ManifestError(f"no *.yml in {folder}: install gmtools from its repository with `pip install -e .`")
    ids = Counter(target.id for study in found for target in study.targets)
    if double := [name for name, count in ids.items() if count > 1]:
        raise ManifestError(f"{folder.name}: the id {double[0]} stands there twice; give each row its own")
    return {study.id: study for study in found}


def targets(study: str = "ann_gmm_iran") -> list[Target]:
    """Return the rows of one study, families expanded to single values; ManifestError where there is no such study.

    >>> row = next(row for row in targets() if row.id == "I-F1.pga.m4.5.r10")
    >>> row.value, row.unit, row.at["rjb_km"], row.at["vs30_m_s"]
    (0.0308, 'g', 10, 400)
    """
    known = studies()
    if study not in known:
        raise ManifestError(f"no study {study!r} in paper_targets; there are: {', '.join(known)}")
    return list(known[study].targets)


def table(group: str, study: str = "ann_gmm_iran"):
    """Return the rows of one group as a frame: index id, one column for each axis, ``value`` and ``unit``.

    A lesson predicts for the columns of this frame and hands the result, with the same index, to
    :func:`gmtools.scoreboard.record_many`. ManifestError where the study has no such group.
    """
    import pandas as pd  # here, so that the command line starts without it

    rows = [row for row in targets(study) if row.group == group]
    if not rows:
        groups = dict.fromkeys(row.group for row in targets(study))
        raise ManifestError(f"no group {group!r} in {study}; there are: {', '.join(groups)}")
    table = pd.DataFrame([{"id": row.id, **row.at, "value": row.value, "unit": row.unit} for row in rows])
    return table.set_index("id")


def read_study(path: Path) -> Study:
    """Read, validate and expand one YAML file of paper targets; ManifestError names the row that breaks
    ``schema.json``."""
    try:
        content = strict_yaml.load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ManifestError(f"{path.name} is not YAML: {error}. Correct the line that it names.") from error
    error = next(_validator().iter_errors(content), None)
    if error is not None:
        step = "paper_targets/schema.json says what a row must hold"
        raise ManifestError(f"{path.name}, {_place(content, error)}: {error.message}; {step}")
    rows = tuple(target for row in content["rows"] for target in _expand(row, content["study"], path))
    return Study(content["study"], content["title"], content["citation"], content["folder"], rows)


@cache
def _validator():
    import jsonschema  # here, so that the command line starts without it

    return jsonschema.Draft202012Validator(json.loads((FOLDER / "schema.json").read_text(encoding="utf-8")))


def _place(content, error) -> str:
    """Name the row and the key that an error of the schema is about."""
    steps = list(error.absolute_path)
    if len(steps) < 2 or steps[0] != "rows":
        return "/".join(map(str, steps)) or "top level"
    row = content["rows"][steps[1]]
    name = row.get("id") if isinstance(row, dict) else None
    return ", ".join([f"row {name or steps[1] + 1}", *map(str, steps[2:])])


def _expand(row: dict, study: str, path: Path) -> Iterator[Target]:
    common = {key: row[key] for key in ("unit", "inputs", "lesson", "kind")}
    common |= {"study": study, "source": row["source"]["document"], "tag": row["source"]["tag"]}
    common |= {"relation": row.get("relation", "equal"), "reason_open": row.get("open", "")}
    common["tolerance"], fixed = row.get("tolerance", {}), row.get("fixed", {})
    if "axes" not in row:
        yield Target(id=row["id"], what=row["what"], value=row.get("value"), at=fixed, **common)
        return
    values = _flat(row.get("values"), [len(axis) for axis in row["axes"].values()], f"{path.name}, row {row['id']}")
    for point, value in zip(itertools.product(*row["axes"].values()), values, strict=True):
        at = dict(zip(row["axes"], point, strict=True)) | fixed
        spoken = {name: period_label(entry) if name == "period_s" else entry for name, entry in at.items()}
        tokens = {name: psa(entry).removesuffix("_g") if name == "period_s" else entry for name, entry in at.items()}
        named = {"id": row["id"].format(**tokens), "what": row["each"].format(**spoken), "family": row["what"]}
        yield Target(value=value, at=at, **named, **common)


def _flat(values, shape: list[int], where: str) -> list:
    """Flatten nested lists in the order of the axes, checking each length; a single value, or none, fills the shape."""
    if not isinstance(values, list):
        return [values] * math.prod(shape)
    if len(values) != shape[0]:
        raise ManifestError(f"{where}: {len(values)} values where the axis has {shape[0]}")
    if any(isinstance(value, list) != (len(shape) > 1) for value in values):
        raise ManifestError(f"{where}: the values are not nested as deep as the axes")
    return values if len(shape) == 1 else [value for part in values for value in _flat(part, shape[1:], where)]
