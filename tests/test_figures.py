"""Every kind of figure on small tables: axes with units, the honest word on it, and alt text made from the data."""

import itertools
import subprocess
import sys

import matplotlib
import numpy as np
import pandas as pd
import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

matplotlib.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.colors import to_rgb

from gmtools import figures
from gmtools.figures._style import STYLES

NETWORKS = ("nga_only", "iran_only", "transfer_frozen", "fine_tuned", "published")
DRAWN_TOGETHER = (
    ("nga_only", "ASK14", "BSSA14", "CB14", "CY14", "I14"),
    (*NETWORKS, "ZafaraniEtAl2018", "KaleEtAl2015Iran", "GhasemiEtAl2009", "mean", "linear"),
    ("ZafaraniEtAl2018", "truncated"),
    ("nga_only", "LanzanoEtAl2019", "BindiEtAl2011", "KothaEtAl2020", "AkkarBommer2010", "mean", "linear"),
)


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture
def records():
    rng = np.random.default_rng(5)
    count = 400
    frame = pd.DataFrame(
        {
            "event_id": rng.integers(0, 40, count),
            "magnitude": rng.uniform(4, 5.9, count),
            "rjb_km": rng.uniform(12, 250, count),
            "vs30_m_s": rng.uniform(180, 1200, count),
        }
    )
    frame.loc[:2, ["magnitude", "rjb_km"]] = [[7.5, 0.0], [6.5, 4.0], [6.1, 9.0]]
    frame["pga_g"] = np.maximum(3 * frame["rjb_km"].clip(1) ** -1.2, 0.0102)
    frame["residual"] = rng.normal(0.3, 0.1, count)
    return frame


def words_on(axes):
    """Every visible text of the figure."""
    figure = np.ravel(np.asarray(axes, dtype=object))[0].figure
    return [text.get_text() for text in figure.findobj(matplotlib.text.Text) if text.get_visible()]


def scores(subsets=("all",)):
    rows = [
        (model, subset, 0.1 * i, 0.1 * i - 0.05, 0.1 * i + 0.05, 31)
        for subset in subsets
        for i, model in enumerate(NETWORKS)
    ]
    return pd.DataFrame(rows, columns=["model", "subset", "bias", "lower", "upper", "records"])


def every_figure(records, kind):
    """Each function once, drawn with `kind`."""
    yield figures.coverage(records, title="t", kind=kind)
    yield figures.score_dots(scores(), value="bias", label="bias (ln)", title="t", kind=kind)


@pytest.mark.parametrize("kind", ["reconstructed", "simulated"])
def test_every_figure_and_its_alt_text_say_what_is_not_measured(records, kind):
    for axes, alt_text in every_figure(records, kind):
        assert kind in words_on(axes)
        assert kind in alt_text


def test_measured_data_carry_no_word(records):
    for axes, alt_text in every_figure(records, "measured"):
        assert not {"measured", "reconstructed", "simulated"} & set(words_on(axes))
        assert "simulated" not in alt_text and alt_text.endswith(".")
        assert "t" in words_on(axes)


def test_unknown_kind_is_refused(records):
    with pytest.raises(ValueError, match=r"kind is 'synthetic'; say one of measured, reconstructed, simulated"):
        figures.coverage(records, title="t", kind="synthetic")


def test_axes_carry_units(records):
    unitless = {"moment magnitude M", "records", ""}
    for axes, _ in every_figure(records, "measured"):
        for ax in np.ravel(np.asarray(axes, dtype=object))[0].figure.axes:
            for label in (ax.get_xlabel(), ax.get_ylabel()):
                assert label in unitless or "(" in label or " in " in label, label


def luminance(color):
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(color)]
    return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))


@pytest.mark.parametrize("group", DRAWN_TOGETHER)
def test_models_drawn_together_differ_in_color_and_in_grey(group):
    for one, other in itertools.combinations(group, 2):
        assert figures.COLORS[one] != figures.COLORS[other]
        assert STYLES[one].linestyle != STYLES[other].linestyle
    for model in group:
        assert luminance(figures.COLORS[model]) < 0.55, f"{model} is too light on white"


def test_coverage_counts_records_and_the_selection(records):
    axes, alt_text = figures.coverage(records, selected=records["magnitude"] > 6, selected_label="large", title="t")
    assert "400 records, M 4" in alt_text and "to 7.5, 0 to" in alt_text
    assert "3 of them are marked: large" in alt_text
    assert "Only 3 records lie above M 6 and within 10 km" in alt_text
    assert axes.get_xscale() == "log" and "below 0.1 km drawn there" in axes.get_xlabel()
    assert sum(len(dots.get_offsets()) for dots in axes.collections) == 400


def test_coverage_draws_each_record_once_where_it_is(records):
    records.loc[3, ["magnitude", "rjb_km"]] = [6.5, 15.0]  # large, and not near
    axes, alt = figures.coverage(records, title="t")
    (dots,) = axes.collections
    np.testing.assert_allclose(dots.get_offsets(), np.maximum(records[["rjb_km", "magnitude"]], 0.1))
    heights = [patch.get_height() for patch in axes.child_axes[0].patches]
    assert sum(heights) == 400
    near = ((records["magnitude"] > 6) & (records["rjb_km"] < 10)).sum()
    low, high = records["rjb_km"].agg(["min", "max"])
    assert f"400 records, M {records['magnitude'].min():.3g} to {records['magnitude'].max():.3g}" in alt
    assert f"{low:.3g} to {high:.3g} km" in alt and f"Only {near} records lie" in alt


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


