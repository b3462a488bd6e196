"""Where the simulated Italy has its mountains, earthquakes and stations, and who records what."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from gmtools import columns
from gmtools.geodesy import projection, with_distances

UTM33 = 32633
# Corners (degrees) of lines along the crest of the Apennines and the eastern Alps.
_CREST = np.array([(7.6, 44.3), (9.3, 44.6), (10.8, 44.2), (12.2, 43.7), (13.2, 42.7), (13.9, 41.8), (15.2, 40.9)])
_ALPS = np.array([(11.0, 46.3), (12.3, 46.3), (13.4, 46.3)])


def hills(x_km: np.ndarray, y_km: np.ndarray) -> np.ndarray:
    """Height (ny, nx) between 0 and 2, falling off as a Gaussian over 60 km from the two mountain ranges."""
    nodes = _projected(_line())
    east, north = np.meshgrid(x_km, y_km)
    squared = np.min([(east - a) ** 2 + (north - b) ** 2 for a, b in nodes], axis=0)
    return 2 * np.exp(-squared / 60.0**2)


def _dense(corners: np.ndarray) -> np.ndarray:
    """Points (n, 2) on a line, 40 between each two corners."""
    steps = np.linspace(0, len(corners) - 1, 40 * (len(corners) - 1) + 1)
    return np.column_stack([np.interp(steps, np.arange(len(corners)), column) for column in corners.T])


def _line() -> np.ndarray:
    return np.vstack([_dense(_CREST), _dense(_ALPS)])


def _projected(lonlat: np.ndarray) -> np.ndarray:
    return np.column_stack(projection(UTM33).transform(*lonlat.T)) / 1e3


def _scattered(random: np.random.Generator, centers: np.ndarray, sd_km: np.ndarray) -> np.ndarray:
    """Longitude and latitude (n, 2) of places around centers (n, 2), normal with ``sd_km`` in both directions."""
    x, y = (_projected(centers) + sd_km[:, None] * random.standard_normal(centers.shape)).T * 1e3
    return np.column_stack(projection(UTM33).transform(x, y, direction="INVERSE"))


def stations(random: np.random.Generator, at: Callable, count: int) -> pd.DataFrame:
    """Two thirds of the stations lie along the mountains, the others anywhere around them."""
    line = _line()
    sd = np.where(random.uniform(size=count) < 2 / 3, 35.0, 80.0)
    place = _scattered(random, line[random.integers(len(line), size=count)], sd)
    vs30 = np.exp(at("ln_vs30", *place.T) + 0.15 * random.standard_normal(count))
    return pd.DataFrame(
        {
            columns.STATION: [f"SIM{number:03d}" for number in range(count)],
            columns.STATION_LONGITUDE: place[:, 0],
            columns.STATION_LATITUDE: place[:, 1],
            columns.VS30: vs30,
        }
    )


def events(random: np.random.Generator, count: int) -> pd.DataFrame:
    """Two thirds of the events lie in twelve sequences, the others along the mountains; M 3.5 to 6.9."""
    line = _line()
    centers = line[random.integers(len(line), size=12)]
    in_sequence = random.uniform(size=count) < 2 / 3
    center = np.where(
        in_sequence[:, None], centers[random.integers(12, size=count)], line[random.integers(len(line), size=count)]
    )
    place = _scattered(random, center, np.where(in_sequence, 10.0, 30.0))
    share = random.uniform(size=count) * -np.expm1(-3.4 / 1.2)
    style = random.choice(["normal", "reverse", "strike-slip"], count, p=[0.6, 0.25, 0.15])
    return pd.DataFrame(
        {
            columns.EVENT: [f"SIM-{number:04d}" for number in range(count)],
            columns.MAGNITUDE: (3.5 - 1.2 * np.log1p(-share)).round(2),
            columns.EVENT_LONGITUDE: place[:, 0],
            columns.EVENT_LATITUDE: place[:, 1],
            columns.HYPOCENTRAL_DEPTH: np.exp(random.normal(2.2, 0.5, count)).clip(2, 30).round(1),
            columns.STYLE: style,
            columns.RAKE: pd.Series(style).map({"normal": -90.0, "reverse": 90.0, "strike-slip": 0.0}),
        }
    )


def pairs(
    random: np.random.Generator, event_table: pd.DataFrame, station_table: pd.DataFrame, n_records: int
) -> pd.DataFrame:
    """Who recorded what: near stations more often, none beyond 200 km; RJB is the epicentral distance."""
    share = np.exp(random.normal(0.4 * event_table[columns.MAGNITUDE], 0.6))
    counts = 1 + random.multinomial(n_records - len(event_table), share / share.sum())
    rows = []
    for (_, event), count in zip(event_table.iterrows(), counts, strict=True):
        pairs = with_distances(station_table.assign(**event))
        weight = np.where(pairs[columns.REPI] <= 200, (1 + pairs[columns.REPI] / 40) ** -1.5, 0)
        count = min(count, int((weight > 0).sum()))
        rows.append(pairs.iloc[np.sort(random.choice(len(pairs), count, replace=False, p=weight / weight.sum()))])
    frame = pd.concat(rows, ignore_index=True)
    frame[columns.RJB] = frame[columns.REPI]
    return frame.assign(**{columns.NATION: "IT", columns.DEPTH_LISTED: True})
