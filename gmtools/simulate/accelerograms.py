"""Three-component strong-motion records with known truth, by the stochastic method, on layered ground of known VS30.

Source: omega-square spectrum of Brune (1970, Journal of Geophysical Research 75, 4997-5009). From source to rock: the
stochastic method of Boore (2003, Pure and Applied Geophysics 160, 635-676), point source, windowed Gaussian noise
shaped to the spectrum. From rock to surface: exact transfer functions of each station's profile, S-wave velocities for
the horizontal components and P-wave velocities for the vertical one (:mod:`gmtools.site.site_response`).

Site and path beyond the layers are calibrated (``calibrated=True``): the motion depends on VS30, and scatters, as
empirical models say (Boore et al., 2014, Earthquake Spectra 30, 1057-1085; Lanzano et al., 2019, Bulletin of the
Seismological Society of America 109, 525-540): a factor of the ground below the layers, VS30^-CRUST_EXPONENT; a kappa
that falls with VS30; terms of each station and each record that are smooth in frequency. ``calibrated=False`` leaves
these four out and gives the simulator that one gets from textbook parts alone.

What is simplified: a point source, so that nothing above about M 6.5 within a fault length is meant; no surface waves
and no basins, the coda is noise of the same spectrum that decays; linear soil; the vertical share of S and the
horizontal share of P waves are constants, and both travel through the column of the component they end on; Q of the
path does not depend on VS30; every pair of event and station within the distance is recorded, whatever
the amplitude, and the noise is scaled to a drawn signal-to-noise ratio; noise does not pass the profile, so that only
the earthquake tells about the site. Absolute amplitudes are plausible, not calibrated.
"""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import fft

from gmtools import columns
from gmtools.data.accelerograms import Accelerogram
from gmtools.errors import GmtoolsError
from gmtools.simulate import profiles
from gmtools.site import site_response

BETA_KM_S, ALPHA_KM_S, CRUST_DENSITY = 3.5, 6.1, 2.8  # at the source
CORNER_RATIO = 1.5  # P corner over S corner, as of Madariaga's (1976) circular crack
P_ON_HORIZONTAL, S_ON_VERTICAL = 0.4, 0.5
S_ON_VERTICAL_CALIBRATED = 0.75  # for the level of H/V at KiK-net (Ji et al., 2023)
CRUST_EXPONENT, KAPPA_EXPONENT = 0.4, 0.1  # of VS30 / 760 m/s and VS30 / 400 m/s
STATION_SD, RECORD_SD = 0.35, 0.3  # ln units, at each of the knots
_KNOTS_HZ = np.geomspace(0.1, 25.0, 6)  # between them the terms are linear in ln frequency
SNR_DB = (20.0, 50.0)  # range, as gmtools.data.accelerograms.signal_to_noise_db measures it
NOISE_AFTER_S = 10.0  # seconds after the S wave whose power the signal-to-noise ratio compares
_KM_PER_DEGREE = 111.195
_SIDE_KM, _REGIONS = 400.0, 5
_COLUMNS = [columns.RECORD, columns.EVENT, columns.STATION, columns.MAGNITUDE, columns.HYPOCENTRAL_DEPTH]
_COLUMNS += [columns.REPI, columns.RHYP, columns.VS30, columns.BEDROCK_DEPTH, columns.EVENT_LONGITUDE]
_COLUMNS += [columns.EVENT_LATITUDE, columns.STATION_LONGITUDE, columns.STATION_LATITUDE, columns.P_TIME]
_COLUMNS += [columns.S_TIME, columns.SNR]
_LEAST_S = 1.0  # before P and after S: the signal-to-noise ratio is scaled by what is there
_PADDING_S = 10.0  # lets the last reverberations end before the transform wraps around


def corner_frequency(magnitude: np.ndarray, stress_drop_bar: np.ndarray) -> np.ndarray:
    """Corner frequency (Hz) of Brune's S spectrum: 4.906e6 beta (stress drop / M0)^(1/3), as in Boore (2003); beta in
    km/s, stress drop in bar, M0 in dyne cm.

    >>> float(corner_frequency(5.0, 100.0).round(2))
    1.13
    """
    return 4.906e6 * BETA_KM_S * (np.asarray(stress_drop_bar) / _moment(magnitude)) ** (1 / 3)


