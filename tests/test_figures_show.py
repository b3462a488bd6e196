"""What a figure shows is what it was given: points, lines and bands, labels with units, numbers in the alt text."""

import itertools

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from gmtools import figures, hvsr
from gmtools.maps.grids import Layer, MapGrid

FREQUENCIES = np.geomspace(0.3, 20, 120)
DISTANCES = {
    "rjb_km": ("RJB", "Joyner-Boore distance $R_{JB}$ (km)"),
    "rrup_km": ("Rrup", "rupture distance $R_{rup}$ (km)"),
    "repi_km": ("Repi", "epicentral distance (km)"),
    "rhyp_km": ("Rhyp", "hypocentral distance (km)"),
}


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture
def records():
    """Skewed, so that a mean is far from a median."""
    rng = np.random.default_rng(7)
    table = pd.DataFrame({"magnitude": rng.uniform(4, 7, 300), "rjb_km": rng.uniform(1.5, 250, 300)})
    table["vs30_m_s"] = rng.uniform(180, 1200, 300)
    table["pga_g"] = 0.0102 + 0.01 * rng.lognormal(0, 2, 300)
    table["residual"] = rng.normal(0.3, 0.4, 300)
    table["event_id"] = rng.integers(0, 30, 300)
    return table


@pytest.fixture
def curves():
    rows = [(model, m, r) for model in ("nga_only", "BSSA14") for m in (5.5, 6.5) for r in (1.0, 10.0, 100.0)]
    table = pd.DataFrame(rows, columns=["model", "magnitude", "rjb_km"])
    table["value_g"] = (
        10 ** (table["magnitude"] - 6.5) / table["rjb_km"] * table["model"].map({"nga_only": 1, "BSSA14": 3})
    )
    return table.assign(lower=0.7 * table["value_g"], upper=2.5 * table["value_g"])


def points(collection):
    return np.ma.getdata(collection.get_offsets())


def band(collection):
    """Lower and upper edge of a filled band, by x."""
    x, y = collection.get_paths()[0].vertices.T
    at = np.unique(x)
    return at, np.array([y[x == one].min() for one in at]), np.array([y[x == one].max() for one in at])


def lines(axes, label):
    return [line.get_xydata() for line in axes.get_lines() if line.get_label() == label]


def inside(axes, xy):
    (left, right), (low, high) = sorted(axes.get_xlim()), sorted(axes.get_ylim())
    return bool(((xy >= (left, low)) & (xy <= (right, high))).all())


@pytest.mark.parametrize("column", DISTANCES)
def test_a_distance_is_called_by_its_name(records, curves, column):
    spoken, label = DISTANCES[column]
    axes, alt = figures.coverage(records.rename(columns={"rjb_km": column}), distance=column, title="t")
    assert axes.get_xlabel() == label and f"magnitude against {spoken} with" in alt
    axes, alt = figures.distance_scaling(curves.rename(columns={"rjb_km": column}), distance=column, title="t")
    assert axes.get_xlabel() == label and f"Lines over {spoken} of" in alt


def test_labels_and_their_units(records, curves):
    pga = curves.drop(columns=["lower", "upper"])
    spectral = pd.concat([pga.assign(period_s=period) for period in (0.0, 1.0)])
    at_10_km = spectral[spectral["rjb_km"] == 10].drop(columns="rjb_km")
    shown = {
        "coverage": figures.coverage(records, title="t"),
        "distance": figures.distance_scaling(pga, title="t"),
        "vs30": figures.vs30_scaling(pga.rename(columns={"rjb_km": "vs30_m_s"}), title="t"),
        "spectra": figures.spectra(at_10_km, title="t"),
        "truncation": figures.truncation(records, 0.0102, title="t"),
    }
    assert {name: (axes.get_xlabel(), axes.get_ylabel()) for name, (axes, _) in shown.items()} == {
        "coverage": ("Joyner-Boore distance $R_{JB}$ (km)", "moment magnitude M"),
        "distance": ("Joyner-Boore distance $R_{JB}$ (km)", "PGA (g)"),
        "vs30": ("$V_{S30}$ (m/s)", "PGA (g)"),
        "spectra": ("period (s)", "PSA (g)"),
        "truncation": ("Joyner-Boore distance $R_{JB}$ (km)", "PGA (g)"),
    }
    panels, _ = figures.distance_scaling(spectral, panels="period_s", title="t")
    assert panels[0].get_ylabel() == "PGA or PSA (g)"


def test_the_title_is_the_one_that_was_given(curves):
    axes, _ = figures.distance_scaling(curves, title="Largest: 3.00 times")
    assert axes.figure.get_suptitle() == "Largest: 3.00 times"


