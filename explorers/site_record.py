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

    Attributes
    ----------
    vs30_m_s, rock_depth_m : float
        VS30 and the depth of the rock, whose VS is 1500 m/s.
    damping : float
        Of the soil, share of critical damping.
    magnitude, rhyp_km : float
        Moment magnitude and hypocentral distance.
    ground : {"one layer", "gradient"}
        One velocity down to the rock, or velocities that grow with depth.
    realization : {0, 1, 2, 3, 4}
        Which noise the motion is made of: what chance does, beside what the ground does.

    Raises
    ------
    SettingRefused
        When a setting is outside :data:`explorers.site_motion.LIMITS`.
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
        """What the explorer shows with the present settings, computed in Python.

        Returns
        -------
        explorers.site_motion.SiteMotion
        """
        return site_motion.simulate(**self.state())
