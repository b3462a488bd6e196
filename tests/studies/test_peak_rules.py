import numpy as np
import pandas as pd
import pytest

from gmtools.errors import ColumnMissing, GridError
from gmtools.studies import peak_rules

OCTAVES = np.linspace(-1, 1, 30)


def features(ns, ew, vertical):
    spectra = np.exp(np.array(np.broadcast_arrays(ns, ew, vertical, 0 * OCTAVES)[:3]))
    return (spectra / spectra[2].min()).reshape(1, -1)


def hill(width):
    return np.exp(-0.5 * (OCTAVES / width) ** 2)


def line(height):
    return np.log1p(height * np.maximum(1 - np.abs(OCTAVES) / 0.1, 0))


@pytest.mark.parametrize(
    ("ns", "ew", "vertical", "verdict", "decided_by"),
    [
        (0.0, 0.0, -hill(0.4), "stratigraphic", "no rule applies"),  # trough of the vertical
        (hill(0.4), hill(0.4), 0.0, "stratigraphic", "no rule applies"),  # maximum of the horizontals
        (line(4), line(3), line(0.1), "artefactual", "relative_width"),
        (line(4) + hill(0.5), line(3) + hill(0.5), line(1), "artefactual", "vertical_bump_ln"),
        (0.7 + hill(0.4), hill(0.4), 0.0, "other", "horizontal_imbalance_ln"),
        (hill(0.4), hill(0.4) + 0.7, 0.0, "other", "horizontal_imbalance_ln"),
    ],
)
def test_textbook_peaks(ns, ew, vertical, verdict, decided_by):
    found = peak_rules.classify(peak_rules.quantities(features(ns, ew, vertical))).iloc[0]
    assert (found["verdict"], found["decided_by"]) == (verdict, decided_by)
    assert peak_rules.CLASSES[found["label"]] == verdict


def test_quantities_measure_what_was_planted():
    table = peak_rules.quantities(features(0.5, 0.1, -hill(0.3)))
    half = 0.3 * np.sqrt(2 * np.log(2))  # octaves from the top to half the height
    assert table["relative_width"].iloc[0] == pytest.approx(2**half - 2**-half, abs=0.02)
    assert table["horizontal_imbalance_ln"].iloc[0] == pytest.approx(0.4)
    assert table["horizontal_bump_ln"].iloc[0] == pytest.approx(0, abs=1e-9)
    shoulder = np.exp(-0.5 * (0.35 / 0.3) ** 2)  # a third of an octave from the peak
    assert table["vertical_bump_ln"].iloc[0] == pytest.approx(-(1 - shoulder), abs=0.02)


@pytest.mark.parametrize(
    ("quantity", "within", "beyond"),
    [
        ("relative_width", 0.26, 0.24),
        ("vertical_bump_ln", np.log(1.24), np.log(1.26)),
        ("horizontal_imbalance_ln", np.log(1.19), np.log(1.21)),
    ],
)
def test_each_rule_begins_at_its_threshold(quantity, within, beyond):
    found = peak_rules.classify(pd.DataFrame({quantity: [within, beyond]}))
    assert found["decided_by"].tolist() == ["no rule applies", quantity]


def test_an_imbalance_over_less_than_four_fifths_of_the_window_does_not_count():
    louder = np.where(OCTAVES < 0.4, 0.5, 0.0)  # over seven tenths
    assert peak_rules.quantities(features(louder, 0.0, 0.0))["horizontal_imbalance_ln"].iloc[0] == 0


def test_quantities_do_not_depend_on_the_unit_and_hardly_on_a_tilt():
    plain = peak_rules.quantities(features(0.0, 0.0, -hill(0.3)))
    tilted = peak_rules.quantities(5 * features(0.5 * OCTAVES, 0.5 * OCTAVES, 0.5 * OCTAVES - hill(0.3)))
    pd.testing.assert_frame_equal(plain, tilted, atol=1e-9)


def test_a_rule_without_its_quantity_is_left_out_and_none_is_an_error():
    table = pd.DataFrame({"relative_width": [0.1, 0.5, np.nan]}, index=["a", "b", "c"])
    found = peak_rules.classify(table)
    assert found["verdict"].to_dict() == {"a": "artefactual", "b": "stratigraphic", "c": "stratigraphic"}
    assert found["value"].isna().tolist() == [False, True, True]
    with pytest.raises(ColumnMissing, match=r"None of \['relative_width'.* is among the columns \['width'\]"):
        peak_rules.classify(pd.DataFrame({"width": [1.0]}))


def test_features_of_another_shape_are_refused():
    with pytest.raises(GridError, match=r"shape \(2, 91\), not \(n, 3 m\)"):
        peak_rules.quantities(np.ones((2, 91)))