def test_coverage_draws_each_record_once_where_it_is(records):
    axes, alt = figures.coverage(records, title="t")
    (dots,) = axes.collections
    np.testing.assert_allclose(points(dots), records[["rjb_km", "magnitude"]])
    assert inside(axes, points(dots))
    heights = [patch.get_height() for patch in axes.child_axes[0].patches]
    assert sum(heights) == 300
    near = ((records["magnitude"] > 6) & (records["rjb_km"] < 10)).sum()
    low, high = records["rjb_km"].agg(["min", "max"])
    assert f"300 records, M {records['magnitude'].min():.3g} to {records['magnitude'].max():.3g}" in alt
    assert f"{low:.3g} to {high:.3g} km" in alt and f"Only {near} records lie" in alt


def test_truncation_draws_the_records_and_medians_of_bins(records):
    axes, alt = figures.truncation(records, 0.0102, predicted={"BSSA14": 2 * records["pga_g"]}, title="t", n_bins=4)
    np.testing.assert_allclose(points(axes.collections[0]), records[["rjb_km", "pga_g"]])
    ours, theirs = lines(axes, "median of the records")[0], lines(axes, "BSSA14")[0]
    edges = np.geomspace(records["rjb_km"].min(), records["rjb_km"].max(), 5)
    edges[-1] *= 1.001
    bins = [records[records["rjb_km"].between(low, high)] for low, high in itertools.pairwise(edges)]
    medians = np.array([part[["rjb_km", "pga_g"]].median() for part in bins if len(part) >= 10])
    np.testing.assert_allclose(ours, medians, rtol=0.05)
    np.testing.assert_allclose(theirs[:, 1], 2 * ours[:, 1])
    assert "none below the line at 0.0102 g" in alt and f"smallest is {records['pga_g'].min():.3g} g" in alt
    for far, value in (ours[0], ours[-1]):
        assert f"{value:.3g} g at {far:.3g} km" in alt
    assert 0.0102 in [float(line.get_ydata()[0]) for line in axes.get_lines()]


def test_curves_and_their_bands_are_the_table(curves):
    axes, alt = figures.distance_scaling(curves, title="t")
    for model, label in (("nga_only", "NGA only"), ("BSSA14", "BSSA14")):
        drawn = [xy for xy in lines(axes, label) if len(xy)]
        for (_, part), xy in zip(curves[curves["model"] == model].groupby("magnitude"), drawn, strict=True):
            np.testing.assert_allclose(xy, part[["rjb_km", "value_g"]])
            assert inside(axes, xy)
    for (_, part), filled in zip(curves.groupby(["model", "magnitude"], sort=False), axes.collections, strict=True):
        at, lower, upper = band(filled)
        np.testing.assert_allclose(np.column_stack([at, lower, upper]), part[["rjb_km", "lower", "upper"]])
    assert "PGA (NGA only, M 6.5) goes from 1 g at 1 km to 0.01 g at 100 km" in alt
    assert "by a factor of 3.00" in alt


def test_records_behind_curves_are_drawn_where_they_are(records, curves):
    axes, _ = figures.distance_scaling(curves, records.rename(columns={"pga_g": "value_g"}), title="t")
    np.testing.assert_allclose(points(axes.collections[0]), records[["rjb_km", "pga_g"]])
    np.testing.assert_allclose(axes.collections[0].get_array(), records["magnitude"])


def test_spectra_are_the_table(curves):
    rows = [(period, 0.1 * (1 + period), 0.05 * (1 + period), 0.3 * (1 + period)) for period in (0.0, 0.1, 1.0)]
    table = pd.DataFrame(rows, columns=["period_s", "value_g", "lower", "upper"]).assign(model="nga_only")
    axes, alt = figures.spectra(table, title="t")
    np.testing.assert_allclose(lines(axes, "NGA only")[0], table.loc[1:, ["period_s", "value_g"]])
    np.testing.assert_allclose(np.array(band(axes.collections[0])).T, table.loc[1:, ["period_s", "lower", "upper"]])
    alone = next(line for line in axes.get_lines() if line.get_marker() == "o")
    assert alone.get_ydata().tolist() == [0.1]
    assert alone.get_xdata()[0] == axes.get_xticks()[0] and axes.get_xticklabels()[0].get_text() == "PGA"
    assert "PSA (NGA only) goes from 0.1 g at PGA to 0.2 g at 1 s" in alt


