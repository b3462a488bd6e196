"""What a reader of maps returns: a raster or scattered points, each with its unit and licence."""

from dataclasses import dataclass

import numpy as np

from gmtools.errors import FormatError

EARTH_RADIUS_KM = 6371.0


@dataclass(frozen=True)
class Points:
    """Values (n,) at scattered longitudes and latitudes (n,), degrees; the licence goes onto every figure that shows
    them."""

    name: str
    unit: str
    licence: str
    longitude: np.ndarray
    latitude: np.ndarray
    values: np.ndarray


@dataclass(frozen=True)
class Raster(Points):
    """Values (ny, nx) at the nodes of a regular grid of ascending longitudes and latitudes (the cells' centers), NaN
    where there is none."""

    def __post_init__(self):
        if self.values.shape != (len(self.latitude), len(self.longitude)):
            raise FormatError(
                f"{self.name}: values of shape {self.values.shape} do not fit {len(self.latitude)} latitudes and "
                f"{len(self.longitude)} longitudes. Next step: get the file again."
            )
        if not (np.diff(self.longitude) > 0).all() or not (np.diff(self.latitude) > 0).all():
            raise FormatError(f"{self.name}: longitudes and latitudes must ascend. Next step: flip the array.")

    @property
    def cell_km(self) -> float:
        """Longer side of a cell in the middle of the raster, km."""
        degree = np.radians(1) * EARTH_RADIUS_KM
        across = np.diff(self.longitude).mean() * degree * np.cos(np.radians(self.latitude.mean()))
        return float(max(across, np.diff(self.latitude).mean() * degree))


def slope(elevation: Raster) -> Raster:
    """Steepness |grad h| of an elevation raster, m/m, by central differences on a sphere. The cells smooth the terrain:
    at 1 arc minute (1.9 km) slopes come out several times smaller than from a model of 10 m; do not mix the two.

    >>> plane = Raster("h", "m", "", np.arange(3.0), np.arange(3.0), np.tile([[0.0], [1000], [2000]], 3))
    >>> round(slope(plane).values[1, 1], 5)  # 1 km in 111.195 km
    np.float64(0.00899)
    """
    degree_m = np.radians(1) * EARTH_RADIUS_KM * 1000
    north, east = np.gradient(elevation.values.astype(float), elevation.latitude, elevation.longitude)
    east = east / np.cos(np.radians(elevation.latitude))[:, None]
    values = np.hypot(north, east) / degree_m
    return Raster("slope", "m/m", elevation.licence, elevation.longitude, elevation.latitude, values)
