"""The column and the response spectra of the site_record explorer: JavaScript against Python."""

import numpy as np
import pytest

from explorers import site_record
from gmtools.errors import SettingRefused
from gmtools.response import response_spectrum
from gmtools.site.site_response import transfer_function


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
