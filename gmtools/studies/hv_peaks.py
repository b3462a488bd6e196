"""What the lessons on H/V peaks share: drawn peaks with labels, how networks see them, recordings, noise in numbers.

No network is here: lesson 43 trains the perceptron, lesson 44 SqueezeNet. Labels are simulated
(:mod:`gmtools.simulate.microtremor`); Californian peaks are for tests, and nothing may be chosen on them.
"""

import io
import json
import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import balanced_accuracy_score

from gmtools import cache, hvsr, networks
from gmtools.data import catalog
from gmtools.data.readers import microtremor as files
from gmtools.data.readers import ncnn_squeezenet
from gmtools.errors import GmtoolsError, OutOfRange
from gmtools.simulate import microtremor
from gmtools.studies import peak_rules, real_or_none
from gmtools.studies.peak_rules import CLASSES

SIDE = 113
"""Pixels of a side of the pictures that SqueezeNet sees: half of the thesis' 227, a quarter of the work."""
RECORDINGS = {
    "hvsr_recordings": {
        "UT.STN11, C50": "hvsr/recordings/UT.STN11.A2_C50.miniseed",
        "UT.STN11, C150": "hvsr/recordings/UT.STN11.A2_C150.miniseed",
    },
    "hvsr_recordings_sprit": {
        f"Lake Michigan {number}": f"hvsr/recordings_sprit/SampleHVSRSite{number}.MSEED"
        for number in ("07", "08", "09", "11", "14")
    },
}
"""Data set -> name of a recording -> file."""


@dataclass(frozen=True, eq=False)
class Peaks:
    """Drawn peaks: ``table``, a row for each (:func:`gmtools.simulate.microtremor.labelled_peaks`); ``spectra`` (n, 90)
    as of :func:`gmtools.hvsr.features`; ``lines`` (n, 3, 227), what :func:`pictures` draws."""

    table: pd.DataFrame
    spectra: np.ndarray
    lines: np.ndarray

    @property
    def features(self) -> np.ndarray:
        """Natural logarithm of the spectra, (n, 90): ratios become differences, and no peak dwarfs the others."""
        return np.log(self.spectra)

    @property
    def label(self) -> np.ndarray:
        """Position of each label in :data:`gmtools.studies.peak_rules.CLASSES`, (n,)."""
        return self.table["label"].map(CLASSES.index).to_numpy()

    @property
    def recording(self) -> np.ndarray:
        """Number of each peak's recording, (n,): split and resample by it."""
        return self.table["recording"].to_numpy()


def pictures(lines: np.ndarray, side: int = SIDE) -> np.ndarray:
    """Pictures (n, side, side, 3), uint8, of lines (n, 3, 227)."""
    return hvsr.shrunk(np.stack([hvsr.draw(line) for line in lines]), side)


def drawn(country: microtremor.Country, seed: int = 0, counts: Mapping[str, int] | None = None) -> Peaks:
    """Draw peaks until each class has its number; kept below ``_build``, so that the next lesson loads them.

    ``counts`` (class -> number) replaces the country's: ``microtremor.ITALY`` has 87 peaks of each class,
    ``microtremor.CALIFORNIA`` 196, 12 and 12, as the thesis.
    """
    counts = {name: int(n) for name, n in (country.counts if counts is None else counts).items()}

    def make() -> list[np.ndarray]:
        """Arrays of the drawn peaks."""
        table, spectra, lines = microtremor.labelled_peaks(country, counts, seed)
        return [spectra, lines, np.array(table.to_json(orient="split", double_precision=15))]

    simulation = Path(microtremor.__file__).parent
    code = [*simulation.glob("microtremor*.py"), *Path(hvsr.__file__).parent.glob("*.py")]
    inputs = [json.loads(json.dumps(asdict(country))), counts, seed, *sorted(code)]
    spectra, lines, table = cache.once(f"peaks_{country.name.lower()}", inputs, make)
    return Peaks(pd.read_json(io.StringIO(str(table)), orient="split"), spectra, lines)


def split(recording: np.ndarray, n_training: int, seed: int = 0) -> np.ndarray:
    """Choose recordings at random until they hold ``n_training`` peaks: True for training, (n,), from each peak's
    recording (n,). GmtoolsError where no number of whole recordings comes out there."""
    counts = pd.Series(recording).value_counts().sort_index()
    chosen, left = [], n_training
    for number in np.random.default_rng(seed).permutation(counts.index):
        if counts[number] <= left:
            chosen.append(number)
            left -= counts[number]
    if left:
        raise GmtoolsError(f"Whole recordings leave {left} of {n_training} training peaks over. Take another seed.")
    return np.isin(recording, chosen)


def real_recordings(data: str = "auto") -> dict[str, hvsr.Recording]:
    """Public recordings of noise that this machine has; none with ``data="simulated"``, DataNotFound or DownloadFailed
    where "real" cannot be had."""
    found: dict[str, hvsr.Recording] = {}
    for data_id, names in RECORDINGS.items():
        paths = real_or_none(data_id, data) or {}
        found |= {name: files.read(paths[file]) for name, file in names.items() if file in paths}
    return found