def test_scores_are_sorted_and_set_against_the_baseline():
    table = pd.DataFrame({"model": ["mean", "iran_only"], "rms": [1.0, 0.75], "lower": [0.9, 0.7], "upper": [1.1, 0.8]})
    axes, alt_text = figures.score_dots(table, baseline="mean", title="t")
    assert [label.get_text() for label in axes.get_yticklabels()] == ["Iran only", "mean of the training data"]
    assert "Iran only 0.75 (0.7 to 0.8)" in alt_text
    assert "25 % below mean of the training data" in alt_text


def test_score_rows_may_have_any_name():
    table = pd.DataFrame({"model": ["13 fits", "one batched model"], "seconds": [60.0, 8.0]})
    axes, alt_text = figures.score_dots(table, value="seconds", label="time (s)", title="t")
    assert "one batched model 8; 13 fits 60" in alt_text and axes.get_xlabel() == "time (s)"


def test_long_titles_stay_inside_the_figure(records):
    axes, _ = figures.coverage(records, title="A claim that goes on and on " * 6)
    axes.figure.canvas.draw()
    assert axes.figure._suptitle.get_window_extent().x1 <= axes.figure.bbox.x1


@pytest.fixture
def shell():
    yield InteractiveShell.instance()
    InteractiveShell.clear_instance()


def test_show_displays_once_with_the_alt_text(shell, records):
    axes, alt_text = figures.coverage(records, title="t")
    with capture_output() as captured:
        assert figures.show(axes, alt_text) is None
    (output,) = captured.outputs
    assert output.metadata["image/png"] == {"alt": alt_text}
    assert output.metadata["shows"][:2] == [alt_text, "t"]
    assert output.data["image/png"].startswith("iVBOR")
    assert plt.get_fignums() == []


def shown_of(draw):
    """What ``gmtools check`` compares of axes on which ``draw`` draws."""
    figure, axes = plt.subplots()
    draw(axes)
    (words,) = filter(None, figures.shows(figure))
    return words


X, MEDIAN, SIGMA = np.array([1.0, 2.0, 4.0]), np.array([0.4, 0.2, 0.1]), 0.5


def test_what_a_figure_shows_has_labels_units_and_the_data_drawn():
    def draw(axes, median=MEDIAN, label="PGA (g)"):
        axes.plot(X, median, label="ANN")
        axes.set(xlabel="distance (km)", ylabel=label, title="decay")
        axes.legend()

    assert shown_of(draw) == "decay; distance (km) 1.00, 2.33, 4.00; PGA (g) 0.100, 0.233, 0.400; ANN"
    assert shown_of(lambda axes: draw(axes, label="PGA (cm/s²)")) != shown_of(draw)
    assert shown_of(lambda axes: draw(axes, MEDIAN * np.exp(SIGMA**2 / 2))) != shown_of(draw)  # a mean for a median


def test_a_band_without_its_lower_half_shows():
    high, low = MEDIAN * np.exp(SIGMA), MEDIAN * np.exp(-SIGMA)
    whole, half = (shown_of(lambda axes, edge=edge: axes.fill_between(X, edge, high)) for edge in (low, MEDIAN))
    assert f"{low.min():.3f}" in whole and f"{low.min():.3f}" not in half


def test_what_dots_bars_maps_and_logarithmic_axes_show():
    assert shown_of(lambda axes: axes.scatter(X, MEDIAN, c=10 * X)).endswith("0.100, 0.233, 0.400; 10.0, 23.3, 40.0")
    bars = shown_of(lambda axes: axes.barh(["ANN", "CB14"], [2.0, 1.0]))
    assert bars == "0.00, 0.75, 2.00; -0.40, 0.50, 1.40; ANN; CB14"
    assert shown_of(lambda axes: axes.imshow(np.array([[1.0, np.nan], [3.0, 5.0]]))).endswith("1.00, 3.00, 5.00")
    assert (
        shown_of(lambda axes: axes.loglog([1, 10, 100], [0.01, 0.1, 0.0])) == "0.00, 1.00, 2.00; -2.000, -1.500, -1.000"
    )


def test_show_outside_a_notebook_prints_the_alt_text(records, capsys):
    axes, alt_text = figures.coverage(records, title="t")
    figures.show(axes, alt_text)
    assert capsys.readouterr().out == alt_text + "\n"


def test_show_refuses_an_empty_alt_text(records):
    axes, _ = figures.coverage(records, title="t")
    with pytest.raises(ValueError, match="the alt text is empty"):
        figures.show(axes, " ")


def test_importing_figures_imports_no_tensor_library():
    heavy = {"tensorflow", "keras", "torch", "openquake", "seaborn"}
    code = f"import sys, gmtools.figures; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
