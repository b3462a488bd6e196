"""Layered ground with known VS30: soil of a gradient or of a few layers over rock.

VS30 is drawn first, log-normal; a shape (depth to rock, increase with depth, contrast at the rock) is drawn and all its
velocities are scaled until its VS30 is the drawn one. Limits then kept (rock between 600 and 3300 m/s, no soil faster
than 95 % of the rock) move a few per cent of the profiles, and the VS30 that counts is computed from what came out.

P-wave velocity follows from VS by Brocher's regression (2005, Bulletin of the Seismological Society of America 95,
2081-2092), which is that of saturated ground; density by Gardner et al. (1974), 1.74 Vp^0.25; Q of S waves is VS / 10
(VS in m/s), a rule of thumb, and that of P waves twice as large. Where it breaks: no dry crust, no slow layer below a
fast one other than by scatter, rock of one velocity.
"""

from dataclasses import dataclass

import numpy as np

from gmtools.site.site_response import time_averaged_velocity, transfer_function, travel_time

MAX_LAYERS = 8
ROCK_M_S = (600.0, 3300.0)


@dataclass(frozen=True)
class Profiles:
    """Layers over a half-space: ``thickness_m`` (n, MAX_LAYERS) from the surface down, padded with 0; ``vs_m_s`` (n,
    MAX_LAYERS + 1), the rock last."""

    thickness_m: np.ndarray
    vs_m_s: np.ndarray

    def __len__(self) -> int:
        return len(self.thickness_m)

    @property
    def vs30_m_s(self) -> np.ndarray:
        """(n,), computed from the layers."""
        return time_averaged_velocity(self.thickness_m, self.vs_m_s)

    @property
    def bedrock_depth_m(self) -> np.ndarray:
        """(n,)."""
        return self.thickness_m.sum(-1)

    @property
    def vp_m_s(self) -> np.ndarray:
        """P-wave velocity, (n, MAX_LAYERS + 1)."""
        return 1e3 * np.polyval([-0.0251, 0.2683, -0.8206, 2.0947, 0.9409], self.vs_m_s / 1e3)

    @property
    def density(self) -> np.ndarray:
        """g/cm³, (n, MAX_LAYERS + 1)."""
        return 1.74 * (self.vp_m_s / 1e3) ** 0.25

    def at(self, index: int) -> "Profiles":
        """Return the one profile as an object of length 1."""
        return Profiles(self.thickness_m[index : index + 1], self.vs_m_s[index : index + 1])

    def transfer_functions(self, frequency_hz: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return those of S and of P waves, each (n, n_frequencies), complex: surface over rock outcrop."""
        damping = 5 / self.vs_m_s
        return (
            transfer_function(frequency_hz, self.thickness_m, self.vs_m_s, self.density, damping),
            transfer_function(frequency_hz, self.thickness_m, self.vp_m_s, self.density, damping / 2),
        )

    def delays_s(self) -> tuple[np.ndarray, np.ndarray]:
        """Return travel times from the rock to the surface, of S and of P waves, each (n,)."""
        depth = self.bedrock_depth_m
        return travel_time(self.thickness_m, self.vs_m_s, depth), travel_time(self.thickness_m, self.vp_m_s, depth)


def draw(random: np.random.Generator, vs30_m_s: np.ndarray) -> Profiles:
    """Draw profiles of about the wanted VS30 (n,); ``Profiles.vs30_m_s`` tells what came out. Depth to rock is
    log-normal, 35 m for 400 m/s and more under softer ground (0.7 in ln), 3 to 400 m. Six in ten have 2 to 5 layers,
    the others a gradient cut into eight; VS at the surface is 0.35 to 0.9 of that above the rock, which is 1.2 to 3.5
    times as fast."""
    n = len(vs30_m_s)
    gradient = random.uniform(size=n) < 0.4
    layers = np.where(gradient, MAX_LAYERS, random.integers(2, 6, n))[:, None]
    depth = (35 * (vs30_m_s / 400) ** -0.8 * np.exp(0.7 * random.standard_normal(n))).clip(3, 400)[:, None]
    place = np.arange(MAX_LAYERS)
    spread = np.where(gradient[:, None], 0.0, random.normal(0, 0.4, (n, MAX_LAYERS)))
    share = np.where(place < layers, np.exp(spread) * 1.4**place, 0.0)
    thickness = depth * share / share.sum(-1, keepdims=True)
    middle = (np.cumsum(thickness, -1) - thickness / 2) / depth
    top = random.uniform(0.35, 0.9, (n, 1))
    soil = top + (1 - top) * middle ** random.uniform(0.4, 1.0, (n, 1))
    soil = soil * np.exp(np.where(gradient[:, None], 0.0, random.normal(0, 0.12, (n, MAX_LAYERS))))
    contrast = np.exp(random.uniform(np.log(1.2), np.log(3.5), (n, 1)))
    shape = np.concatenate([soil, contrast], axis=-1)
    scaled = shape * (vs30_m_s / time_averaged_velocity(thickness, shape))[:, None]
    rock = scaled[:, -1:].clip(*ROCK_M_S)
    return Profiles(thickness, np.concatenate([np.minimum(scaled[:, :-1], 0.95 * rock), rock], axis=-1))
