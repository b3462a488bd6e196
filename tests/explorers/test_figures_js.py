"""What the explorers' figures draw: edges of bands, labels with units, numbers in captions and alt texts."""

import re

import numpy as np
import pytest

HV = """
import { drawRatio, drawSpectra, drawWindows, makeFigures } from "SOURCE/hv_figures.js";
const drawn = {};
const figure = (name) => {
  drawn[name] = {};
  return { caption: (text) => { drawn[name].title = text; }, draw: (what) => Object.assign(drawn[name], what) };
};
const axes = [];
makeFigures({ plot: (settings) => { axes.push(settings); return { element: { style: {} } }; }, rest: null });
const wave = (i) => Int8Array.from({ length: 1200 }, (_, k) => (k % 2 ? 1 : -1) * 10 * (i + 1));
const record = { rate: 10, components: [0, 1, 2].map(wave) };
drawRatio(figure("ratio"), { curve: { frequencies, mean, sigma, windows: [mean, mean] }, peak });
drawSpectra(figure("spectra"), { logs, frequencies, peak });
drawWindows(figure("windows"), { record, kept: [true, false, true], state: { window_length_s: 40 } });
answer({ axes, ...drawn });
"""
MEAN, SIGMA = np.array([1.0, 4.0, 2.0]), np.array([0.1, 0.3, 0.2])
LOGS = np.log([[2.0, 8.0, 4.0], [3.0, 9.0, 4.0], [2.0, 2.0, 2.0]])


@pytest.fixture
def hv(node):
    given = {"frequencies": [0.5, 2.0, 8.0], "mean": MEAN.tolist(), "sigma": SIGMA.tolist(), "logs": LOGS.tolist()}
    return node(HV, peak={"f0": 2.0, "index": 1, "amplitude": 4.0}, **given)


def test_the_band_of_hv_is_one_standard_deviation_of_the_logarithm_on_both_sides(hv):
    line = hv["ratio"]["lines"][-1]
    assert line["values"] == MEAN.tolist() and hv["ratio"]["marks"] == [2.0]
    assert line["low"] == pytest.approx(MEAN * np.exp(-SIGMA)) and line["high"] == pytest.approx(MEAN * np.exp(SIGMA))
    assert hv["ratio"]["lines"][-2]["values"] == [2, 2, 2]  # SESAME's least height
    assert hv["ratio"]["title"] == "H/V: f0 2 Hz, height 4"
    low, high = (4 * np.exp(sign * 0.3) for sign in (-1, 1))
    assert f"Highest peak at 2 Hz, 4, spread {low:.3g} to {high:.3g}." in hv["ratio"]["alt"]
    assert "mean of 2 windows" in hv["ratio"]["alt"]


def test_spectra_stand_over_the_lowest_value_and_windows_where_they_are(hv):
    values = [line["values"] for line in hv["spectra"]["lines"]]
    np.testing.assert_allclose(values, np.exp(LOGS) / 2)
    assert hv["spectra"]["alt"].endswith("At 2 Hz: north-south 4, east-west 4.5, vertical 1.")
    windows = hv["windows"]
    assert windows["title"] == "Windows of 40 s: 2 of 3 kept" and windows["shades"] == [[40, 80]]
    assert [part["x"] for part in windows["dots"]] == [[20, 100], [60]] and windows["xRange"] == [0, 120]
    assert "rejected: windows from 40 s." in windows["alt"]
    ends = [(min(line["values"]), max(line["values"])) for line in windows["lines"]]
    np.testing.assert_allclose(ends, [(1.55, 2.45), (0.55, 1.45), (-0.45, 0.45)])  # each trace fills its row


def test_axes_of_hv_name_their_units(hv):
    labels = [(one["x"]["label"], one["y"]["label"]) for one in hv["axes"]]
    assert labels == [("frequency (Hz)", "H/V"), ("frequency (Hz)", "amplitude, over the lowest"), ("time (s)", "")]


SHEET = """
import { sheet } from "SOURCE/core/sheet.js";
answer(sheet({ title: "t", panels: [panel], legend: [{ name: "ANN", color: "#000000" }], lines: ["simulated"] }));
"""