def rock_spectrum(frequency_hz: np.ndarray, magnitude, corner_hz, rhyp_km, kappa_s, wave: str = "S") -> np.ndarray:
    """Fourier amplitude (cm/s) of the acceleration at a rock outcrop in the uppermost crust, one component, for "S" or
    "P".

    Boore (2003) with the path of southern California (Raoof et al., 1999): spreading 1/R up to 40 km and R^-0.5 beyond,
    Q = 180 f^0.45. Radiation 0.55, free surface 2, partition 1/sqrt(2). P waves: radiation 0.52, alpha in place of
    beta, a corner of their own. The step to the velocity of the rock below a station is not in here.
    """
    velocity, radiation = {"S": (BETA_KM_S, 0.55), "P": (ALPHA_KM_S, 0.52)}[wave]
    frequency = np.asarray(frequency_hz, float)
    constant = 1e-20 * radiation * 2 / np.sqrt(2) / (4 * np.pi * CRUST_DENSITY * velocity**3)
    source = constant * _moment(magnitude) * (2 * np.pi * frequency) ** 2 / (1 + (frequency / corner_hz) ** 2)
    spreading = 1 / rhyp_km if rhyp_km <= 40 else 1 / np.sqrt(40 * rhyp_km)
    # pi f R / (Q v) with Q = 180 f^0.45
    attenuation = np.exp(-np.pi * rhyp_km * frequency**0.55 / (180 * velocity) - np.pi * kappa_s * frequency)
    return source * spreading * attenuation


def envelope(time_s: np.ndarray, duration_s: float, coda_share: float = 0.1) -> np.ndarray:
    """Window of the noise, 0 before the arrival: that of Saragoni and Hart (1974) as Boore (2003) has it, with its peak
    of 1 at 0.4 of the duration, and a coda that decays with 6 s plus half the duration."""
    time = np.maximum(time_s, 0.0)
    x = time / (2 * duration_s)
    b = -0.2 * np.log(0.05) / (1 + 0.2 * (np.log(0.2) - 1))
    window = (np.e / 0.2 * x) ** b * np.exp(-b / 0.2 * x)
    coda = coda_share * -np.expm1(-time / duration_s) * np.exp(-time / (6 + duration_s / 2))
    return np.where(time_s > 0, window + coda, 0.0)


