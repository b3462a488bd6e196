import warnings

import numpy as np
import pandas as pd
import pytest
from golden import apart

from gmtools import hvsr, networks
from gmtools.errors import GmtoolsError, OutOfRange
from gmtools.simulate import microtremor
from gmtools.studies import hv_peaks, peak_rules


@pytest.fixture(scope="module")
def few():
    return hv_peaks.drawn(microtremor.ITALY, 5, dict.fromkeys(microtremor.LABELS, 3))


def test_drawn_peaks_have_their_numbers_and_come_back_the_same(few):
    assert few.table["label"].value_counts().to_dict() == dict.fromkeys(microtremor.LABELS, 3)
    assert few.spectra.shape == (9, 90) and few.lines.shape == (9, 3, 227)
    assert hv_peaks.pictures(few.lines).shape == (9, 113, 113, 3)
    again = hv_peaks.drawn(microtremor.ITALY, 5, dict.fromkeys(microtremor.LABELS, 3))
    np.testing.assert_array_equal(again.spectra, few.spectra)
    assert [peak_rules.CLASSES[k] for k in few.label] == few.table["label"].tolist()


def test_split_keeps_recordings_whole():
    recording = np.array([1, 1, 2, 3, 3, 4])
    train = hv_peaks.split(recording, 4, seed=1)
    assert train.sum() == 4 and not set(recording[train]) & set(recording[~train])
    with pytest.raises(GmtoolsError, match=r"Whole recordings leave 1 of 3 training peaks over"):
        hv_peaks.split(np.array([1, 1, 2, 2]), 3)


def test_interval_of_recordings_is_wider_than_of_peaks():
    values, recording = np.repeat([0.0, 1.0, 1.0, 0.0], 25), np.repeat(range(4), 25)
    low, high = hv_peaks.interval(values, recording)
    alone = hv_peaks.interval(values, np.arange(100))
    assert low < alone[0] < 0.5 < alone[1] < high


def test_the_interval_holds_95_of_100_means():
    values = np.random.default_rng(3).standard_normal(400)
    low, high = hv_peaks.interval(values, np.arange(400), draws=4000)
    error = values.std() / np.sqrt(400)  # of a mean of normal values: 1.96 of it on both sides
    np.testing.assert_allclose([low, high], values.mean() + 1.96 * error * np.array([-1, 1]), atol=0.1 * error)


def test_facts_scale_the_training_range_to_one(few):
    facts = hv_peaks.facts(few.spectra, few.label, few.label, 0 * few.label)
    first = facts["inputs"][0]
    ends = np.log(facts["ranges"]["other"][first["name"]])
    np.testing.assert_allclose((ends - first["mean"]) / first["sd"], [-1, 1])
    assert facts["scores"][0]["value"] == 1 and facts["kind"] == "simulated"
    limits = hv_peaks.facts(few.lines, few.label, few.label, few.label)["ranges"]["other"]
    assert limits["vt"] == [few.lines[:, 2].min(), few.lines[:, 2].max()]


def test_quantities_of_noise_are_those_of_made_up_spectra():
    f = np.geomspace(0.2, 40, 1000)
    hv = 1.5 * (1 + 4 * np.exp(-0.5 * (np.log(f / 3) / 0.15) ** 2))
    parts = np.log(np.stack([hv * f, hv * f, f])) + np.array([[0.1], [-0.1], [0.0]])  # north, east, vertical
    amplitude = np.exp(parts[:, None] + 0.3 * np.array([-1, 1] * 5)[:, None])  # ten windows, low and high in turn
    kept, horizontal = np.ones(10, bool), np.sqrt(amplitude[0] * amplitude[1])
    spectra = hvsr.Spectra(f, amplitude, horizontal, 70.0 * np.arange(10), kept, hvsr.Settings(frequencies_hz=f))
    found = hv_peaks.noise_quantities(spectra)
    wanted = {
        "slope": np.log(2),
        "level": 1.5,
        "height": 7.5,
        "scatter": 0,
        "change": 0.3 * np.sqrt(10 / 9),
        "balance": 0.2,
    }
    assert {name: found[name] for name in wanted} == pytest.approx(wanted, rel=5e-3, abs=1e-6)


def test_stand_ins_are_simulated_and_said_to_be():
    found, kind = hv_peaks.recordings("simulated", seed=1)
    assert kind == "simulated" and len(found) == 7
    assert "SIMULATED" in hv_peaks.notice(found, "simulated")


def test_real_recordings_say_their_license(skip_unless_ci):
    found = hv_peaks.real_recordings()
    if len(found) < 7:
        skip_unless_ci("the seven public recordings are not all here")
    text = hv_peaks.notice(found)
    assert "MIT" in text and "GPL-3" in text and "Known faults" in text
    assert {round(one.sampling_rate_hz) for one in found.values()} == {100, 128}


@pytest.mark.parametrize("name", hv_peaks.NAMED)
def test_named_networks_give_the_predictions_of_their_card(name):
    assert apart(name) < 2e-3
    card = networks.card(name)
    assert card["kind"] == "simulated" and card["scores"][0]["baselines"]["constant answer"] == pytest.approx(1 / 3)


def test_networks_warn_outside_of_what_they_learned_from(few):
    spectra, lines = few.spectra.copy(), few.lines.copy()
    spectra[0] *= 1e3
    lines[0] *= 1e3
    for name in hv_peaks.NAMED:
        with pytest.warns(OutOfRange, match=rf"{name}: \d of 9 peaks have more than 5 % of their numbers outside"):
            share = hv_peaks.outside(name, spectra if "perceptron" in name else lines)
        assert share[0] > 0.9
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        low = hv_peaks.outside("peak_squeezenet_more", few.lines)
    assert (low <= 0.05).all()
    lines = few.lines.copy()
    lines[0, :, :9] *= 1e3  # four of a hundred numbers are no reason to warn, ten are
    hv_peaks.outside("peak_squeezenet_more", lines)
    lines[0, :, :23] *= 1e3
    with pytest.warns(OutOfRange, match="peak_squeezenet_more: 1 of 9 peaks"):
        hv_peaks.outside("peak_squeezenet_more", lines)


def test_all_networks_answer_in_probabilities(few):
    for name, p in hv_peaks.ask(few.spectra, few.lines).items():
        assert p.shape == (9, 3), name
        np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-5)


def test_inputs_of_are_those_of_hvsr():
    site = microtremor.Site((microtremor.layer(2.0, 5.0),))
    spectra = {"one": microtremor.spectra(site, microtremor.CALM, 1)[0]}
    ninety, lines = hv_peaks.inputs_of(spectra, pd.DataFrame({"recording": ["one"], "f0_hz": [2.0]}))
    np.testing.assert_array_equal(ninety[0], hvsr.features(spectra["one"], 2.0))
    assert lines.shape == (1, 3, 227)
