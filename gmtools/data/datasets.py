"""Which table a lesson gets: real, reconstructed or simulated, and the words that say so."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from inspect import getsourcefile
from pathlib import Path
from typing import Any

import pandas as pd
from filelock import FileLock

from gmtools import __version__, columns
from gmtools.data import catalog
from gmtools.data.accelerograms import STUDY_RULES
from gmtools.data.download import replacing
from gmtools.errors import CacheNotWritable, DataNotFound, DownloadFailed, GmtoolsError
from gmtools.site.record_store import RecordStore

SIMULATED = "simulated"
SEMI_SYNTHETIC = "semi-synthetic"
"""``data_id`` of drawn motions at real stations; they count as simulated."""
CHOICES = ("auto", "real", SIMULATED)
CANDIDATES: Mapping[str, tuple[str, ...]] = {
    "nga_west2": ("peer_nga_west2", "nga_west2_extract"),
    "iran": ("iran_kuehn",),
    "italy": ("italy_ita18",),
    "italy_whole": ("italy_ita18",),
    "kanto": ("bahrampouri_2021", "nied_kiknet_knet"),
    "kanto_meso": ("meso_net",),
    "afad": ("afad",),
}
"""Data sets that can stand behind each name, the best one first; a simulation of the same name comes last."""

_TITLES = {
    "nga_west2": "NGA-West2 records",
    "iran": "Iranian records",
    "italy": "Italian records, events north of 42° N",
    "italy_whole": "Italian records",
    "kanto": "KiK-net records in Kanto",
    "kanto_meso": "MeSO-net records",
    "afad": "Turkish strong-motion records",
}
_DRAWN_FROM = {
    "nga_west2": "a published ground-motion model",
    "iran": "a published ground-motion model",
    "italy": "an invented Italy whose source, site and path fields are known",
    "italy_whole": "an invented Italy whose source, site and path fields are known",
    "kanto": "an invented Kanto whose site and path fields are known",
    "kanto_meso": "an invented Kanto whose site and path fields are known",
    "afad": "the stochastic method over layered ground whose VS30 is known",
}

_SLOW = (".xlsx", ".rds", ".tar", ".gz", ".tgz", ".zip")  # formats that are parsed once and kept as csv
_KANTO = {"kanto": "kik_net", "kanto_meso": "meso_net"}  # function of gmtools.simulate.kanto
_ITALY = {"italy": 42.0, "italy_whole": -90.0}  # latitude that the epicenters lie north of


@dataclass(frozen=True)
class Dataset:
    """A table with where it comes from.

    Attributes
    ----------
    name : str
        What was asked for: a key of :data:`CANDIDATES`.
    frame : DataFrame
        One row for each record, columns named in :mod:`gmtools.columns`.
    data_id : str
        Id of the manifest, ``"simulated"`` or ``"semi-synthetic"``.
    kind : dict of str to str
        Column name -> "measured", "reconstructed" or "simulated".
    licence, citation : str
        Of the data; for a simulation those of the simulation.
    records : Records or None
        The accelerograms behind the rows, for "afad": see :class:`gmtools.site.record_store.Stream`.
    """

    name: str
    frame: pd.DataFrame
    data_id: str
    kind: dict[str, str]
    licence: str
    citation: str
    records: Any = None

    @property
    def simulated(self) -> bool:
        """Whether the motions in the table were drawn."""
        return self.data_id in (SIMULATED, SEMI_SYNTHETIC)

    def ordinate_kind(self, period: float) -> str:
        """Return how the ordinate at ``period`` (s, 0 is PGA) came about: "measured", "reconstructed" or "simulated".

        Raises
        ------
        GmtoolsError
            The table has no such ordinate.
        """
        name = columns.psa(period)
        if name not in self.kind:
            there = ", ".join(column for column in self.kind if column.startswith("psa_"))
            raise GmtoolsError(f"{self.data_id} has no column {name!r}. Choose among pga_g, {there}.")
        return self.kind[name]

    def notice(self) -> str:
        """Return the Markdown for the box at the top of a lesson: what the numbers are, and the way to better ones."""
        title = _TITLES[self.name]
        size = f"{len(self.frame):,} records of {self.frame[columns.EVENT].nunique():,} earthquakes"
        if self.data_id == SEMI_SYNTHETIC:
            lines = [
                f"**{title}: SEMI-SYNTHETIC data.** {size}. Stations, depths to bedrock, the site terms of 60 stations "
                "and the catalogue of earthquakes are real. Every motion is drawn, with a fixed seed: no number below "
                "is a measurement of ground motion, and figures say simulated.",
                f"**To use recorded motions:** {_way_to(CANDIDATES[self.name][0])}",
            ]
        elif self.simulated:
            lines = [
                f"**{title}: SIMULATED data.** {size}, drawn from {_DRAWN_FROM[self.name]} with a fixed seed. "
                "Nothing below was measured, and no number below is evidence about the Earth.",
                f"**To use real data:** {_way_to(CANDIDATES[self.name][0])} A course with a mirror names it in the "
                "environment variable `GMTOOLS_DATA`.",
            ]
        elif any(kind == "reconstructed" for column, kind in self.kind.items() if column.startswith("psa_")):
            lines = [
                f"**{title}: real data, partly RECONSTRUCTED.** {size}. PGA and PGV are measured. The spectral "
                "accelerations (PSA) are reconstructed from a published model and its published residuals; they are "
                "not measurements.",
                "**To use measured spectra:** " + _way_to(CANDIDATES[self.name][0]),
            ]
        else:
            lines = [f"**{title}: REAL data.** {size}, all ordinates measured."]
        if not self.simulated and self.records is not None:
            counts = self.records.exclusions["reason"].value_counts()
            listed = ", ".join(f"{count:,} {reason}" for reason, count in counts.items()) or "none"
            lines.append(f"**Left out:** {listed}; each with its reason in `records.exclusions`.")
        if not self.simulated:
            lines.append("**Known faults:** " + " ".join(map(_sentence, catalog.manifests()[self.data_id].faults)))
        lines.append(f"**Source:** {self.citation} **License:** {_sentence(self.licence)}")
        return "\n>\n".join(f"> {line}" for line in lines) + "\n"


def load(name: str, data: str = "auto", seed: int = 0) -> Dataset:
    """Give a lesson its table.

    Parameters
    ----------
    name : {"nga_west2", "iran", "italy", "italy_whole", "kanto", "kanto_meso", "afad"}
        Which records. "italy" takes those of events north of 42° N. "afad" comes with waveforms: the records that the
        user imported, or simulated ones (the six public samples are too few to train on).
    data : {"auto", "real", "simulated"}
        "real" takes the best real data set and never falls back; "simulated" never looks for data; "auto" takes real
        data where they are to be had, and the simulation otherwise: for Kanto the semi-synthetic one where its real
        ingredients are to be had.
    seed : int
        Of the simulation.

    Returns
    -------
    Dataset

    Raises
    ------
    DataNotFound
        "real" and no data set can be had; the message says for each what to do.
    ChecksumMismatch
        A file is there with the wrong bytes: neither "real" nor "auto" passes over it.
    GmtoolsError
        An unknown ``name`` or ``data``.
    """
    if name not in CANDIDATES:
        raise GmtoolsError(f"No data set is called {name!r}. Choose among {', '.join(CANDIDATES)}.")
    if data not in CHOICES:
        raise GmtoolsError(f"data = {data!r} is not a choice. Choose among {', '.join(CHOICES)}.")
    if data == SIMULATED:
        return _simulated(name, seed)
    reasons = []
    for data_id in CANDIDATES[name]:
        try:
            return _real(name, data_id, catalog.find(data_id))
        except (DataNotFound, DownloadFailed) as error:
            reasons.append(str(error))
    if data == "real":
        raise DataNotFound("\n".join([f"No real data for {name!r}, and data = 'real' takes no others.", *reasons]))
    if name in _KANTO:
        try:
            return _kanto(name, seed, invented=False)
        except (DataNotFound, DownloadFailed):
            pass
    return _simulated(name, seed)


def select(frame: pd.DataFrame, magnitude: float = 3.0, rjb_km: float = 300.0) -> pd.DataFrame:
    """Make the study's selection of source records: magnitude and RJB in range, VS30 and PGA known.

    Parameters
    ----------
    frame : DataFrame
        Standard table with ``rjb_km``.
    magnitude : float
        Smallest magnitude.
    rjb_km : float
        Largest Joyner-Boore distance, km.

    Returns
    -------
    DataFrame
        The selected rows, numbered anew.
    """
    keep = (
        (frame[columns.MAGNITUDE] >= magnitude)
        & frame[columns.RJB].between(0, rjb_km)
        & (frame[columns.VS30] > 0)
        & (frame[columns.PGA] > 0)
    )
    return frame[keep].reset_index(drop=True)


def rjb_or_stand_in(frame: pd.DataFrame) -> pd.Series:
    """Joyner-Boore distance (km), else Rrup, else the hypocentral distance: what the Iranian file allows.

    A stand-in is never shorter than RJB; the difference matters within one fault depth (some 10 km) of the source.
    """
    distance = pd.Series(float("nan"), index=frame.index, name=columns.RJB)
    for column in (columns.RJB, columns.RRUP, columns.RHYP):
        if column in frame:
            distance = distance.fillna(frame[column])
    return distance


def _real(name: str, data_id: str, paths: Mapping[str, Path]) -> Dataset:
    entry = catalog.manifests()[data_id]
    if name == "afad":
        records = _stored(*paths.values())
        kind = dict.fromkeys(records.frame.columns, "measured")
        return Dataset(name, records.frame, data_id, kind, entry.licence, _sentence(entry.citation), records)
    module, function = entry.reader.rsplit(".", 1)
    reader = getattr(import_module(module), function)
    if len(paths) > 1:  # a format of several files is read from all of them, one of a single file from its path
        frame = reader(paths)
    else:
        (path,) = paths.values()
        frame = _read_once(reader, path) if path.suffix in _SLOW else reader(path)
    kind = dict.fromkeys(frame.columns, "measured")
    if name in _ITALY:
        frame = _italian(name, frame)
        # Matched to a catalogue, or assumed where that does not list the event.
        kind |= dict.fromkeys((columns.HYPOCENTRAL_DEPTH, columns.RHYP), "reconstructed")
    if name in _KANTO:
        from gmtools.studies import kanto

        frame = kanto.select(frame)
    if entry.kind == "reconstructed":
        kind |= {column: "reconstructed" for column in frame.columns if column.startswith("psa_")}
    return Dataset(name, frame, data_id, kind, entry.licence, _sentence(entry.citation))


def _italian(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Selected records, with depths where the catalogue of earthquakes can be had."""
    from gmtools.data.readers import horus
    from gmtools.studies import italy

    frame = italy.select(frame, _ITALY[name])
    try:
        (path,) = catalog.find("italy_horus_catalogue").values()
    except (DataNotFound, DownloadFailed):
        return frame
    return italy.with_depths(frame, horus.read(path))


