import numpy as np
import pytest

from gmtools import cache
from gmtools.errors import GmtoolsError
from gmtools.models import squeezenet
from gmtools.studies import peak_study

SMOKE = peak_study.SETTINGS["smoke"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A cache of its own, so that the tests compute and do not load what a lesson left."""
    place, usual = tmp_path_factory.mktemp("models"), cache.once
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cache, "once", lambda name, inputs, make: usual(name, inputs, make, place))
        yield place


@pytest.fixture(scope="module")
def italy(folder):
    return peak_study.italy("smoke", progress=False)


def test_the_settings_of_the_thesis_are_there():
    for profile in ("fast", "full"):
        assert sum(peak_study.SETTINGS[profile]["italian_peaks"].values()) == 261
        assert sum(peak_study.SETTINGS[profile]["californian_peaks"].values()) == 220
    assert peak_study.SETTINGS["full"]["picture_side"] == squeezenet.SIDE


def test_a_recording_is_on_one_side_and_the_number_is_met():
    recording = np.random.default_rng(0).permutation(np.repeat(np.arange(150), np.tile([1, 2, 2], 50)))
    training = peak_study.split(recording, 175, seed=3)
    assert training.sum() == 175 and not set(recording[training]) & set(recording[~training])
    np.testing.assert_array_equal(training, peak_study.split(recording, 175, seed=3))
    with pytest.raises(GmtoolsError, match="leave 1 of 3 training peaks over"):
        peak_study.split([1, 1, 2, 2], 3)


def test_peaks_come_back_from_the_cache_as_they_were_drawn(italy, folder):
    again = peak_study.italy("smoke", progress=False)
    assert again.table.equals(italy.table) and again.counted == italy.counted
    np.testing.assert_array_equal(again.features, italy.features)
    assert italy.training.sum() == 21 and len(italy.table) == 30
    assert dict(italy.table["label"].value_counts()) == SMOKE["italian_peaks"]
    np.testing.assert_allclose(np.exp(italy.features), italy.spectra)


def test_californian_peaks_are_others_and_none_is_for_training(italy, folder):
    california = peak_study.california("smoke", progress=False)
    assert not california.training.any()
    assert dict(california.table["label"].value_counts()) == SMOKE["californian_peaks"]


def test_the_perceptron_is_the_same_the_second_time_and_knows_its_training_peaks(italy, folder):
    network, history = peak_study.ann(italy, "smoke")
    again, loaded = peak_study.ann(italy, "smoke")
    np.testing.assert_array_equal(network.weights, again.weights)
    assert network.weights.size == 1028 and history.equals(loaded)
    assert history["mse"].iloc[-1] <= peak_study.GOAL
    chosen = italy.training
    assert (network.predict(italy.features[chosen]).argmax(1) == italy.label[chosen]).all()


def test_squeezenet_from_scratch_is_kept_and_other_variants_ask_for_weights(italy, folder):
    model, history = peak_study.cnn(italy, None, "from_scratch", "smoke")
    again, loaded = peak_study.cnn(italy, None, "from_scratch", "smoke")
    pictures = peak_study.pictures(italy, SMOKE["picture_side"])
    assert pictures.shape == (30, SMOKE["picture_side"], SMOKE["picture_side"], 3) and pictures.dtype == "uint8"
    first, second = (squeezenet.probabilities(one, pictures) for one in (model, again))
    np.testing.assert_array_equal(first, second)
    assert history.equals(loaded) and {"loss", "val_accuracy"} <= set(history)
    assert any("from_scratch" in path.name for path in folder.glob("*.npz"))
    with pytest.raises(GmtoolsError, match="begins with ImageNet's weights"):
        peak_study.cnn(italy, None, "frozen", "smoke")


def test_recipes_are_the_thesis_where_it_gives_them():
    thesis = peak_study.recipe("all_layers")
    assert (thesis.learning_rate, thesis.epochs, thesis.batch, thesis.optimizer) == (1e-4, 8, 11, "sgd")
    assert peak_study.recipe("all_layers_adam").optimizer == "adam"
    assert peak_study.recipe("from_scratch", "smoke").epochs == 1


def test_no_file_is_looked_for_in_simulated_runs():
    assert peak_study.imagenet("simulated") is None
