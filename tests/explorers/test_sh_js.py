"""The column and the records of the site_record explorer: JavaScript against Python."""

import numpy as np
import pytest

from explorers import site_motion, site_record
from gmtools.errors import SettingRefused
from gmtools.response import response_spectrum
from gmtools.site.site_response import transfer_function

NAMES = ("vs30_m_s", "rock_depth_m", "damping", "magnitude", "rhyp_km", "ground", "realization")
CASES = [
    dict(zip(NAMES, values, strict=True))
    for values in [
        (300.0, 40.0, 0.03, 6.0, 30.0, "one layer", 0),
        (150.0, 300.0, 0.15, 6.5, 100.0, "gradient", 4),  # softest, deepest, most damped, farthest
        (800.0, 10.0, 0.005, 3.0, 10.0, "gradient", 2),
    ]
]
FIELDS = {
    "amplification": "amplification",
    "resonances_hz": "resonances",
    "rock_cm_s2": "rock",
    "surface_cm_s2": "surface",
    "surface_up_cm_s2": "surfaceUp",
    "rock_psa_g": "rockPsa",
    "surface_psa_g": "surfacePsa",
    "pga_rock_g": "pgaRock",
    "pga_surface_g": "pgaSurface",
}


@pytest.fixture(scope="module")
def motions():
    return [site_motion.simulate(**case) for case in CASES]


def test_records_spectra_and_transfer_functions_equal_those_of_python(node, motions):
    found = node(
        """
        import { unpack } from "SOURCE/core/payload.js";
        import { siteMotion } from "SOURCE/record.js";
        const { meta, arrays } = unpack(payload);
        answer(cases.map((state) => siteMotion(state, arrays.noise.data, meta)));
        """,
        site_record.payload(),
        cases=CASES,
    )
    for expected, got in zip(motions, found, strict=True):
        for ours, theirs in FIELDS.items():
            wanted = np.asarray(getattr(expected, ours))
            assert np.abs(np.asarray(got[theirs]) - wanted).max() < 1e-9 * np.abs(wanted).max(), ours
        assert got["profile"]["vs"] == pytest.approx(expected.profile.vs_m_s[0].tolist(), rel=1e-12)
        for wave, times in (("p", expected.p_time_s), ("s", expected.s_time_s)):
            assert got["times"][wave] == pytest.approx(times, rel=1e-12)


def test_transfer_function_of_a_stack_with_slow_and_empty_layers(node):
    """Layers out of the explorer's order of velocities: a slow one at depth, one of thickness 0."""
    stack = {
        "thickness": [3.0, 0.0, 12.0, 25.0],
        "velocity": [180.0, 900.0, 420.0, 250.0, 2200.0],
        "density": [1.7, 2.2, 1.9, 1.8, 2.4],
        "damping": [0.05, 0.01, 0.0, 0.12, 0.002],
    }
    frequency = [0.0, 0.3, 2.0, 7.7, 25.0, 50.0]
    found = node(
        """
        import { transferFunction } from "SOURCE/sh_column.js";
        answer(transferFunction(frequency, ...Object.values(stack)));
        """,
        frequency=frequency,
        stack=stack,
    )
    expected = transfer_function(frequency, *stack.values())
    assert np.array(found["re"]) + 1j * np.array(found["im"]) == pytest.approx(expected, rel=1e-12)


def test_response_spectrum_of_a_step_that_begins_at_the_first_sample(node):
    """What the filter of SciPy makes of an acceleration that does not begin at 0, and of one that has not ended."""
    acceleration, periods = [1.0, 1.0, -2.0, 0.5, 3.0], [0.02, 0.1, 0.7, 4.0]
    found = node(
        """
        import { responseSpectrum } from "SOURCE/record.js";
        answer(responseSpectrum(acceleration, 0.01, periods, 0.07));
        """,
        acceleration=acceleration,
        periods=periods,
    )
    assert found == pytest.approx(response_spectrum(acceleration, 0.01, periods, 0.07).tolist(), rel=1e-9)


def test_the_object_computes_what_its_settings_say(motions):
    explorer = site_record.SiteRecord(**CASES[0])
    assert explorer.record().pga_surface_g == motions[0].pga_surface_g
    for name, value in CASES[2].items():
        setattr(explorer, name, value)
    assert explorer.record().pga_surface_g == motions[2].pga_surface_g
    assert explorer.state() == CASES[2]


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("vs30_m_s", 100, "SiteRecord.vs30_m_s cannot be 100; it takes 150 to 800 m/s"),
        ("rhyp_km", 3, "SiteRecord.rhyp_km cannot be 3; it takes 10 to 100 km"),
        ("ground", "mud", "SiteRecord.ground cannot be 'mud'; choose among 'one layer', 'gradient'"),
        ("realization", 7, "SiteRecord.realization cannot be 7; choose among 0, 1, 2, 3, 4"),
    ],
)
def test_settings_outside_of_the_simulation_are_refused(name, value, message):
    explorer = site_record.SiteRecord()
    with pytest.raises(SettingRefused, match=message):
        setattr(explorer, name, value)