class SimulatedRecords:
    """Records of earthquakes at stations of known ground, drawn when they are asked for: record k depends on the seed,
    on k and on the sizes of the network, not on ``n_records`` or on what was asked for before.

    Stations lie in five regions whose median VS30 differ, in a square of 400 km; over all, VS30 is log-normal with a
    median of 400 m/s and a standard deviation of 0.45 in ln, kept between 120 and 2000 m/s. Magnitudes 3 to 6.5, depths
    5 to 25 km, epicentral distances up to ``farthest_km``; ``pre_event_s`` is the range of the time before P reaches
    the rock, ``calibrated`` says whether the factors of site and path act. ``frame`` has a row for each record,
    ``profiles`` is the stations' ground, ``inputs`` what decides the records, for :func:`gmtools.cache.once`.
    GmtoolsError where fewer pairs than records have P and S a second from the ends, as their signal-to-noise ratio
    needs.
    """

    def __init__(
        self,
        seed: int = 0,
        n_records: int = 2000,
        n_stations: int = 300,
        n_events: int = 400,
        duration_s: float = 60.0,
        sampling_rate_hz: float = 100.0,
        pre_event_s: tuple[float, float] = (5.0, 15.0),
        farthest_km: float = 120.0,
        calibrated: bool = True,
    ):
        sizes = [n_records, n_stations, n_events, duration_s, sampling_rate_hz, pre_event_s, farthest_km]
        sizes.append(calibrated)
        self.inputs = [seed, sizes, *(Path(file) for file in (__file__, profiles.__file__, site_response.__file__))]
        self.seed, self.sampling_rate_hz, self.calibrated = seed, sampling_rate_hz, calibrated
        self.n_samples = round(duration_s * sampling_rate_hz)
        self._n_fft = fft.next_fast_len(round((duration_s + _PADDING_S) * sampling_rate_hz), real=True)
        self._frequency = fft.rfftfreq(self._n_fft, 1 / sampling_rate_hz)
        random = np.random.default_rng([seed, 51])
        stations, self.profiles = _stations(random, n_stations)
        if calibrated:
            stations["kappa_s"] *= (stations[columns.VS30] / 400) ** -KAPPA_EXPONENT
        self._terms = STATION_SD * np.random.default_rng([seed, 53]).standard_normal((n_stations, 2, len(_KNOTS_HZ)))
        rows = _times(random, _pairs(random, stations, _events(random, n_events), farthest_km), pre_event_s)
        usable = np.flatnonzero(rows[columns.P_TIME].ge(_LEAST_S) & rows[columns.S_TIME].le(duration_s - _LEAST_S))
        if len(usable) < n_records:
            raise GmtoolsError(
                f"{n_stations} stations and {n_events} events have {len(usable)} pairs within {farthest_km:g} km with "
                f"P and S at least {_LEAST_S:g} s from the ends of {duration_s:g} s: fewer than {n_records} records. "
                "Ask for fewer records, for longer ones, or for more stations or events."
            )
        rows = rows.iloc[usable[:n_records]].reset_index(drop=True)
        self.frame = rows[_COLUMNS].copy()
        self._rows = {name: rows[name].to_numpy() for name in rows}
        self._transfer = lru_cache(maxsize=1024)(self._transfer_functions)

    def __len__(self) -> int:
        return len(self.frame)

    def waveforms(self, indices: Sequence[int]) -> np.ndarray:
        """Draw records by their rows of ``frame``: acceleration (k, n_samples, 3), float32, cm/s²: north, east, up."""
        return np.stack([self._record(int(index)) for index in indices])

    def accelerogram(self, index: int) -> Accelerogram:
        """Return one record with what is known of it."""
        return Accelerogram.from_row(self.waveforms([index])[0], self.sampling_rate_hz, self.frame.iloc[index])

    def _transfer_functions(self, station: int) -> np.ndarray:
        """(2, n_frequencies) of complex64, S and P: surface over outcrop, with the step from the crust to the rock."""
        profile = self.profiles.at(station)
        rock = profile.density[0, -1] * np.array([profile.vs_m_s[0, -1], profile.vp_m_s[0, -1]])
        step = np.sqrt(1e3 * CRUST_DENSITY * np.array([BETA_KM_S, ALPHA_KM_S]) / rock)
        functions = step[:, None] * np.concatenate(profile.transfer_functions(self._frequency))
        if self.calibrated:
            crust = (float(profile.vs30_m_s[0]) / 760) ** -CRUST_EXPONENT
            functions = functions * np.array([[crust], [np.sqrt(crust)]]) * np.exp(self._smooth(self._terms[station]))
        return functions.astype(np.complex64)

    def _smooth(self, knots: np.ndarray) -> np.ndarray:
        """(2, n_frequencies): terms at the knots, horizontal and own vertical, which shares half of the horizontal."""
        ln_frequency = np.log(np.maximum(self._frequency, _KNOTS_HZ[0]))
        horizontal, own = (np.interp(ln_frequency, np.log(_KNOTS_HZ), each) for each in knots)
        return np.stack([horizontal, 0.5 * horizontal + np.sqrt(0.75) * own])

    def _record(self, index: int) -> np.ndarray:
        """(n_samples, 3) of float32."""
        row = {name: values[index] for name, values in self._rows.items()}
        random = np.random.default_rng([self.seed, 52, index])
        time = np.arange(self._n_fft) / self.sampling_rate_hz
        spectrum = np.zeros((3, len(self._frequency)), np.complex64)
        path = np.ones((3, 1), np.float32)
        if self.calibrated:
            path = np.exp(self._smooth(RECORD_SD * random.standard_normal((2, len(_KNOTS_HZ)))))[[0, 0, 1]]
        for wave in ("P", "S"):
            window = envelope(time - row[f"{wave}_rock_s"], row[f"{wave}_duration_s"])
            window[self.n_samples :] = 0
            noise = fft.rfft(random.standard_normal((3, self._n_fft), np.float32) * window.astype(np.float32))
            noise /= np.sqrt((np.abs(noise) ** 2).mean(-1, keepdims=True))
            spectrum += noise * path * self._shape(row, wave, np.exp(0.3 * random.standard_normal()))
        motion = fft.irfft(spectrum, self._n_fft)[:, : self.n_samples] * np.float32(self.sampling_rate_hz)
        # Shaping has no phase and so sends a little motion ahead of P: ramped off within 0.1 s.
        motion *= np.clip(1 + (time[: self.n_samples] - row[columns.P_TIME]) / 0.1, 0, 1).astype(np.float32)
        return (motion + self._noise(random, motion, row)).T

    def _shape(self, row: dict, wave: str, factor: float) -> np.ndarray:
        """(3, n_frequencies): spectrum at rock times the column's transfer function, for north, east and up."""
        corner = row["corner_hz"] * (CORNER_RATIO if wave == "P" else 1.0)
        rock = rock_spectrum(self._frequency, row[columns.MAGNITUDE], corner, row[columns.RHYP], row["kappa_s"], wave)
        s, p = self._transfer(int(row["station"]))
        s_on_vertical = S_ON_VERTICAL_CALIBRATED if self.calibrated else S_ON_VERTICAL
        horizontal, vertical = (1.0, s_on_vertical) if wave == "S" else (P_ON_HORIZONTAL, 1.0)
        rock = (factor * rock).astype(np.float32)
        return np.stack([horizontal * rock * s] * 2 + [vertical * rock * p])

    def _noise(self, random: np.random.Generator, motion: np.ndarray, row: dict) -> np.ndarray:
        """Noise of random color whose power before P, compared with that after S, gives the drawn ratio."""
        color = np.zeros(len(self._frequency), np.float32)
        color[1:] = np.maximum(self._frequency[1:], 0.2) ** random.uniform(-0.8, 0.2)
        phases = random.standard_normal((3, len(color), 2), np.float32).view(np.complex64)[..., 0]
        noise = fft.irfft(phases * color, self._n_fft)[:, : self.n_samples]
        before = slice(0, int(row[columns.P_TIME] * self.sampling_rate_hz))
        first = int(row[columns.S_TIME] * self.sampling_rate_hz)
        after = slice(first, first + round(NOISE_AFTER_S * self.sampling_rate_hz))
        return noise * _noise_scale(motion, noise, before, after, 10 ** (row[columns.SNR] / 10))


