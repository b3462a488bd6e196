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
from gmtools.errors import ColumnMissing, UnknownModel

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


def curves(models=("nga_only",), magnitudes=(5.5, 6.5), periods=(0.0,), distances=(1.0, 10.0, 100.0)):
    rows = itertools.product(models, magnitudes, periods, distances)
    table = pd.DataFrame(rows, columns=["model", "magnitude", "period_s", "rjb_km"])
    factor = table["model"].map({model: i + 1 for i, model in enumerate(models)})
    return table.assign(value_g=factor * 10 ** (table["magnitude"] - 6.5) / table["rjb_km"])


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


def components(periods=(0.0, 0.2, 1.0)):
    rows = [(model, period, 0.3, 0.25, 0.5 + period / 10) for model in NETWORKS[:2] for period in periods]
    return pd.DataFrame(rows, columns=["model", "period_s", "tau", "phi_s2s", "phi_ss"])


def every_figure(records, kind):
    """Each function once, drawn with `kind`."""
    table = curves(periods=(0.0, 0.2, 1.0))
    pga = table[table["period_s"] == 0].drop(columns="period_s")
    history = pd.DataFrame({"epoch": [1, 2, 3], "loss": [1.0, 0.5, 0.4], "val_loss": [1.1, 0.6, 0.7]})
    yield figures.coverage(records, title="t", kind=kind)
    yield figures.truncation(records, 0.0102, title="t", kind=kind)
    yield figures.distance_scaling(pga, title="t", kind=kind)
    yield figures.vs30_scaling(pga.rename(columns={"rjb_km": "vs30_m_s"}), title="t", kind=kind)
    yield figures.spectra(table[table["rjb_km"] == 10], title="t", kind=kind)
    yield figures.score_dots(scores(), value="bias", label="bias (ln)", title="t", kind=kind)
    yield figures.learning_curves(history, title="t", kind=kind)


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
    unitless = {"moment magnitude M", "records", "epoch", ""}
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
        assert figures.LINESTYLES[one] != figures.LINESTYLES[other]
    for model in group:
        assert luminance(figures.COLORS[model]) < 0.55, f"{model} is too light on white"


def test_a_model_has_the_same_color_in_lines_and_dots(records):
    axes, _ = figures.distance_scaling(curves(("iran_only",)), title="t")
    lines = {line.get_color() for line in axes.get_lines() if line.get_label() == figures.LABELS["iran_only"]}
    dots, _ = figures.score_dots(pd.DataFrame({"model": ["iran_only"], "rms": [0.7]}), title="t")
    assert lines == {dots.get_lines()[-1].get_color()} == {figures.COLORS["iran_only"]}


def test_a_line_of_an_unregistered_model_is_refused():
    with pytest.raises(UnknownModel, match=r"no figure style for the model 'my_net'; known are nga_only"):
        figures.distance_scaling(curves(("my_net",)), title="t")


def test_missing_columns_are_named(records):
    with pytest.raises(ColumnMissing, match=r"'coverage' needs the columns rjb_km; the table has"):
        figures.coverage(records.drop(columns="rjb_km"), title="t")


def test_coverage_counts_records_and_the_selection(records):
    axes, alt_text = figures.coverage(records, selected=records["magnitude"] > 6, selected_label="large", title="t")
    assert "400 records, M 4" in alt_text and "to 7.5, 0 to" in alt_text
    assert "3 of them are marked: large" in alt_text
    assert "Only 3 records lie above M 6 and within 10 km" in alt_text
    assert axes.get_xscale() == "log" and "below 0.1 km drawn there" in axes.get_xlabel()
    assert sum(len(dots.get_offsets()) for dots in axes.collections) == 400


def test_truncation_shows_the_threshold_and_both_medians(records):
    steep = {"ZafaraniEtAl2018": 3 * records["rjb_km"].clip(1) ** -2.0}
    missing = records.assign(rjb_km=records["rjb_km"].where(records.index > 9))
    axes, alt_text = figures.truncation(missing, 0.0102, predicted=steep, title="t")
    assert "390 records, none below the line at 0.0102 g; the smallest is 0.0102 g" in alt_text
    labels = [line.get_label() for line in axes.get_lines()]
    assert labels[1:] == ["median of the records", "Zafarani et al. (2018)"]
    recorded, predicted = (line.get_ydata() for line in axes.get_lines()[1:])
    assert recorded[-1] > predicted[-1] and axes.get_ylim()[0] < 0.0102


