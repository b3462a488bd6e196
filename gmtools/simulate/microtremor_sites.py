"""Places where noise is recorded: ground, machines, structures, sensor faults; and two countries to draw them from."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from gmtools.errors import GmtoolsError
from gmtools.site.layered import Profile

STRATIGRAPHIC, ARTEFACTUAL, OTHER = LABELS = ("stratigraphic", "artefactual", "other")
KINDS = {
    **dict.fromkeys(("one_dimensional", "body_waves", "two_dimensional", "superimposed", "double_peak"), STRATIGRAPHIC),
    **dict.fromkeys(("machinery", "structure"), ARTEFACTUAL),
    **dict.fromkeys(("amplified_component", "coupling", "tilt"), OTHER),
}
"""Kinds of site, each with the label of the peak that it is drawn for."""


@dataclass(frozen=True)
class Machine:
    """A machine at constant speed: spectral lines at its frequency and at multiples of it.

    ``strength`` (ns, ew, vt): the line's amplitude in the spectrum of 70 s over that of the background (root mean
    square). ``harmonics``: strength of the fundamental and its multiples, relative to that. ``duty_cycle``: share of
    time that it runs, in turns of some minutes. ``drift``: standard deviation of its frequency, as a fraction; it
    wanders within about five minutes.
    """

    frequency_hz: float
    strength: tuple[float, float, float]
    phase_deg: tuple[float, float, float] = (0.0, 90.0, 45.0)
    harmonics: Sequence[float] = (1.0,)
    duty_cycle: float = 1.0
    drift: float = 0.002


@dataclass(frozen=True)
class Structure:
    """One mode of a bridge or building near by, driven by random loads and felt in one horizontal direction.

    ``damping`` as a fraction of critical; ``azimuth_deg`` clockwise from north; ``strength``: amplitude at resonance
    over that of the background; ``vertical_share``: vertical over horizontal amplitude.
    """

    frequency_hz: float
    damping: float
    azimuth_deg: float
    strength: float
    vertical_share: float = 0.2

    @property
    def direction(self) -> np.ndarray:
        """Motion of ns, ew and vt, (3,), with unit horizontal amplitude."""
        azimuth = np.radians(self.azimuth_deg)
        return np.array([np.cos(azimuth), np.sin(azimuth), self.vertical_share])


@dataclass(frozen=True)
class Fault:
    """A sensor that does not follow the ground, by ``kind``.

    "amplified_component": a gain over a band on one horizontal component, ``width`` its standard deviation in ln f,
    ``offset`` a constant gain over all frequencies. "coupling": a sensor that rocks on a soft footing, as an oscillator
    does on a moving base. "tilt": motion that wind or heat adds in one direction below a frequency. ``gain`` (ns, ew,
    vt) at that frequency; for tilt the added amplitude over the background.
    """

    kind: str
    frequency_hz: float
    gain: tuple[float, float, float]
    width: float = 0.1
    offset: float = 1.0


@dataclass(frozen=True)
class SurfaceWaves:
    """What surface waves do over a layer, stylized as bells in ln f, for want of a theory of their mixture as high as
    recordings show: Love waves raise the horizontals at its resonance (``love_ln``), Rayleigh waves lower the vertical
    there (``low_ln``, ``width`` of both) and raise it above, after Tuan et al. (2011): ``high_ratio``, ``high_ln``,
    ``high_width``: where over f0 the vertical is highest, by how much, how widely; ``above_ln``: what remains
    higher."""

    f0_hz: float
    love_ln: float
    low_ln: float
    width: float
    high_ratio: float
    high_ln: float
    high_width: float
    above_ln: float

    def change_ln(self, frequency_hz: np.ndarray) -> np.ndarray:
        """Change of ln amplitude of both horizontals and of the vertical, (3, n_frequencies)."""
        x = np.log(frequency_hz / self.f0_hz)
        y = x - np.log(self.high_ratio)
        bell = np.exp(-((x / self.width) ** 2) / 2)
        high = self.high_ln * np.exp(-((y / self.high_width) ** 2) / 2)
        vertical = high - self.low_ln * bell + self.above_ln / (1 + np.exp(-y / 0.2))
        return np.stack([self.love_ln * bell, self.love_ln * bell, vertical])


@dataclass(frozen=True, eq=False)
class Site:
    """Ground, and what disturbs a recording on it.

    One profile, or two that act on two horizontal directions at right angles, the first at ``azimuth_deg``;
    ``body_share``: share of body waves from below in the noise energy at the half-space, the rest is a diffuse field;
    ``transient_rate``: share of windows with a burst, such as steps near the sensor.
    """

    profiles: tuple[Profile, ...]
    kind: str = "one_dimensional"
    azimuth_deg: float = 0.0
    body_share: float = 0.2
    machines: tuple[Machine, ...] = ()
    structures: tuple[Structure, ...] = ()
    faults: tuple[Fault, ...] = ()
    transient_rate: float = 0.0
    surface_waves: SurfaceWaves | None = None


@dataclass(frozen=True)
class Country:
    """Instrument, noise and geology that recordings share.

    ``self_noise_m_s`` over the root of a Hz, rising as 1/f² below ``corner_hz``. ``microseism``, ``urban``: range of
    the level below 0.5 and above 2 Hz, 0 is Peterson's (1993) low-noise model, 1 the high-noise one. ``*_ln`` of f0,
    contrast and color (ln amplitude gained an octave, 0.7 to 12 Hz): mean and standard deviation; of each horizontal's
    own gain and of a window's level: range of the standard deviation. ``variability_ln``: standard deviation of ln
    amplitude between windows, ``spread_ln`` of its logarithm between recordings. ``counts``: peaks with each label,
    ``shares``: how often each kind is drawn among them.
    """

    name: str
    sampling_rate_hz: float
    duration_s: float
    self_noise_m_s: float
    corner_hz: float
    microseism: tuple[float, float]
    urban: tuple[float, float]
    f0_ln: tuple[float, float]
    contrast_ln: tuple[float, float]
    variability_ln: float
    counts: dict[str, int]
    shares: dict[str, float]
    color_ln: tuple[float, float] = (0.0, 0.0)
    horizontal_ln: tuple[float, float] = (0.04, 0.04)
    level_ln: tuple[float, float] = (0.0, 0.0)
    spread_ln: float = 0.0
    surface_waves: bool = False


_ARTEFACT_SHARES = {"machinery": 0.7, "structure": 0.3, "amplified_component": 0.5, "coupling": 0.2, "tilt": 0.3}

ITALY = Country(
    name="Italy",
    sampling_rate_hz=128.0,
    duration_s=1260.0,
    self_noise_m_s=1e-9,
    corner_hz=4.5,
    microseism=(0.35, 0.75),
    urban=(0.4, 0.9),
    f0_ln=(0.5, 0.75),
    contrast_ln=(1.5, 0.4),
    variability_ln=0.15,
    counts={STRATIGRAPHIC: 87, ARTEFACTUAL: 87, OTHER: 87},
    shares={"one_dimensional": 0.5, "body_waves": 0.2, "two_dimensional": 0.3} | _ARTEFACT_SHARES,
    color_ln=(0.4, 0.9),
    horizontal_ln=(0.04, 0.3),
    level_ln=(0.02, 0.5),
    spread_ln=0.35,
    surface_waves=True,
)
"""Portable velocimeters, 21 minutes, towns; f0 mostly below 6 Hz; no superimposed cases, as Di Donato & Castellaro
(2024) say of their training set."""

CALM = replace(ITALY, name="calm", color_ln=(0.0, 0.0), horizontal_ln=(0.04, 0.04), level_ln=(0.0, 0.0), spread_ln=0.0)
"""Italy's sensors and noise, in which nothing differs between recordings but the site: for planted examples."""

