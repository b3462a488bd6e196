import numpy as np
import pytest

from gmtools.errors import GmtoolsError
from gmtools.site import layered
from gmtools.site.layered import Profile

FREQUENCY_HZ = np.geomspace(0.2, 20, 300)


def one_layer(contrast=4.0, vp_m_s=600.0, damping=(0.025, 0.015)):
    return Profile([50.0], [250.0, 250.0 * contrast], [vp_m_s, 2000.0], [1900.0, 2200.0], damping)


def test_resonances_of_one_layer_are_odd_multiples_of_a_quarter_wavelength():
    amplification = layered.transfer_function(one_layer(damping=(1e-5, 1e-5)), np.array([1.25, 2.5, 3.75]))
    contrast = 4 * 2200 / 1900
    np.testing.assert_allclose(amplification, [contrast, 1, contrast], rtol=1e-3)


def test_damped_amplification_at_resonance():
    """1 / (1 / contrast + pi damping / 2), Kramer (1996), for an undamped half-space; to first order in damping."""
    peak = layered.transfer_function(one_layer(damping=(0.03, 0.0)), np.linspace(1.1, 1.4, 200)).max()
    assert peak == pytest.approx(1 / (1900 / (4 * 2200) + np.pi * 0.03 / 2), rel=0.01)


def test_compressional_wave_resonates_with_its_own_velocity():
    p = layered.transfer_function(one_layer(), np.linspace(2, 4, 400), "p")
    assert np.linspace(2, 4, 400)[p.argmax()] == pytest.approx(600 / 200, rel=0.02)


def test_a_layer_like_the_half_space_is_not_there():
    half_space = Profile([], [1000.0], [1732.0], [2000.0], [0.02])
    split = Profile([30.0, 10.0], [1000.0] * 3, [1732.0] * 3, [2000.0] * 3, [0.02] * 3)
    expected = layered.diffuse_ratio(half_space, FREQUENCY_HZ)
    np.testing.assert_allclose(expected, expected[0], rtol=1e-9)
    np.testing.assert_allclose(layered.diffuse_ratio(split, FREQUENCY_HZ), expected, rtol=1e-6)
    np.testing.assert_allclose(layered.transfer_function(split, FREQUENCY_HZ), 1, rtol=0.15)  # only damping


def test_surface_wave_of_a_half_space_is_rayleighs():
    """0.9194 VS for Poisson's ratio 0.25 (Aki & Richards 2002, section 5.2)."""
    half_space = Profile([], [1000.0], [1000 * np.sqrt(3)], [2000.0], [0.001])
    slowness = np.linspace(1.0, 1.2, 4001) / 1000
    vertical, _, _ = layered.surface_compliance(half_space, [1.0], slowness)
    assert 1 / slowness[np.abs(vertical[0]).argmax()] == pytest.approx(919.4, abs=0.3)


@pytest.mark.parametrize(("contrast", "vp_m_s"), [(3.0, 500.0), (4.0, 600.0), (4.0, 1500.0), (6.0, 600.0)])
def test_diffuse_ratio_peaks_at_the_resonance_and_dips_near_its_double(contrast, vp_m_s):
    profile = one_layer(contrast, vp_m_s)
    ratio = layered.diffuse_ratio(profile, FREQUENCY_HZ)
    peak = ratio.argmax()
    above = slice(peak, np.searchsorted(FREQUENCY_HZ, 3 * profile.f0_hz))
    trough = peak + ratio[above].argmin()
    assert profile.f0_hz == pytest.approx(1.25)
    assert FREQUENCY_HZ[peak] == pytest.approx(1.25, rel=0.05) and ratio[peak] > 2
    assert 1.6 < FREQUENCY_HZ[trough] / FREQUENCY_HZ[peak] < 2.3 and ratio[trough] < 1


def test_steps_of_the_integral_do_not_matter(monkeypatch):
    profile = one_layer(5.0)
    coarse = layered.diffuse_ratio(profile, FREQUENCY_HZ)
    monkeypatch.setattr(layered, "SLOWNESSES", 900)
    np.testing.assert_allclose(coarse, layered.diffuse_ratio(profile, FREQUENCY_HZ), rtol=0.06)


def test_thick_layers_stay_finite_at_high_frequency():
    profile = Profile([20.0, 500.0], [200.0, 600.0, 2000.0], [1500.0, 2000.0, 3700.0], [1900, 2100, 2400], [0.02] * 3)
    assert np.isfinite(layered.diffuse_ratio(profile, np.array([0.1, 5.0, 50.0]))).all()


def test_impossible_profiles_are_refused():
    with pytest.raises(GmtoolsError, match="1 thicknesses needs 2 values"):
        Profile([50.0], [250.0], [600.0], [1900.0], [0.02])
    with pytest.raises(GmtoolsError, match=r"VP 280 m/s is below 1\.155 VS \(250 m/s\)"):
        Profile([], [250.0], [280.0], [1900.0], [0.02])
