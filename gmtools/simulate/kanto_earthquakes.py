"""Earthquakes of the semi-synthetic Kanto, and which station recorded which of them."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from gmtools import columns
from gmtools.errors import GmtoolsError
from gmtools.geodesy import hypocentral_distance_km
from gmtools.maps import kanto_region

SOURCES = (138.0, 142.5, 34.0, 37.7)
"""West, east, south, north (degrees) of the epicenters."""
B_VALUE = 0.9
SHARE_OF_REAL = 0.25
"""Of the KiK-net events; the others are smaller than the catalogue's M 4.5. The deliverable prints no magnitudes."""
TRIGGER_G = 0.002
"""A station records an event whose median PGA exceeds this. KiK-net itself triggers below 0.001 g; the value is chosen
so that about twice the deliverable's records would trigger, of which the asked number is drawn."""
REACH_KM = 300.0
LEAST_STATIONS = 5
"""An event counts when so many stations could record it."""
EVENT_IS_REAL = "event_is_real"
_LARGEST, _CATALOGUE_FROM = 7.5, 4.5
Medians = Callable[..., tuple[np.ndarray, np.ndarray]]


def kik_net(random: np.random.Generator, catalogue: pd.DataFrame, stations: pd.DataFrame, count: int, medians: Medians):
    """Earthquakes of 2001 to 2017 in order of time: a quarter real, thinned, M 5.5 and above ten times as likely to
    stay; the others drawn with M 3 to 4.5. ``catalogue`` and ``stations`` as in
    :class:`gmtools.simulate.kanto_ground.Ground`."""
    near = _near(catalogue)
    near = near[near[columns.ORIGIN_TIME] < "2018"].reset_index(drop=True)
    usable = near[eligible(near, stations, medians).sum(axis=1) >= min(LEAST_STATIONS, len(stations))]
    n_real = min(round(SHARE_OF_REAL * count), len(usable))
    weight = np.where(usable[columns.MAGNITUDE] >= 5.5, 10.0, 1.0)
    real = usable.iloc[random.choice(len(usable), n_real, replace=False, p=weight / weight.sum())]
    small = _drawn(random, near, stations, count - n_real, (3.0, _CATALOGUE_FROM), medians)
    days = pd.to_timedelta(random.integers(0, 30, len(small)), unit="D")
    small[columns.ORIGIN_TIME] = (small[columns.ORIGIN_TIME] + days).clip(upper=pd.Timestamp("2017-12-31"))
    frame = pd.concat([real.assign(**{EVENT_IS_REAL: True}), small], ignore_index=True)
    return frame.sort_values(columns.ORIGIN_TIME, kind="stable").reset_index(drop=True)


def meso_net(
    random: np.random.Generator, catalogue: pd.DataFrame, stations: pd.DataFrame, count: int, medians: Medians
):
    """As :func:`kik_net`, of 2021 and 2022 with M 4 to 6.5 at places of the catalogue inside the region, all drawn."""
    near = _near(catalogue)
    inside = near[kanto_region.in_region(near[columns.EVENT_LONGITUDE], near[columns.EVENT_LATITUDE])]
    frame = _drawn(random, inside.reset_index(drop=True), stations, count, (4.0, 6.5), medians, "MESO")
    days = pd.to_timedelta(random.integers(0, 730, len(frame)), unit="D")
    frame[columns.ORIGIN_TIME] = pd.Timestamp("2021-01-01") + days
    return frame.sort_values(columns.ORIGIN_TIME, kind="stable").reset_index(drop=True)


