"""What the lessons on H/V peaks share: drawn peaks with labels, how networks see them, real recordings, noise in numbers.

No network is here: lesson 43 trains the perceptron, lesson 44 SqueezeNet. Labels are simulated
(:mod:`gmtools.simulate.microtremor`); Californian peaks are for tests, and nothing may be chosen on them.
"""

import io
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from gmtools import cache, hvsr
from gmtools.data import catalog
from gmtools.data.readers import microtremor as files
from gmtools.errors import DataNotFound, DownloadFailed, GmtoolsError
from gmtools.simulate import microtremor
from gmtools.studies import peak_rules
from gmtools.studies.peak_rules import CLASSES

SIDE = 113
"""Pixels of a side of the pictures that the lessons' SqueezeNet sees: half of the thesis' 227, a quarter of the work."""
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
    """Drawn peaks.

    Attributes
    ----------
    table : DataFrame
        One row for each peak; see :class:`gmtools.simulate.microtremor.LabelledPeaks`.
    spectra : ndarray, (n, 90)
        From :func:`gmtools.hvsr.features`.
    lines : ndarray, (n, 3, 227)
        What :func:`pictures` draws.
    counted : dict
        How many recordings were made, and what became of peaks that are not here.
    """

    table: pd.DataFrame
    spectra: np.ndarray
    lines: np.ndarray
    counted: dict

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

    @cached_property
    def pictures(self) -> np.ndarray:
        """Colored lines on white, (n, 113, 113, 3), uint8."""
        return pictures(self.lines)


def pictures(lines: np.ndarray, side: int = SIDE) -> np.ndarray:
    """Pictures (n, side, side, 3), uint8, of lines (n, 3, 227)."""
    return hvsr.shrunk(np.stack([hvsr.draw(line) for line in lines]), side)


def drawn(country: microtremor.Country, seed: int = 0, counts: Mapping[str, int] | None = None) -> Peaks:
    """Draw peaks until each class has its number; kept below ``_build``, so that the next lesson loads them.

    Parameters
    ----------
    country : gmtools.simulate.microtremor.Country
        ``microtremor.ITALY`` has 87 peaks of each class, ``microtremor.CALIFORNIA`` 196, 12 and 12, as the thesis.
    seed : int
    counts : mapping of str to int, optional
        Other numbers.

    Returns
    -------
    Peaks
    """
    counts = dict(country.counts if counts is None else counts)

    def make() -> list[np.ndarray]:
        """Arrays of the drawn peaks."""
        found = microtremor.labelled_peaks(country, counts, seed)
        text = [found.table.to_json(orient="split", double_precision=15), json.dumps(found.counted)]
        return [found.features, found.lines, *map(np.array, text)]

    simulation = Path(microtremor.__file__).parent
    code = [*simulation.glob("microtremor*.py"), *Path(hvsr.__file__).parent.glob("*.py")]
    inputs = [json.loads(json.dumps(asdict(country))), counts, seed, *sorted(code)]
    spectra, lines, table, counted = cache.once(f"peaks_{country.name.lower()}", inputs, make)
    return Peaks(pd.read_json(io.StringIO(str(table)), orient="split"), spectra, lines, json.loads(str(counted)))


def split(recording: np.ndarray, n_training: int, seed: int = 0) -> np.ndarray:
    """Choose recordings at random until they hold the wanted number of peaks.

    Parameters
    ----------
    recording : (n,) array
        Recording of each peak.
    n_training : int
    seed : int

    Returns
    -------
    ndarray of bool, (n,)
        True for training.

    Raises
    ------
    GmtoolsError
        No number of whole recordings came out at the wanted number of peaks.
    """
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
    """Public recordings of noise that this machine has; none with ``data="simulated"``.

    Parameters
    ----------
    data : {"auto", "real", "simulated"}

    Returns
    -------
    dict of str to Recording

    Raises
    ------
    DataNotFound, DownloadFailed
        ``data`` is "real" and a file cannot be had.
    """
    found: dict[str, hvsr.Recording] = {}
    for data_id, names in RECORDINGS.items():
        try:
            paths = {} if data == "simulated" else catalog.find(data_id)
        except (DataNotFound, DownloadFailed):
            if data == "real":
                raise
            continue
        found |= {name: files.read(paths[file]) for name, file in names.items() if file in paths}
    return found


def stand_ins(seed: int = 0) -> dict[str, hvsr.Recording]:
    """Seven simulated recordings of layers, for runs without files; their names say that they are simulated."""
    kinds = ("one_dimensional", "two_dimensional", "body_waves")
    found = {}
    for number in range(7):
        sequence = np.random.SeedSequence([seed, 46, number])
        site = microtremor.draw_site(microtremor.ITALY, np.random.default_rng(sequence), kinds[number % 3])
        found[f"simulated {number + 1}"] = microtremor.recording(site, microtremor.ITALY, sequence)[0]
    return found


def noise_quantities(spectra: hvsr.Spectra, band_hz: tuple[float, float] = (0.5, 20.0)) -> dict[str, float]:
    """What a simulation must share with real recordings before a network may learn from it.

    Parameters
    ----------
    spectra : Spectra
    band_hz : (float, float)
        Where level, scatter and balance are taken.

    Returns
    -------
    dict
        ``slope``: ln amplitude of the vertical gained an octave, 1 to 10 Hz. ``level``: median H/V outside of
        [f0/2, 2 f0]. ``height``: H/V at f0. ``scatter``: mean standard deviation of ln H/V between windows. ``change``:
        standard deviation of a window's ln level. ``balance``: rms of ln(NS/EW). ``width``: of the peak at half its
        height, over f0. All NaN where there is no peak.
    """
    curve, frequency_hz = hvsr.curve(spectra), spectra.frequency_hz
    try:
        peak = hvsr.peaks(curve, require_sesame=False).iloc[0]
    except GmtoolsError:
        return dict.fromkeys(("slope", "level", "height", "scatter", "change", "balance", "width"), np.nan)
    band = (frequency_hz >= band_hz[0]) & (frequency_hz <= band_hz[1])
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


def simulated_noise(number: int, seed: int = 43) -> pd.DataFrame:
    """:func:`noise_quantities` of simulated layers, one row for each, drawn apart from all peaks."""
    kinds = [name for name, label in microtremor.KINDS.items() if label == microtremor.STRATIGRAPHIC]
    shares = np.array([microtremor.ITALY.shares.get(name, 0.0) for name in kinds])
    rows, at = [], 0
    while len(rows) < number:
        sequence = np.random.SeedSequence([seed, at])
        random, at = np.random.default_rng(sequence), at + 1
        site = microtremor.draw_site(microtremor.ITALY, random, str(random.choice(kinds, p=shares / shares.sum())))
        row = noise_quantities(microtremor.spectra(site, microtremor.ITALY, sequence)[0])
        if np.isfinite(row["width"]):
            rows.append(row)
    return pd.DataFrame(rows)