def recordings(data: str = "auto", seed: int = 0) -> tuple[dict[str, hvsr.Recording], str]:
    """Public recordings and "measured" or, where this machine has none, stand-ins and "simulated"; errors of
    :func:`real_recordings`."""
    found = real_recordings(data)
    return (found, "measured") if found else (stand_ins(seed), "simulated")


def stand_ins(seed: int = 0) -> dict[str, hvsr.Recording]:
    """Seven simulated recordings of layers, for runs without files; their names say that they are simulated."""
    kinds = ("one_dimensional", "two_dimensional", "body_waves")
    found = {}
    for number in range(7):
        sequence = np.random.SeedSequence([seed, 46, number])
        site = microtremor.draw_site(microtremor.ITALY, np.random.default_rng(sequence), kinds[number % 3])
        found[f"simulated {number + 1}"] = microtremor.recording(site, microtremor.ITALY, sequence)[0]
    return found


def noise_quantities(spectra: hvsr.Spectra) -> dict[str, float]:
    """What a simulation must share with real recordings before a network may learn from it; all NaN without a peak.

    ``slope``: ln amplitude of the vertical gained an octave, 1 to 10 Hz. From 0.5 to 20 Hz, ``level``: median H/V
    outside of [f0/2, 2 f0]; ``scatter``: mean standard deviation of ln H/V between windows; ``change``: standard
    deviation of a window's ln level; ``balance``: rms of ln(NS/EW). ``height``: H/V at f0. ``width`` of the peak at
    half its height, over f0.
    """
    curve, frequency_hz = hvsr.curve(spectra), spectra.frequency_hz
    try:
        peak = hvsr.peaks(curve, require_sesame=False).iloc[0]
    except GmtoolsError:
        return dict.fromkeys(("slope", "level", "height", "scatter", "change", "balance", "width"), np.nan)
    band = (frequency_hz >= 0.5) & (frequency_hz <= 20.0)
    rising = (frequency_hz >= 1) & (frequency_hz <= 10)
    ln = np.log(spectra.mean())
    windows = np.log(spectra.amplitude[:, spectra.kept][..., band])
    rules = peak_rules.quantities(hvsr.features(spectra, peak["f0_hz"])[None])
    return {
        "slope": float(np.polyfit(np.log2(frequency_hz[rising]), ln[2, rising], 1)[0]),
        "level": float(np.median(curve.mean[band & ~curve.around(peak["f0_hz"])])),
        "height": float(peak["amplitude"]),
        "scatter": float(curve.sigma_ln[band].mean()),
        "change": float(windows.mean(axis=2).std(axis=1, ddof=1).mean()),
        "balance": float(np.sqrt(np.mean((ln[0] - ln[1])[band] ** 2))),
        "width": float(rules["relative_width"][0]),
    }


def simulated_noise(number: int) -> pd.DataFrame:
    """:func:`noise_quantities` of simulated layers, one row for each, drawn apart from all peaks."""
    kinds = [name for name, label in microtremor.KINDS.items() if label == microtremor.STRATIGRAPHIC]
    shares = np.array([microtremor.ITALY.shares.get(name, 0.0) for name in kinds])
    rows, at = [], 0
    while len(rows) < number:
        sequence = np.random.SeedSequence([43, at])
        random, at = np.random.default_rng(sequence), at + 1
        site = microtremor.draw_site(microtremor.ITALY, random, str(random.choice(kinds, p=shares / shares.sum())))
        row = noise_quantities(microtremor.spectra(site, microtremor.ITALY, sequence)[0])
        if np.isfinite(row["width"]):
            rows.append(row)
    return pd.DataFrame(rows)


def notice(found: Mapping[str, hvsr.Recording], data: str = "auto") -> str:
    """Say in Markdown which recordings this run has, their known faults and licenses."""
    lines = []
    for data_id, names in RECORDINGS.items():
        entry = catalog.manifests()[data_id]
        here = [name for name in names if name in found]
        if here:
            what = f"**{', '.join(here)}: REAL data.** {entry.citation} **License:** {entry.licence}."
            lines.append(f"{what} **Known faults:** {' '.join(entry.faults)}")
        elif data != "simulated":
            lines.append(f"**Not here:** {', '.join(names)}. Run `gmtools data fetch {data_id}`.")
    if not any(name in names for names in RECORDINGS.values() for name in found):
        lines.insert(
            0,
            "**Recordings: SIMULATED data.** Nothing was measured, and no number drawn from them is about the Earth. "
            "**License:** CC BY 4.0.",
        )
    return "\n>\n".join(f"> {' '.join(line.split())}" for line in lines) + "\n"


COLUMNS = [f"{component}_{i:02d}" for component in hvsr.COMPONENTS for i in range(1, hvsr.SAMPLES + 1)]
"""Names of the ninety numbers: 30 of north-south, of east-west and of the vertical, from f0/2 to 2 f0."""
OUTPUTS = [{"name": name, "unit": "probability"} for name in CLASSES]


def as_table(spectra: np.ndarray) -> pd.DataFrame:
    """Ninety numbers of each peak, (n, 90), as the table that ``networks.predict`` takes."""
    return pd.DataFrame(spectra, columns=COLUMNS)


