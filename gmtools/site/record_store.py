"""Many records on disk, few in memory: a store that is read record by record, windows, batches for training."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd
from filelock import FileLock
from tqdm.auto import tqdm

from gmtools import cache, columns
from gmtools.cache import replacing
from gmtools.data.accelerograms import STUDY_RULES, Accelerogram, Exclusion, Rules, exclusion_table, sort_out
from gmtools.errors import DataNotFound, FormatError, GmtoolsError, RecordingTooShort

ANCHORS = ("start", "p", "pga")
_TYPES = {"float16": "f2", "float32": "f4"}
_FIRST, _COUNT, _SCALE = "first_sample", "n_samples", "scale"
_TEXT = dict.fromkeys((columns.RECORD, columns.EVENT, columns.STATION), str)


class Records(Protocol):
    """What :class:`RecordStore` and :class:`gmtools.simulate.accelerograms.SimulatedRecords` have in common."""

    frame: pd.DataFrame
    exclusions: pd.DataFrame

    def __len__(self) -> int:
        """Count the records."""

    def accelerogram(self, index: int) -> Accelerogram:
        """Return one record."""


class RecordStore:
    """Records that a reader once read and rules once judged, kept as one file of samples and two tables.

    Parameters
    ----------
    folder : str or Path
        As :meth:`write` or :func:`keep` made it.

    Attributes
    ----------
    frame : DataFrame, one row for each record
    exclusions : DataFrame
        As of :func:`gmtools.data.accelerograms.select`.

    Raises
    ------
    DataNotFound
        The folder holds no store.
    FormatError
        The file of samples is shorter than its table says.
    """

    def __init__(self, folder: str | Path):
        folder = Path(folder)
        if not (folder / "exclusions.csv").is_file():
            raise DataNotFound(f"{folder} holds no whole record store. Make it with RecordStore.write.")
        table = pd.read_csv(folder / "records.csv", dtype=_TEXT)
        self.frame = table.drop(columns=[_FIRST, _COUNT, _SCALE])
        self.exclusions = pd.read_csv(folder / "exclusions.csv", dtype=str)
        self._place = table[[_FIRST, _COUNT, _SCALE]].to_numpy(float)
        self._path = next(
            folder / f"samples.{code}" for code in _TYPES.values() if (folder / f"samples.{code}").exists()
        )
        self._type = np.dtype("<" + self._path.suffix[1:])
        wanted, there = int(table[_COUNT].sum()) * 3 * self._type.itemsize, self._path.stat().st_size
        if there != wanted:
            raise FormatError(
                f"{self._path} has {there} bytes, its table says {wanted}. Delete {folder}; it is remade."
            )

    def __len__(self) -> int:
        return len(self.frame)

    @classmethod
    def write(
        cls, folder: str | Path, records: Iterable[Accelerogram | Exclusion], rules: Rules = STUDY_RULES
    ) -> "RecordStore":
        """Read, judge and store records one after the other; never more than one is in memory.

        Parameters
        ----------
        folder : str or Path
            Made if it is missing; a store that it holds is replaced.
        records : iterable of Accelerogram or Exclusion
        rules : Rules

        Returns
        -------
        RecordStore
        """
        folder, rows, excluded, first = Path(folder), [], [], 0
        (folder / "exclusions.csv").unlink(missing_ok=True)  # written last: its presence says that the store is whole
        with replacing(folder / "samples.f4") as temporary, temporary.open("wb") as stream:
            for record in sort_out(records, rules, excluded):
                stream.write(np.ascontiguousarray(record.acceleration, "<f4").tobytes())
                rows.append(record.row() | {_FIRST: first, _COUNT: len(record.acceleration), _SCALE: 1.0})
                first += len(record.acceleration)
        names = [*_TEXT, columns.SAMPLING_RATE, _FIRST, _COUNT, _SCALE]
        return cls._finish(folder, pd.DataFrame(rows, columns=None if rows else names), exclusion_table(excluded))

    @classmethod
    def _finish(cls, folder: Path, table: pd.DataFrame, exclusions: pd.DataFrame) -> "RecordStore":
        """Write the two tables, the one that says that the store is whole last."""
        table.to_csv(folder / "records.csv", index=False)
        with replacing(folder / "exclusions.csv") as temporary:
            exclusions.to_csv(temporary, index=False)
        return cls(folder)

    def accelerogram(self, index: int) -> Accelerogram:
        """Return one record, its samples copied out of the file."""
        row, (first, count, scale) = self.frame.iloc[index], self._place[index]
        with self._path.open("rb") as stream:
            offset = 3 * self._type.itemsize * int(first)
            samples = np.fromfile(stream, self._type, count=3 * int(count), offset=offset)
        samples = samples.reshape(-1, 3).astype(np.float32) * np.float32(scale)
        return Accelerogram.from_row(samples, float(row[columns.SAMPLING_RATE]), row)


def keep(
    records: Records,
    inputs: Sequence,
    name: str = "records",
    folder: str | Path | None = None,
    dtype: str = "float16",
) -> RecordStore:
    """Write records that cost time to make to disk, once; training then streams them from there.

    Never more than one record is in memory. A run that was interrupted goes on where it stopped.

    Parameters
    ----------
    records : Records
        Such as :class:`gmtools.simulate.accelerograms.SimulatedRecords`.
    inputs : sequence
        What decides the samples, as in :func:`gmtools.cache.once`; simulated records know it: ``records.inputs``.
    name : str
        Beginning of the folder's name.
    folder : str or Path, optional
        Instead of ``_build/records``.
    dtype : {"float16", "float32"}
        Half precision stores each record divided by its largest acceleration: 36,000 records of 60 s at 100 Hz are 1.3
        GB, and a sample is off by at most 0.05 % of itself (or 3e-8 of the largest).

    Returns
    -------
    RecordStore
        Its frame has the rows of ``records.frame`` and the sampling rate.

    Raises
    ------
    GmtoolsError
        Another ``dtype``.
    """
    if dtype not in _TYPES:
        raise GmtoolsError(f"dtype {dtype!r} is not a choice. Choose between {' and '.join(_TYPES)}.")
    place = Path(folder or cache.PROJECT / "_build" / "records") / f"{name}-{cache.key([*inputs, len(records), dtype])}"
    place.mkdir(parents=True, exist_ok=True)
    with FileLock(place.with_suffix(".lock")):  # two lessons that run side by side make it once
        if not (place / "exclusions.csv").exists():
            _write_samples(records, place, dtype, name)
        return RecordStore(place)


def _write_samples(records: Records, folder: Path, dtype: str, text: str) -> None:
    """Append what is missing; ``done.f8`` has number of samples, scale and sampling rate of each record."""
    samples, done, dtype = folder / f"samples.{_TYPES[dtype]}", folder / "done.f8", np.dtype("<" + _TYPES[dtype])
    rows = _rewind(samples, done, 3 * dtype.itemsize)
    with samples.open("ab") as stream, done.open("ab") as log:
        for index in tqdm(
            range(len(rows), len(records)), initial=len(rows), total=len(records), desc=text, leave=False
        ):
            record = records.accelerogram(index)
            largest = float(np.abs(record.acceleration).max())
            scale = largest if dtype == "<f2" and largest else 1.0
            stream.write((record.acceleration / np.float32(scale)).astype(dtype).tobytes())
            log.write(np.array([len(record.acceleration), scale, record.sampling_rate_hz], "<f8").tobytes())
    count, scale, rate = np.fromfile(done, "<f8").reshape(-1, 3).T
    table = records.frame.assign(**{columns.SAMPLING_RATE: rate, _COUNT: count.astype(int), _SCALE: scale})
    table[_FIRST] = table[_COUNT].cumsum() - table[_COUNT]
    RecordStore._finish(folder, table, records.exclusions)


def _rewind(samples: Path, done: Path, n_bytes: int) -> np.ndarray:
    """Cut both files behind the last record that is whole in both; returns the rows of the log."""
    for path in (samples, done):
        path.touch()
    rows = np.fromfile(done, "<f8")
    rows = rows[: len(rows) // 3 * 3].reshape(-1, 3)
    ends = rows[:, 0].cumsum() * n_bytes
    rows = rows[: np.searchsorted(ends, samples.stat().st_size, side="right")]
    os.truncate(done, rows.nbytes)
    os.truncate(samples, int(rows[:, 0].sum()) * n_bytes)
    return rows


def window_start(record: Accelerogram, length_s: float = 60.0, anchor: str = "p") -> int:
    """First sample of the study's window: half a window before the anchor, but not before the record.

    Parameters
    ----------
    record : Accelerogram
    length_s : float
    anchor : {"start", "p", "pga"}
        First sample; P time; largest absolute acceleration of any component. (The study's code takes a signed maximum.)

    Returns
    -------
    int

    Raises
    ------
    RecordingTooShort
        The record ends before the window does.
    GmtoolsError
        ``anchor`` is unknown, or the record has no P time.
    """
    if anchor not in ANCHORS:
        raise GmtoolsError(f"anchor {anchor!r} is unknown. Choose among {', '.join(ANCHORS)}.")
    if anchor == "p" and not np.isfinite(record.p_time_s):
        raise GmtoolsError(f"{record.record_id} has no P time. Pick it first, or choose another anchor.")
    rate, start = record.sampling_rate_hz, 0
    if anchor == "p":
        start = round((record.p_time_s - length_s / 2) * rate)
    elif anchor == "pga":
        start = int(np.abs(record.acceleration).max(-1).argmax()) - round(length_s / 2 * rate)
    start, needed = max(start, 0), round(length_s * rate)
    if start + needed > len(record.acceleration):
        raise RecordingTooShort(
            f"{record.record_id}: {record.duration_s:g} s long, the window asks for {(start + needed) / rate:g} s. "
            "Leave the record out, or choose a shorter window."
        )
    return start


def window(record: Accelerogram, length_s: float = 60.0, anchor: str = "p") -> np.ndarray:
    """Cut the study's input out of a record: three components and the P-S mask.

    Parameters
    ----------
    record, length_s, anchor
        As in :func:`window_start`.

    Returns
    -------
    ndarray of float32, (n_samples, 4)
        North, east and up in cm/s², and 1 from the P sample to the S sample, both included, else 0; a record without
        the times has a mask of zeros.

    Raises
    ------
    RecordingTooShort, GmtoolsError
        As in :func:`window_start`.
    """
    start = window_start(record, length_s, anchor)
    count = round(length_s * record.sampling_rate_hz)
    result = np.zeros((count, 4), np.float32)
    result[:, :3] = record.acceleration[start : start + count]
    if np.isfinite([record.p_time_s, record.s_time_s]).all():
        p, s = (round(time * record.sampling_rate_hz) - start for time in (record.p_time_s, record.s_time_s))
        result[max(p, 0) : max(s + 1, 0), 3] = 1
    return result


@dataclass(frozen=True)
class Stream:
    """Batches of windows, each made when it is asked for: memory does not grow with the number of records.

    ``len(stream)`` batches; ``stream[k]`` and iteration give ``(inputs, rows)``: float32 (n, n_samples, 4) as
    :func:`window` makes them, and the rows of the records' frame.

    Attributes
    ----------
    records : Records
    indices : sequence of int
        Rows of the records' frame to be taken.
    batch_size : int
    length_s, anchor
        As in :func:`window`.
    seed : int or None
        None keeps the order of ``indices``; a number shuffles them. Take another one for each epoch.
    """

    records: Records
    indices: Sequence[int]
    batch_size: int = 32
    length_s: float = 60.0
    anchor: str = "p"
    seed: int | None = None

    def __len__(self) -> int:
        return -(-len(self.indices) // self.batch_size)

    def __getitem__(self, number: int) -> tuple[np.ndarray, pd.DataFrame]:
        if not 0 <= number < len(self):
            raise IndexError(number)
        chosen = self._order()[number * self.batch_size : (number + 1) * self.batch_size]
        windows = (window(self.records.accelerogram(int(k)), self.length_s, self.anchor) for k in chosen)
        return np.stack(list(windows)), self.records.frame.iloc[chosen]

    def _order(self) -> np.ndarray:
        order = np.asarray(self.indices, int)
        return order if self.seed is None else np.random.default_rng([self.seed, 53]).permutation(order)
