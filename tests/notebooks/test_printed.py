"""What cells print that record nothing: each runs by itself on numbers whose answer is known."""

import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from bookkit import lessons
from gmtools import geodesy

PATHS = {lesson.name[:2]: lesson.path for lesson in lessons.discover()}


@pytest.fixture
def printed(capsys):
    """``printed(lesson, start, **names)``: what the cell with a text prints, where these names are known; and them."""

    def run(lesson: str, text: str, **names):
        (cell,) = [one.source for one in lessons.code_cells(lessons.read(PATHS[lesson])) if text in one.source]
        names |= {"np": np, "pd": pd}
        exec(cell, names)
        return capsys.readouterr().out, names

    return run


def test_records_below_irans_cut_are_counted(printed):
    table = pd.DataFrame({"pga_g": [0.0103, 0.5], "event_id": ["a", "b"]})
    iran = SimpleNamespace(records=lambda _: table, TRUNCATION_PGA_G=0.0102)
    frame = pd.DataFrame({"pga_g": [0.001, 0.0101, 0.0102, 0.02, 0.03, 0.04, 0.05, 0.06]})
    out, _ = printed("11", "TRUNCATION_PGA_G", iran=iran, iranian=None, frame=frame)
    assert "2 records of 2 earthquakes" in out and "below 0.0102 g: 25%" in out


def test_a_kernel_finds_the_step_of_easting_and_the_edge_is_nonsense(printed):
    out, _ = printed("21", "mean_of_nine = ", easting=np.tile(np.arange(265.0, 385.0, 10), (14, 1)))
    assert re.findall(r": (?:np\.float64\()?([-\d.]+)", out)[0] == "10.0"
    assert float(re.findall(r": (?:np\.float64\()?([-\d.]+)", out)[1]) > 100


def test_the_line_of_magnitudes_is_the_one_in_print(printed):
    out, _ = printed("31", "slope, intercept = ")
    assert "L'Aquila 2009: 5.53 instead of 6.1" in out and "Norcia 2016: 5.71 instead of 6.5" in out
    assert "the scales agree at 2.57; 6.3, the largest stated, needs 6.76" in out


def test_the_printed_formula_of_coordinates_is_that_of_the_library(printed):
    events = pd.DataFrame([[6.1, 13.38, 42.34, 8.3], [5.0, 7.0, 45.0, 30.0]])
    out, _ = printed("31", "def ecef_km(", events=events, geodesy=geodesy)
    assert float(re.search(r"([\d.]+) mm", out)[1]) < 0.01


def test_a_layer_peaks_where_it_is_a_quarter_of_a_wavelength_thick(printed):
    out, _ = printed("42", "phase of the wave across the layer", my_depth_m=1)
    for depth, f0 in ((25, 4), (100, 1), (400, 0.25)):
        assert f"rock at {depth} m: 4.0 times at {f0:.2f} Hz, V_S / 4H = {f0:.2f} Hz" in out
    assert "1 Hz and 400 m/s: 100 m" in out


def test_a_peak_of_a_hundred_standard_deviations_is_40_db(printed):
    _, names = printed("51", "def peak_over_noise(")
    noise = np.tile([[1.0], [-1.0]], (500, 3))
    noise[900] = 100
    record = SimpleNamespace(acceleration=noise, p_time_s=8.0, sampling_rate_hz=100.0)
    assert names["peak_over_noise"](record) == pytest.approx(40)
