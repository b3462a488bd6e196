"""What the lessons on VS30 share: stations whose ground is known, H/V curves, spectra, six records, simulated ones."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GroupKFold, cross_val_predict
from tqdm.auto import tqdm

from gmtools import cache, columns, studies
from gmtools.data import rasters
from gmtools.data.readers import afad_mat, file_ending, kanto_site_terms, read_csv, site_class, topography
from gmtools.simulate.accelerograms import SimulatedRecords
from gmtools.site import bands
from gmtools.studies import real_or_none, vs30_baselines

PERIODS = kanto_site_terms.PERIODS
RATE_HZ, DURATION_S, WINDOW_S = 50.0, 90.0, bands.WINDOW_S
_NETWORKS = ("training", "validation", "test")


@dataclass(frozen=True)
class Stations:
    """KiK-net stations in Kanto, "measured" or "simulated". ``frame``: ``station_id``, coordinates, site terms
    ``site_term_0.01s``, ``_0.1s``, ``_1s`` (ln units), ``vs30_m_s`` (measured in the borehole, NaN where not),
    ``avs30_m_s`` (J-SHIS' map of geomorphology), ``slope`` (m/m, at 1 arc minute). ``residuals``, a row a record:
    ``station_id``, ``residual`` at 1 s (ln units), whose mean is the site term."""

    frame: pd.DataFrame
    residuals: pd.DataFrame
    kind: str


def stations(data: str = "auto", seed: int = 0) -> Stations:
    """Site terms of 60 stations (Chakraborty & Kotha) with VS30 (NIED's boreholes, J-SHIS), or drawn ones: VS30
    log-normal, site terms that fall with it as in Boore et al. (2014), and scatter. DataNotFound where "real" cannot be
    had."""
    needed = ("kanto_site_terms", "kanto_jshis_sites", "topography_1min")
    terms, sites, elevation = (real_or_none(name, data) for name in needed)
    if terms is None or sites is None or elevation is None:
        return _drawn_stations(seed)
    frame = kanto_site_terms.read(terms)
    (path,) = sites.values()
    known = read_csv(path, "the mirror", ["code", "vs30", "avs30", "n_rec"]).sort_values("n_rec")
    known = known.drop_duplicates("code", keep="last").set_index("code")[["vs30", "avs30"]]
    known = known.rename(columns={"vs30": columns.VS30, "avs30": "avs30_m_s"})
    frame = frame.join(known, columns.STATION)
    ground = rasters.slope(topography.read(file_ending(elevation, "topo_kanto_1min_de15.npz"), ""))
    row, column = (
        np.abs(axis[:, None] - frame[place].to_numpy()).argmin(0)
        for axis, place in ((ground.latitude, columns.STATION_LATITUDE), (ground.longitude, columns.STATION_LONGITUDE))
    )
    frame["slope"] = np.maximum(ground.values[row, column], 1e-4)
    return Stations(frame, kanto_site_terms.residuals(terms, 1.0), "measured")


def _drawn_stations(seed: int) -> Stations:
    random, n = np.random.default_rng([seed, 55]), 60
    ln_vs30 = np.log(430) + 0.5 * random.standard_normal(n)
    frame = pd.DataFrame({columns.STATION: [f"S{k:02d}" for k in range(n)]})
    frame[columns.STATION_LONGITUDE] = 139 + 2 * random.uniform(size=n)
    frame[columns.STATION_LATITUDE] = 35 + 2 * random.uniform(size=n)
    for period, slope in zip(PERIODS, (-0.6, -0.5, -1.0), strict=True):
        noise = 0.35 * random.standard_normal(n)
        frame[kanto_site_terms.column(period)] = slope * (ln_vs30 - np.log(430)) + noise
    frame[columns.VS30] = np.exp(ln_vs30)
    frame["avs30_m_s"] = np.exp(ln_vs30 + 0.2 * random.standard_normal(n))
    frame["slope"] = 0.02 * np.exp(ln_vs30 - np.log(430) + random.standard_normal(n))
    frame.loc[frame.index % 4 == 3, columns.VS30] = np.nan
    counts = random.integers(30, 170, n)
    row = np.repeat(np.arange(n), counts)
    term = frame[kanto_site_terms.column(1.0)].to_numpy()[row]
    residual = term + 0.45 * random.standard_normal(len(row))
    residuals = pd.DataFrame({columns.STATION: frame[columns.STATION].to_numpy()[row], "residual": residual})
    return Stations(frame, residuals, "simulated")


def hv_curves(data: str = "auto", seed: int = 0) -> tuple[pd.DataFrame, str]:
    """H/V of 539 KiK-net stations: ``site_class`` (I stiff, II, III soft) and a column a period (s); and their kind."""
    paths = real_or_none("hvsr_site_class", data)
    if paths is not None:
        return site_class.read(paths).kiknet, "measured"
    random = np.random.default_rng([seed, 56])
    group = random.choice(3, 539, p=[0.11, 0.82, 0.07])
    peak = np.array([0.1, 0.25, 0.8])[group, None] * np.exp(0.5 * random.standard_normal((539, 1)))
    ln_period = np.log(site_class.PERIODS_S / peak)
    curve = 0.3 + 0.9 * np.exp(-(ln_period**2)) + 0.25 * random.standard_normal((539, 1))
    curve = curve + 0.15 * random.standard_normal(curve.shape)
    table = pd.DataFrame(np.exp(curve), columns=site_class.PERIODS_S)
    table.insert(0, "site_class", np.array(["I", "II", "III"])[group])
    return table, "simulated"


def region_spectra(data: str = "auto", seed: int = 0) -> tuple[pd.DataFrame, dict[str, str]]:
    """Records of Italy, Iran and NGA-West2 with the size and shape of the motion, and region -> "measured" or
    "simulated".

    ``region``, ``station_id``, ``vs30_m_s``, ``magnitude``, ``distance_km``, ``pga_g`` and ``ln_shape``: ln of PSA(1 s)
    over PGA (Italy, Iran) or of PGV over PGA (NGA-West2, whose spectra are reconstructed).
    """
    tables, kinds = [], {}
    for region, name in {"Italy": "italy_whole", "Iran": "iran", "NGA-West2": "nga_west2"}.items():
        dataset = studies.load(name, data, seed)
        frame = dataset.frame
        long_period = frame[columns.PGV] / 981 if region == "NGA-West2" and columns.PGV in frame else frame["psa_1s_g"]
        nearest = [name for name in (columns.RHYP, columns.RRUP, columns.RJB) if name in frame]
        part = frame[[columns.STATION, columns.VS30, columns.MAGNITUDE, columns.PGA]].copy()
        part["distance_km"] = frame[nearest].bfill(axis=1).iloc[:, 0]
        part["ln_shape"] = np.log(long_period.where(long_period > 0) / frame[columns.PGA])
        part.insert(0, "region", region)
        tables.append(part[(part[columns.VS30] > 0) & (part[columns.PGA] > 0)].dropna())
        kinds[region] = "simulated" if dataset.simulated else "measured"
    return pd.concat(tables, ignore_index=True), kinds


def six_records(data: str = "auto", seed: int = 0) -> tuple[list, str]:
    """The six public records of the study, in the order of their ids, or six simulated ones; and their kind."""
    paths = real_or_none("afad_cnnlstm", data)
    if paths is not None:
        files = [path for name, path in sorted(paths.items()) if name.endswith(".mat")]
        return [afad_mat.parse(path.name, path.read_bytes()) for path in files], "measured"
    drawn = SimulatedRecords(seed=seed + 1, n_records=6, n_stations=60, n_events=60, duration_s=75.0, farthest_km=60.0)
    return [drawn.accelerogram(k) for k in range(6)], "simulated"


@dataclass(frozen=True, eq=False)
class Records:
    """Simulated records to learn from: ``frame`` and ``source`` as of
    :class:`gmtools.simulate.accelerograms.SimulatedRecords`, ``frames`` (n, n_frames, 49) as of
    :func:`gmtools.site.bands.frames`, ``spectra`` (n, 2, 40) as of :func:`gmtools.studies.vs30_baselines.spectrum`."""

    frame: pd.DataFrame
    frames: np.ndarray
    spectra: np.ndarray
    source: SimulatedRecords

    @property
    def vs30_m_s(self) -> np.ndarray:
        """Truth, (n,)."""
        return self.frame[columns.VS30].to_numpy(float)


def simulated(part: str, count: int, seed: int = 0, calibrated: bool = True, anchor: str = "p") -> Records:
    """Draw ``count`` records, four a station, with spectra and band energies, or load those that an earlier run kept.

    Each ``part`` ("training", "validation", "test") has stations and earthquakes of its own; ``calibrated`` as in
    :class:`gmtools.simulate.accelerograms.SimulatedRecords`, ``anchor`` as in :func:`gmtools.site.bands.start_of`.
    """
    n_stations = max(-(-count // 4), 20)
    sizes = (count, n_stations, max(n_stations // 2, 60), DURATION_S, RATE_HZ, (5.0, 25.0))
    source = SimulatedRecords(10 * seed + _NETWORKS.index(part), *sizes, calibrated=calibrated)

    def make():
        every = [source.accelerogram(k) for k in tqdm(range(count), desc=f"{part} records", leave=False)]
        found = [np.stack([bands.frames(one, anchor) for one in every])]
        return found if anchor != "p" else [*found, np.stack([vs30_baselines.spectrum(one) for one in every])]

    code = [Path(module.__file__) for module in (bands, vs30_baselines)]
    frames, *spectra = cache.once(f"vs30_{part}", [*source.inputs, anchor, *code], make)
    # Spectra do not hang on the anchor of the frames.
    spectra = spectra[0] if spectra else simulated(part, count, seed, calibrated).spectra
    return Records(source.frame, frames, spectra, source)


def described(mean_ln: float | None = None, sd_ln: float | None = None) -> dict:
    """What a card says of a network on :func:`gmtools.site.bands.frames`, for :func:`gmtools.networks.save`; without
    mean and sd of ln VS30, of the network as published, which reads accelerations and answers VS30 itself."""
    bands_of = [f"ln_energy_{part}_{f:.2f}hz" for part in ("horizontal", "vertical") for f in bands.BANDS_HZ]
    read, mask = [{"name": name, "unit": "ln"} for name in bands_of], {"name": "between_p_and_s", "unit": "1"}
    scale, fault = {"mean_ln": mean_ln, "sd_ln": sd_ln}, "Trained on simulated records: lesson 55 shows real ones."
    if mean_ln is None:
        read = [{"name": name, "unit": "cm/s2"} for name in ("north", "east", "up")]
        scale, fault = {}, "Answers every record with nearly the same number: lesson 54 shows why."
    outputs = [{"name": columns.VS30, "unit": "m/s"} | {name: float(value) for name, value in scale.items()}]
    facts = {"inputs": [*read, mask], "outputs": outputs, "faults": [fault]}
    return facts | {"ranges": {}, "kind": "simulated", "scores": []}


def error_with_factor(network, parts: dict, frames: dict, mean_ln: float, sd_ln: float) -> float:
    """Average absolute error (%) on the test part, after the factor that serves the validation part best."""
    standardized = {name: network.predict(frames[name], verbose=0)[:, 0] for name in ("validation", "test")}
    said = {name: np.exp(values.astype(float) * sd_ln + mean_ln) for name, values in standardized.items()}
    factor = vs30_baselines.best_factor(parts["validation"].vs30_m_s, said["validation"])
    return vs30_baselines.average_absolute_error(parts["test"].vs30_m_s, factor * said["test"])


def published_window(record) -> np.ndarray:
    """60 s from 30 s before P (the study's rule), north, east, up in cm/s² and the P-S mask: (n, 4) of float32."""
    rate, start = record.sampling_rate_hz, bands.start_of(record, before_p_s=WINDOW_S / 2)
    seconds = (start + np.arange(round(WINDOW_S * rate))) / rate
    mask = (record.p_time_s <= seconds) & (seconds <= record.s_time_s)
    return np.column_stack([record.acceleration[start : start + len(mask)], mask]).astype(np.float32)


def saturated_by_hand(answer: float, seed: int = 0) -> dict[str, np.ndarray]:
    """Weights of the published network whose second LSTM can only count: a stand-in for the released files."""
    random, units = np.random.default_rng(seed), 256
    shapes = {"conv": (16, 4), "conv2": (32, 16), "conv3": (16, 32), "conv4": (4, 16)}
    weights = {f"cnn.{k}.weight": 0.1 * random.standard_normal((*shape, 3, 3)) for k, shape in shapes.items()}
    weights |= {f"cnn.{k}.bias": np.zeros(shape[0]) for k, shape in shapes.items()}
    for layer, size in enumerate((4, units)):
        weights[f"lstm.lstm.weight_ih_l{layer}"] = 0.05 * random.standard_normal((4 * units, size))
        weights[f"lstm.lstm.weight_hh_l{layer}"] = 0.05 * random.standard_normal((4 * units, units))
        weights[f"lstm.lstm.bias_hh_l{layer}"] = weights[f"lstm.lstm.bias_ih_l{layer}"] = np.zeros(4 * units)
    sign = random.choice([-1.0, 1.0], units)
    one = np.full(units, 20.0)
    weights["lstm.lstm.bias_ih_l1"] = np.concatenate([one, one, 20 * sign, one])  # gates: input, forget, cell, output
    weights["lstm.fc.weight"], weights["lstm.fc.bias"] = answer / units * sign[None], np.zeros(1)
    return weights


def errors_on_real_ground(data: str = "auto", seed: int = 0) -> dict[str, float]:
    """Lesson 52's errors (AAE, %) in unseen regions of Kanto: ``constant``, ``line`` on the 1-s term, ``stations``."""
    frame = stations(data, seed).frame.dropna(subset=[columns.VS30])
    y, x = np.log(frame[columns.VS30].to_numpy()), frame[[kanto_site_terms.column(1.0)]].to_numpy()
    place = frame[[columns.STATION_LONGITUDE, columns.STATION_LATITUDE]] * [np.cos(np.radians(36)), 1]
    region = KMeans(8, n_init=10, random_state=0).fit_predict(place)
    found = {
        name: cross_val_predict(LinearRegression(), inputs, y, cv=GroupKFold(8), groups=region)
        for name, inputs in {"constant": np.ones_like(x), "line": x}.items()
    }
    return {name: float(100 * np.abs(np.exp(p - y) - 1).mean()) for name, p in found.items()} | {"stations": len(y)}