def _read_once(reader: Callable[[Path], pd.DataFrame], path: Path) -> pd.DataFrame:
    """Table of a workbook, R file or archive, kept in the cache as csv: parsing the official ones takes minutes."""
    state = path.stat()
    key = hashlib.sha256(f"{path.name}\0{state.st_size}\0{state.st_mtime_ns}\0{__version__}\0".encode())
    key.update(Path(getsourcefile(reader)).read_bytes())
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


def _stored(path: Path) -> RecordStore:
    """Usable records of an archive with P and S times, kept in the cache: reading thousands takes minutes."""
    from gmtools.data import accelerograms, readers
    from gmtools.data.readers import afad_ascii, afad_mat, dyna_ascii, seed_waveforms, strong_motion
    from gmtools.site import picks, record_store

    state = path.stat()
    key = hashlib.sha256(f"{path.name}\0{state.st_size}\0{state.st_mtime_ns}\0{__version__}\0{STUDY_RULES}".encode())
    formats = (afad_ascii, afad_mat, dyna_ascii, seed_waveforms)
    for module in (strong_motion, readers, *formats, picks, accelerograms, record_store):
        key.update(Path(getsourcefile(module)).read_bytes())
    folder = catalog.cache_folder() / "records" / f"{path.stem}-{key.hexdigest()[:16]}"
    try:
        records = RecordStore(folder)
    except DataNotFound:
        with _alone(folder):
            try:
                records = RecordStore(folder)  # another lesson may have made it in the meantime
            except DataNotFound:
                records = RecordStore.write(folder, map(picks.with_picks, strong_motion.read(path)))
    if not len(records):
        counts = records.exclusions["reason"].value_counts().to_dict()
        raise DataNotFound(f"{path} holds no record that the study can use; left out: {counts}. Import other records.")
    return records


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep lessons that run side by side from making the same store twice, one over the other."""
    lock = FileLock(f"{folder}.lock")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except OSError as error:
        raise CacheNotWritable(
            f"cannot write {folder}: {error.strerror or error}. Next step: name a folder that you may write to in the "
            "environment variable GMTOOLS_CACHE."
        ) from error
    try:
        yield
    finally:
        lock.release()


def _simulated(name: str, seed: int) -> Dataset:
    if name in _KANTO:
        return _kanto(name, seed, invented=True)
    records = None
    if name == "afad":
        from gmtools.simulate.accelerograms import SimulatedRecords

        records = SimulatedRecords(seed=seed)
        frame, source = records.frame, "accelerograms.SimulatedRecords"
    elif name in _ITALY:
        from gmtools.simulate import fields
        from gmtools.studies import italy

        frame, source = italy.select(fields.italy(seed=seed), _ITALY[name]), "fields.italy"
    else:
        from gmtools.simulate import records

        frame, source = {"nga_west2": records.nga_west2, "iran": records.iran}[name](seed=seed), f"records.{name}"
    return Dataset(
        name=name,
        frame=frame,
        data_id=SIMULATED,
        kind=dict.fromkeys(frame.columns, SIMULATED),
        licence="CC BY 4.0",
        citation=f"This project, gmtools.simulate.{source}, seed {seed}.",
        records=records,
    )


def _kanto(name: str, seed: int, invented: bool) -> Dataset:
    """Drawn motions in the invented Kanto, or at the real stations."""
    from gmtools.simulate import kanto

    frame = getattr(kanto, _KANTO[name])(seed=seed, invented=invented)
    citation = f"This project, gmtools.simulate.kanto.{_KANTO[name]}, seed {seed}."
    if not invented:
        used = ("kanto_site_terms", "kanto_jshis_sites", "kanto_mesonet_basin_depth", "kanto_usgs_catalogue")
        citation += " Ingredients: " + " ".join(_sentence(catalog.manifests()[data_id].citation) for data_id in used)
    return Dataset(
        name=name,
        frame=frame,
        data_id=SIMULATED if invented else SEMI_SYNTHETIC,
        kind=dict.fromkeys(frame.columns, SIMULATED),
        licence="CC BY 4.0" if invented else "CC BY 4.0 for what is drawn; the ingredients keep their own",
        citation=citation,
    )


def _way_to(data_id: str) -> str:
    entry = catalog.manifests()[data_id]
    if entry.access == "open":
        return f"{entry.title}: run `gmtools data fetch {data_id}`."
    return f"{entry.title}: " + " ".join(_sentence(step) for step in entry.steps)


def _sentence(text: str) -> str:
    text = " ".join(text.split())
    return text if text.endswith(".") else text + "."
