"""What a stack of flat layers does to vertically incident plane waves, and its VS30.

The transfer function is exact for linear, viscoelastic layers over a half-space (Thomson, 1950; Haskell, 1953; in the
notation of Kramer, 1996, Geotechnical Earthquake Engineering, section 7.2.1). SH waves through S-wave velocities and P
waves through P-wave velocities obey the same equation. Where it breaks: basins and slopes (two- and three-dimensional),
oblique incidence, strains above some 0.01 % (soil softens). Damping that does not depend on frequency is an
approximation as well: it lets a little motion (of the order of the damping) arrive too early.
"""

import numpy as np
from numpy.typing import ArrayLike


def time_averaged_velocity(thickness_m: ArrayLike, velocity_m_s: ArrayLike, depth_m: float = 30.0) -> np.ndarray:
    """Depth over vertical travel time, m/s (...): VS30 for S waves and 30 m. ``thickness_m`` (..., n_layers) from
    the surface down, 0 allowed; ``velocity_m_s`` (..., n_layers + 1), the half-space last.

    >>> round(float(time_averaged_velocity([10.0], [200.0, 800.0])), 3)  # 30 / (10 / 200 + 20 / 800)
    400.0
    """
    return depth_m / travel_time(thickness_m, velocity_m_s, depth_m)


def travel_time(thickness_m: ArrayLike, velocity_m_s: ArrayLike, depth_m: ArrayLike) -> np.ndarray:
    """Vertical travel time (s) from the surface to a depth; arguments as in :func:`time_averaged_velocity`.

    >>> float(travel_time([10.0], [200.0, 800.0], 30.0).round(6))
    0.075
    """
    thickness, velocity = np.asarray(thickness_m, float), np.asarray(velocity_m_s, float)
    depth = np.asarray(depth_m, float)[..., None]
    bottom = np.minimum(np.cumsum(thickness, axis=-1), depth)
    crossed = np.diff(bottom, axis=-1, prepend=0.0)
    return (crossed / velocity[..., :-1]).sum(-1) + (depth - bottom[..., -1:])[..., 0] / velocity[..., -1]


def transfer_function(
    frequency_hz: ArrayLike,
    thickness_m: ArrayLike,
    velocity_m_s: ArrayLike,
    density: ArrayLike,
    damping: ArrayLike,
) -> np.ndarray:
    """Motion at the surface over the motion at an outcrop of the half-space, complex (..., n_frequencies).

    Layers (..., n_layers) run from the surface down, properties (..., n_layers + 1) end with the half-space; a layer of
    thickness 0 changes nothing, so that profiles can be padded. Density in any unit; damping is xi = 1 / (2 Q). From
    the free surface down, displacement u and stress over angular frequency s pass a layer as u' = u cos kh + s sin kh /
    Z, s' = s cos kh - u Z sin kh with k = omega / v*, Z = rho v* and the complex velocity v* = v sqrt(1 + 2 i xi); in
    the half-space the incoming wave is (u - i s / Z) / 2, the outcrop moves twice as much. The time dependence is
    exp(+i omega t), that of ``numpy.fft``: multiply a spectrum by the result.

    A layer of 20 m and 200 m/s over rock amplifies most at 200 / (4 * 20) = 2.5 Hz, without damping by the impedance
    ratio:

    >>> amplification = transfer_function([0.0, 2.5], [20.0], [200.0, 1000.0], [1.8, 2.25], [0.0, 0.0])
    >>> abs(amplification).round(6).tolist()
    [1.0, 6.25]
    """
    omega = 2 * np.pi * np.asarray(frequency_hz, float)
    velocity = np.asarray(velocity_m_s, float) * np.sqrt(1 + 2j * np.asarray(damping, float))
    impedance = np.asarray(density, float) * velocity
    delay = np.asarray(thickness_m, float) / velocity[..., :-1]
    displacement = np.ones((*delay.shape[:-1], len(omega)), complex)
    stress = np.zeros_like(displacement)
    for layer in range(delay.shape[-1]):
        z = impedance[..., layer, None]
        forward = np.exp(1j * omega * delay[..., layer, None])
        backward = 1 / forward
        cosine, sine = (forward + backward) / 2, (forward - backward) / 2j
        displacement, stress = displacement * cosine + stress / z * sine, stress * cosine - displacement * z * sine
    return 1 / (displacement - 1j * stress / impedance[..., -1, None])