def eligible(events: pd.DataFrame, stations: pd.DataFrame, medians: Medians) -> np.ndarray:
    """Whether each event would trigger each station, (n_events, n_stations)."""
    east, north = (stations[name].to_numpy()[None, :] for name in (columns.STATION_LONGITUDE, columns.STATION_LATITUDE))
    names = (columns.EVENT_LONGITUDE, columns.EVENT_LATITUDE, columns.HYPOCENTRAL_DEPTH, columns.MAGNITUDE)
    longitude, latitude, depth, magnitude = (events[name].to_numpy()[:, None] for name in names)
    distance = hypocentral_distance_km(east, north, longitude, latitude, depth)
    magnitude, depth = (np.broadcast_to(values, distance.shape).ravel() for values in (magnitude, depth))
    median = medians(magnitude, depth, distance.ravel())[0][:, 0].reshape(distance.shape)
    return (median > np.log(TRIGGER_G)) & (distance <= REACH_KM)


def recorded(
    random: np.random.Generator, events: pd.DataFrame, stations: pd.DataFrame, n_records: int, medians: Medians
) -> tuple[np.ndarray, np.ndarray]:
    """Draw who recorded what: places of events and stations in their tables, (n_records,) each. Every event has a
    record or more; stations differ in how often they work. GmtoolsError where fewer pairs trigger, or events are
    more than records."""
    could = eligible(events, stations, medians)
    if not len(events) <= n_records <= could.sum():
        raise GmtoolsError(
            f"{n_records} records of {len(events)} events at {len(stations)} stations: {int(could.sum())} pairs exceed "
            "the trigger level, and every event needs one. Ask for more events or stations, or for fewer records."
        )
    # The largest keys win (Efraimidis & Spirakis 2006); one pair of each event comes first.
    weight = np.exp(0.4 * random.standard_normal(len(stations)))
    key = np.where(could, random.uniform(size=could.shape) ** (1 / weight), -1.0)
    key[np.arange(len(events)), key.argmax(axis=1)] = 2.0
    event, station = np.unravel_index(np.sort(np.argsort(-key, axis=None, kind="stable")[:n_records]), could.shape)
    return event, station


def _near(catalogue: pd.DataFrame) -> pd.DataFrame:
    west, east, south, north = SOURCES
    keep = (
        catalogue[columns.EVENT_LONGITUDE].between(west, east)
        & catalogue[columns.EVENT_LATITUDE].between(south, north)
        & catalogue[columns.MAGNITUDE].between(_CATALOGUE_FROM, _LARGEST)
        & catalogue[columns.HYPOCENTRAL_DEPTH].between(0, 150)
    )
    names = [
        columns.EVENT, columns.ORIGIN_TIME, columns.EVENT_LONGITUDE, columns.EVENT_LATITUDE,
        columns.HYPOCENTRAL_DEPTH, columns.MAGNITUDE,
    ]  # fmt: skip
    return catalogue.loc[keep, names]


def _drawn(random, near, stations, count, magnitudes, medians, prefix="DRAWN") -> pd.DataFrame:
    """Earthquakes near the catalogue's, with Gutenberg-Richter magnitudes, that enough stations could record."""
    kept, total = [], 0
    while total < count:
        size = 3 * count + 50
        parent = near.iloc[random.integers(len(near), size=size)].reset_index(drop=True)
        low, high = magnitudes
        share = random.uniform(size=size) * -np.expm1(-B_VALUE * np.log(10) * (high - low))
        moved = {
            columns.MAGNITUDE: (low - np.log1p(-share) / (B_VALUE * np.log(10))).round(1),
            columns.EVENT_LONGITUDE: parent[columns.EVENT_LONGITUDE] + random.normal(0, 0.05, size),
            columns.EVENT_LATITUDE: parent[columns.EVENT_LATITUDE] + random.normal(0, 0.04, size),
            columns.HYPOCENTRAL_DEPTH: (parent[columns.HYPOCENTRAL_DEPTH] + random.normal(0, 3, size)).clip(3.0),
        }
        batch = parent.assign(**moved)
        batch = batch[eligible(batch, stations, medians).sum(axis=1) >= min(LEAST_STATIONS, len(stations))]
        kept.append(batch)
        total += len(batch)
    frame = pd.concat(kept, ignore_index=True).head(count)
    frame[columns.EVENT] = [f"{prefix}-{number:05d}" for number in range(count)]
    return frame.assign(**{EVENT_IS_REAL: False})
