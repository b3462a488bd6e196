import numpy as np
import pytest

from gmtools.site.site_response import time_averaged_velocity, transfer_function, travel_time

FREQUENCY = np.linspace(0.0, 40.0, 8001)


def one_layer(thickness=20.0, velocity=240.0, rock=1200.0, damping=0.0, density=(1.8, 2.4)):
    return transfer_function(FREQUENCY, [thickness], [velocity, rock], density, [damping, 0.0])


def peaks(amplification):
    inside = amplification[1:-1]
    return FREQUENCY[1:-1][(inside > amplification[:-2]) & (inside > amplification[2:])]


@pytest.mark.parametrize(("thickness", "velocity"), [(20.0, 240.0), (50.0, 200.0), (8.0, 300.0)])
def test_one_layer_over_rock_peaks_at_odd_multiples_of_v_over_4h(thickness, velocity):
    found = peaks(np.abs(one_layer(thickness, velocity, damping=0.002)))
    odd = 2 * np.arange(len(found)) + 1
    assert len(found) >= 2
    np.testing.assert_allclose(found, velocity / (4 * thickness) * odd, rtol=0.004)


def test_undamped_peak_is_the_impedance_ratio_and_the_trough_is_one():
    amplification = np.abs(one_layer())
    assert amplification.max() == pytest.approx(2.4 * 1200 / (1.8 * 240), rel=1e-3)
    assert amplification.min() == pytest.approx(1.0, abs=1e-6)


def test_one_layer_is_kramers_closed_form():
    """Kramer (1996, eq. 7.32): 1 / (cos k*H + i alpha* sin k*H)."""
    slow = 240 * np.sqrt(1 + 2j * 0.05)
    k = 2 * np.pi * FREQUENCY / slow * 20
    alpha = 1.8 * slow / (2.4 * 1200)
    np.testing.assert_allclose(one_layer(damping=0.05), 1 / (np.cos(k) + 1j * alpha * np.sin(k)), rtol=1e-9)


def test_splitting_a_layer_or_padding_with_nothing_changes_nothing():
    whole = one_layer(damping=0.03)
    split = transfer_function(FREQUENCY, [5.0, 15.0], [240, 240, 1200], [1.8, 1.8, 2.4], [0.03, 0.03, 0])
    padded = transfer_function(FREQUENCY, [0.0, 20.0, 0.0], [90, 240, 700, 1200], [1, 1.8, 2, 2.4], [0.1, 0.03, 0, 0])
    np.testing.assert_allclose(split, whole, rtol=1e-9)
    np.testing.assert_allclose(padded, whole, rtol=1e-9)


def test_many_profiles_at_once_are_one_after_the_other():
    random = np.random.default_rng(0)
    thickness, velocity = random.uniform(1, 30, (5, 3)), np.sort(random.uniform(150, 1500, (5, 4)))
    density, damping = random.uniform(1.6, 2.5, (5, 4)), random.uniform(0, 0.05, (5, 4))
    together = transfer_function(FREQUENCY[:200], thickness, velocity, density, damping)
    single = [
        transfer_function(FREQUENCY[:200], *row) for row in zip(thickness, velocity, density, damping, strict=True)
    ]
    np.testing.assert_allclose(together, single, rtol=1e-12)


def test_response_is_causal_and_delayed_by_the_travel_time():
    """A wave needs 20 m / 240 m/s = 83 ms: nothing comes earlier, and the first arrival is the largest."""
    frequency = np.fft.rfftfreq(8192, 0.001)
    smooth = np.exp(-((frequency / 100) ** 2))
    response = np.fft.irfft(
        smooth * transfer_function(frequency, [20.0], [240.0, 1200.0], [1.8, 2.4], [0.0, 0.0]), 8192
    )
    assert np.abs(response[:70]).max() < 1e-3 * np.abs(response).max()
    assert np.argmax(np.abs(response)) == pytest.approx(83, abs=2)


def test_vs30_by_hand():
    assert time_averaged_velocity([5, 10], [150, 300, 900]) == pytest.approx(30 / (5 / 150 + 10 / 300 + 15 / 900))
    assert time_averaged_velocity([50.0], [250.0, 900.0]) == pytest.approx(250)
    np.testing.assert_allclose(travel_time([[5.0, 10.0]], [[150, 300, 900]], [15.0]), [5 / 150 + 10 / 300])