def test_the_saved_picture_has_the_line_its_whole_band_and_the_units(node):
    x, median = np.array([1.0, 10.0, 100.0]), np.array([0.5, 0.1, 0.05])
    edges = {"values": median, "low": median / 2, "high": 2 * median}
    line = {name: values.tolist() for name, values in edges.items()} | {"color": "#000000", "name": "ANN"}
    dots = [{"x": [10.0], "y": [0.1], "shape": "ring"}]
    shown = {"x": x.tolist(), "lines": [line], "dots": dots, "shades": [[10, 100]], "marks": [10]}
    axes = {"x": {"label": "distance (km)", "log": True}, "y": {"label": "PGA (g)", "log": True}}
    picture = node(SHEET, panel={"caption": "Decay", **axes, "ranges": {"x": [1, 100], "y": [0.01, 1]}, "shown": shown})

    def points(path):
        return np.array(re.findall(r"(-?[\d.]+) (-?[\d.]+)", path), float)

    def place(values):
        across = 62 + np.log(x) / np.log(100) * (423 - 62)  # panel of 435 by 330 pixels, its margins left out
        return np.column_stack([across, 284 - np.log(values / 0.01) / np.log(100) * (284 - 30)])

    band = points(re.search(r'd="M([^"]*)Z"', picture)[1])
    np.testing.assert_allclose(band, np.vstack([place(edges["high"]), place(edges["low"])[::-1]]), atol=0.06)
    drawn = points(re.search(r'd="M([^"ZVHh]*)" fill="none" stroke="#000000"', picture)[1])
    np.testing.assert_allclose(drawn, place(median), atol=0.06)
    across, up = (f"{value:.4g}" for value in place(median)[1])
    assert f'<circle cx="{across}" cy="{up}"' in picture and 'fill="none" stroke="#6d747c"' in picture
    assert f'<rect x="{across}" y="30" width="180.5"' in picture and f'd="M{across} 30V284"' in picture
    assert {"distance (km)", "PGA (g)", "Decay", "ANN", "simulated"} <= set(re.findall(r">([^<>]+)</text>", picture))


EDGES = """
import { decay, inside, pixel, place } from "SOURCE/map_region.js";
const grid = { epsg: 32633, west_m: 300000, south_m: 4600000, pixel_m: 10000, nx: 4, ny: 3 };
const table = { magnitude: [5, 6], depth: [10, 30], lnDistance: [0, 1], values: [0, 1, 10, 11, 100, 101, 110, 111] };
answer({
  inside: [[0, 0], [3.99, 2.99], [4, 0], [0, 3], [-0.01, 0], [0, -0.01]].map((at) => inside(grid, at)),
  back: pixel(grid, ...place(grid, 1.5, 2.5)),
  decay: [[5, 10], [6, 30], [5.5, 10], [5, 15], [9, 99]].map(([m, z]) => decay(table, m, z)),
});
"""


def test_edges_of_the_map_and_of_the_classical_table(node):
    found = node(EDGES)
    assert found["inside"] == [True, True, False, False, False, False]
    assert found["back"] == pytest.approx([1.5, 2.5], abs=1e-6)
    assert found["decay"] == [[0, 1], [110, 111], [50, 51], [2.5, 3.5], [110, 111]]


VERDICT = """
import { best, verdictOf } from "SOURCE/hv_opinions.js";
const rows = (...failed) => names.map((name) => ({ name, passed: !failed.includes(name) }));
answer([verdictOf(rows(), true), verdictOf(rows("clarity 6"), true), verdictOf(rows("clarity 1", "clarity 2"), false),
  verdictOf(rows("reliability 2"), false), best([0.2, 0.7, 0.1])]);
"""


def test_the_verdict_in_words_counts_what_passed(node):
    names = [f"{kind} {n}" for kind, count in (("reliability", 3), ("clarity", 6)) for n in range(1, count + 1)]
    clear, five, four, unreliable, best = node(VERDICT, names=names)
    assert clear == "SESAME: reliable and clear (all 9 criteria passed)" and best == 1
    assert five == "SESAME: reliable and clear (8 of 9 criteria passed; not clarity 6)"
    assert four == "SESAME: reliable, not clear (7 of 9 criteria passed; not clarity 1, clarity 2)"
    assert unreliable == "SESAME: not reliable (8 of 9 criteria passed; not reliability 2)"