CALIFORNIA = replace(
    ITALY,
    name="California",
    sampling_rate_hz=200.0,
    duration_s=3600.0,
    self_noise_m_s=3e-10,
    corner_hz=0.05,
    microseism=(0.3, 0.65),
    urban=(0.2, 0.7),
    f0_ln=(0.52, 1.3),
    contrast_ln=(1.35, 0.4),
    variability_ln=0.12,
    counts={STRATIGRAPHIC: 196, ARTEFACTUAL: 12, OTHER: 12},
    shares=dict(one_dimensional=0.35, body_waves=0.2, two_dimensional=0.27, superimposed=0.08, double_peak=0.1)
    | _ARTEFACT_SHARES,
)
"""Quiet broadband sensors, an hour at 200 Hz, strong-motion stations: mean and spread of ln f0 and the share of double
peaks are near those of the 613 sensors that Yong et al. (2013) describe."""


def layer(f0_hz: float, contrast: float, poisson_ratio: float = 0.4, vs_m_s: float | None = None) -> Profile:
    """One layer over a half-space (Poisson's ratio 0.27) with its resonance at VS / (4 H), damping 0.025 and 0.015.

    ``contrast`` of shear-wave velocity; ``vs_m_s`` is 384 f0^-0.388 by default: what Ibs-von Seht & Wohlenberg (1999)
    found for thickness, H = 96 m f0^-1.388, says. GmtoolsError for values that no ground has.

    >>> round(layer(1.0, 4.0).thickness_m[0], 1), layer(2.5, 3.0).f0_hz
    (96.0, 2.5)
    """
    if not (f0_hz > 0 and contrast > 0 and 0 <= poisson_ratio < 0.5):
        raise GmtoolsError(
            f"A layer with f0 {f0_hz:g} Hz, contrast {contrast:g} and Poisson's ratio {poisson_ratio:g}: the first two "
            "must be positive and the third in [0, 0.5)."
        )
    vs = 384 * f0_hz**-0.388 if vs_m_s is None else vs_m_s
    speeds = vs, contrast * vs
    vp = [v * np.sqrt((2 - 2 * nu) / (1 - 2 * nu)) for v, nu in zip(speeds, (poisson_ratio, 0.27), strict=True)]
    return Profile([vs / (4 * f0_hz)], speeds, vp, (1900.0, 2300.0), (0.025, 0.015))


