"""The gate: real recordings lie within what the simulation of layers draws, before a network may learn from it."""

import pandas as pd
import pytest

from gmtools import hvsr
from gmtools.studies import hv_peaks

QUANTITIES = ["slope", "level", "height", "scatter", "change", "balance", "width"]


@pytest.fixture(scope="module")
def simulated():
    return hv_peaks.simulated_noise(150)


def test_simulated_noise_is_finite_and_varied(simulated):
    assert list(simulated) == QUANTITIES and len(simulated) == 150
    assert (simulated.std() > 0).all() and simulated.notna().all(axis=None)


def test_real_recordings_lie_within_the_simulated_range(simulated, skip_unless_ci):
    found = hv_peaks.real_recordings()
    if len(found) < 7:
        skip_unless_ci("the seven public recordings are not all here")
    real = pd.DataFrame([hv_peaks.noise_quantities(hvsr.spectra(one)) for one in found.values()])
    low, high = simulated.quantile(0.01), simulated.quantile(0.99)
    inside = ((real >= low) & (real <= high)).sum()
    assert (inside >= 5).all(), inside
    assert ((real.median() >= simulated.quantile(0.05)) & (real.median() <= simulated.quantile(0.95))).all()
