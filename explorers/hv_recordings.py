"""Recordings of noise for the H/V explorer: simulated sites with known truth and, where the machine has it, a real one.

All are cut, filtered and rounded alike, so that a page can carry them; what is computed from them, in Python or in
the page, begins with these rounded samples.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.signal import butter, decimate, sosfiltfilt

from gmtools import hvsr
from gmtools.data import catalog
from gmtools.errors import DataNotFound, DownloadFailed
from gmtools.simulate import microtremor
from gmtools.simulate.microtremor import Fault, Machine, Site, layer

RATE_HZ = 25.0
DURATION_S = 480.0
LOWEST_HZ = 0.15
"""Corner of the high-pass filter that takes slow drift away, which would eat up the few bits."""
CREST = 12.0
"""Largest over root-mean-square motion, above which eight bits are too few: a burst would leave the rest no digits."""
REAL = "texas"
_REAL_FILE = "UT.STN11.A2_C50.miniseed"


@dataclass(frozen=True, eq=False)
class Noise:
    """Eight minutes of noise as a page carries them: ``label`` for the list, which does not give the cause away,
    ``truth``, what is known about the place, and ``samples`` (3, n) int8 or int16 of ns, ew, vt, which times ``scales``
    (3,) have the unit of the recording."""

    label: str
    truth: str
    simulated: bool
    samples: np.ndarray
    scales: np.ndarray


SITES = {
    "valley": (
        "Site A, a valley",
        "soft layer over rock, S waves 6.5 times faster below; 1D resonance at 1.1 Hz. The peak is stratigraphic.",
        Site((layer(1.1, 6.5),), body_share=0.2), 3,
    ),
    "terrace": (
        "Site B, a terrace with footsteps",
        "thin layer, contrast 5, resonance at 3.2 Hz, and three bursts. The peak is stratigraphic.",
        Site((layer(3.2, 5.0),), body_share=0.4, transient_rate=0.5), 8,
    ),
    "pump": (
        "Site C, beside a plant",
        "stiff ground and a machine that turns at 2.3 Hz nine tenths of the time. The peak is artefactual.",
        Site((layer(6.0, 1.4),), machines=(Machine(2.3, (48, 36, 8), duty_cycle=0.9, drift=0.001),)), 15,
    ),
    "sensor": (
        "Site D, an old sensor",
        "stiff ground and a sensor whose north component is too loud around 2.5 Hz. The peak is other.",
        Site((layer(2.5, 1.4),), faults=(Fault("amplified_component", 2.5, (9, 1.3, 1), 0.25, 1.3),)), 9,
    ),
    "rock": (
        "Site E, a hilltop",
        "rock: velocities 1.3 times higher below 4 Hz's quarter wavelength. There is no peak to classify.",
        Site((layer(4.0, 1.3),), body_share=0.3), 11,
    ),
}  # fmt: skip
"""Name -> label, truth, site, seed."""
OWN = "own"  # a file that a reader opens in the browser
NAMES = (*SITES, REAL, OWN)


def recordings(data="auto"):
    """Simulated recordings by name and, with ``data`` other than "simulated" and where the file is there, a real
    one; DataNotFound where ``data`` is "real" and it is not."""
    country = replace(microtremor.CALM, sampling_rate_hz=RATE_HZ, duration_s=DURATION_S)
    found = {}
    for name, (label, truth, site, seed) in SITES.items():
        motion = microtremor.recording(site, country, seed)[0]
        found[name] = rounded(motion.components(), f"{label} (simulated)", f"Simulated: {truth}", True)
    try:
        files = {} if data == "simulated" else catalog.find("hvsr_recordings")
    except (DataNotFound, DownloadFailed):
        if data == "real":
            raise
        files = {}
    path = next((path for name, path in files.items() if name.endswith(_REAL_FILE)), None)
    return found if path is None else found | {REAL: _measured(path)}


def _measured(path):
    """Eight minutes from the middle of a real recording, at the explorer's sampling rate."""
    from gmtools.data.readers import microtremor as reader

    whole = reader.read(path)
    factor = round(whole.sampling_rate_hz / RATE_HZ)
    start, count = whole.ns.size // 3, round(DURATION_S * whole.sampling_rate_hz)
    samples = decimate(whole.components()[:, start : start + count], factor, ftype="fir", axis=1)
    entry = catalog.manifests()["hvsr_recordings"]
    truth = (
        "Measured: eight minutes of station UT.STN11, Texas. What lies below, and so the class of its peak, is not "
        f"told with the file. Source: {' '.join(entry.citation.split())} License: {entry.licence}."
    )
    return rounded(samples, "Station UT.STN11 (measured)", truth, False)


def rounded(samples, label, truth, simulated):
    """High-pass filter samples (3, n) at :data:`LOWEST_HZ` without shifting them; round them to eight or 16 bits."""
    filters = butter(2, LOWEST_HZ, "highpass", fs=RATE_HZ, output="sos")
    quiet = sosfiltfilt(filters, samples - samples.mean(axis=1, keepdims=True), axis=1)
    top = np.abs(quiet).max(axis=1)
    kind = "int8" if (top / quiet.std(axis=1)).max() < CREST else "int16"
    scales = top / np.iinfo(kind).max
    return Noise(label, truth, simulated, np.rint(quiet / scales[:, None]).astype(kind), scales)


def recording(samples, scales, name):
    """Samples of a :class:`Noise` as :class:`gmtools.hvsr.Recording`."""
    return hvsr.Recording(*(samples * np.asarray(scales)[:, None]), RATE_HZ, name=name)
