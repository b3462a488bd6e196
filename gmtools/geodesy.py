"""Geodesy on the WGS84 ellipsoid through pyproj: projections, ECEF coordinates, distances."""

from functools import cache

import numpy as np
import pandas as pd
import pyproj
from numpy.typing import ArrayLike

from gmtools import columns


@cache
def projection(epsg: int) -> pyproj.Transformer:
    """Return the transformation from longitude and latitude (degrees) to easting and northing (m) of a system."""
    return pyproj.Transformer.from_crs("EPSG:4326", f"EPSG:{epsg}", always_xy=True)


def project(epsg: int, longitude: ArrayLike, latitude: ArrayLike) -> np.ndarray:
    """Easting and northing (..., 2), km, of places in degrees."""
    return np.stack(projection(epsg).transform(np.asarray(longitude, float), np.asarray(latitude, float)), -1) / 1e3


def ecef_km(longitude: ArrayLike, latitude: ArrayLike, depth_km: ArrayLike = 0.0) -> np.ndarray:
    """Earth-centered, earth-fixed coordinates (..., 3) on the WGS84 ellipsoid, km; depth below it positive downwards.
    The elevation of a site above it (up to a few km) is neglected.

    >>> ecef_km(0, 0, [0, 10]).round(3).tolist()
    [[6378.137, 0.0, 0.0], [6368.137, 0.0, 0.0]]
    """
    longitude, latitude, depth = np.broadcast_arrays(*(np.asarray(v, float) for v in (longitude, latitude, depth_km)))
    return np.stack(_to_ecef().transform(longitude, latitude, -1e3 * depth), axis=-1) / 1e3


def hypocentral_distance_km(longitude, latitude, event_longitude, event_latitude, depth_km):
    """Straight distance between places on the ellipsoid and hypocenters, km; the arguments broadcast.

    >>> float(hypocentral_distance_km(13.0, 42.0, 13.0, 42.0, 8.0).round(6))
    8.0
    """
    return np.linalg.norm(ecef_km(longitude, latitude) - ecef_km(event_longitude, event_latitude, depth_km), axis=-1)


def same_place(longitude, latitude, within_km=1.0):
    """Number of the place that each point (n,) belongs to: points that a chain of steps up to ``within_km`` joins.

    A network that has seen the ground under one station code must not be tested on it under another.

    >>> same_place([13.0, 13.001, 14.0], [42.0, 42.0, 42.0]).tolist()
    [0, 0, 1]
    """
    from sklearn.cluster import DBSCAN  # takes a second: only where it is needed

    points, number = np.unique(np.column_stack([longitude, latitude]), axis=0, return_inverse=True)
    return DBSCAN(eps=within_km, min_samples=1).fit_predict(ecef_km(*points.T))[number.ravel()]


def with_distances(frame: pd.DataFrame) -> pd.DataFrame:
    """Copy of a table with ``repi_km`` (geodesic) and ``rhyp_km`` (ECEF, a point source) from its coordinates."""
    station = frame[columns.STATION_LONGITUDE].to_numpy(float), frame[columns.STATION_LATITUDE].to_numpy(float)
    event = frame[columns.EVENT_LONGITUDE].to_numpy(float), frame[columns.EVENT_LATITUDE].to_numpy(float)
    repi = pyproj.Geod(ellps="WGS84").inv(*station, *event)[2] / 1e3
    rhyp = hypocentral_distance_km(*station, *event, frame[columns.HYPOCENTRAL_DEPTH].to_numpy(float))
    return frame.assign(**{columns.REPI: repi, columns.RHYP: rhyp})


@cache
def _to_ecef() -> pyproj.Transformer:
    return pyproj.Transformer.from_crs("EPSG:4979", "EPSG:4978", always_xy=True)