def test_scores_stand_where_they_are_with_their_intervals():
    table = pd.DataFrame(
        {"model": ["mean", "iran_only"], "rms": [1.0, 0.75], "lower": [0.9, 0.7], "upper": [1.1, 0.85]}
    )
    axes, alt = figures.score_dots(table, baseline="mean", title="t")
    xs = [line.get_xdata() for line in axes.get_lines()]
    dots = [float(np.ravel(x)[0]) for x in xs if np.size(x) == 1]
    intervals = [tuple(x) for x in xs if np.size(x) == 2 and x[0] != x[1]]
    assert dots == [0.75, 1.0] and intervals == [(0.7, 0.85), (0.9, 1.1)]
    assert [tuple(x) for x in xs if np.size(x) == 2 and x[0] == x[1]] == [(1.0, 1.0)]
    assert axes.get_xlabel() == "rms of the residual (ln)"
    assert "Iran only 0.75 (0.7 to 0.85); mean of the training data 1 (0.9 to 1.1)" in alt


def test_learning_curves_are_the_history():
    history = pd.DataFrame({"epoch": [1, 2, 3], "loss": [1.0, 0.5, 0.4], "val_loss": [1.1, 0.6, 0.7]})
    axes, _ = figures.learning_curves(history, chosen_epoch=2, title="t")
    np.testing.assert_allclose(lines(axes, "training (dropout on)")[0], history[["epoch", "loss"]])
    np.testing.assert_allclose(lines(axes, "validation")[0], history[["epoch", "val_loss"]])
    assert lines(axes, "kept: epoch 2")[0][0, 0] == 2


class TestMaps:
    GRID = MapGrid(32633, 300_000, 4_700_000, 10_000, nx=10, ny=20)

    def test_the_layer_in_its_colors(self):
        layer = Layer(np.linspace(0, 44.7, 200).reshape(self.GRID.shape) ** 2, "m", "CC0")
        axes, alt = figures.map_view(self.GRID, layer, title="t", label="elevation", limits=(0, 1000))
        (image,) = axes.get_images()
        np.testing.assert_allclose(image.get_array(), layer.values)
        assert image.get_clim() == (0, 1000)
        assert f"elevation (m) from 0 to 2000, median {np.median(layer.values):.3g}" in alt
        assert image.colorbar.ax.get_ylabel() == "elevation (m)"
        assert (axes.get_xlim(), axes.get_ylim()) == ((300, 400), (4700, 4900))
        assert (axes.get_xlabel().splitlines()[0], axes.get_ylabel()) == ("easting (km)", "northing (km)")

    def test_places_where_they_are_colored_by_their_values(self):
        longitude, latitude = (values.ravel()[[3, 77, 150]] for values in self.GRID.lonlat)
        dots = figures.Places("stations", longitude, latitude, values=[5.0, 1.0, 3.0], label="ln PGA")
        axes, _ = figures.map_view(self.GRID, places=[dots], title="t")
        drawn = axes.collections[0]
        order = [1, 2, 0]  # small values first
        np.testing.assert_allclose(points(drawn), np.column_stack(self.GRID.project(longitude, latitude))[order])
        assert drawn.get_array().tolist() == [1.0, 3.0, 5.0]
        assert drawn.colorbar.ax.get_ylabel() == "ln PGA"

    def test_the_scale_bar_is_as_long_as_it_says(self):
        axes, _ = figures.map_view(self.GRID, title="t")
        bar = next(line for line in axes.get_lines() if line.get_linewidth() == 3)
        written = next(text.get_text() for text in axes.texts if text.get_text().endswith(" km"))
        assert np.ptp(bar.get_xdata()) == pytest.approx(float(written.split()[0]))


@pytest.fixture(scope="module")
def recording():
    samples = np.random.default_rng(0).normal(size=(3, 63_000))
    samples[1] += 2 * np.sin(2 * np.pi * 4 * np.arange(63_000) / 50)
    samples[:, 7000:10500] *= 20
    return hvsr.Recording(*samples, 50.0, "made up")


@pytest.fixture(scope="module")
def spectra(recording):
    return hvsr.spectra(recording, hvsr.Settings(frequencies_hz=FREQUENCIES))


def test_hv_the_curve_its_band_and_its_peaks(spectra):
    curve = hvsr.curve(spectra)
    peaks = hvsr.peaks(curve, require_sesame=False)
    axes, alt = figures.hv_curve(curve, peaks, title="t")
    spread = np.exp(curve.sigma_ln)
    expected = np.column_stack([FREQUENCIES, curve.mean / spread, curve.mean * spread])
    np.testing.assert_allclose(np.array(band(axes.collections[0])).T, expected)
    np.testing.assert_allclose(lines(axes, f"mean of {curve.n_windows} windows")[0][:, 1], curve.mean)
    marks = [line for line in axes.get_lines() if line.get_marker() == "v"]
    np.testing.assert_allclose(
        [np.ravel(mark.get_xydata()) for mark in marks], peaks[["f0_hz", "amplitude"]].to_numpy(float)
    )
    assert [mark.get_markerfacecolor() != "white" for mark in marks] == peaks["sesame"].tolist()
    assert f"between {curve.mean.min():.2g} and {curve.mean.max():.3g}" in alt
