"""Map grids, stations to pixels, and layers resampled onto a grid.

A grid lies in a projected system, so that its pixels are squares of equal size; distances are taken in space (ECEF,
WGS84), not on the projection. Row 0 of every map is the southernmost.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.interpolate import RegularGridInterpolator
from scipy.spatial import cKDTree

from gmtools import columns
from gmtools.data.rasters import Points, Raster
from gmtools.errors import GridError
from gmtools.geodesy import ecef_km, projection


@dataclass(frozen=True)
class MapGrid:
    """Squares in a projected system: its EPSG code, the outer corner of the southwesternmost pixel and a pixel's side
    (m), and how many there are from west to east (nx) and from south to north (ny).

    >>> grid = MapGrid(32633, 300_000, 4_600_000, 10_000, nx=4, ny=3)  # UTM zone 33 north
    >>> row, column = grid.pixels(*grid.lonlat)
    >>> row[:, 0].tolist(), column[0].tolist()
    ([0, 1, 2], [0, 1, 2, 3])
    """

    epsg: int
    west_m: float
    south_m: float
    pixel_m: float
    nx: int
    ny: int

    @classmethod
    def around(cls, longitude, latitude, pixel_m, epsg=32633, multiple=16):
        """Smallest grid around places (n,) in degrees, a pixel or more from its edge, whose ``nx`` and ``ny`` are
        multiples of ``multiple``: 16 for the four poolings of a U-Net."""
        x, y = projection(epsg).transform(np.asarray(longitude, float), np.asarray(latitude, float))
        corner, count = [], []
        for low, high in ((x.min(), x.max()), (y.min(), y.max())):
            pixels = int(np.ceil((high - low) / pixel_m)) + 2
            count.append(-(-pixels // multiple) * multiple)
            corner.append(float(np.floor((low + high) / 2 / pixel_m - count[-1] / 2) * pixel_m))
        return cls(epsg, *corner, pixel_m, *count)

    @property
    def shape(self) -> tuple[int, int]:
        """Shape (ny, nx) of a map."""
        return self.ny, self.nx

    @property
    def extent_km(self) -> tuple[float, float, float, float]:
        """West, east, south and north edge in km, as matplotlib's ``imshow(..., origin="lower")`` takes them."""
        east, north = self.west_m + self.nx * self.pixel_m, self.south_m + self.ny * self.pixel_m
        return self.west_m / 1e3, east / 1e3, self.south_m / 1e3, north / 1e3

    @property
    def centers_m(self) -> tuple[np.ndarray, np.ndarray]:
        """Eastings (nx,) and northings (ny,) of the pixels' centers."""
        return tuple(
            start + self.pixel_m * (np.arange(count) + 0.5)
            for start, count in ((self.west_m, self.nx), (self.south_m, self.ny))
        )

    @cached_property
    def lonlat(self) -> tuple[np.ndarray, np.ndarray]:
        """Longitude and latitude (ny, nx) of the pixels' centers, degrees."""
        return projection(self.epsg).transform(*np.meshgrid(*self.centers_m), direction="INVERSE")

    def project(self, longitude: ArrayLike, latitude: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """Easting and northing in km of places in degrees; same shape."""
        x, y = projection(self.epsg).transform(np.asarray(longitude, float), np.asarray(latitude, float))
        return np.asarray(x) / 1e3, np.asarray(y) / 1e3

    def contains(self, longitude: ArrayLike, latitude: ArrayLike) -> np.ndarray:
        """Whether each place (n,) lies on the grid; a missing coordinate does not."""
        row, column = self._fractional(longitude, latitude)
        return (row >= 0) & (row < self.ny) & (column >= 0) & (column < self.nx)

    def pixels(self, longitude, latitude, names: Sequence | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Row and column (n,) of the pixels that places (n,) in degrees lie in.

        GridError where one is not on the grid: it says which (by its name in ``names``), and what to do.
        """
        row, column = self._fractional(longitude, latitude)
        outside = np.flatnonzero(~self.contains(longitude, latitude))
        if outside.size:
            first = outside[0]
            name = first if names is None else list(names)[first]
            where = f"{np.ravel(longitude)[first]:g}, {np.ravel(latitude)[first]:g}"
            raise GridError(
                f"{outside.size} of {row.size} places lie outside the grid of {self.nx} x {self.ny} pixels of "
                f"{self.pixel_m:g} m; the first is {name} at {where}. Make a larger grid (MapGrid.around takes all "
                "places), use larger pixels, or keep only frame[grid.contains(longitude, latitude)]."
            )
        return np.floor(row).astype(int), np.floor(column).astype(int)

    def _fractional(self, longitude, latitude):
        x, y = self.project(longitude, latitude)
        return (1e3 * y - self.south_m) / self.pixel_m, (1e3 * x - self.west_m) / self.pixel_m


THESIS_ITALY = MapGrid(32633, 120_000, 4_620_000, 700, nx=400, ny=768)
"""768 x 400 pixels of 700 m as the thesis has them. It gives no corner and no orientation: this one, tall rather than
wide, is where such a grid holds most of the records of events north of 42° N (on a lattice of 20 km)."""


def place(grid: MapGrid, frame: pd.DataFrame) -> pd.DataFrame:
    """Put each record onto the pixel of its station: a copy with ``pixel_row`` and ``pixel_column``.

    Stations that share a pixel keep their own records. GridError where a station is not on the grid, or has two records
    of one event, because one of them would count the same site twice.
    """
    repeated = frame.duplicated([columns.EVENT, columns.STATION])
    if repeated.any():
        event, station = frame.loc[repeated, [columns.EVENT, columns.STATION]].iloc[0]
        raise GridError(
            f"{int(repeated.sum())} records repeat an event and a station; the first is station {station} of event "
            f"{event}. Keep one with frame.drop_duplicates(['event_id', 'station_id']), or average them."
        )
    place_of = frame[columns.STATION_LONGITUDE], frame[columns.STATION_LATITUDE]
    row, column = grid.pixels(*place_of, names=[f"station {name}" for name in frame[columns.STATION]])
    return frame.assign(**{columns.PIXEL_ROW: row, columns.PIXEL_COLUMN: column})


@dataclass(frozen=True)
class Layer:
    """A map (ny, nx) on a grid with its unit and licence; NaN where nothing is known."""

    values: np.ndarray
    unit: str
    licence: str


def resample(raster: Raster, grid: MapGrid) -> Layer:
    """Bring a raster onto a grid, NaN outside it: the mean of the cells in a pixel, where a pixel is larger than a
    cell, else linear between the four nearest centers."""
    if grid.pixel_m > 1e3 * raster.cell_km:
        longitude, latitude = np.meshgrid(raster.longitude, raster.latitude)
        values = _pixel_mean(grid, longitude.ravel(), latitude.ravel(), raster.values.ravel())
        return Layer(values, raster.unit, raster.licence)
    nodes = raster.latitude, raster.longitude
    interpolate = RegularGridInterpolator(nodes, raster.values, bounds_error=False, fill_value=np.nan)
    longitude, latitude = grid.lonlat
    return Layer(interpolate((latitude, longitude)), raster.unit, raster.licence)


def resample_points(points: Points, grid: MapGrid, reach_km: float) -> Layer:
    """Bring scattered values onto a grid: the mean of the points in a pixel, else the nearest point within
    ``reach_km``, else NaN."""
    known = np.isfinite(points.values)
    longitude, latitude, values = points.longitude[known], points.latitude[known], points.values[known]
    result = _pixel_mean(grid, longitude, latitude, values)
    empty = np.isnan(result)
    tree = cKDTree(ecef_km(longitude, latitude))
    centers = ecef_km(grid.lonlat[0][empty], grid.lonlat[1][empty])
    distance, nearest = tree.query(centers, distance_upper_bound=reach_km)
    result[empty] = np.append(values, np.nan)[np.where(np.isfinite(distance), nearest, len(values))]
    return Layer(result, points.unit, points.licence)


def _pixel_mean(grid: MapGrid, longitude: np.ndarray, latitude: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Mean of the values (n,) in each pixel, (ny, nx); NaN where there are none."""
    use = np.isfinite(values)
    use[use] = grid.contains(longitude[use], latitude[use])
    row, column = grid.pixels(longitude[use], latitude[use])
    flat = row * grid.nx + column
    count = np.bincount(flat, minlength=grid.nx * grid.ny)
    total = np.bincount(flat, values[use], minlength=grid.nx * grid.ny)
    return np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0).reshape(grid.shape)
