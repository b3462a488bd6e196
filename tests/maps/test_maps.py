"""Maps on a small grid: projected axes, scale bar, coast, license line and alt text made from what is drawn."""

import matplotlib
import numpy as np
import pytest

matplotlib.use("Agg")

import matplotlib.pyplot as plt

from gmtools import figures
from gmtools.maps.grids import Layer, MapGrid

GRID = MapGrid(32633, 300_000, 4_700_000, 10_000, nx=10, ny=20)


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture
def layer():
    values = np.linspace(0, 1990, 200).reshape(GRID.shape)
    values[0, 0] = np.nan
    return Layer(values, "m", "CC0")


def places(**options):
    longitude, latitude = (values.ravel()[::50] for values in GRID.lonlat)
    return figures.Places("stations", [*longitude, 0.0], [*latitude, 0.0], **options)


def words_on(axes):
    return [text.get_text() for text in axes.figure.findobj(matplotlib.text.Text) if text.get_visible()]


def test_a_layer_is_drawn_on_projected_axes_with_its_license(layer):
    axes, alt_text = figures.map_view(GRID, layer, title="t", label="elevation")
    (image,) = axes.get_images()
    assert image.get_extent() == [300.0, 400.0, 4700.0, 4900.0] and image.origin == "lower"
    assert axes.get_xlim() == (300, 400) and axes.get_aspect() == 1
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("easting (km)\nlicense: CC0", "northing (km)")
    assert "elevation (m)" in words_on(axes) and "20 km" in words_on(axes)
    assert "elevation (m) from 10 to 1990, median 1000" in alt_text and "without a coast" in alt_text
    assert "100 km from west to east and 200 km from south to north" in alt_text


def test_missing_pixels_are_told(layer):
    layer.values[:5] = np.nan
    assert "no value at 25 % of the pixels" in figures.map_view(GRID, layer, title="t", label="h")[1]


def test_places_stand_out_from_a_layer(layer):
    def rim(below, size):
        axes, _ = figures.map_view(GRID, below, [places(size=size)], title="t", label="h")
        return axes.collections[0].get_linewidth()[0]

    assert (rim(None, 20), rim(layer, 4), rim(layer, 40)) == (0, 0.1, 0.5)


def test_places_outside_the_grid_are_left_out():
    axes, alt_text = figures.map_view(GRID, places=[places()], title="t")
    assert len(axes.collections[0].get_offsets()) == 4
    assert "4 stations" in alt_text and "4 stations" in words_on(axes)


def test_the_coast_is_drawn(layer):
    line = np.column_stack([values.ravel()[:10] for values in GRID.lonlat])
    axes, alt_text = figures.map_view(GRID, layer, title="t", label="h", coast=[line])
    assert "with the coast" in alt_text
    assert axes.get_lines()[0].get_xdata()[0] == pytest.approx(305.0)


def test_places_are_colored_by_their_values_where_they_are():
    longitude, latitude = (values.ravel()[[3, 77, 150]] for values in GRID.lonlat)
    dots = figures.Places("stations", longitude, latitude, values=[5.0, 1.0, 3.0], label="ln PGA")
    axes, alt_text = figures.map_view(GRID, places=[dots], title="t")
    drawn, order = axes.collections[0], [1, 2, 0]  # small values first
    np.testing.assert_allclose(drawn.get_offsets(), np.column_stack(GRID.project(longitude, latitude))[order])
    assert drawn.get_array().tolist() == [1.0, 3.0, 5.0]
    assert drawn.colorbar.ax.get_ylabel() == "ln PGA"
    assert "3 stations, colored by ln PGA from 1 to 5" in alt_text


def test_the_scale_bar_is_as_long_as_it_says():
    axes, _ = figures.map_view(GRID, title="t")
    bar = next(line for line in axes.get_lines() if line.get_linewidth() == 3)
    written = next(text.get_text() for text in axes.texts if text.get_text().endswith(" km"))
    assert np.ptp(bar.get_xdata()) == pytest.approx(float(written.split()[0]))


def test_the_kind_is_on_the_map_and_in_the_words(layer):
    axes, alt_text = figures.map_view(GRID, layer, title="t", label="h", kind="simulated")
    assert "simulated" in words_on(axes) and alt_text.endswith("The data are simulated.")
    with pytest.raises(ValueError, match="kind is 'drawn'; say one of measured"):
        figures.map_view(GRID, layer, title="t", label="h", kind="drawn")
