"""A layer that computes the input maps of an event from a few numbers, so that no map is ever stored."""

import keras
import numpy as np
from keras import ops

from gmtools import columns
from gmtools.errors import GmtoolsError, GridError
from gmtools.geodesy import ecef_km

EVENT_NUMBERS = (
    columns.MAGNITUDE,
    columns.EVENT_LONGITUDE,
    columns.EVENT_LATITUDE,
    columns.HYPOCENTRAL_DEPTH,
)
"""What describes an event, in this order; a study may append numbers of its own."""
LN_RHYP = "ln_rhyp"
DISTANCES = (LN_RHYP, columns.RHYP)
SMALLEST_RHYP_KM = 0.1  # keeps the logarithm finite in a pixel whose center is a hypocenter at the surface
_SOURCE = (columns.MAGNITUDE, LN_RHYP)
_PLACE = (columns.EVENT_LONGITUDE, columns.EVENT_LATITUDE)

CONFIGURATIONS = {
    "2c": _SOURCE,
    "4c": (*_SOURCE, *_PLACE),
    "5c": (*_SOURCE, *_PLACE, columns.HYPOCENTRAL_DEPTH),
    "6c": (*_SOURCE, *_PLACE, columns.HYPOCENTRAL_DEPTH, columns.VELOCITY),
    "7c": (*_SOURCE, *_PLACE, columns.HYPOCENTRAL_DEPTH, columns.VELOCITY, columns.ELEVATION),
    "8c": (*_SOURCE, *_PLACE, columns.HYPOCENTRAL_DEPTH, columns.VELOCITY, columns.ELEVATION, columns.SLOPE),
    "5c bis": (*_SOURCE, columns.HYPOCENTRAL_DEPTH, columns.VELOCITY, columns.ELEVATION),
    "7c bis": (*_SOURCE, *_PLACE, columns.HYPOCENTRAL_DEPTH, columns.VELOCITY, columns.SLOPE),
}
"""Input maps of the eight configurations in Table 8 of the thesis on Italy."""

_SEMI_MAJOR_KM, _ECCENTRICITY_SQUARED = 6378.137, 0.0066943799901413165  # WGS84


class EventMaps(keras.layers.Layer):
    """Input maps (batch, ny, nx, n_maps) of events (batch, n_numbers), each scaled to 0 ... 1 over its range.

    A number of the event becomes a constant map; the hypocentral distance and its logarithm are straight distances
    between ECEF coordinates with the depth taken downwards; the static maps are the same for every event.

    Parameters
    ----------
    names : sequence of str
        The maps, in order: names of event numbers, "ln_rhyp", "rhyp_km", or names of static maps.
    ranges : dict of str to (float, float)
        From :func:`input_ranges`: what becomes 0 and 1.
    static : gmtools.maps.grids.StaticMaps
        Only the static maps that are named are kept.
    numbers : sequence of str
        What the columns of the layer's input are; it begins with :data:`EVENT_NUMBERS`.

    Raises
    ------
    GmtoolsError
        A map that is none of these, or no map at all.
    GridError
        A static map has NaN.
    """

    def __init__(self, names, ranges, static, numbers=EVENT_NUMBERS, **kwargs):
        super().__init__(trainable=False, **kwargs)
        _check(names, static, numbers)
        self.names, self.ranges, self.numbers = tuple(names), dict(ranges), tuple(numbers)
        self._static = [name for name in self.names if name in static.names]
        self._arrays = {"pixel_xyz_km": np.asarray(static.pixel_xyz_km, "float32")}
        for name in self._static:
            self._arrays[name] = np.asarray(static.values[..., static.names.index(name)], "float32")[..., None]

    def build(self, input_shape):
        """Hand the arrays to the backend, as weights that are not trained."""
        for name, array in list(self._arrays.items()):
            self._arrays[name] = self.add_weight(shape=array.shape, initializer="zeros", trainable=False, name=name)
            self._arrays[name].assign(array)

    def call(self, events):
        """Maps of the events."""
        shape = (ops.shape(events)[0], *self._arrays["pixel_xyz_km"].shape[:2], 1)
        distance = self._distance(events) if set(self.names) & set(DISTANCES) else None
        maps = []
        for name in self.names:
            if name in self._static:
                values = self._arrays[name][None]
            elif name in DISTANCES:
                values = self._scaled(name, ops.log(distance) if name == LN_RHYP else distance)
            else:
                values = self._scaled(name, events[:, self.numbers.index(name)][:, None, None, None])
            maps.append(ops.broadcast_to(values, shape))
        return ops.concatenate(maps, axis=-1)

    def _scaled(self, name, values):
        low, high = self.ranges[name]
        return (values - low) / (high - low)

    def _distance(self, events):
        longitude, latitude = (events[:, i] * (np.pi / 180) for i in (1, 2))
        hypocenter = _ecef_km(longitude, latitude, events[:, 3])[:, None, None, :]
        difference = self._arrays["pixel_xyz_km"][None] - hypocenter
        squared = ops.sum(ops.square(difference), axis=-1, keepdims=True)
        return ops.sqrt(ops.maximum(squared, SMALLEST_RHYP_KM**2))

    def compute_output_shape(self, input_shape):
        """(batch, ny, nx, n_maps)."""
        return (input_shape[0], *self._arrays["pixel_xyz_km"].shape[:2], len(self.names))


