"""Figures of H/V: axes with units, the honest word, and alt text made from the data."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest

from gmtools import figures, hvsr

FREQUENCIES = np.geomspace(0.3, 20, 120)


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def recording():
    """East-west shaken at 4 Hz, one window loud."""
    samples = np.random.default_rng(0).normal(size=(3, 63_000))
    samples[1] += 2 * np.sin(2 * np.pi * 4 * np.arange(63_000) / 50)
    samples[:, 7000:10500] *= 20
    return hvsr.Recording(*samples, 50.0, "made up")


@pytest.fixture(scope="module")
def spectra(recording):
    return hvsr.spectra(recording, hvsr.Settings(frequencies_hz=FREQUENCIES))


def texts(axes):
    return [text.get_text() for text in axes.texts]


def test_hv_curve(spectra):
    curve = hvsr.curve(spectra)
    peaks = hvsr.peaks(curve, require_sesame=False)
    axes, alt = figures.hv_curve(curve, peaks, reference=curve, title="A line", kind="simulated")
    assert axes.get_xlabel() == "frequency (Hz)" and axes.get_ylabel() == "H/V" and axes.get_xscale() == "log"
    f0 = f"{peaks['f0_hz'][0]:.2g} Hz"
    assert {f0, "simulated"} <= set(texts(axes))
    verdict = "passes" if peaks["sesame"][0] else "fails"
    assert f"Peak of {peaks['amplitude'][0]:.2g} at {f0}, which {verdict} SESAME's criteria" in alt
    assert f"mean of {curve.n_windows} windows" in alt and alt.endswith("The data are simulated.")
    assert "No peak is marked" in figures.hv_curve(curve, title="A line")[1]
