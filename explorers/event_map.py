"""The map explorer: what the small U-Nets of Italy and Kanto predict for an earthquake that the reader places."""

import numpy as np
import traitlets
from scipy.ndimage import distance_transform_edt

from explorers import networks
from explorers.base import Choice, Explorer, Number
from explorers.payload import pack
from gmtools.maps.grids import MapGrid

NETWORKS = {"italy": "unet_italy", "kanto": "unet_kanto"}
QUANTITIES = ("mean", "sigma", "classical", "difference")
START = {
    "italy": {"magnitude": 6.1, "latitude": 42.34, "longitude": 13.38, "depth_km": 8.3},
    "kanto": {"magnitude": 6.0, "latitude": 35.58, "longitude": 140.14, "depth_km": 70.0},
}
"""First event of each region: place and depth of L'Aquila 2009; an earthquake in the slab below Chiba."""
LIMITS = {"magnitude": (3.0, 8.0), "latitude": (-90.0, 90.0), "longitude": (-180.0, 180.0), "depth_km": (0.0, 200.0)}
"""What each number can be moved to; degrees, km. The map warns outside the range of the training earthquakes."""
_SHOWN_G = {"italy": (1e-4, 1.0), "kanto": (1e-3, 1.0)}
_DEPTH_KM = {"italy": 40.0, "kanto": 160.0}
_FACTS = (
    "title", "kind", "tag", "period", "start", "sigma_factor", "members", "grid", "static", "layer", "static_scale",
    "classical", "provenance",
)  # fmt: skip


def payload(data="auto", folder=networks.FOLDER):
    """Networks and outlines of both regions, for the page; ``data`` is not used, for it shows none."""
    meta, arrays = {}, {}
    for region, name in NETWORKS.items():
        stored, facts = networks.read(name, folder)
        meta[region] = {key: facts[key] for key in _FACTS} | _about(region, facts)
        away = distance_transform_edt(stored["records"] == 0) * facts["grid"]["pixel_m"] / 1e3
        stored["far"] = np.minimum(away, 255).astype("uint8")
        arrays |= {f"{region}.{key}": _for_page(values) for key, values in stored.items()}
    return pack({"regions": meta, "quantities": QUANTITIES, "limits": LIMITS}, arrays)


def _about(region, facts):
    """What the page needs beside the sidecar."""
    architecture = facts["architecture"]
    keys = ("maps", "ranges", "depth", "base", "padding", "head")
    return {
        "network": {key: architecture[key] for key in keys} | {"layers": len(facts["weights"])},
        "first": START[region],
        "shown_g": _SHOWN_G[region],
        "deepest_km": _DEPTH_KM[region],
    }


def _for_page(values):
    return values.astype("float32") if values.dtype == np.float16 else values


class EventMap(Explorer):
    """Maps of ground motion for an earthquake, by a small U-Net.

    Attributes
    ----------
    region : {"italy", "kanto"}
        SA(1 s) by a network that learned from real records, or PGA by one that learned from semi-synthetic ones.
        Changing it moves an epicenter that is off the map to the region's first event.
    magnitude, latitude, longitude, depth_km : float
        Degrees; km.
    quantity : {"mean", "sigma", "classical", "difference"}
        What the map shows; the last is the network minus the classical model.

    Examples
    --------
    >>> explorer = EventMap(magnitude=6.5)  # doctest: +SKIP
    >>> mean, sigma = explorer.maps()  # doctest: +SKIP
    """

    explorer = "event_map"
    make_payload = staticmethod(payload)
    region = Choice("italy", tuple(NETWORKS))
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
        return MapGrid(**networks.read(NETWORKS[self.region])[1]["grid"])

    def maps(self):
        """Mean and sigma as Keras computes them; the page shows the same numbers.

        Returns
        -------
        mean, sigma : ndarray, (ny, nx)
            Natural logarithm of g. Row 0 is the southernmost.

        Warns
        -----
        OutOfRange
            The event lies outside the range of the training events.
        """
        from explorers import event_map_networks

        model, facts = event_map_networks.load(NETWORKS[self.region])
        mean, variance = model.maps([[self.magnitude, self.longitude, self.latitude, self.depth_km]])
        return mean[0], facts["sigma_factor"] * np.sqrt(variance[0])

    @traitlets.observe("region")
    def _move(self, change):
        if not self.grid.contains([self.longitude], [self.latitude])[0]:
            self.set_trait_values(START[change["new"]])

    def set_trait_values(self, values):
        """Set several settings at once: dict of str to value."""
        with self.hold_sync():
            for name, value in values.items():
                setattr(self, name, value)
