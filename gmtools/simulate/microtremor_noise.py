"""One recording's noise, frequency by frequency: ground, background, sensor, bursts, structures and machines."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.interpolate import CubicSpline

from gmtools.simulate.microtremor_sites import Country, Site
from gmtools.site.layered import Profile, diffuse_ratio, transfer_function

STATE_S = 70.0
"""How long the noise stays in one state, s: one window of the study's processing."""
CROSSFADE_S = 2.0
LOWEST_HZ = 0.05
"""Below it all spectra are flat: the high-pass filter of a digitizer, roughly."""
LEVEL_SD_LN = 0.35
"""Standard deviation between windows of the level that the three components share."""
PETERSON_HZ = np.array([0.05, 0.1, 0.2, 0.5, 1, 5, 10])
LOW_NOISE_DB = np.array([-173.4, -163.7, -141.2, -152.8, -166.4, -166.7, -168.0])
HIGH_NOISE_DB = np.array([-138.2, -115.8, -97.7, -107.1, -116.9, -96.7, -91.5])
_NODE_STEP = np.log(2) / 2
_NODES = np.arange(np.log(0.05), np.log(110), _NODE_STEP)


def ground_amplitude(site: Site, frequency_hz: np.ndarray) -> np.ndarray:
    """Root-mean-square spectral amplitude of the ground's motion over that of the noise around, (3, n_frequencies):
    first and second horizontal direction of the ground (turn them by ``site.azimuth_deg``), vertical."""
    ratio = np.array([_ratio(profile, frequency_hz) for profile in site.profiles])
    shear = np.array([transfer_function(profile, frequency_hz) for profile in site.profiles])
    compression = np.mean([transfer_function(profile, frequency_hz, "p") for profile in site.profiles], axis=0)
    ratio, shear = (np.broadcast_to(values, (2, frequency_hz.size)) for values in (ratio, shear))
    vertical = np.sqrt(3 / (1 + (ratio**2).sum(axis=0)))
    diffuse, body = np.vstack([ratio * vertical, vertical]), np.vstack([shear, compression])
    motion = np.sqrt((1 - site.body_share) * diffuse**2 + site.body_share * body**2)
    if site.surface_waves is not None:
        motion *= np.exp(site.surface_waves.change_ln(frequency_hz))
    return motion


@lru_cache(maxsize=8)  # profiles are hashed by identity
def _ratio_spline(profile: Profile) -> CubicSpline:
    """Ln of the diffuse H/V against ln f, from as few frequencies as its shape needs."""
    highest_hz = max(v / (4 * h) for v, h in zip(profile.vs_m_s, profile.thickness_m, strict=False))
    nodes_hz = np.geomspace(0.15 * profile.f0_hz, 6 * highest_hz, 20 + 20 * len(profile.thickness_m))
    return CubicSpline(np.log(nodes_hz), np.log(diffuse_ratio(profile, nodes_hz)))


def _ratio(profile: Profile, frequency_hz: np.ndarray) -> np.ndarray:
    """Diffuse H/V; constant beyond the resonances."""
    spline = _ratio_spline(profile)
    return np.exp(spline(np.clip(np.log(frequency_hz), spline.x[0], spline.x[-1])))


def turned(site: Site, principal: np.ndarray, squared: bool = False) -> np.ndarray:
    """Components ns, ew, vt of motion in the ground's two directions and the vertical; or of its mean squares."""
    angle = np.radians(site.azimuth_deg)
    cosine, sine = float(np.cos(angle)), float(np.sin(angle))  # NumPy's own numbers would double the precision
    first, second, vertical = principal
    if squared:
        cosine, sine = cosine**2, sine**2
        return np.stack([cosine * first + sine * second, sine * first + cosine * second, vertical])
    return np.stack([cosine * first - sine * second, sine * first + cosine * second, vertical])


@dataclass(frozen=True)
class Burst:
    """A short disturbance; ``spectrum``, (3, n_bins), has the power density at the middle of its half sine."""

    start_s: float
    duration_s: float
    spectrum: np.ndarray


