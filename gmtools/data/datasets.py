"""What stands behind a table: real data, reconstructed or simulated ones, and the words that say so.

Which tables there are is the studies' affair: see :func:`gmtools.studies.load`.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from inspect import getsourcefile
from pathlib import Path
from typing import Any

import pandas as pd

from gmtools import __version__, columns
from gmtools.cache import replacing
from gmtools.data import catalog
from gmtools.data.manifests import Manifest
from gmtools.data.readers import csv_table
from gmtools.errors import DataNotFound, DownloadFailed, FormatError, GmtoolsError

SIMULATED = "simulated"
SEMI_SYNTHETIC = "semi-synthetic"
"""``data_id`` of drawn motions at real stations; they count as simulated."""
CHOICES = ("auto", "real", SIMULATED)

_SLOW = (".xlsx", ".rds", ".tar", ".gz", ".tgz", ".zip")  # formats that are parsed once and kept as csv


@dataclass(frozen=True)
class Table:
    """What can stand behind a name, and how it is prepared: ``title`` in words; ``candidates``, ids of the manifests,
    the best first; what the simulation is ``drawn_from`` in words, ``simulate(seed)`` and where that lies below
    ``gmtools.simulate``; ``prepare(frame)`` makes the study's table from the reader's, fills in the columns
    ``reconstructed``, and takes more from the data sets ``beside``; ``semi_synthetic(seed)`` draws motions at real
    stations, which "auto" takes before the simulation, from the data sets ``ingredients``."""

    title: str
    candidates: tuple[str, ...]
    drawn_from: str
    simulate: Callable[[int], pd.DataFrame]
    simulation: str
    prepare: Callable[[pd.DataFrame], pd.DataFrame] = lambda frame: frame
    reconstructed: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    semi_synthetic: Callable[[int], pd.DataFrame] | None = None
    ingredients: tuple[str, ...] = ()


@dataclass(frozen=True)
class Dataset:
    """A table with where it comes from: the ``name`` that was asked for; ``frame``, a row a record, columns named in
    :mod:`gmtools.columns`; ``data_id`` of the manifest, "simulated" or "semi-synthetic"; ``kind``, column name ->
    "measured", "reconstructed" or "simulated"; ``licence`` and ``citation`` of the data or of the simulation."""

    name: str
    frame: pd.DataFrame
    data_id: str
    kind: dict[str, str]
    licence: str
    citation: str
    table: Table | None = field(default=None, repr=False)

    @property
    def simulated(self) -> bool:
        """Whether the motions in the table were drawn."""
        return self.data_id in (SIMULATED, SEMI_SYNTHETIC)

    def ordinate_kind(self, period: float) -> str:
        """How the ordinate at ``period`` (s, 0 is PGA) came about: "measured", "reconstructed" or "simulated";
        GmtoolsError where the table has none."""
        name = columns.psa(period)
        if name not in self.kind:
            there = ", ".join(column for column in self.kind if column.startswith("psa_"))
            raise GmtoolsError(f"{self.data_id} has no column {name!r}. Choose among pga_g, {there}.")
        return self.kind[name]

    def notice(self) -> str:
        """Return the Markdown for the box at the top of a lesson: what the numbers are, and the way to better ones."""
        title = self.table.title
        size = f"{len(self.frame):,} records of {self.frame[columns.EVENT].nunique():,} earthquakes"
        if self.data_id == SEMI_SYNTHETIC:
            lines = [
                f"**{title}: SEMI-SYNTHETIC data.** {size}. Stations, depths to bedrock, the site terms of 60 stations "
                "and the catalogue of earthquakes are real. Every motion is drawn, with a fixed seed: no number below "
                "is a measurement of ground motion, and figures say simulated.",
                f"**To use recorded motions:** {_way_to(self.table.candidates[0])}",
            ]
        elif self.simulated:
            lines = [
                f"**{title}: SIMULATED data.** {size}, drawn from {self.table.drawn_from} with a fixed seed. "
                "Nothing below was measured, and no number below is evidence about the Earth.",
                f"**To use real data:** {_way_to(self.table.candidates[0])} A course with a mirror names it in the "
                "environment variable `GMTOOLS_DATA`.",
            ]
        elif any(kind == "reconstructed" for column, kind in self.kind.items() if column.startswith("psa_")):
            lines = [
                f"**{title}: real data, partly RECONSTRUCTED.** {size}. PGA and PGV are measured. The spectral "
                "accelerations (PSA) are reconstructed from a published model and its published residuals; they are "
                "not measurements.",
                "**To use measured spectra:** " + _way_to(self.table.candidates[0]),
            ]
        else:
            lines = [f"**{title}: REAL data.** {size}, all ordinates measured."]
        if not self.simulated:
            lines.append("**Known faults:** " + " ".join(map(_sentence, catalog.manifests()[self.data_id].faults)))
        lines.append(f"**Source:** {self.citation} **License:** {_sentence(self.licence)}")
        return "\n>\n".join(f"> {line}" for line in lines) + "\n"


def take(name: str, table: Table, data: str = "auto", seed: int = 0) -> Dataset:
    """Take the best of what stands behind a table; parameters and errors as of :func:`gmtools.studies.load`."""
    if data not in CHOICES:
        raise GmtoolsError(f"data = {data!r} is not a choice. Choose among {', '.join(CHOICES)}.")
    reasons = []
    for data_id in table.candidates if data != SIMULATED else ():
        try:
            return _real(name, table, data_id, catalog.find(data_id))
        except (DataNotFound, DownloadFailed) as error:
            reasons.append(str(error))
    if data == "real":
        raise DataNotFound("\n".join([f"No real data for {name!r}, and data = 'real' takes no others.", *reasons]))
    if data == "auto" and table.semi_synthetic is not None:
        try:
            return _drawn(name, table, SEMI_SYNTHETIC, seed)
        except (DataNotFound, DownloadFailed):
            pass
    return _drawn(name, table, SIMULATED, seed)


def _real(name: str, table: Table, data_id: str, paths: Mapping[str, Path]) -> Dataset:
    entry = catalog.manifests()[data_id]
    frame = _prepared(name, table, data_id, _read(entry, paths))
    kind = dict.fromkeys(frame.columns, "measured") | dict.fromkeys(table.reconstructed, "reconstructed")
    if entry.kind == "reconstructed":
        kind |= {column: "reconstructed" for column in frame.columns if column.startswith("psa_")}
    return Dataset(name, frame, data_id, kind, entry.licence, _sentence(entry.citation), table)


def _prepared(name: str, table: Table, data_id: str, read: pd.DataFrame) -> pd.DataFrame:
    frame = table.prepare(read)
    if frame.empty:
        raise FormatError(
            f"{data_id} holds {len(read):,} records, and none is in the selection of {name!r} ({table.title}; "
            f"{table.prepare.__module__} says which these are). Import records of that kind, or run the lesson on "
            "simulated data; the lessons on files of your own take any."
        )
    return frame


def check(data_id: str, path: Path, tables: Mapping[str, Table]) -> str:
    """Read what a user brings for a data set as a lesson would, before it is imported, and say what it holds;
    ``tables`` are those that it can stand behind. DataNotFound where nothing reads it, what the reader raises, and
    FormatError where not one record can be read or a table would keep none."""
    entry = catalog.manifest(data_id)
    if not (entry.reader or entry.columns):
        raise DataNotFound(f"No lesson reads {data_id}: nothing is imported. {' '.join(map(_sentence, entry.steps))}")
    found = _reader(entry)(path)
    if isinstance(found, pd.DataFrame):
        kept = [f"{len(_prepared(name, table, data_id, found)):,} for {name!r}" for name, table in tables.items()]
        return f"{len(found):,} records" + (f", of these {', '.join(kept)}" if kept else "")
    counts = Counter(getattr(record, "reason", "") for record in found)
    records, listed = counts.pop("", 0), ", ".join(f"{count} {reason}" for reason, count in counts.items()) or "none"
    if not records:
        raise FormatError(f"{path} holds no record that can be read; left out: {listed}. Import other records.")
    return f"{records:,} records, left out: {listed}"


def read(data_id: str) -> Any:
    """Find a data set and read it with the reader, or the columns, that its manifest names; DataNotFound, with what to
    do, where it cannot be had."""
    return _read(catalog.manifests()[data_id], catalog.find(data_id))


def _reader(entry: Manifest) -> Callable[[Path], Any]:
    if entry.columns:
        return partial(csv_table.read, columns=entry.columns, source=f"the data set {entry.id}")
    module, function = entry.reader.rsplit(".", 1)
    return getattr(import_module(module), function)


def _read(entry: Manifest, paths: Mapping[str, Path]) -> Any:
    """A format of several files is read from all of them, one of a single file from its path."""
    reader = _reader(entry)
    if len(paths) > 1:
        return reader(paths)
    (path,) = paths.values()
    return _read_once(reader, path) if path.suffix in _SLOW else reader(path)


def _read_once(reader: Callable[[Path], pd.DataFrame], path: Path) -> pd.DataFrame:
    """Table of a workbook, R file or archive, kept in the cache as csv: parsing the official ones takes minutes."""
    state = path.stat()
    key = hashlib.sha256(f"{path.name}\0{state.st_size}\0{state.st_mtime_ns}\0{__version__}\0".encode())
    for code in sorted(Path(getsourcefile(reader)).parent.glob("*.py")):  # readers call each other
        key.update(code.read_bytes())
    kept = catalog.cache_folder() / "tables" / f"{path.stem}-{key.hexdigest()[:16]}.csv"
    if kept.is_file():
        frame = pd.read_csv(kept)
        if columns.ORIGIN_TIME in frame:
            frame[columns.ORIGIN_TIME] = pd.to_datetime(frame[columns.ORIGIN_TIME], format="ISO8601")
        return frame
    frame = reader(path)
    with replacing(kept) as temporary:
        frame.to_csv(temporary, index=False)
    return frame


def _drawn(name: str, table: Table, data_id: str, seed: int) -> Dataset:
    frame = (table.simulate if data_id == SIMULATED else table.semi_synthetic)(seed)
    citation, licence = f"This project, gmtools.simulate.{table.simulation}, seed {seed}.", "CC BY 4.0"
    if data_id == SEMI_SYNTHETIC:
        used = (_sentence(catalog.manifests()[ingredient].citation) for ingredient in table.ingredients)
        citation = f"{citation} Ingredients: {' '.join(used)}"
        licence = f"{licence} for what is drawn; the ingredients keep their own"
    return Dataset(name, frame, data_id, dict.fromkeys(frame.columns, SIMULATED), licence, citation, table)


def _way_to(data_id: str) -> str:
    entry = catalog.manifests()[data_id]
    if entry.access == "open":
        return f"{entry.title}: run `gmtools data fetch {data_id}`."
    return f"{entry.title}: " + " ".join(_sentence(step) for step in entry.steps)


def _sentence(text: str) -> str:
    text = " ".join(text.split())
    return text if text.endswith(".") else text + "."
