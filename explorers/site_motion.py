"""One simulated earthquake on rock and on soft ground: what a layer does to a record.

Soil over rock, a stochastic rock motion as :mod:`gmtools.simulate.accelerograms` defines it, and the exact transfer
function of the column (:mod:`gmtools.site.site_response`) between the two. Everything that is drawn there at random is
fixed
here to its median (stress drop, kappa, velocities of the crust), except for the noise: one of a few stored series. No
seismic noise is added. Where it breaks: a point source, vertical waves, flat layers, linear soil; P waves reach the
horizontal component through the S column, as they do there.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from gmtools.errors import GmtoolsError
from gmtools.response import response_spectrum
from gmtools.simulate import accelerograms
from gmtools.simulate.profiles import Profiles
from gmtools.site.site_response import time_averaged_velocity, transfer_function, travel_time

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
SAMPLING_RATE_HZ, N_SAMPLES, N_FFT = 100.0, 4000, 8192
ROCK_M_S = 1500.0
STRESS_DROP_BAR, KAPPA_S, P_ON_ROCK_S = 60.0, 0.035, 3.0
PERIODS_S = np.geomspace(0.05, 5.0, 61)
STANDARD_GRAVITY_CM_S2 = 980.665
_GRADIENT = {"layers": 8, "thicker": 1.4, "reference_m": 10.0, "exponent": 0.3, "largest_share_of_rock": 0.95}
_RAMP_S = 0.1


@dataclass(frozen=True, eq=False)
class SiteMotion:
    """What :func:`simulate` returns: the one profile; modulus of the S waves' ``amplification``, surface over rock
    outcrop; ``resonances_hz`` (6,), (2n + 1) VS / (4 H) with VS averaged over the travel time, exact for one layer, a
    rule of thumb for a gradient; acceleration north on the rock outcrop, north and up on the ground; arrivals on "rock"
    and "surface"; response spectra (g) of the two north components, 5 % damping, and their largest accelerations."""

    profile: Profiles
    frequency_hz: np.ndarray
    amplification: np.ndarray
    resonances_hz: np.ndarray
    time_s: np.ndarray
    rock_cm_s2: np.ndarray
    surface_cm_s2: np.ndarray
    surface_up_cm_s2: np.ndarray
    p_time_s: dict
    s_time_s: dict
    periods_s: np.ndarray
    rock_psa_g: np.ndarray
    surface_psa_g: np.ndarray
    pga_rock_g: float
    pga_surface_g: float


def constants() -> dict:
    """Return every number of the simulation, for the twin of this module in JavaScript."""
    shared = ("BETA_KM_S", "ALPHA_KM_S", "CRUST_DENSITY", "CORNER_RATIO", "P_ON_HORIZONTAL", "S_ON_VERTICAL")
    return {
        **{name.lower(): getattr(accelerograms, name) for name in shared},
        "sampling_rate_hz": SAMPLING_RATE_HZ,
        "n_samples": N_SAMPLES,
        "n_fft": N_FFT,
        "rock_m_s": ROCK_M_S,
        "stress_drop_bar": STRESS_DROP_BAR,
        "kappa_s": KAPPA_S,
        "p_on_rock_s": P_ON_ROCK_S,
        "ramp_s": _RAMP_S,
        "standard_gravity_cm_s2": STANDARD_GRAVITY_CM_S2,
        "gradient": _GRADIENT,
        "periods_s": PERIODS_S.tolist(),
        "limits": {name: list(limits) for name, limits in LIMITS.items()},
        "grounds": list(GROUNDS),
        "realizations": REALIZATIONS,
    }


@lru_cache
def noise() -> np.ndarray:
    """White noise int8 (REALIZATIONS; P and S waves; north and up; N_SAMPLES) in steps of 1/24 of its standard
    deviation: its phases count."""
    drawn = np.random.default_rng([7, 4]).standard_normal((REALIZATIONS, 2, 2, N_SAMPLES))
    return np.round(24 * drawn).clip(-127, 127).astype(np.int8)


def ground_profile(vs30_m_s: float, rock_depth_m: float, ground: str = "one layer") -> Profiles:
    """Soil of a wanted VS30 over rock of 1500 m/s: "one layer" down to the rock, or a "gradient" of eight whose VS
    grows as (1 + z / 10 m)^0.3, at most to 95 % of the rock's. Rock above 30 m is in VS30, and the soil is the
    softer for it.

    >>> ground_profile(300.0, 50.0).vs_m_s.round(1).tolist()
    [[300.0, 1500.0]]
    >>> ground_profile(300.0, 15.0).vs_m_s.round(1).tolist()  # 30 / (15 / 166.7 + 15 / 1500) = 300
    [[166.7, 1500.0]]
    """
    _check({"vs30_m_s": vs30_m_s, "rock_depth_m": rock_depth_m}, ground)
    layers = 1 if ground == "one layer" else _GRADIENT["layers"]
    share = _GRADIENT["thicker"] ** np.arange(layers)
    thickness = rock_depth_m * share / share.sum()
    middle = np.cumsum(thickness) - thickness / 2
    shape = (1 + middle / _GRADIENT["reference_m"]) ** _GRADIENT["exponent"] if layers > 1 else np.ones(1)
    soil_30 = min(rock_depth_m, 30.0)
    slowness_s = travel_time(thickness, [*shape, 1.0], soil_30)  # of soil whose velocities are the shape itself
    soil = shape * slowness_s / (30 / vs30_m_s - (30 - soil_30) / ROCK_M_S)
    soil = np.minimum(soil, _GRADIENT["largest_share_of_rock"] * ROCK_M_S)
    return Profiles(thickness[None], np.array([[*soil, ROCK_M_S]]))


def simulate(
    vs30_m_s: float = 300.0,
    rock_depth_m: float = 40.0,
    damping: float = 0.03,
    magnitude: float = 6.0,
    rhyp_km: float = 30.0,
    ground: str = "one layer",
    realization: int = 0,
) -> SiteMotion:
    """An earthquake's motion on rock and on the soil over it (:func:`ground_profile`). ``damping`` of S waves in the
    soil is a share of the critical one; P waves have half, the rock 5 / VS (m/s). ``realization`` is one of
    :data:`REALIZATIONS`."""
    asked = {"damping": damping, "magnitude": magnitude, "rhyp_km": rhyp_km}
    _check(asked, ground, realization)
    profile = ground_profile(vs30_m_s, rock_depth_m, ground)
    frequency = np.fft.rfftfreq(N_FFT, 1 / SAMPLING_RATE_HZ)
    s, p = _column(profile, frequency, damping)
    times = _times(profile, rhyp_km)
    north, up = _rock_spectra(profile, frequency, magnitude, rhyp_km, realization)
    traces = [
        _trace(spectrum, times["P"][place])
        for spectrum, place in ((north, "rock"), (north * s, "surface"), (up * p, "surface"))
    ]
    spectra = [response_spectrum(trace, 1 / SAMPLING_RATE_HZ, PERIODS_S) / STANDARD_GRAVITY_CM_S2 for trace in traces]
    depth = profile.bedrock_depth_m
    average = time_averaged_velocity(profile.thickness_m, profile.vs_m_s, depth)
    return SiteMotion(
        profile,
        frequency,
        np.abs(s),
        (2 * np.arange(6) + 1) * average / (4 * depth),
        np.arange(N_SAMPLES) / SAMPLING_RATE_HZ,
        *traces,
        times["P"],
        times["S"],
        PERIODS_S,
        *spectra[:2],
        *(float(np.abs(trace).max()) / STANDARD_GRAVITY_CM_S2 for trace in traces[:2]),
    )


def _check(given: dict, ground: str, realization: int = 0) -> None:
    for name, value in given.items():
        low, high = LIMITS[name]
        if not low <= value <= high:
            raise GmtoolsError(
                f"{name} is {value:g}; this simulation takes {low:g} to {high:g}. Choose a value within."
            )
    if ground not in GROUNDS:
        raise GmtoolsError(f"ground is {ground!r}; choose one of {', '.join(map(repr, GROUNDS))}.")
    if realization not in range(REALIZATIONS):
        raise GmtoolsError(f"realization is {realization}; choose a whole number from 0 to {REALIZATIONS - 1}.")


def _column(profile: Profiles, frequency_hz: np.ndarray, damping: float) -> tuple[np.ndarray, np.ndarray]:
    """Transfer functions of S and of P waves, (n_frequencies,)."""
    xi = np.full(profile.vs_m_s.shape[1], damping)
    xi[-1] = 5 / profile.vs_m_s[0, -1]
    layers, density = profile.thickness_m[0], profile.density[0]
    return (
        transfer_function(frequency_hz, layers, profile.vs_m_s[0], density, xi),
        transfer_function(frequency_hz, layers, profile.vp_m_s[0], density, xi / 2),
    )


def _times(profile: Profiles, rhyp_km: float) -> dict:
    """Arrivals of "P" and "S" on "rock" and "surface"."""
    s_delay, p_delay = (float(delay[0]) for delay in profile.delays_s())
    s_rock = P_ON_ROCK_S + rhyp_km * (1 / accelerograms.BETA_KM_S - 1 / accelerograms.ALPHA_KM_S)
    return {
        "P": {"rock": P_ON_ROCK_S, "surface": P_ON_ROCK_S + p_delay},
        "S": {"rock": s_rock, "surface": s_rock + s_delay},
    }


def _rock_spectra(profile: Profiles, frequency_hz: np.ndarray, magnitude: float, rhyp_km: float, realization: int):
    """Complex spectra of the motion on the rock outcrop, cm/s: (2, n_frequencies), north and up."""
    corner = float(accelerograms.corner_frequency(magnitude, STRESS_DROP_BAR))
    arrival = {wave: places["rock"] for wave, places in _times(profile, rhyp_km).items()}
    duration = {"P": 1 / (accelerograms.CORNER_RATIO * corner) + 0.03 * rhyp_km, "S": 1 / corner + 0.05 * rhyp_km}
    corner_of = {"P": accelerograms.CORNER_RATIO * corner, "S": corner}
    shares = {"P": (accelerograms.P_ON_HORIZONTAL, 1.0), "S": (1.0, accelerograms.S_ON_VERTICAL)}
    time = np.arange(N_SAMPLES) / SAMPLING_RATE_HZ
    spectra = np.zeros((2, len(frequency_hz)), complex)
    for wave, series in zip("PS", noise()[realization], strict=True):
        window = accelerograms.envelope(time - arrival[wave], duration[wave])
        shaped = np.fft.rfft(series * window, N_FFT)
        shaped /= np.sqrt((np.abs(shaped) ** 2).mean(-1, keepdims=True))
        rock = accelerograms.rock_spectrum(frequency_hz, magnitude, corner_of[wave], rhyp_km, KAPPA_S, wave)
        spectra += np.array(shares[wave])[:, None] * shaped * rock
    crust = 1e3 * accelerograms.CRUST_DENSITY * np.array([accelerograms.BETA_KM_S, accelerograms.ALPHA_KM_S])
    rock = profile.density[0, -1] * np.array([profile.vs_m_s[0, -1], profile.vp_m_s[0, -1]])
    return spectra * np.sqrt(crust / rock)[:, None]


def _trace(spectrum: np.ndarray, p_time_s: float) -> np.ndarray:
    """Acceleration, cm/s². Shaping has no phase and so sends a little motion ahead of P: ramped off within 0.1 s."""
    motion = np.fft.irfft(spectrum, N_FFT)[:N_SAMPLES] * SAMPLING_RATE_HZ
    return motion * np.clip(1 + (np.arange(N_SAMPLES) / SAMPLING_RATE_HZ - p_time_s) / _RAMP_S, 0, 1)
