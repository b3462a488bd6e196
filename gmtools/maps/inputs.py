"""Input maps of earthquakes, and records as target maps with gaps: what every U-Net of the book learns from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from gmtools import columns
from gmtools.errors import GmtoolsError, GridError
from gmtools.geodesy import hypocentral_distance_km
from gmtools.maps.grids import Layer, MapGrid

LN_RHYP = "ln_rhyp"
EASTING, NORTHING = "easting_km", "northing_km"
SMALLEST_RHYP_KM = 0.1  # keeps the logarithm finite in a pixel whose center is a hypocenter at the surface
_FOCUS = [columns.EVENT_LONGITUDE, columns.EVENT_LATITUDE, columns.HYPOCENTRAL_DEPTH]


def event_table(frame: pd.DataFrame) -> pd.DataFrame:
    """Magnitude, longitude, latitude (degrees) and depth (km) of each earthquake's first record, in order of ids."""
    return frame.groupby(columns.EVENT)[[columns.MAGNITUDE, *_FOCUS]].first()


def input_maps(
    grid: MapGrid, layers: Mapping[str, Layer], events: pd.DataFrame, names: Sequence[str], fill: Mapping = {}
) -> np.ndarray:
    """Input maps of earthquakes in their units, one after the other as named.

    A column of ``events`` becomes a constant map. ``rhyp_km`` is the straight distance from the hypocenter to the
    center of each pixel (ECEF coordinates, WGS84), ``ln_rhyp`` its logarithm. ``easting_km`` and ``northing_km`` say
    where the pixel is. Any other name is a layer, the same for every earthquake.

    Parameters
    ----------
    grid : MapGrid
    layers : mapping of str to Layer
    events : DataFrame
        From :func:`event_table`.
    names : sequence of str
    fill : mapping of str to float
        Value for the pixels in which a layer has none; without one, GridError.

    Returns
    -------
    ndarray, (n_events, ny, nx, n_maps), float32

    Examples
    --------
    >>> grid = MapGrid(32633, 300_000, 4_600_000, 10_000, nx=4, ny=2)
    >>> events = pd.DataFrame({"magnitude": [6.0], "event_longitude": [12.6], "event_latitude": [41.6],
    ...                        "hypocentral_depth_km": [8.0]})
    >>> input_maps(grid, {}, events, ["magnitude", "ln_rhyp"]).shape
    (1, 2, 4, 2)
    """
    maps = np.empty((len(events), *grid.shape, len(names)), "float32")
    for k, name in enumerate(names):
        maps[..., k] = _one_map(grid, layers, events, name, fill)
    return maps


def _one_map(grid, layers, events, name, fill):
    """(n_events or 1, ny, nx) of one name."""
    if name in (LN_RHYP, columns.RHYP):
        distance = np.stack([hypocentral_distance_km(*grid.lonlat, *focus) for focus in events[_FOCUS].to_numpy()])
        distance = np.maximum(distance, SMALLEST_RHYP_KM)
        return np.log(distance) if name == LN_RHYP else distance
    if name in (EASTING, NORTHING):
        return np.meshgrid(*(centers / 1e3 for centers in grid.centers_m))[name == NORTHING][None]
    if name in events:
        return events[name].to_numpy(float)[:, None, None]
    if name not in layers:
        known = [*events.columns, LN_RHYP, columns.RHYP, EASTING, NORTHING, *layers]
        raise GmtoolsError(f"No input map is called {name!r}. Choose among {', '.join(known)}.")
    return _filled(grid, layers[name], name, fill)[None]


def _filled(grid, layer, name, fill):
    """Values of a layer, with gaps filled."""
    if layer.values.shape != grid.shape:
        raise GmtoolsError(
            f"Layer {name!r} has shape {layer.values.shape}, the grid {grid.shape}. Resample it onto this grid first."
        )
    missing = ~np.isfinite(layer.values)
    if missing.any() and name not in fill:
        raise GridError(
            f"Layer {name!r} has no value at {int(missing.sum()):,} of {missing.size:,} pixels. A network would turn "
            f"the whole map to NaN: pass fill={{{name!r}: value}} with the value for those pixels ({layer.unit})."
        )
    return np.where(missing, fill.get(name, 0.0), layer.values)


def scale(maps: np.ndarray, ranges: Mapping[str, tuple[float, float]]) -> np.ndarray:
    """Maps (..., n_maps) brought to 0 ... 1: ``ranges`` names, in their order, what becomes 0 and 1."""
    low, high = np.array(list(ranges.values()), "float32").T
    return (maps - low) / (high - low)


def target_maps(grid: MapGrid, event: np.ndarray, pixel: tuple, values: np.ndarray, n_events: int) -> np.ndarray:
    """Records as maps with gaps: the mean of the records in a pixel, NaN where an earthquake has none.

    Of each record ``event`` (n,) is the number of its earthquake, ``pixel`` its row and column (two arrays (n,)), and
    ``values`` (n,) or (n, n_outputs) such as ln SA, NaN where it is to be left out. The result is (n_events, ny, nx,
    n_outputs), float32.

    Examples
    --------
    >>> grid = MapGrid(32633, 300_000, 4_600_000, 10_000, nx=2, ny=1)
    >>> maps = target_maps(grid, [0, 0, 1], ([0, 0, 0], [1, 1, 0]), [1.0, 3.0, 5.0], 2)
    >>> maps[..., 0].tolist()
    [[[nan, 2.0]], [[5.0, nan]]]
    """
    values = np.asarray(values, float)
    values = values.reshape(len(values), -1)
    total, count = np.zeros((2, n_events, *grid.shape, values.shape[1]))
    place = np.asarray(event), np.asarray(pixel[0]), np.asarray(pixel[1])
    np.add.at(total, place, np.nan_to_num(values))
    np.add.at(count, place, np.isfinite(values))
    with np.errstate(invalid="ignore", divide="ignore"):
        return (total / count).astype("float32")


@dataclass(frozen=True)
class MapStudy:
    """Records of a data set (:class:`gmtools.data.datasets.Dataset`) that lie on a grid, and layers of the ground."""

    dataset: Any
    frame: pd.DataFrame
    grid: MapGrid
    layers: dict[str, Layer]

    @cached_property
    def events(self) -> pd.DataFrame:
        """One row for each earthquake: :func:`event_table`."""
        return event_table(self.frame)

    @cached_property
    def event(self) -> np.ndarray:
        """Number of the earthquake of each record, in the order of :attr:`events`."""
        return self.events.index.get_indexer(self.frame[columns.EVENT])

    @property
    def row(self) -> np.ndarray:
        """Row of each record's pixel."""
        return self.frame[columns.PIXEL_ROW].to_numpy()

    @property
    def column(self) -> np.ndarray:
        """Column of each record's pixel."""
        return self.frame[columns.PIXEL_COLUMN].to_numpy()
