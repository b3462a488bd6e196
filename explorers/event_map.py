"""The map explorer: what the small U-Nets of Italy and Kanto predict for an earthquake that the reader places."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import traitlets
from scipy.ndimage import distance_transform_edt

from explorers import map_layers
from explorers.base import Choice, Explorer, Number
from explorers.payload import pack
from gmtools import columns, geodesy, networks
from gmtools.errors import warn_outside
from gmtools.maps import inputs
from gmtools.maps.grids import Layer, MapGrid

QUANTITIES = ("mean", "sigma", "classical", "difference")
START = {
    "italy": {"magnitude": 6.1, "latitude": 42.34, "longitude": 13.38, "depth_km": 8.3},
    "kanto": {"magnitude": 5.0, "latitude": 35.58, "longitude": 140.14, "depth_km": 70.0},
}
"""First event of each region: place and depth of L'Aquila 2009; an earthquake in the slab below Chiba."""
LIMITS = {"magnitude": (3.0, 8.0), "latitude": (-90.0, 90.0), "longitude": (-180.0, 180.0), "depth_km": (0.0, 200.0)}
"""What each number can be moved to; degrees, km. The map warns outside the range of the training earthquakes."""
LN_VARIANCE = (-6.0, 3.0)
"""Between these the loss of the lessons keeps the logarithm of the variance."""
_SHOWN_G = {"italy": (1e-4, 1.0), "kanto": (1e-3, 1.0)}
_DEPTH_KM = {"italy": 40.0, "kanto": 160.0}
_FACTS = ("title", "kind", "tag", "grid", "static", "classical", "data", "layers")


def ground(region):
    """Arrays of a region's ground, and facts: see the README of ``explorers/ground``."""
    path = Path(__file__).parent / "ground" / f"{region}.npz"
    with np.load(path, allow_pickle=False) as file:
        return dict(file), json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))


def payload(data="auto"):
    """Networks and grounds of both regions, for the page; ``data`` is not used, for it shows none."""
    meta, arrays = {}, {}
    for region in START:
        stored, facts = ground(region)
        card = networks.card(facts["network"])
        weights = networks.weights(facts["network"])
        meta[region] = {key: facts[key] for key in _FACTS} | {
            "period": card.get("period_s", 0.0),
            "scores": card["scores"],
            "network": {
                "inputs": [{key: one[key] for key in ("name", "mean", "sd")} for one in card["inputs"]],
                "steps": map_layers.steps(card["layers"]),
                "ranges": next(iter(card["ranges"].values())),
                "arrays": len(weights),
            },
            "first": START[region],
            "shown_g": _SHOWN_G[region],
            "deepest_km": _DEPTH_KM[region],
        }
        away = distance_transform_edt(stored["records"] == 0) * facts["grid"]["pixel_m"] / 1e3
        stored["far"] = np.minimum(away, 255).astype("uint8")
        # Half precision travels as its bits.
        stored |= {f"weights_{i}": v.view("uint16") if v.dtype == "float16" else v for i, v in enumerate(weights)}
        stored["support"] = stored["support"].astype("uint8")
        arrays |= {f"{region}.{key}": values for key, values in stored.items()}
    return pack({"regions": meta, "quantities": QUANTITIES, "limits": LIMITS, "grid": networks.SUPPORT}, arrays)


class EventMap(Explorer):
    """Maps of ground motion for an earthquake, by a small U-Net. ``region``: "italy", SA(1 s) by a network that learned
    from real records, or "kanto", PGA by one that learned from semi-synthetic ones; changing it moves an epicenter that
    is off the map to the region's first event. ``magnitude``, ``latitude``, ``longitude`` (degrees), ``depth_km``;
    ``quantity``: "mean", "sigma", "classical" or "difference", the network minus the classical model."""

    explorer = "event_map"
    make_payload = staticmethod(payload)
    region = Choice("italy", tuple(START))
    quantity = Choice("mean", QUANTITIES)
    magnitude = Number(START["italy"]["magnitude"], *LIMITS["magnitude"])
    latitude = Number(START["italy"]["latitude"], *LIMITS["latitude"], "degrees")
    longitude = Number(START["italy"]["longitude"], *LIMITS["longitude"], "degrees")
    depth_km = Number(START["italy"]["depth_km"], *LIMITS["depth_km"], "km")

    def __init__(self, data="auto", **settings):
        first = START.get(settings.get("region", "italy"), START["italy"])
        super().__init__(data, **(first | settings))

    @property
    def grid(self):
        """Grid of the region's maps: :class:`gmtools.maps.grids.MapGrid`."""
        return MapGrid(**ground(self.region)[1]["grid"])

    def maps(self):
        """Mean and sigma, ln g, (ny, nx), row 0 the southernmost, as Keras computes them; the page shows the same
        numbers. Warns (OutOfRange) of an event outside the range of the training events."""
        stored, facts = ground(self.region)
        card = networks.card(facts["network"])
        event = {"magnitude": self.magnitude, "event_longitude": self.longitude, "event_latitude": self.latitude}
        event = pd.DataFrame([event | {"hypocentral_depth_km": self.depth_km}])
        _warn(facts["network"], card, event)
        layers = {name: Layer(values, "", "") for name, values in zip(facts["static"], stored["static"], strict=True)}
        names = [one["name"] for one in card["inputs"]]
        maps = inputs.input_maps(self.grid, layers, event, names)
        scale = {one["name"]: (one["mean"], one["mean"] + one["sd"]) for one in card["inputs"]}
        output = np.squeeze(networks.load(facts["network"]).predict(inputs.scale(maps, scale), verbose=0))
        return output[..., 0], np.exp(np.clip(output[..., 1], *LN_VARIANCE) / 2)

    def known(self):
        """Pixels, (ny, nx) bool, with enough training records near the event's magnitude, the pixel's epicentral
        distance and its VS30: elsewhere the page draws the map faint, or not at all."""
        stored, facts = ground(self.region)
        layers = dict(zip(facts["static"], stored["static"], strict=True))
        places = self.grid.lonlat
        distance = geodesy.hypocentral_distance_km(*places, self.longitude, self.latitude, 0.0)
        vs30 = layers.get(columns.VS30, np.full(distance.shape, 500.0))
        table = {columns.MAGNITUDE: self.magnitude, columns.REPI: distance.ravel(), columns.VS30: vs30.ravel()}
        support = {"columns": list(table), "masks": stored["support"]}
        return networks.supported(support, pd.DataFrame(table), 1)[0].reshape(distance.shape)

    @traitlets.observe("region")
    def _move(self, change):
        if not self.grid.contains([self.longitude], [self.latitude])[0]:
            self.set_trait_values(START[change["new"]])

    def set_trait_values(self, values):
        """Set several settings at once: dict of str to value."""
        with self.hold_sync():
            for name, value in values.items():
                setattr(self, name, value)


def _warn(name, card, event):
    """Warn where a number of the event lies outside the earthquakes that the network learned from."""
    for column, (low, high) in next(iter(card["ranges"].values())).items():
        if column in event:
            warn_outside(name, column, event[column].to_numpy(), low, high, "the earthquakes that it learned from", 4)
