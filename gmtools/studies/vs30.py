"""Study 5: the strong-motion records that its lessons share."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from inspect import getsourcefile
from pathlib import Path

from filelock import FileLock

from gmtools import __version__
from gmtools.data import accelerograms, catalog, datasets, readers
from gmtools.data.accelerograms import STUDY_RULES
from gmtools.errors import CacheNotWritable, DataNotFound
from gmtools.site import record_store
from gmtools.site.record_store import RecordStore


def _stored(path: Path) -> RecordStore:
    """Usable records of an archive with P and S times, kept in the cache: reading thousands takes minutes."""
    from gmtools.data.readers import afad_ascii, afad_mat, dyna_ascii, seed_waveforms, strong_motion
    from gmtools.site import picks

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


def _simulated(seed: int):
    from gmtools.simulate.accelerograms import SimulatedRecords

    return SimulatedRecords(seed=seed)


TABLES = {
    "afad": datasets.Table(
        "Turkish strong-motion records",
        candidates=("afad",),
        drawn_from="the stochastic method over layered ground whose VS30 is known",
        simulate=_simulated,
        simulation="accelerograms.SimulatedRecords",
        waveforms=_stored,
    )
}