class Noise:
    """One recording's noise at given frequencies; spectra have the one-sided power density (m²/s) as mean square.
    Levels, bursts and machines come from generators of their own, so that they do not depend on the frequencies."""

    def __init__(self, site: Site, country: Country, seed, n_states: int, frequency_hz: np.ndarray):
        sequence = seed if isinstance(seed, np.random.SeedSequence) else np.random.SeedSequence(seed)
        # Not spawn(), which gives other children on every call.
        children = (np.random.SeedSequence(sequence.entropy, spawn_key=(*sequence.spawn_key, i)) for i in range(5))
        generators = map(np.random.default_rng, children)
        self.level_random, self.random, self.burst_random, self.machine_random, own = generators
        self.site, self.country, self.n_states = site, country, n_states
        self.frequency_hz = np.maximum(frequency_hz, LOWEST_HZ)
        self.microseism = self.level_random.uniform(*country.microseism)
        self.urban = self.level_random.uniform(*country.urban)
        self.color = own.normal(*country.color_ln)
        self.horizontal_ln = own.uniform(*country.horizontal_ln)
        self.level = own.normal(0, own.uniform(*country.level_ln), n_states)
        self.variability_ln = country.variability_ln * np.exp(own.normal(0, country.spread_ln))

    def background(self) -> np.ndarray:
        """Spectra of everything that is Gaussian and lasts, (3, n_states, n_bins)."""
        source, site = self.source(self.frequency_hz), self.site
        own = self.country.self_noise_m_s * np.sqrt(1 + (self.country.corner_hz / self.frequency_hz) ** 4)
        ground = ground_amplitude(site, self.frequency_hz) * source * np.exp(self._smooth(self._heterogeneity()))
        ground = ground.astype(np.float32)
        common = self.level_random.normal(0, LEVEL_SD_LN, (1, self.n_states, _NODES.size))
        common = common + self.level[:, None]
        single = self.level_random.normal(0, self.variability_ln, (3, self.n_states, _NODES.size))
        gain = np.exp(self._smooth(common + single))
        raw = self._normal(3, self.n_states) * np.sqrt((ground[:, None] * gain) ** 2 + (own**2).astype(np.float32))
        raw = turned(site, raw)
        for direction, amplitude in self._directional():
            raw += direction[:, None, None].astype(np.float32) * (
                self._normal(1, self.n_states) * (amplitude * source).astype(np.float32) * gain[2]
            )
        return raw * self._fault_gain()[:, None]

    def source(self, frequency_hz) -> np.ndarray:
        """Noise around, velocity, m/s over the root of a Hz."""
        ln_f, nodes = np.log(frequency_hz), np.log(PETERSON_HZ)
        weight = np.interp(ln_f, np.log([0.5, 2]), [self.microseism, self.urban])
        low, high = np.interp(ln_f, nodes, LOW_NOISE_DB), np.interp(ln_f, nodes, HIGH_NOISE_DB)
        color = np.exp(self.color * np.log2(np.clip(frequency_hz, 0.7, 12) / 2))
        return (color * 10 ** ((low + weight * (high - low)) / 20) / (2 * np.pi * frequency_hz)).astype(np.float32)

    def bursts(self) -> list[Burst]:
        """Short disturbances, at most one in each state; horizontal more often than vertical."""
        random, bursts = self.burst_random, []
        for i in np.flatnonzero(random.uniform(size=self.n_states) < self.site.transient_rate):
            duration_s = random.uniform(4, 12)
            start_s = STATE_S * i + random.uniform(CROSSFADE_S, STATE_S - duration_s)
            center_hz, strength = np.exp(random.uniform(np.log(1), np.log(12))), 10 ** random.uniform(1, 2)
            shape = strength * np.exp(-((np.log(self.frequency_hz / center_hz) / 0.9) ** 2) / 2)
            share = random.uniform([0.3, 0.3, 0.1], 1.0)[:, None]
            spectrum = share * shape * self.source(self.frequency_hz) * self._normal(3, 1)[:, 0]
            bursts.append(Burst(start_s, duration_s, spectrum))
        return bursts

    def machines(self, n_samples: int, rate: float) -> np.ndarray:
        """Velocity (m/s) that the machines add, (3, n_samples)."""
        motion, time = np.zeros((3, n_samples)), np.arange(n_samples) / rate
        for machine in self.site.machines:
            wander = self.machine_random.normal(0, machine.drift, 4 + self.n_states)
            period_s, start_s = self.machine_random.uniform(200, 600), self.machine_random.uniform(0, 600)
            detuned = np.interp(time, np.arange(wander.size) * 150.0, wander)
            cycles = machine.frequency_hz * (time + np.cumsum(detuned) / rate)
            runs = ((time + start_s) / period_s) % 1 < machine.duty_cycle
            for i, harmonic in enumerate(machine.harmonics):
                level = self.source(machine.frequency_hz * (i + 1)) * np.sqrt(2 / STATE_S) * harmonic
                if harmonic == 0 or machine.frequency_hz * (i + 1) > 0.45 * rate:
                    continue
                turn = 2 * np.pi * (i + 1) * cycles
                cosine, sine = runs * np.cos(turn), runs * np.sin(turn)
                for row, strength, phase in zip(motion, machine.strength, np.radians(machine.phase_deg), strict=True):
                    row += level * strength * (np.cos(phase) * cosine - np.sin(phase) * sine)
        return motion

    def _heterogeneity(self) -> np.ndarray:
        """Ln amplitude that small-scale structure adds, (3, n_nodes): what both horizontals share, and their own."""
        own = max(self.horizontal_ln, 0.04 if len(self.site.profiles) == 1 else 0.12)
        shared, vertical = self.level_random.normal(0, 0.06, (2, _NODES.size))
        first, second = shared + self.level_random.normal(0, own, (2, _NODES.size))
        return np.stack([first, second, vertical])

    def _smooth(self, values: np.ndarray) -> np.ndarray:
        """Linear in ln f between nodes; 0 beyond them."""
        place = np.log(self.frequency_hz) / _NODE_STEP
        hats = np.maximum(1 - np.abs(place - _NODES[:, None] / _NODE_STEP), 0)
        return values.astype(np.float32) @ hats.astype(np.float32)

    def _normal(self, n: int, n_states: int) -> np.ndarray:
        pairs = self.random.standard_normal((n, n_states, self.frequency_hz.size, 2), dtype=np.float32)
        return pairs.view(np.complex64)[..., 0] * np.float32(np.sqrt(0.5))

    def _directional(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Direction (ns, ew, vt) and amplitude over the background, (n_bins,), of motions that are coherent."""
        sources = []
        for structure in self.site.structures:
            x = self.frequency_hz / structure.frequency_hz
            resonance = 2 * structure.damping / np.abs(1 - x**2 + 2j * structure.damping * x)
            sources.append((structure.direction, structure.strength * resonance))
        for fault in self.site.faults:
            if fault.kind == "tilt":
                sources.append((np.array(fault.gain), 1 / (1 + (self.frequency_hz / fault.frequency_hz) ** 2)))
        return sources

    def _fault_gain(self) -> np.ndarray:
        gain = np.ones((3, self.frequency_hz.size), dtype=np.float32)
        for fault in self.site.faults:
            peak, x = np.array(fault.gain)[:, None], self.frequency_hz / fault.frequency_hz
            if fault.kind == "amplified_component":
                gain *= 1 + (peak - 1) * np.exp(-((np.log(x) / fault.width) ** 2) / 2)
                gain[np.argmax(fault.gain)] *= fault.offset
            elif fault.kind == "coupling":
                # Base-excited oscillator: 1 at low frequency, the given gain at resonance, and never quite cut off.
                loss = 1j * x / np.sqrt(np.maximum(peak**2 - 1, 1e-6))
                gain *= np.maximum(np.abs((1 + loss) / (1 - x**2 + loss)), 0.3)
        return gain
