"""What horizontal layers over a half-space do to waves from below and to a diffuse wavefield."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gmtools.errors import GmtoolsError
from gmtools.site import site_response

SLOWNESSES = 150
"""Steps of the integral over slowness, even in its logarithm: about 3 % each, so that a damping of 0.015 gives each
pole its width."""


@dataclass(frozen=True, eq=False)
class Profile:
    """Horizontal, homogeneous, isotropic layers; the last of each property is the half-space; ``damping`` is the
    fraction of critical, for both waves. GmtoolsError where numbers of layers differ, or VP is too small for a bulk
    modulus."""

    thickness_m: Sequence[float]
    vs_m_s: Sequence[float]
    vp_m_s: Sequence[float]
    density_kg_m3: Sequence[float]
    damping: Sequence[float]

    def __post_init__(self):
        counts = {len(self.thickness_m) + 1, *map(len, (self.vs_m_s, self.vp_m_s, self.density_kg_m3, self.damping))}
        if len(counts) > 1:
            raise GmtoolsError(
                f"A profile of {len(self.thickness_m)} thicknesses needs {len(self.thickness_m) + 1} values of each "
                "property, the last for the half-space."
            )
        for vs, vp in zip(self.vs_m_s, self.vp_m_s, strict=True):
            if vp < np.sqrt(4 / 3) * vs:
                raise GmtoolsError(f"VP {vp:g} m/s is below 1.155 VS ({vs:g} m/s): no such solid. Raise VP.")

    @property
    def f0_hz(self) -> float:
        """Quarter-wavelength resonance of all layers together, 1 / (4 sum(H / VS)), Hz."""
        return 1 / (4 * sum(h / v for h, v in zip(self.thickness_m, self.vs_m_s, strict=False)))


def transfer_function(profile: Profile, frequency_hz: np.ndarray, wave: str = "s") -> np.ndarray:
    """Amplification (n_frequencies,) of vertically incident plane waves, "s" or "p": the absolute value of
    :func:`gmtools.site.site_response.transfer_function`."""
    velocity = profile.vs_m_s if wave == "s" else profile.vp_m_s
    layers = (profile.thickness_m, velocity, profile.density_kg_m3, profile.damping)
    return np.abs(site_response.transfer_function(frequency_hz, *layers))


def diffuse_ratio(profile: Profile, frequency_hz: np.ndarray) -> np.ndarray:
    """H/V (n_frequencies,) of a diffuse, equipartitioned wavefield: sqrt(Im G11 / Im G33), G the surface displacement
    by a harmonic force there, all waves together (Sánchez-Sesma et al. 2011, Geophysical Journal International 186,
    221-225; one horizontal component). The integral over slowness ends at 1.35 times that of the slowest Rayleigh wave
    and needs a damping of 0.015 or more; both shift the ratio by a few percent."""
    vertical, radial, transverse = surface_compliance(profile, frequency_hz, slownesses := _slownesses(profile))
    horizontal = ((radial + transverse).imag * slownesses**2).sum(axis=1) / 2
    return np.sqrt(horizontal / (vertical.imag * slownesses**2).sum(axis=1))


def surface_compliance(
    profile: Profile, frequency_hz: np.ndarray, slowness_s_m: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Surface displacement over traction (vertical, radial, transverse; m/Pa, (n_frequencies, n_slownesses), exp(+i
    omega t)) for waves of given slowness (s/m): reflection matrices upward from the half-space, decaying exponentials
    only (Kennett 1983, Seismic Wave Propagation in Stratified Media, chapter 6), so that thick layers do no harm."""
    omega = 2 * np.pi * np.asarray(frequency_hz, dtype=float)[:, None]
    wavenumber = omega * slowness_s_m
    layers = list(
        zip(_complex_velocity(profile, "s"), _complex_velocity(profile, "p"), profile.density_kg_m3, strict=True)
    )
    plane = _compliance([_waves_psv(omega, wavenumber, *layer) for layer in layers], profile.thickness_m)
    transverse = _compliance([_waves_sh(omega, wavenumber, *layer) for layer in layers], profile.thickness_m)
    return plane[1, 1], plane[0, 0], transverse[0, 0]


def _complex_velocity(profile: Profile, wave: str) -> np.ndarray:
    velocity = np.asarray(profile.vs_m_s if wave == "s" else profile.vp_m_s, dtype=float)
    return velocity * np.sqrt(1 + 2j * np.asarray(profile.damping))


def _slownesses(profile: Profile) -> np.ndarray:
    return np.geomspace(0.1 / max(profile.vs_m_s), 1.35 / (0.87 * min(profile.vs_m_s)), SLOWNESSES)


def _waves_psv(omega, wavenumber, vs, vp, density):
    """Down- and upgoing P and S: displacement (radial, down) and traction on a horizontal plane, and vertical decay."""
    gamma, eta = np.sqrt(wavenumber**2 - (omega / vp) ** 2), np.sqrt(wavenumber**2 - (omega / vs) ** 2)
    shear, ik = density * vs**2, 1j * wavenumber
    p_shear, s_shear, normal = 2 * shear * ik * gamma, 2 * shear * ik * eta, shear * (wavenumber**2 + eta**2)
    # Upgoing waves differ in the sign of the vertical wavenumbers.
    return (
        np.array([[-ik, eta], [-gamma, -ik]]),
        np.array([[-ik, -eta], [gamma, -ik]]),
        np.array([[p_shear, -normal], [normal, s_shear]]),
        np.array([[-p_shear, -normal], [normal, -s_shear]]),
        np.array([gamma, eta]),
    )


def _waves_sh(omega, wavenumber, vs, _vp, density):
    eta = np.sqrt(wavenumber**2 - (omega / vs) ** 2)[None, None]
    one = np.ones_like(eta)
    return one, one, -density * vs**2 * eta, density * vs**2 * eta, eta[0]


def _compliance(waves: list[tuple], thickness_m: Sequence[float]) -> np.ndarray:
    """Displacement over applied traction at the surface, (d, d, n_frequencies, n_slownesses)."""
    down, _, traction_down, _, _ = waves[-1]
    stiffness = _product(traction_down, _inverse(down))
    for (down, up, traction_down, traction_up, decay), thickness in zip(waves[-2::-1], thickness_m[::-1], strict=True):
        reflected = _product(_inverse(_product(stiffness, up) - traction_up), traction_down - _product(stiffness, down))
        crossed = np.exp(-decay * thickness)
        reflected = crossed[:, None] * reflected * crossed[None]
        stiffness = _product(traction_down + _product(traction_up, reflected), _inverse(down + _product(up, reflected)))
    return -_inverse(stiffness)


def _product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return sum(a[:, j, None] * b[None, j] for j in range(len(b)))


def _inverse(a: np.ndarray) -> np.ndarray:
    if len(a) == 1:
        return 1 / a
    determinant = a[0, 0] * a[1, 1] - a[0, 1] * a[1, 0]
    return np.array([[a[1, 1], -a[0, 1]], [-a[1, 0], a[0, 0]]]) / determinant
