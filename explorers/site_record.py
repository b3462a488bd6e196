"""What a layer of soil does to a record: simulated, by the module that lesson 51's records come from."""

from explorers import site_motion
from explorers.base import Choice, Explorer, Number
from explorers.payload import pack
from explorers.site_motion import LIMITS


def payload(data="auto"):
    """Constants of the simulation and its noise, for the page; ``data`` is not used, for there is a simulation only."""
    return pack(site_motion.constants(), {"noise": site_motion.noise()})


class SiteRecord(Explorer):
    """Simulated earthquake on rock and on soil over it: profile, transfer function, records, response spectra.

    ``vs30_m_s``, ``rock_depth_m`` (rock of 1500 m/s), ``damping`` of the soil (share of critical), ``magnitude``,
    ``rhyp_km``; ``ground``: "one layer" down to the rock, or a "gradient"; ``realization``, 0 to 4: which noise the
    motion is made of, what chance does beside what the ground does. SettingRefused outside of
    :data:`explorers.site_motion.LIMITS`.
    """

    explorer = "site_record"
    make_payload = staticmethod(payload)
    vs30_m_s = Number(300, *LIMITS["vs30_m_s"], unit="m/s")
    rock_depth_m = Number(40, *LIMITS["rock_depth_m"], unit="m")
    damping = Number(0.03, *LIMITS["damping"])
    magnitude = Number(6, *LIMITS["magnitude"])
    rhyp_km = Number(30, *LIMITS["rhyp_km"], unit="km")
    ground = Choice(site_motion.GROUNDS[0], site_motion.GROUNDS)
    realization = Choice(0, range(site_motion.REALIZATIONS))

    def record(self):
        """What the explorer shows with the present settings, computed in Python: a :class:`site_motion.SiteMotion`."""
        return site_motion.simulate(**self.state())