def test_distance_scaling_tells_ends_and_the_largest_factor(records):
    table = curves(("nga_only", "BSSA14"))
    axes, alt_text = figures.distance_scaling(table, records.rename(columns={"pga_g": "value_g"}), title="t")
    assert "PGA (NGA only, M 6.5) goes from 1 g at 1 km to 0.01 g at 100 km" in alt_text
    assert "by a factor of 2.00" in alt_text
    assert {"M 5.5", "M 6.5"} <= {text.get_text() for text in axes.texts}
    assert axes.get_xscale() == axes.get_yscale() == "log"
    assert len(axes.collections[0].get_offsets()) == 400


def test_bands_are_drawn_where_the_table_has_them():
    table = curves().assign(lower=lambda frame: frame["value_g"] / 2, upper=lambda frame: frame["value_g"] * 2)
    axes, _ = figures.distance_scaling(table, title="t")
    assert len(axes.collections) == 2  # one band a magnitude


def test_panels_by_period_carry_their_own_kind():
    kinds = {0.0: "measured", 0.2: "reconstructed"}
    axes, alt_text = figures.distance_scaling(curves(periods=(0.0, 0.2)), panels="period_s", kind=kinds, title="t")
    assert [ax.get_title(loc="left") for ax in axes] == ["PGA", "PSA(0.2 s)"]
    assert ["reconstructed" in [text.get_text() for text in ax.texts] for ax in axes] == [False, True]
    assert alt_text.startswith("2 panels") and "Some panels are reconstructed" in alt_text
    with pytest.raises(ValueError, match=r"nothing about the panel 0\.2, only about 0\.0"):
        figures.distance_scaling(curves(periods=(0.0, 0.2)), panels="period_s", kind={0.0: "measured"}, title="t")


def test_labels_of_close_lines_do_not_overlap():
    axes, _ = figures.distance_scaling(curves(magnitudes=(6.5, 6.501, 6.502)), title="t")
    axes.figure.canvas.draw()
    boxes = [text.get_window_extent() for text in axes.texts]
    assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))


def test_spectra_put_pga_at_its_own_tick():
    table = curves(periods=(0.0, 0.2, 1.0), distances=(10.0,))
    axes, alt_text = figures.spectra(table, title="t")
    ticks = {
        label.get_text(): position for label, position in zip(axes.get_xticklabels(), axes.get_xticks(), strict=True)
    }
    assert ticks["PGA"] < 0.05
    assert "0.1 g at PGA to 0.1 g at 1 s" in alt_text
    lines = [line for line in axes.get_lines() if line.get_linestyle() != "None" and len(line.get_xdata()) == 2]
    assert all(min(line.get_xdata()) != ticks["PGA"] for line in lines if line.get_label() == "NGA only")


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


def test_learning_curves_mark_the_chosen_epoch():
    history = pd.DataFrame({"epoch": [1, 2, 3], "loss": [1.0, 0.5, 0.4], "val_loss": [1.1, 0.6, 0.7]})
    axes, alt_text = figures.learning_curves(history, chosen_epoch=2, title="t")
    assert "training loss falls from 1 to 0.4" in alt_text
    assert "validation loss is smallest, 0.6, at epoch 2, epoch 2 is kept" in alt_text
    assert "kept: epoch 2" in [line.get_label() for line in axes.get_lines()]


def test_given_axes_are_used(records):
    axes = figures.panel(2, title="both")
    left, _ = figures.coverage(records, title="left", axes=axes[0])
    right, _ = figures.distance_scaling(curves(), title="right", axes=axes[1])
    assert left is axes[0] and right is axes[1]
    assert {"both", "left", "right"} <= set(words_on(axes))


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
    assert output.metadata == {"image/png": {"alt": alt_text}}
    assert output.data["image/png"].startswith("iVBOR")
    assert plt.get_fignums() == []


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