def outside(name: str, values: np.ndarray) -> np.ndarray:
    """Share of each peak's numbers beyond the range that a named network learned from, (n,): of spectra (n, 90) for a
    perceptron, of lines (n, 3, 227) for SqueezeNet. Warns (OutOfRange) once where it is more than one in twenty."""
    card = networks.card(name)
    limits = card["ranges"][CLASSES[0]]
    low, high = np.array([limits[entry["name"]] for entry in card["inputs"]]).T
    if values.ndim == 3:
        low, high = low[:, None], high[:, None]
    share = ((values < low) | (values > high)).reshape(len(values), -1).mean(axis=1)
    far = np.flatnonzero(share > 0.05)
    if far.size:
        text = f"{name}: {far.size} of {share.size} peaks have more than 5 % of their numbers outside the training data"
        warnings.warn(
            f"{text} (up to {share.max():.0%}); read these answers as extrapolation.", OutOfRange, stacklevel=2
        )
    return share


FAULT = (
    "It learned from simulated peaks of 21 minutes, triangular smoothing over 10 % and windows of 70 s; it was never "
    "scored on a real peak of known cause."
)
"""What every network of this study has to say of itself."""


def photograph_weights(data: str = "auto") -> list | None:
    """Convolutions of SqueezeNet as photographs trained them, or None where this run goes without the file; errors of
    :func:`real_recordings`."""
    paths = real_or_none("squeezenet_1_1", data)
    return paths and ncnn_squeezenet.read(paths)


def interval(values: np.ndarray, recording: np.ndarray, draws: int = 1000, seed: int = 0) -> np.ndarray:
    """95 % interval of the mean of values (n,), whole recordings (n,) drawn with replacement: (2,)."""
    names, of = np.unique(recording, return_inverse=True)
    weights = np.random.default_rng(seed).multinomial(len(names), np.full(len(names), 1 / len(names)), draws)
    sums, counts = np.bincount(of, np.asarray(values, float)), np.bincount(of)
    return np.percentile((weights @ sums) / (weights @ counts), [2.5, 97.5])


def facts(values: np.ndarray, truth: np.ndarray, answer: np.ndarray, by_rule: np.ndarray) -> dict:
    """What ``networks.save`` wants to know of a classifier of peaks: inputs, ranges, score, faults, kind of data.

    ``values``: what it learned from, spectra (n, 90), whose logarithms go to [-1, 1], or lines (n, 3, 227). ``truth``,
    ``answer``, ``by_rule``, int (m,): label, answer, answer of the rules for peaks that it never saw.
    """
    low, high = (end(values, axis=0 if values.ndim == 2 else (0, 2)) for end in (np.min, np.max))
    names = COLUMNS if values.ndim == 2 else list(hvsr.COMPONENTS)
    inputs = [{"name": name, "unit": "over the vertical's minimum"} for name in names]
    if values.ndim == 2:
        for entry, a, b in zip(inputs, np.log(low), np.log(high), strict=True):
            entry |= {"transform": "log", "mean": float(a + b) / 2, "sd": float(b - a) / 2}
    limits = {name: [float(a), float(b)] for name, a, b in zip(names, low, high, strict=True)}
    score = {
        "score": "balanced accuracy", "value": balanced_accuracy_score(truth, answer), "unit": "",
        "on": "validation peaks, Italy",
        "baselines": {"rules": balanced_accuracy_score(truth, by_rule), "constant answer": 1 / 3},
        "records": len(truth),
    }  # fmt: skip
    return {
        "inputs": inputs, "outputs": OUTPUTS, "ranges": {output: limits for output in CLASSES}, "scores": [score],
        "faults": [FAULT], "data": ["simulated"], "kind": "simulated",
    }  # fmt: skip


NAMED = ("peak_perceptron", "peak_perceptron_more", "peak_squeezenet", "peak_squeezenet_more")
"""The study's networks: with the thesis' 183 training peaks, and with more."""


def inputs_of(spectra: Mapping[str, hvsr.Spectra], peaks: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """What networks see of peaks, spectra (n, 90) and lines (n, 3, 227), for a table with ``recording`` (a key of
    ``spectra``) and ``f0_hz``."""
    pairs = [(spectra[name], f0_hz) for name, f0_hz in peaks[["recording", "f0_hz"]].itertuples(index=False)]
    lines = [hvsr.peak_spectra(one, f0_hz, hvsr.PICTURE_SIZE) for one, f0_hz in pairs]
    return np.array([hvsr.features(one, f0_hz) for one, f0_hz in pairs]), np.array(lines)


def ask(spectra: np.ndarray, lines: np.ndarray, names: tuple[str, ...] = NAMED) -> dict[str, np.ndarray]:
    """Probabilities (n, 3) that named networks give, for peaks as :func:`inputs_of` makes them."""
    images, table = pictures(lines).astype("float32"), as_table(spectra)
    return {
        name: networks.predict(name, table, outside="ignore").to_numpy()
        if "perceptron" in name
        else networks.load(name).predict(images, verbose=0)
        for name in names
    }