def two_layers(f0_hz: float, upper_f0_hz: float, contrasts: tuple[float, float], poisson_ratio: float = 0.4) -> Profile:
    """Two layers over a half-space, for two peaks: resonance of the lower and of the upper layer, each by itself, and
    contrasts at the upper and the lower interface. The upper one's load brings the lower peak to about 0.85 f0."""
    upper = layer(upper_f0_hz, contrasts[0], poisson_ratio)
    lower = layer(f0_hz, contrasts[1], poisson_ratio, upper.vs_m_s[1])
    return Profile(
        (*upper.thickness_m, *lower.thickness_m),
        (upper.vs_m_s[0], *lower.vs_m_s),
        (upper.vp_m_s[0], *lower.vp_m_s),
        (1900.0, 2100.0, 2400.0),
        (0.025, 0.02, 0.015),
    )


def draw_site(country: Country, random: np.random.Generator, kind: str | None = None) -> Site:
    """Draw a place of a kind, a key of :data:`KINDS`, by default as often as the country's counts and shares say;
    GmtoolsError for a kind that does not exist."""
    if kind is None:
        weight = np.array([country.counts[KINDS[name]] * share for name, share in country.shares.items()])
        kind = str(random.choice(list(country.shares), p=weight / weight.sum()))
    if kind not in KINDS:
        raise GmtoolsError(f"{kind!r} is no kind of site; choose among {', '.join(KINDS)}.")
    f0_hz = float(np.exp(np.clip(random.normal(*country.f0_ln), *np.log([0.22, 20.0]))))
    transient_rate = random.uniform(0, 0.12) * (random.uniform() < 0.4)
    features = {"kind": kind, "azimuth_deg": random.uniform(0, 180), "transient_rate": transient_rate}
    if KINDS[kind] == STRATIGRAPHIC:
        site = Site(**features, **_ground(country, random, kind, f0_hz))
        return replace(site, surface_waves=_surface_waves(country, random, f0_hz))
    # An artefact shows on most ground only where the ground itself has no strong peak; some of it has one.
    rock = layer(f0_hz, random.uniform(1.1, 2.0), random.uniform(0.3, 0.45))
    soil = layer(f0_hz, _contrast(country, random), random.uniform(0.3, 0.45))
    on_soil = random.uniform() >= 0.75
    ground = {"profiles": (soil if on_soil else rock,), "body_share": random.uniform(0.1, 0.5)}
    frequency_hz = float(np.exp(np.clip(random.normal(np.log(2.8), 0.75), *np.log([0.5, 18.0]))))
    site = Site(**features, **ground, **_disturbance(random, kind, frequency_hz))
    return replace(site, surface_waves=_surface_waves(country, random, f0_hz) if on_soil else None)


def _surface_waves(country: Country, random: np.random.Generator, f0_hz: float) -> SurfaceWaves | None:
    if not country.surface_waves:
        return None
    love, low, width = random.uniform(0, 1.0), random.uniform(0, 0.5), random.uniform(0.2, 0.7)
    ratio, high, high_width = random.uniform(1.6, 3.0), random.uniform(0, 1.8), random.uniform(0.2, 0.6)
    return SurfaceWaves(f0_hz, love, low, width, ratio, high, high_width, above_ln=random.normal(0.1, 0.5))


