"""The earthquake of the site_record explorer, as the page computes it: what physics and other code say of it."""

from itertools import product

import numpy as np
import pytest

from explorers import site_record
from gmtools.response import response_spectrum
from gmtools.simulate.accelerograms import corner_frequency, rock_spectrum
from gmtools.site.site_response import time_averaged_velocity, transfer_function

SIMULATE = """
import { unpack } from "SOURCE/core/payload.js";
import { siteMotion } from "SOURCE/record.js";
const { meta, arrays } = unpack(payload);
answer(cases.map((state) => siteMotion(state, arrays.noise.data, meta)));
"""
N_FFT = site_record.constants()["n_fft"]
CORNERS = [
    {"vs30_m_s": vs30, "rock_depth_m": depth, "ground": ground}
    for vs30, depth, ground in product((150, 300, 800), (10, 29, 31, 300), site_record.GROUNDS)
]
GRADIENT = {"vs30_m_s": 250.0, "rock_depth_m": 60.0, "damping": 0.02, "magnitude": 5.5, "rhyp_km": 50.0}
# What an implementation in Python gave, a number for each array in which every element has its own weight.
PYTHON = {
    "amplification": (1.01653099, 1.26253016),
    "resonances": (9.79677354, 6.1333831),
    "rock": (0.0196882362, 0.00416156148),
    "surface": (0.0265435085, -0.00273675442),
    "surfaceUp": (0.00294995516, -0.000505260569),
    "rockPsa": (0.0472895458, 0.0142167835),
    "surfacePsa": (0.0800378087, 0.0342346495),
    "pgaRock": (0.0304883508, 0.00924138634),
    "pgaSurface": (0.0595542758, 0.0217366847),
}


@pytest.fixture(scope="module")
def simulate(node):
    """``simulate(*settings)``: what the page computes, of the first settings of the explorer where none are given."""
    first = site_record.SiteRecord().state()

    def run(*cases):
        found = node(SIMULATE, site_record.payload(), cases=[first | case for case in cases])
        return [{key: np.array(v) if isinstance(v, list) else v for key, v in one.items()} for one in found]

    return run


@pytest.fixture(scope="module")
def motion(simulate):
    return simulate({})[0]


def test_it_is_what_python_computed(simulate):
    for number, found in enumerate(simulate({}, GRADIENT | {"ground": "gradient"})):
        for name, kept in PYTHON.items():
            flat = np.ravel(found[name])
            weighted = np.mean(flat * (1 + np.sin(np.arange(flat.size)) / 2))
            assert weighted == pytest.approx(kept[number], rel=1e-7), name


def test_every_profile_within_the_limits_has_exactly_the_wanted_vs30(simulate):
    for case, found in zip(CORNERS, simulate(*CORNERS), strict=True):
        profile = found["profile"]
        assert time_averaged_velocity(profile["thickness"], profile["vs"]) == pytest.approx(case["vs30_m_s"], rel=1e-9)
        assert sum(profile["thickness"]) == pytest.approx(case["rock_depth_m"])
        assert (np.diff(profile["vs"]) > 0).all() or case["ground"] == "one layer" or case["vs30_m_s"] == 800


def test_the_soil_amplifies_as_its_transfer_function_says(motion):
    profile = motion["profile"]
    damping = [0.03, 5 / 1500]
    layers = profile["thickness"], profile["vs"], profile["density"], damping
    expected = np.abs(transfer_function(motion["frequency"], *layers))
    assert motion["amplification"] == pytest.approx(expected, rel=1e-9)


def test_one_layer_resonates_where_the_rule_says_and_a_gradient_does_not(simulate, motion):
    def highest(result):
        near = result["frequency"] < 2 * result["resonances"][0]
        return result["frequency"][near][result["amplification"][near].argmax()]

    assert motion["resonances"] == pytest.approx([1.875, 5.625, 9.375, 13.125, 16.875, 20.625])
    assert highest(motion) == pytest.approx(1.875, rel=0.01)
    (gradient,) = simulate({"ground": "gradient"})
    assert abs(highest(gradient) / gradient["resonances"][0] - 1) > 0.03


def test_the_column_is_all_that_differs_between_rock_and_surface(motion):
    used = (motion["frequency"] > 0.3) & (motion["frequency"] < 20)
    rock, surface = (np.abs(np.fft.rfft(motion[place], N_FFT))[used] for place in ("rock", "surface"))
    ratio = surface / rock / motion["amplification"][used]  # the cut at 40 s adds scatter between the spectrum's lines
    assert np.median(ratio) == pytest.approx(1, abs=0.01) and np.percentile(np.abs(ratio - 1), 75) < 0.05


def test_rock_motion_has_the_planted_spectrum(simulate):
    """Mean over the realizations of the power, S waves alone (far more than P), against the source and path."""
    motions = simulate(*({"magnitude": 5.0, "rhyp_km": 20.0, "realization": k} for k in range(5)))
    power = np.mean([np.abs(np.fft.rfft(each["rock"], N_FFT) / 100) ** 2 for each in motions], axis=0)
    frequency, profile = motions[0]["frequency"], motions[0]["profile"]
    planted = rock_spectrum(frequency, 5.0, float(corner_frequency(5.0, 60.0)), 20.0, 0.035)
    step = np.sqrt(2.8 * 3.5e3 / (profile["density"][-1] * profile["vs"][-1]))
    used = (frequency > 0.5) & (frequency < 15)
    ratio = np.log(np.sqrt(power[used]) / (step * planted[used]))
    assert ratio.mean() == pytest.approx(0, abs=0.15)
    halves = np.array_split(ratio, 2)
    assert halves[0].mean() == pytest.approx(halves[1].mean(), abs=0.15)  # the same at low and at high frequencies


def test_nothing_moves_before_p_and_s_is_later_on_the_ground(motion):
    p, s = motion["times"]["p"], motion["times"]["s"]
    for place in ("rock", "surface"):
        assert not motion[place][motion["time"] < p[place] - 0.1].any()
    assert s["surface"] - s["rock"] == pytest.approx(40 / 300)
    assert s["rock"] - p["rock"] == pytest.approx(30 * (1 / 3.5 - 1 / 6.1))


def test_spectra_and_pga_are_those_of_the_traces(motion):
    assert motion["pgaSurface"] == pytest.approx(np.abs(motion["surface"]).max() / 980.665)
    for place in ("rock", "surface"):
        again = response_spectrum(motion[place], 0.01, motion["periods"]) / 980.665
        assert motion[f"{place}Psa"] == pytest.approx(again, rel=1e-9)
    assert motion["surfacePsa"].max() > 1.5 * motion["rockPsa"].max()


def test_softer_ground_and_less_damping_amplify_more(simulate):
    cases = (600.0, 0.03), (300.0, 0.03), (300.0, 0.01)
    found = simulate(*({"vs30_m_s": vs30, "damping": damping} for vs30, damping in cases))
    peaks = [one["amplification"].max() for one in found]
    assert peaks[0] < peaks[1] < peaks[2]


def test_noise_is_white_gaussian_and_each_series_another():
    noise = site_record.noise()
    assert noise.shape == (5, 2, 2, 4000) and noise.dtype == np.int8
    assert noise.std() == pytest.approx(24, rel=0.02)
    correlation = np.corrcoef(noise.reshape(20, -1)) - np.eye(20)
    assert np.abs(correlation).max() < 0.08
