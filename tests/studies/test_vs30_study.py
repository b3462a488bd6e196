from pathlib import Path

import numpy as np
import pytest

from gmtools import cache, columns
from gmtools.data.accelerograms import Accelerogram
from gmtools.errors import GmtoolsError
from gmtools.studies import vs30_records, vs30_study


@pytest.fixture(scope="module", autouse=True)
def build_folder(tmp_path_factory):
    """Kept arrays and stores go to a folder of the test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cache, "PROJECT", tmp_path_factory.mktemp("project"))
        yield cache.PROJECT


@pytest.fixture(scope="module")
def parts():
    return {
        name: vs30_records.part(name, "smoke", seed=3) for name in ("training", "same_stations", "validation", "test")
    }


class Peaks:
    """Three records of 70 s whose peak comes at 35, 45 and 20 s."""

    def __init__(self, frame):
        self.frame = frame

    def accelerogram(self, index):
        samples = np.random.default_rng(index).normal(size=(700, 3))
        samples[[350, 450, 200][index], 0] = 50
        return Accelerogram(samples, 10.0, self.frame[columns.RECORD].iloc[index], "E", "S")


def test_parts_have_the_sizes_of_the_profile(parts):
    wanted = {name: vs30_records.SETTINGS["smoke"][name] for name in parts}
    assert {name: len(one.rows) + len(one.exclusions) for name, one in parts.items()} == wanted


def test_only_the_leaky_part_has_records_of_training_stations(parts):
    places = {
        name: set(map(tuple, one.frame[[columns.STATION_LONGITUDE, columns.STATION_LATITUDE]].to_numpy()))
        for name, one in parts.items()
    }
    sources = {name: set(one.frame[columns.EVENT_LONGITUDE]) for name, one in parts.items()}
    assert places["same_stations"] <= places["training"]
    assert not set(parts["training"].frame[columns.RECORD]) & set(parts["same_stations"].frame[columns.RECORD])
    for other in ("validation", "test"):
        assert not places["training"] & places[other] and not sources["training"] & sources[other]
    assert not places["validation"] & places["test"] and not sources["validation"] & sources["test"]


def test_a_window_that_ends_after_its_record_is_listed(parts):
    store = Peaks(parts["test"].frame.iloc[:3])
    fits, left_out = vs30_records._that_fit(store, np.arange(3), ["peaks"], "test")
    assert fits.tolist() == [True, False, True]
    assert left_out["reason"].tolist() == ["window ends after the record"]
    assert "70 s long, the window asks for 75 s" in left_out["detail"][0]


def test_without_the_mask_its_channel_is_zero_and_the_others_stay(parts):
    with_mask, without = (
        vs30_study.frames(parts["test"], vs30_study.VARIANTS[name]) for name in ("p_with_mask", "p_without_mask")
    )
    assert with_mask[..., -1].max() > 0.5 and not without[..., -1].any()
    np.testing.assert_array_equal(with_mask[..., :-1], without[..., :-1])


def test_a_network_is_trained_once(parts, monkeypatch, build_folder):
    first = vs30_study.network("cnn", "smoke", seed=3)
    monkeypatch.setattr(vs30_study, "_fit", lambda *args, **kwargs: pytest.fail("trained again"))
    again = vs30_study.network("cnn", "smoke", seed=3)
    np.testing.assert_array_equal(first.predict(parts["test"]), again.predict(parts["test"]))
    assert list(first.history) == ["epoch", "loss", "val_loss", "cpu_s"]
    assert first.history["epoch"].tolist() == [1, 2] and (first.history["cpu_s"] > 0).all()
    assert len(list(Path(build_folder, "_build", "models").glob("vs30_cnn-*.npz"))) == 1


def test_predictions_do_not_depend_on_what_the_shared_model_did_before(parts):
    first = vs30_study.network("p_with_mask", "smoke", seed=3)
    before = first.predict(parts["test"])
    vs30_study.network("pga_with_mask", "smoke", seed=3).predict(parts["test"])
    np.testing.assert_array_equal(first.predict(parts["test"]), before)
    assert np.isfinite(before).all() and (before > 0).all()


def test_what_is_carried_over():
    first = {"convolution/kernel": np.zeros((3, 5, 2)), "outputs/kernel": np.zeros(2), "lstm/input_kernel": np.zeros(4)}
    source = {name: np.ones_like(values) for name, values in first.items()}
    kernel = vs30_study._carried(first, source, "first")["convolution/kernel"]
    assert kernel[:, :-1].all() and not kernel[:, -1].any()
    everything = vs30_study._carried(first, source, "all")
    assert everything["lstm/input_kernel"].all() and not everything["outputs/kernel"].any()
    assert not first["convolution/kernel"].any()


def test_picked_times_take_the_place_of_the_true_ones(parts, monkeypatch):
    found = iter([(12.0, 20.0), (np.nan, np.nan), (70.0, 75.0)])

    def pick(record):
        assert np.isnan([record.p_time_s, record.s_time_s]).all()
        p, s = next(found)
        return type(record)(record.acceleration, record.sampling_rate_hz, "r", "e", "s", p_time_s=p, s_time_s=s)

    monkeypatch.setattr(vs30_records.picks, "with_picks", pick)
    picked, true = vs30_records.repicked(parts["test"], 3)
    assert picked.frame[[columns.P_TIME, columns.S_TIME]].to_numpy().tolist() == [[12.0, 20.0]]
    assert picked.records.accelerogram(0).s_time_s == 20.0
    assert true.frame[columns.RECORD].tolist() == parts["test"].frame[columns.RECORD][:1].tolist()
    assert (picked.exclusions["reason"] == "no usable picks").sum() == 2
    np.testing.assert_array_equal(picked.vs30_m_s, true.vs30_m_s)


def test_unknown_variant():
    with pytest.raises(GmtoolsError, match=r"No variant is named 's_wave'; there are p_with_mask"):
        vs30_study.network("s_wave", "smoke")
