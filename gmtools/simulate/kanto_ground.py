"""What the semi-synthetic Kanto stands on: stations, earthquakes and site terms, real or invented."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.spatial.distance import cdist

from gmtools import columns
from gmtools.data.readers.kanto_site_terms import column
from gmtools.geodesy import projection
from gmtools.maps import kanto_region, kriging

PERIODS = (0.0, 1.0)
MESO_SENSOR_DEPTH_M = 20.0
# What the fit to the real site terms gives, rounded; the invented Kanto is drawn with it.
_INVENTED_LINE = {0.0: (1.1, -0.155), 1.0: (-2.4, 0.38)}
_INVENTED_VARIOGRAM = {0.0: kriging.Variogram(0.08, 0.18, 36.0), 1.0: kriging.Variogram(0.087, 0.17, 43.0)}
_CENTER = (139.9, 35.7)  # of the basin


@dataclass(frozen=True)
class Ground:
    """Ingredients: ``surface`` are KiK-net stations, those with a site term first, then K-NET; ``meso`` MeSO-net's,
    each the farthest from those before it; ``variograms`` by period what invented site terms were drawn with."""

    surface: pd.DataFrame
    meso: pd.DataFrame
    catalogue: pd.DataFrame
    variograms: dict[float, kriging.Variogram] | None = None


@dataclass(frozen=True)
class SiteModel:
    """Split of the site terms: intercept + slope * ln(bedrock depth in m) + field (sill, range) + own part (nugget),
    with the stations (n, 2) and what the line leaves there."""

    intercept: float
    slope: float
    variogram: kriging.Variogram
    xy_km: np.ndarray
    residual: np.ndarray


def real() -> Ground:
    """Stations and earthquakes of the data sets; DataNotFound where one cannot be had."""
    surface = pd.concat([kanto_region.stations("KiK-net"), kanto_region.stations("K-NET")], ignore_index=True)
    return Ground(
        _uniform(surface, 0.0),
        _spread(_uniform(kanto_region.stations("MeSO-net"), MESO_SENSOR_DEPTH_M)),
        kanto_region.earthquakes(),
    )


def invented(seed: int = 0) -> Ground:
    """Stations, earthquakes and site terms like the real ones in number and spread; none of them exists."""
    random = np.random.default_rng([seed, 9])
    west, east, south, north = kanto_region.REGION
    anywhere = random.uniform((west + 0.4, south + 0.4), (east - 0.4, north - 0.2), (267, 2))
    surface = _invented_stations(anywhere, ["KiK-net"] * 100 + ["K-NET"] * 167, "SIM", 0.0)
    dense = random.normal(_CENTER, (0.33, 0.19), (286, 2)).clip((west + 0.1, south + 0.1), (east - 0.1, north - 0.1))
    meso = _invented_stations(dense, ["MeSO-net"] * 286, "SIM.M", MESO_SENSOR_DEPTH_M)
    known = surface.index < 60
    place = kanto_region.project(surface[columns.STATION_LONGITUDE], surface[columns.STATION_LATITUDE])[known]
    for period in PERIODS:
        variogram, (intercept, slope) = _INVENTED_VARIOGRAM[period], _INVENTED_LINE[period]
        covariance = variogram.sill * np.exp(-cdist(place, place) / variogram.range_km)
        root = np.linalg.cholesky(covariance + variogram.nugget * np.eye(60))
        line = intercept + slope * np.log(surface.loc[known, columns.BEDROCK_DEPTH])
        surface.loc[known, column(period)] = line + root @ random.standard_normal(60)
    return Ground(surface, _spread(meso), _invented_catalogue(random), _INVENTED_VARIOGRAM)


def site_model(ground: Ground, period: float) -> SiteModel:
    """Split the known site terms at ``period`` (0 or 1 s) into line, field and own part: least squares, then kriging's
    likelihood."""
    known = ground.surface[ground.surface[column(period)].notna()]
    place = kanto_region.project(known[columns.STATION_LONGITUDE], known[columns.STATION_LATITUDE])
    slope, intercept = np.polyfit(np.log(known[columns.BEDROCK_DEPTH]), known[column(period)], 1)
    residual = (known[column(period)] - intercept - slope * np.log(known[columns.BEDROCK_DEPTH])).to_numpy()
    # Sixty terms tell a range badly: a fit to the invented ones could find a length that the lattice cannot show.
    variogram = ground.variograms[period] if ground.variograms else kriging.fit(place, residual, np.zeros(len(place)))
    return SiteModel(float(intercept), float(slope), variogram, place, residual)


def ln_bedrock(ground: Ground, xy_km: np.ndarray) -> np.ndarray:
    """ln of the bedrock depth (m) at places (n, 2) in UTM 54 north, kriged from the K-NET and KiK-net stations."""
    longitude, latitude = projection(kanto_region.UTM54).transform(*(1e3 * xy_km.T), direction="INVERSE")
    return np.log(kanto_region.bedrock_depth(ground.surface, longitude, latitude))


def _uniform(table: pd.DataFrame, sensor_depth_m: float) -> pd.DataFrame:
    names = [
        columns.STATION, columns.NETWORK, columns.STATION_LONGITUDE, columns.STATION_LATITUDE, columns.VS30,
        columns.BEDROCK_DEPTH, columns.BEDROCK_MODEL, *map(column, PERIODS),
    ]  # fmt: skip
    return table.reindex(columns=names).assign(**{columns.SENSOR_DEPTH: sensor_depth_m})


def _spread(table: pd.DataFrame) -> pd.DataFrame:
    """Stations in farthest-point order, from the most central one on."""
    place = kanto_region.project(table[columns.STATION_LONGITUDE], table[columns.STATION_LATITUDE])
    order = [int(np.hypot(*(place - place.mean(axis=0)).T).argmin())]
    nearest = np.full(len(place), np.inf)
    while len(order) < len(place):
        nearest = np.minimum(nearest, np.hypot(*(place - place[order[-1]]).T))
        nearest[order] = -1.0
        order.append(int(nearest.argmax()))
    return table.iloc[order].reset_index(drop=True)


def _invented_stations(place: np.ndarray, networks: list[str], prefix: str, sensor_depth_m: float) -> pd.DataFrame:
    """Stations over a bowl that is 4 km deep in its middle and 150 m at its rim."""
    apart = np.hypot(*((place - _CENTER) / (0.9, 0.7)).T)
    table = pd.DataFrame(
        {
            columns.STATION: [f"{prefix}{number:03d}" for number in range(len(place))],
            columns.NETWORK: networks,
            columns.STATION_LONGITUDE: place[:, 0],
            columns.STATION_LATITUDE: place[:, 1],
            columns.BEDROCK_DEPTH: 150.0 + 3850.0 * np.exp(-(apart**2)),
            columns.BEDROCK_MODEL: "invented",
        }
    )
    return _uniform(table, sensor_depth_m)


def _invented_catalogue(random: np.random.Generator, count: int = 2800) -> pd.DataFrame:
    """Earthquakes under the basin and off its coast, deeper toward the west as on the Pacific plate."""
    offshore = random.uniform(size=count) < 0.6
    center = np.where(offshore[:, None], (141.3, 36.5), (139.9, 35.8))
    place = random.normal(center, 0.6).clip((138.05, 34.05), (142.45, 37.65))
    depth = np.exp(random.normal(np.where(offshore, 3.4, 3.9), 0.5)).clip(5, 120)
    days = random.integers(0, 17 * 365, count)
    return pd.DataFrame(
        {
            columns.EVENT: [f"invented{number:04d}" for number in range(count)],
            columns.ORIGIN_TIME: pd.Timestamp("2001-01-01") + pd.to_timedelta(days, unit="D"),
            columns.EVENT_LONGITUDE: place[:, 0],
            columns.EVENT_LATITUDE: place[:, 1],
            columns.HYPOCENTRAL_DEPTH: depth,
            columns.MAGNITUDE: (4.5 + random.exponential(0.34, count)).clip(4.5, 7.4).round(1),
        }
    )