def _noise_scale(motion: np.ndarray, noise: np.ndarray, before: slice, after: slice, ratio: float) -> np.float32:
    """Factor g of the noise for which the power of motion + g noise after S is ``ratio`` times that before P."""
    a, b, c = (
        ratio * _covariance(left[:, before], right[:, before]) - _covariance(left[:, after], right[:, after])
        for left, right in ((noise, noise), (motion, noise), (motion, motion))
    )
    return np.float32((-b + np.sqrt(max(b * b - a * c, 0.0))) / a)


def _covariance(left: np.ndarray, right: np.ndarray) -> float:
    """Mean over the components."""
    return float(((left - left.mean(-1, keepdims=True)) * (right - right.mean(-1, keepdims=True))).mean())


def _moment(magnitude: np.ndarray) -> np.ndarray:
    """Seismic moment, dyne cm."""
    return 10 ** (1.5 * np.asarray(magnitude, float) + 16.05)


def _stations(random: np.random.Generator, count: int) -> tuple[pd.DataFrame, profiles.Profiles]:
    """Stations scattered around the centers of regions, and their ground."""
    center = random.uniform(0.2 * _SIDE_KM, 0.8 * _SIDE_KM, (_REGIONS, 2))
    # Regions and stations within them share the variance: 0.2^2 + 0.4^2 = 0.45^2.
    softer = 0.2 * random.permutation(np.linspace(-1, 1, _REGIONS)) * np.sqrt(2)
    region = random.integers(_REGIONS, size=count)
    place = (center[region] + random.normal(0, 35, (count, 2))).clip(0, _SIDE_KM)
    wanted = 400 * np.exp(softer[region] + 0.4 * random.standard_normal(count))
    ground = profiles.draw(random, wanted.clip(120, 2000))
    s_delay, p_delay = ground.delays_s()
    table = {
        columns.STATION: [f"S{number:04d}" for number in range(count)],
        "station": np.arange(count),
        columns.VS30: ground.vs30_m_s,
        columns.BEDROCK_DEPTH: ground.bedrock_depth_m,
        "x": place[:, 0],
        "y": place[:, 1],
        "kappa_s": 0.035 * np.exp(0.25 * random.standard_normal(count)),
        "s_delay_s": s_delay,
        "p_delay_s": p_delay,
    }
    return pd.DataFrame(table), ground