def _contrast(country: Country, random: np.random.Generator) -> float:
    return float(np.clip(np.exp(random.normal(*country.contrast_ln)), 2.0, 12.0))


def _ground(country: Country, random: np.random.Generator, kind: str, f0_hz: float) -> dict:
    """Profiles, share of body waves, and the machine of a superimposed case."""
    contrast, poisson_ratio = _contrast(country, random), random.uniform(0.3, 0.47)
    body = {"one_dimensional": (0.0, 0.25), "body_waves": (0.5, 0.95), "two_dimensional": (0.3, 0.9)}
    ground = {"body_share": random.uniform(*body.get(kind, (0.0, 0.6)))}
    if kind == "two_dimensional":
        split = np.exp(random.uniform(0.05, 0.3) / 2)
        contrasts = contrast * np.exp(random.normal(0, 0.15, 2))
        pair = zip((f0_hz * split, f0_hz / split), contrasts, strict=True)
        return ground | {"profiles": tuple(layer(f0, each, poisson_ratio) for f0, each in pair)}
    if kind == "double_peak":
        upper = f0_hz * np.exp(random.uniform(0.25, 0.8))
        contrasts = (random.uniform(2.0, 3.5), random.uniform(2.0, 4.0))
        return ground | {"profiles": (two_layers(f0_hz, upper, contrasts, poisson_ratio),)}
    ground["profiles"] = (layer(f0_hz, contrast, poisson_ratio),)
    if kind == "superimposed":
        ground |= _machinery(random, f0_hz * np.exp(random.uniform(-0.5, 0.5)), weakest=8.0, strongest=60.0)
    return ground


def _disturbance(random: np.random.Generator, kind: str, frequency_hz: float) -> dict:
    if kind == "machinery":
        return _machinery(random, frequency_hz, weakest=25.0, strongest=300.0)
    if kind == "structure":
        return _structure(random, frequency_hz)
    component = random.integers(2)
    gain = np.ones(3)
    if kind == "amplified_component":
        gain[component] = np.exp(random.uniform(np.log(5), np.log(20)))
        gain[1 - component] = random.uniform(1, 2)
        fault = Fault(kind, frequency_hz, tuple(gain), random.uniform(0.12, 0.5), random.uniform(1, 2))
    elif kind == "coupling":
        gain[component], gain[1 - component] = random.uniform(3, 9), random.uniform(1.5, 6)
        gain[2] = random.uniform(1, 1.6)
        fault = Fault(kind, frequency_hz * 1.6, tuple(gain))
    else:
        azimuth = random.uniform(0, 2 * np.pi)
        gain = random.uniform(3, 12) * np.array([np.cos(azimuth), np.sin(azimuth), random.uniform(0, 0.1)])
        fault = Fault(kind, frequency_hz / 3, tuple(gain))
    return {"faults": (fault,)}


def _machinery(random: np.random.Generator, frequency_hz: float, weakest: float, strongest: float) -> dict:
    machines = []
    for _ in range(random.choice([1, 2, 3], p=[0.5, 0.3, 0.2])):
        strength = np.exp(random.uniform(np.log(weakest), np.log(strongest)))
        azimuth = random.uniform(0, 2 * np.pi)
        share = np.array([abs(np.cos(azimuth)), abs(np.sin(azimuth)), random.uniform(0.02, 0.5)])
        harmonics = np.r_[1, random.uniform(0, 0.6, 2) * (random.uniform(size=2) < 0.5)]
        phases, drift = random.uniform(0, 360, 3), np.exp(random.uniform(np.log(2e-4), np.log(5e-3)))
        lines = (float(frequency_hz), tuple(strength * share), tuple(phases), tuple(harmonics))
        machines.append(Machine(*lines, duty_cycle=random.uniform(0.7, 1.0), drift=drift))
        frequency_hz *= np.exp(random.choice([-1, 1]) * random.uniform(0.1, 0.9))
    return {"machines": tuple(machines)}


def _structure(random: np.random.Generator, frequency_hz: float) -> dict:
    """Two bending modes at right angles, as often with a third between or above them."""
    azimuth, structures = random.uniform(0, 180), []
    for i in range(random.choice([2, 3])):
        damping, strength = random.uniform(0.01, 0.05), random.uniform(3, 15)
        vertical = random.uniform(0.05, 0.4)
        structures.append(Structure(float(frequency_hz), damping, azimuth + 90 * i, strength, vertical))
        frequency_hz *= np.exp(random.uniform(0.0, 0.35))
    return {"structures": tuple(structures)}
