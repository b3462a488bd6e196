"""From noise to H/V, SESAME's verdict, and what two networks say of the peak."""

from dataclasses import asdict

import numpy as np
import pandas as pd

from explorers import hv_networks, hv_recordings
from explorers.base import Choice, Explorer, Number, Switch
from explorers.payload import pack, unpack
from gmtools import hvsr, networks
from gmtools.errors import DataNotFound, NoPeak
from gmtools.studies import hv_peaks, peak_rules

FREQUENCIES_HZ = np.geomspace(0.2, 10, 256)
TRANSFORM_LENGTH = 2048
"""Samples: the longest window, 80 s at 25 Hz, has 2,000."""
LIMITS = {"smoothing_b": (10, 100), "window_length_s": (10, 80), "rejection": (1.5, 4)}


def payload(data="auto"):
    """Recordings (see :func:`explorers.hv_recordings.recordings`) and networks of the explorer, for the page."""
    arrays, about = {"frequencies_hz": FREQUENCIES_HZ}, {}
    for name, noise in hv_recordings.recordings(data).items():
        arrays[f"samples_{name}"] = noise.samples
        about[name] = {
            "label": noise.label, "truth": noise.truth, "simulated": noise.simulated, "scales": noise.scales.tolist(),
        }  # fmt: skip
    own, told = hv_networks.arrays()
    arrays |= own
    rules = list(map(asdict, peak_rules.RULES))
    meta = {
        "recordings": about, "networks": told, "rules": rules, "classes": list(peak_rules.CLASSES), "limits": LIMITS,
        "rate_hz": hv_recordings.RATE_HZ, "transform_length": TRANSFORM_LENGTH,
    }  # fmt: skip
    return pack(meta, arrays)


class HorizontalToVertical(Explorer):
    """Noise of one place: windows, three spectra, H/V, SESAME's criteria, and what rules and networks say of the peak.

    ``recording``: "valley", "terrace", "pump", "sensor" or "rock", simulated, or "texas", measured and there only where
    its file is, or "own", a file opened in the browser, where it stays. ``smoothing_b`` of Konno and Ohmachi (the
    larger, the less smoothing), ``window_length_s``, ``reject`` (whether windows too loud or too quiet are left out)
    and ``rejection`` (how far from the mean level that is, in standard deviations). SettingRefused outside of
    :data:`LIMITS`, or where no recording has that name.
    """

    explorer = "horizontal_to_vertical"
    make_payload = staticmethod(payload)
    recording = Choice("valley", hv_recordings.NAMES)
    smoothing_b = Number(40, *LIMITS["smoothing_b"])
    window_length_s = Number(40, *LIMITS["window_length_s"], unit="s")
    reject = Switch(True)
    rejection = Number(2, *LIMITS["rejection"], unit="standard deviations")

    def noise(self):
        """The recording that is shown: :class:`gmtools.hvsr.Recording`; DataNotFound where the measured one was not on
        the machine when the explorer was made."""
        meta, arrays = unpack(bytes(self.payload))
        if self.recording == hv_recordings.OWN:
            raise DataNotFound(
                "The file that you opened is in the browser, not here. Read it with "
                "gmtools.data.readers.microtremor.read(path) and give that to gmtools.hvsr.spectra()."
            )
        if self.recording not in meta["recordings"]:
            raise DataNotFound(
                f"The recording {self.recording!r} is not in this explorer. Run gmtools data fetch hvsr_recordings and "
                f"make it again, or take {', '.join(meta['recordings'])}."
            )
        scales = meta["recordings"][self.recording]["scales"]
        return hv_recordings.recording(arrays[f"samples_{self.recording}"], scales, self.recording)

    def spectra(self):
        """Smoothed spectra of every window with the present settings: :class:`gmtools.hvsr.Spectra`."""
        settings = hvsr.Settings(
            window_length_s=self.window_length_s,
            smoothing="konno_ohmachi",
            bandwidth=self.smoothing_b,
            frequencies_hz=FREQUENCIES_HZ,
            transform_length=TRANSFORM_LENGTH,
            rejection_sd=self.rejection if self.reject else None,
            minimum_duration_s=0,
        )
        return hvsr.spectra(self.noise(), settings)

    def curve(self):
        """The H/V curve that the explorer shows: :class:`gmtools.hvsr.Curve`."""
        return hvsr.curve(self.spectra())

    def peak(self):
        """The most prominent peak: one row of :func:`gmtools.hvsr.peaks`, as a Series; None where the curve is flat."""
        try:
            return hvsr.peaks(self.curve(), require_sesame=False).iloc[0]
        except NoPeak:
            return None

    def sesame(self):
        """SESAME's criteria for that peak: table of :func:`gmtools.hvsr.sesame`; None where the curve is flat."""
        peak = self.peak()
        return None if peak is None else hvsr.sesame(self.curve(), peak["f0_hz"])

    def opinions(self):
        """What networks and rules say of the peak, None where the curve is flat: rows "perceptron" and "squeezenet"
        with a probability for each of :data:`gmtools.studies.peak_rules.CLASSES`, and "rules" with 1 for the verdict.
        Warns (OutOfRange) where more than one in twenty of the perceptron's numbers lie outside of what it learned
        from."""
        peak = self.peak()
        if peak is None:
            return None
        spectra, f0_hz = self.spectra(), peak["f0_hz"]
        features = hvsr.features(spectra, f0_hz)[np.newaxis]
        hv_peaks.outside(hv_networks.ANN, features)
        lines = hvsr.peak_spectra(spectra, f0_hz, hvsr.PICTURE_SIZE)[np.newaxis]
        pictures = hv_peaks.pictures(lines).astype("float32")
        rows = {
            "perceptron": networks.predict(hv_networks.ANN, hv_peaks.as_table(features), "ignore").to_numpy()[0],
            "squeezenet": hv_networks.squeezenet_model().predict(pictures, verbose=0)[0],
            "rules": np.eye(len(peak_rules.CLASSES))[peak_rules.labels(features)[0]],
        }
        return pd.DataFrame.from_dict(rows, orient="index", columns=list(peak_rules.CLASSES))