def _events(random: np.random.Generator, count: int) -> pd.DataFrame:
    """Magnitudes fall off more slowly than Gutenberg and Richter's law, as catalogues of records do."""
    share = random.uniform(size=count) * -np.expm1(-(6.5 - 3.0) / 0.9)
    magnitude = (3.0 - 0.9 * np.log1p(-share)).round(1)
    table = {
        columns.EVENT: [f"E{number:04d}" for number in range(count)],
        columns.MAGNITUDE: magnitude,
        columns.HYPOCENTRAL_DEPTH: random.uniform(5, 25, count),
        "event_x": random.uniform(0, _SIDE_KM, count),
        "event_y": random.uniform(0, _SIDE_KM, count),
        "corner_hz": corner_frequency(magnitude, 60 * np.exp(0.5 * random.standard_normal(count))),
        "velocity_factor": np.exp(0.03 * random.standard_normal(count)),
    }
    return pd.DataFrame(table)


def _pairs(random: np.random.Generator, stations: pd.DataFrame, events: pd.DataFrame, farthest_km: float):
    """Every pair of event and station within the distance, in a random order."""
    distance = np.hypot(
        stations["x"].to_numpy()[:, None] - events["event_x"].to_numpy(),
        stations["y"].to_numpy()[:, None] - events["event_y"].to_numpy(),
    )
    station, event = np.nonzero(distance <= farthest_km)
    order = random.permutation(len(station))
    station, event = station[order], event[order]
    table = stations.iloc[station].reset_index(drop=True).join(events.iloc[event].reset_index(drop=True))
    table[columns.REPI] = distance[station, event]
    table[columns.RHYP] = np.hypot(table[columns.REPI], table[columns.HYPOCENTRAL_DEPTH])
    for who, x, y in (("event", "event_x", "event_y"), ("station", "x", "y")):
        table[f"{who}_longitude"], table[f"{who}_latitude"] = table[x] / _KM_PER_DEGREE, table[y] / _KM_PER_DEGREE
    return table


def _times(random: np.random.Generator, table: pd.DataFrame, pre_event_s: tuple) -> pd.DataFrame:
    """Arrivals at rock and surface, durations, signal-to-noise ratio and record ids."""
    rhyp, corner = table[columns.RHYP], table["corner_hz"]
    p_rock = random.uniform(*pre_event_s, len(table))
    slowness = (1 / BETA_KM_S - 1 / ALPHA_KM_S) * table["velocity_factor"] * np.exp(random.normal(0, 0.03, len(table)))
    s_rock = p_rock + rhyp * slowness
    return table.assign(
        **{
            columns.RECORD: table[columns.EVENT] + "_" + table[columns.STATION],
            columns.P_TIME: p_rock + table["p_delay_s"],
            columns.S_TIME: s_rock + table["s_delay_s"],
            columns.SNR: random.uniform(*SNR_DB, len(table)),
            "P_rock_s": p_rock,
            "S_rock_s": s_rock,
            # Boore (2003): source 1 / corner, path 0.05 s a kilometer; P waves travel through in less time.
            "S_duration_s": 1 / corner + 0.05 * rhyp,
            "P_duration_s": 1 / (CORNER_RATIO * corner) + 0.03 * rhyp,
        }
    )
