"""What a layer of soil does to a record: simulated in the page, with the constants of lesson 51's records.

Everything that :mod:`gmtools.simulate.accelerograms` draws at random is fixed here to its median (stress drop, kappa,
velocities of the crust), except for the noise: one of a few stored series.
"""

import numpy as np

from explorers.base import Choice, Explorer, Number
from explorers.payload import pack
from gmtools.simulate import accelerograms

LIMITS = {
    "vs30_m_s": (150.0, 800.0),
    "rock_depth_m": (10.0, 300.0),
    "damping": (0.005, 0.15),
    "magnitude": (3.0, 6.5),
    "rhyp_km": (10.0, 100.0),
}
"""Ranges of the inputs; within them every combination has a profile of exactly the wanted VS30."""
GROUNDS = ("one layer", "gradient")
REALIZATIONS = 5
N_SAMPLES = 4000
_SHARED = ("BETA_KM_S", "ALPHA_KM_S", "CRUST_DENSITY", "CORNER_RATIO", "P_ON_HORIZONTAL", "S_ON_VERTICAL")


def constants() -> dict:
    """Every number of the simulation, for ``record.js``."""
    return {
        **{name.lower(): getattr(accelerograms, name) for name in _SHARED},
        "sampling_rate_hz": 100.0,
        "n_samples": N_SAMPLES,
        "n_fft": 8192,
        "rock_m_s": 1500.0,
        "stress_drop_bar": 60.0,
        "kappa_s": 0.035,
        "p_on_rock_s": 3.0,
        "ramp_s": 0.1,
        "standard_gravity_cm_s2": 980.665,
        "gradient": {"layers": 8, "thicker": 1.4, "reference_m": 10.0, "exponent": 0.3, "largest_share_of_rock": 0.95},
        "periods_s": np.geomspace(0.05, 5.0, 61).tolist(),
        "limits": {name: list(limits) for name, limits in LIMITS.items()},
        "grounds": list(GROUNDS),
        "realizations": REALIZATIONS,
    }


def noise() -> np.ndarray:
    """White noise int8 (REALIZATIONS; P and S waves; north and up; N_SAMPLES) in steps of 1/24 of its standard
    deviation: its phases count."""
    drawn = np.random.default_rng([7, 4]).standard_normal((REALIZATIONS, 2, 2, N_SAMPLES))
    return np.round(24 * drawn).clip(-127, 127).astype(np.int8)


def payload(data="auto"):
    """Constants of the simulation and its noise, for the page; ``data`` is not used, for there is a simulation only."""
    return pack(constants(), {"noise": noise()})


class SiteRecord(Explorer):
    """Simulated earthquake on rock and on soil over it: profile, transfer function, records, response spectra.

    ``vs30_m_s``, ``rock_depth_m`` (rock of 1500 m/s), ``damping`` of the soil (share of critical), ``magnitude``,
    ``rhyp_km``; ``ground``: "one layer" down to the rock, or a "gradient"; ``realization``, 0 to 4: which noise the
    motion is made of, what chance does beside what the ground does. SettingRefused outside of
    :data:`explorers.site_record.LIMITS`.
    """

    explorer = "site_record"
    make_payload = staticmethod(payload)
    vs30_m_s = Number(300, *LIMITS["vs30_m_s"], unit="m/s")
    rock_depth_m = Number(40, *LIMITS["rock_depth_m"], unit="m")
    damping = Number(0.03, *LIMITS["damping"])
    magnitude = Number(6, *LIMITS["magnitude"])
    rhyp_km = Number(30, *LIMITS["rhyp_km"], unit="km")
    ground = Choice(GROUNDS[0], GROUNDS)
    realization = Choice(0, range(REALIZATIONS))
