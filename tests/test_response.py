import numpy as np
import pytest

from gmtools.response import response_spectrum

STEP = 1 + np.exp(-0.05 * np.pi / np.sqrt(1 - 0.05**2))
"""Largest response of a damped oscillator to a constant acceleration of 1 that sets in at once."""


@pytest.mark.parametrize("period", [0.5, 1.0, 3.0])
def test_a_step_overshoots_as_the_damping_says(period):
    assert response_spectrum(np.ones(3000), 0.01, [period])[0] == pytest.approx(STEP, rel=2e-3)


def test_resonance_reaches_one_over_twice_the_damping():
    time = np.arange(0, 60, 0.005)
    psa = response_spectrum(np.sin(2 * np.pi * time), 0.005, [1.0, 1.0], damping=0.05)
    assert psa == pytest.approx([10, 10], rel=2e-3)


def test_linear_acceleration_is_solved_exactly_however_coarse_the_samples():
    """A straight ramp is the same function at both sampling rates; only the peak's time is rounded."""
    fine, coarse = np.linspace(0, 1, 10_001), np.linspace(0, 1, 101)
    fine, coarse = (np.interp(t, [0, 0.5, 1], [0, 1, 0]) for t in (fine, coarse))
    first, second = response_spectrum(fine, 1e-4, [2.0])[0], response_spectrum(coarse, 1e-2, [2.0])[0]
    assert first == pytest.approx(second, rel=1e-4)


def test_ends():
    pulse = np.sin(np.linspace(0, np.pi, 100)) * np.linspace(0, 1, 100)
    pga, short, long = response_spectrum(pulse, 0.01, [0.0, 0.11, 100.0])
    assert pga == pulse.max() and short == pytest.approx(pga, rel=0.1)
    # A very soft oscillator stays where it is: the displacement that it needs grows, its acceleration vanishes.
    assert long < 0.05 * pga


def test_the_peak_after_the_record_counts():
    assert response_spectrum([0, 1.0, 0], 0.1, [4.0])[0] == pytest.approx(0.1 * 2 * np.pi / 4 * 0.93, rel=0.02)
