from itertools import product

import numpy as np
import pytest

from explorers import site_motion
from gmtools.errors import GmtoolsError
from gmtools.response import response_spectrum
from gmtools.simulate.accelerograms import corner_frequency, rock_spectrum


@pytest.fixture(scope="module")
def motion():
    return site_motion.simulate(300.0, 40.0, 0.03, 6.0, 30.0)


@pytest.mark.parametrize("ground", site_motion.GROUNDS)
def test_every_profile_within_the_limits_has_exactly_the_wanted_vs30(ground):
    corners = product((150, 300, 800), (10, 29, 31, 300))
    for vs30, depth in corners:
        profile = site_motion.ground_profile(vs30, depth, ground)
        assert profile.vs30_m_s[0] == pytest.approx(vs30, rel=1e-9)
        assert profile.bedrock_depth_m[0] == pytest.approx(depth)
        assert (np.diff(profile.vs_m_s[0]) > 0).all() or ground == "one layer" or vs30 == 800


def test_one_layer_resonates_where_the_rule_says_and_a_gradient_does_not(motion):
    def highest(result):
        near = result.frequency_hz < 2 * result.resonances_hz[0]
        return result.frequency_hz[near][result.amplification[near].argmax()]

    assert motion.resonances_hz == pytest.approx([1.875, 5.625, 9.375, 13.125, 16.875, 20.625])
    assert highest(motion) == pytest.approx(1.875, rel=0.01)
    gradient = site_motion.simulate(300.0, 40.0, 0.03, ground="gradient")
    assert abs(highest(gradient) / gradient.resonances_hz[0] - 1) > 0.03


def test_the_column_is_all_that_differs_between_rock_and_surface(motion):
    used = (motion.frequency_hz > 0.3) & (motion.frequency_hz < 20)
    rock, surface = (np.abs(np.fft.rfft(trace, site_motion.N_FFT))[used] for trace in _north(motion))
    ratio = surface / rock / motion.amplification[used]  # the cut at 40 s adds scatter between the spectrum's lines
    assert np.median(ratio) == pytest.approx(1, abs=0.01) and np.percentile(np.abs(ratio - 1), 75) < 0.05


def test_rock_motion_has_the_planted_spectrum():
    """Mean over the realizations of the power, S waves alone (far more than P), against the source and path."""
    motions = [site_motion.simulate(magnitude=5.0, rhyp_km=20.0, realization=k) for k in range(5)]
    power = np.mean([np.abs(np.fft.rfft(each.rock_cm_s2, site_motion.N_FFT) / 100) ** 2 for each in motions], axis=0)
    frequency = motions[0].frequency_hz
    planted = rock_spectrum(frequency, 5.0, float(corner_frequency(5.0, 60.0)), 20.0, 0.035)
    profile = motions[0].profile
    step = np.sqrt(2.8 * 3.5e3 / (profile.density[0, -1] * profile.vs_m_s[0, -1]))
    used = (frequency > 0.5) & (frequency < 15)
    ratio = np.log(np.sqrt(power[used]) / (step * planted[used]))
    assert ratio.mean() == pytest.approx(0, abs=0.15)
    halves = np.array_split(ratio, 2)
    assert halves[0].mean() == pytest.approx(halves[1].mean(), abs=0.15)  # the same at low and at high frequencies


def test_nothing_moves_before_p_and_s_is_later_on_the_ground(motion):
    for trace, place in zip(_north(motion), ("rock", "surface"), strict=True):
        assert not trace[motion.time_s < motion.p_time_s[place] - 0.1].any()
    assert motion.s_time_s["surface"] - motion.s_time_s["rock"] == pytest.approx(40 / 300)
    assert motion.s_time_s["rock"] - motion.p_time_s["rock"] == pytest.approx(30 * (1 / 3.5 - 1 / 6.1))


def test_spectra_and_pga_are_those_of_the_traces(motion):
    assert motion.pga_surface_g == pytest.approx(np.abs(motion.surface_cm_s2).max() / 980.665)
    again = response_spectrum(motion.rock_cm_s2, 0.01, [motion.periods_s[20]]) / 980.665
    assert motion.rock_psa_g[20] == pytest.approx(again[0])
    assert motion.surface_psa_g.max() > 1.5 * motion.rock_psa_g.max()


def test_softer_ground_and_less_damping_amplify_more():
    cases = (600.0, 0.03), (300.0, 0.03), (300.0, 0.01)
    peaks = [site_motion.simulate(vs30, 40.0, damping).amplification.max() for vs30, damping in cases]
    assert peaks[0] < peaks[1] < peaks[2]


def test_noise_is_white_gaussian_and_each_series_another():
    noise = site_motion.noise()
    assert noise.shape == (5, 2, 2, 4000) and noise.dtype == np.int8
    assert noise.std() == pytest.approx(24, rel=0.02)
    correlation = np.corrcoef(noise.reshape(20, -1)) - np.eye(20)
    assert np.abs(correlation).max() < 0.08


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"vs30_m_s": 100.0}, "vs30_m_s is 100; this simulation takes 150 to 800"),
        ({"rock_depth_m": 0.0}, "rock_depth_m is 0; this simulation takes 10 to 300"),
        ({"damping": np.nan}, "damping is nan"),
        ({"magnitude": 7.5}, "magnitude is 7.5; this simulation takes 3 to 6.5"),
        ({"ground": "clay"}, "ground is 'clay'; choose one of 'one layer', 'gradient'"),
        ({"realization": 5}, "realization is 5; choose a whole number from 0 to 4"),
    ],
)
def test_what_it_cannot_simulate_it_refuses(given, message):
    with pytest.raises(GmtoolsError, match=message):
        site_motion.simulate(**given)


def _north(motion):
    return motion.rock_cm_s2, motion.surface_cm_s2
