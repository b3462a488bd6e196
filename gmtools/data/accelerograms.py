"""Strong-motion records: one type for all formats, which ones a study can use, and batches of them in little memory."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields

import numpy as np
import pandas as pd

from gmtools import columns
from gmtools.errors import RecordingUnusable

COMPONENTS = ("north", "east", "up")
UNIT = "cm/s²"
LARGEST_CM_S2 = 9806.65
"""Ten times gravity: more than twice what an accelerograph ever recorded of an earthquake."""


@dataclass(frozen=True)
class Accelerogram:
    """One three-component record, (n_samples, 3) in cm/s²: north, east, up. What is not known is NaN; arrivals are
    seconds since the first sample. RecordingUnusable where it has not three columns, is empty, has samples that are no
    numbers, or a number that no record can have."""

    acceleration: np.ndarray
    sampling_rate_hz: float
    record_id: str
    event_id: str
    station_id: str
    magnitude: float = np.nan
    hypocentral_depth_km: float = np.nan
    repi_km: float = np.nan
    rhyp_km: float = np.nan
    vs30_m_s: float = np.nan
    event_longitude: float = np.nan
    event_latitude: float = np.nan
    station_longitude: float = np.nan
    station_latitude: float = np.nan
    p_time_s: float = np.nan
    s_time_s: float = np.nan

    def __post_init__(self):
        samples = np.asarray(self.acceleration, np.float32)
        if samples.ndim != 2 or samples.shape[1] != 3:
            raise RecordingUnusable(
                "component missing",
                f"{self.record_id}: samples of shape {samples.shape}; three columns (north, east, up) are needed. "
                "Give all three components of the record.",
            )
        bad = len(samples) - int(np.isfinite(samples).all(-1).sum())
        if bad or not len(samples):
            raise RecordingUnusable(
                "gap",
                f"{self.record_id}: {bad} of {len(samples)} samples are no numbers. Leave the record out, or get it "
                "again from its owner.",
            )
        if np.abs(samples).max() > LARGEST_CM_S2 or not 0 < self.sampling_rate_hz <= 1e5:
            raise RecordingUnusable(
                "impossible value",
                f"{self.record_id}: a peak of {np.abs(samples).max():.4g} cm/s² at {self.sampling_rate_hz:g} samples a "
                "second. The unit is another, or the file is damaged.",
            )
        for name in filter(columns.LIMITS.__contains__, FIELDS):
            (low, high), value = columns.LIMITS[name], getattr(self, name)
            if not np.isnan(value) and not low <= value <= high and not (name == columns.VS30 and value == 0):
                raise RecordingUnusable(
                    "impossible value", f"{self.record_id}: {name} is {value:g}. Correct it where it comes from."
                )
        object.__setattr__(self, "acceleration", samples)

    @classmethod
    def from_row(cls, acceleration: np.ndarray, sampling_rate_hz: float, row: pd.Series) -> "Accelerogram":
        """Make a record of samples and of a row with the columns that :meth:`row` has; other columns are ignored."""
        return cls(acceleration, sampling_rate_hz, **{name: row[name] for name in FIELDS})

    def row(self) -> dict:
        """Return what is known of the record, under the names of :mod:`gmtools.columns`."""
        known = {name: getattr(self, name) for name in FIELDS}
        return known | {columns.SAMPLING_RATE: self.sampling_rate_hz, columns.SNR: signal_to_noise_db(self)}

    @property
    def duration_s(self) -> float:
        """Number of samples over sampling rate."""
        return len(self.acceleration) / self.sampling_rate_hz


FIELDS = tuple(entry.name for entry in fields(Accelerogram))[2:]
"""What is known of a record, under the names of :mod:`gmtools.columns`."""


def located(longitude, latitude, depth_km, station_longitude, station_latitude) -> dict[str, float]:
    """Return coordinates (degrees), depth and distances (km) as arguments of Accelerogram; NaN stays NaN."""
    import pyproj

    from gmtools.geodesy import hypocentral_distance_km

    places = (station_longitude, station_latitude, longitude, latitude)
    known = np.isfinite(places).all() and max(abs(station_latitude), abs(latitude)) <= 90
    return {
        "event_longitude": longitude,
        "event_latitude": latitude,
        "hypocentral_depth_km": depth_km,
        "station_longitude": station_longitude,
        "station_latitude": station_latitude,
        "repi_km": pyproj.Geod(ellps="WGS84").inv(*places)[2] / 1e3 if known else np.nan,
        "rhyp_km": float(hypocentral_distance_km(*places, depth_km)) if known and np.isfinite(depth_km) else np.nan,
    }


def signal_to_noise_db(record: Accelerogram, window_s: float = 10.0) -> float:
    """Power in the ``window_s`` seconds after S over the power before P, all components together, in dB; NaN without
    both times, or where one of the windows is empty.

    Power is the variance within each of the two windows, so that an offset of the instrument does not count. The
    published study names a limit of 25 dB and no definition. This one gives 24 to 33 dB on its six sample records, two
    of them just below the limit.
    """
    times = np.array([record.p_time_s, record.s_time_s, record.s_time_s + window_s]) * record.sampling_rate_hz
    if np.isnan(times).any():
        return np.nan
    p, s, end = times.astype(int)
    before, after = record.acceleration[: max(p, 0)], record.acceleration[max(s, 0) : max(end, 0)]
    if not before.size or not after.size or not before.std():
        return np.nan
    return float(10 * np.log10(after.var(0).mean() / before.var(0).mean()))


@dataclass(frozen=True)
class Exclusion:
    """A record, or file, that is left out: the reason in few words, the same for all of the kind, to be counted, and in
    detail, with the value."""

    record_id: str
    reason: str
    detail: str


@dataclass(frozen=True)
class Rules:
    """Which records a study uses; the defaults are those that the CNN-LSTM study applied to AFAD's records.

    A record is left out where it is shorter than ``shortest_s``, farther (epicentral) than ``farthest_km`` or of
    unknown distance (infinity switches that off), or has no VS30 though one is needed.
    """

    shortest_s: float = 60.0
    farthest_km: float = 120.0
    vs30_needed: bool = True

    def judge(self, record: Accelerogram) -> Exclusion | None:
        """Return why a record is left out, or None if it is kept."""
        found = next(self._complaints(record), None)
        return Exclusion(record.record_id, *found) if found else None

    def _complaints(self, record: Accelerogram) -> Iterator[tuple[str, str]]:
        if record.duration_s < self.shortest_s:
            yield "too short", f"{record.duration_s:g} s; at least {self.shortest_s:g} s are needed"
        for name, samples in zip(COMPONENTS, record.acceleration.T, strict=True):
            yield from _faults(name, samples, record.sampling_rate_hz)
        if self.vs30_needed and not record.vs30_m_s > 0:
            yield "no VS30", f"VS30 is {record.vs30_m_s}"
        if not record.repi_km <= self.farthest_km and np.isfinite(self.farthest_km):
            yield "too far", f"epicentral distance {record.repi_km:.4g} km; at most {self.farthest_km:g} km"


STUDY_RULES = Rules()


def select(
    records: Iterable[Accelerogram | Exclusion], rules: Rules = STUDY_RULES
) -> tuple[list[Accelerogram], pd.DataFrame]:
    """Split what a reader of many records yields into the records that a study can use and a table of all others:
    ``record_id``, ``reason``, ``detail``. Of an id that comes twice, as a file does in two archives, the first
    stays."""
    kept, excluded = {}, []
    for record in records:
        verdict = record if isinstance(record, Exclusion) else rules.judge(record)
        if verdict is None and record.record_id in kept:
            verdict = Exclusion(record.record_id, "there twice", "a record of this id came before")
        if verdict is None:
            kept[record.record_id] = record
        else:
            excluded.append((verdict.record_id, verdict.reason, verdict.detail))
    return list(kept.values()), pd.DataFrame(excluded, columns=[columns.RECORD, "reason", "detail"], dtype=object)


def _faults(name: str, samples: np.ndarray, sampling_rate_hz: float) -> Iterator[tuple[str, str]]:
    """Flat parts: a dead component, a clipped one, and a gap that was filled with one value."""
    change = np.flatnonzero(np.diff(samples)) + 1
    first = np.concatenate([[0], change])
    length = np.diff(np.concatenate([first, [len(samples)]]))
    if len(first) == 1:
        yield "dead component", f"{name} is {samples[0]:g} {UNIT} throughout"
        return
    peak = np.abs(samples).max()
    held = length[np.abs(samples[first]) > 0.995 * peak]
    if held.max(initial=0) >= 4 or (held >= 3).sum() >= 2:
        yield "clipped", f"{name} stays {held.max()} samples at its peak of {peak:.4g} {UNIT}"
    inside = length[1:-1]  # zeros before the first and after the last motion are padding
    if inside.max(initial=0) > sampling_rate_hz:
        yield "gap", f"{name} keeps one value for {inside.max() / sampling_rate_hz:.4g} s inside the record"
