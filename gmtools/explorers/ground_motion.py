"""The ground-motion explorer: what magnitude, distance and VS30 do to a spectrum, by networks and classical models."""

from gmtools import columns
from gmtools.explorers.base import Explorer, Number
from gmtools.explorers.payload import pack


def payload(data="auto"):
    """Networks, tables of the classical models and records, for the page."""
    return pack({"periods": [0.026, *columns.PERIODS[1:]]}, {})


class GroundMotion(Explorer):
    """Spectra and distance decay for a magnitude, a distance and a site."""

    explorer = "ground_motion"
    make_payload = staticmethod(payload)
    magnitude = Number(6.0, 3.0, 8.0)
    rjb_km = Number(20.0, 0.0, 300.0, "km")
    vs30_m_s = Number(400.0, 150.0, 1500.0, "m/s")