def _ecef_km(longitude, latitude, depth_km):
    """Coordinates (batch, 3) of hypocenters; angles in radians. In single precision good to about a meter."""
    sine, cosine = ops.sin(latitude), ops.cos(latitude)
    normal = _SEMI_MAJOR_KM / ops.sqrt(1 - _ECCENTRICITY_SQUARED * ops.square(sine))
    level = (normal - depth_km) * cosine
    polar = ((1 - _ECCENTRICITY_SQUARED) * normal - depth_km) * sine
    return ops.stack([level * ops.cos(longitude), level * ops.sin(longitude), polar], axis=-1)


def input_ranges(events, static, numbers=EVENT_NUMBERS):
    """Smallest and largest value of each event number and of the distance maps.

    Parameters
    ----------
    events : (n, n_numbers) array
        Of the training events.
    static : gmtools.maps.grids.StaticMaps
    numbers : sequence of str
        What the columns of ``events`` are.

    Returns
    -------
    dict of str to (float, float)
        For :class:`EventMaps`. A number that is the same for all events gets a range of length 1. The distances are
        looked at on at most 64 x 64 pixels: their range need not be exact.
    """
    events = np.asarray(events, float)
    ranges = {name: (float(column.min()), float(column.max())) for name, column in zip(numbers, events.T, strict=True)}
    every_y, every_x = (max(1, side // 64) for side in static.pixel_xyz_km.shape[:2])
    pixels = static.pixel_xyz_km[::every_y, ::every_x].reshape(-1, 3).astype(float)
    near, far = np.inf, 0.0
    for _, longitude, latitude, depth in events[:, :4]:
        distance = np.linalg.norm(pixels - ecef_km(longitude, latitude, depth), axis=-1)
        near, far = min(near, distance.min()), max(far, distance.max())
    near = max(near, SMALLEST_RHYP_KM)
    ranges |= {columns.RHYP: (float(near), float(far)), LN_RHYP: (float(np.log(near)), float(np.log(far)))}
    return {name: (low, high if high > low else low + 1.0) for name, (low, high) in ranges.items()}


def _check(names, static, numbers):
    if tuple(numbers[:4]) != EVENT_NUMBERS:
        raise GmtoolsError(f"The event numbers {tuple(numbers)} must begin with {', '.join(EVENT_NUMBERS)}.")
    known = [*numbers, *DISTANCES, *static.names]
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        wrong = f"No input map is called {unknown[0]!r}" if unknown else "There is no input map"
        raise GmtoolsError(f"{wrong}. Choose among {', '.join(known)}; static maps come from grids.static_maps.")
    for name in (name for name in names if name in static.names):
        missing = int(np.isnan(static.values[..., static.names.index(name)]).sum())
        if missing:
            raise GridError(
                f"Static map {name!r} has NaN in {missing:,} pixels, which would turn every prediction to NaN. Give "
                "them a value with grids.static_maps(..., fill={...})."
            )
