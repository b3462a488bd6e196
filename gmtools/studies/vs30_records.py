"""Simulated records of the study on VS30: settings of each profile, parts for training and test, other P and S times.

Training, validation and test records come from three networks of stations and earthquakes that have nothing in common.
Each is simulated once and kept below ``_build``; a run that was interrupted goes on with what is there.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from gmtools import cache, columns
from gmtools.data.accelerograms import Accelerogram, Exclusion, exclusion_table
from gmtools.errors import RecordingTooShort
from gmtools.simulate.accelerograms import SimulatedRecords
from gmtools.site import picks, record_store
from gmtools.site.record_store import Records

# Every number that a profile changes. "same_stations" are more records of the training stations, for the leaky split.
SETTINGS = {
    "smoke": {
        "training": 72, "same_stations": 12, "validation": 12, "test": 24, "sampling_rate_hz": 50.0,
        "epochs": 2, "waves_epochs": 1, "published_epochs": 1, "picked": 6,
    },
    "fast": {
        "training": 2880, "same_stations": 400, "validation": 320, "test": 800, "sampling_rate_hz": 50.0,
        "epochs": 14, "waves_epochs": 5, "published_epochs": 2, "picked": 150,
    },
    "full": {
        "training": 25920, "same_stations": 4000, "validation": 2880, "test": 7200, "sampling_rate_hz": 100.0,
        "epochs": 60, "waves_epochs": 60, "published_epochs": 200, "picked": 7200,
    },
}  # fmt: skip
RECORDS_A_STATION = {"training": 4, "validation": 2, "test": 2}
DURATION_S, LENGTH_S, PRE_EVENT_S = 90.0, 60.0, (5.0, 35.0)


@dataclass(frozen=True, eq=False)
class Part:
    """Records for one purpose.

    Attributes
    ----------
    records : Records
    rows : ndarray of int
        Those of ``records`` that belong to the part.
    exclusions : DataFrame
        Records that were left out, as of :func:`gmtools.data.accelerograms.select`.
    inputs : list
        What decides the records, for :func:`gmtools.cache.once`.
    """

    records: Records
    rows: np.ndarray
    exclusions: pd.DataFrame
    inputs: list

    @property
    def frame(self) -> pd.DataFrame:
        """One row for each record."""
        return self.records.frame.iloc[self.rows].reset_index(drop=True)

    @property
    def vs30_m_s(self) -> np.ndarray:
        """Truth, (n,)."""
        return self.frame[columns.VS30].to_numpy(float)


def part(name: str, profile: str = "fast", seed: int = 0) -> Part:
    """Simulate records, or find those that an earlier run kept.

    Parameters
    ----------
    name : {"training", "same_stations", "validation", "test"}
        "same_stations" are other records of the training stations and earthquakes. The rest have stations and
        earthquakes of their own.
    profile : {"smoke", "fast", "full"}
    seed : int

    Returns
    -------
    Part

    Raises
    ------
    KeyError
        Another name.
    """
    settings, network = SETTINGS[profile], "training" if name == "same_stations" else name
    wanted = settings["training"] + settings["same_stations"] if network == "training" else settings[network]
    stations = -(-settings[network] // RECORDS_A_STATION[network])
    simulated = SimulatedRecords(
        seed=10 * seed + list(RECORDS_A_STATION).index(network),
        n_records=wanted,
        n_stations=stations,
        n_events=max(stations // 2, 60),
        duration_s=DURATION_S,
        sampling_rate_hz=settings["sampling_rate_hz"],
        pre_event_s=PRE_EVENT_S,
    )
    store = record_store.keep(simulated, simulated.inputs, f"vs30_{network}")
    rows = np.arange(settings["training"]) if name == "training" else np.arange(wanted)
    rows = rows[settings["training"] :] if name == "same_stations" else rows
    fits, left_out = _that_fit(store, rows, simulated.inputs, name)
    table = pd.concat([store.exclusions, left_out], ignore_index=True)
    return Part(store, rows[fits], table, simulated.inputs)


def _that_fit(store: Records, rows: np.ndarray, inputs: list, name: str) -> tuple[np.ndarray, pd.DataFrame]:
    """Records in which the window around the peak ends before the record does; the others are listed."""

    def make():
        excluded = []
        for index in tqdm(rows, desc=f"windows of {name}", leave=False):
            record = store.accelerogram(int(index))
            try:
                record_store.window_start(record, LENGTH_S, "pga")
            except RecordingTooShort as error:
                excluded.append(Exclusion(record.record_id, "window ends after the record", str(error)))
        return [np.array(exclusion_table(excluded).to_json(orient="split"))]

    (text,) = cache.once("vs30_fit", [*inputs, rows, LENGTH_S, Path(record_store.__file__), Path(__file__)], make)
    left_out = pd.read_json(io.StringIO(str(text)), orient="split", dtype=False)
    return ~store.frame[columns.RECORD].iloc[rows].isin(left_out[columns.RECORD]).to_numpy(), left_out


@dataclass(frozen=True)
class _Repicked:
    """Records of a part with other P and S times, (n, 2)."""

    part: Part
    times: np.ndarray

    @property
    def frame(self) -> pd.DataFrame:
        return self.part.frame.assign(**{columns.P_TIME: self.times[:, 0], columns.S_TIME: self.times[:, 1]})

    @property
    def exclusions(self) -> pd.DataFrame:
        return self.part.exclusions

    def __len__(self) -> int:
        return len(self.times)

    def accelerogram(self, index: int) -> Accelerogram:
        record = self.part.records.accelerogram(int(self.part.rows[index]))
        return replace(record, p_time_s=self.times[index, 0], s_time_s=self.times[index, 1])


def repicked(one: Part, count: int) -> tuple[Part, Part]:
    """Take the first records of a part twice: with P and S times of a picker, and with the true ones.

    Parameters
    ----------
    one : Part
    count : int
        Records that the picker (:func:`gmtools.site.picks.with_picks`) is asked for; it takes a tenth of a second for
        each.

    Returns
    -------
    picked, true : Part
        Of the records where it found both, with times between which and the record's end the window fits. The others
        are listed in the exclusions of ``picked``.
    """
    rows = one.rows[:count]

    def make():
        found = [picks.with_picks(record) for record in tqdm(_without_times(one, rows), desc="picks", total=len(rows))]
        return [np.array([[record.p_time_s, record.s_time_s] for record in found])]

    (times,) = cache.once("vs30_picks", [*one.inputs, rows, Path(picks.__file__)], make)
    good = np.isfinite(times).all(-1) & (times[:, 0] + LENGTH_S / 2 <= DURATION_S)
    lost = [
        Exclusion(name, "no usable picks", f"P {p:.4g} s, S {s:.4g} s")
        for name, (p, s) in zip(one.frame[columns.RECORD][:count][~good], times[~good], strict=True)
    ]
    true = replace(one, rows=rows[good])
    table = pd.concat([one.exclusions, exclusion_table(lost)], ignore_index=True)
    records = _Repicked(true, times[good])
    return Part(records, np.arange(len(records)), table, [*one.inputs, times[good], "picked"]), true


def _without_times(one: Part, rows: np.ndarray) -> Iterator[Accelerogram]:
    for index in rows:
        yield replace(one.records.accelerogram(int(index)), p_time_s=np.nan, s_time_s=np.nan)
