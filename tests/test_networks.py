"""Networks by name: what is saved comes back, and nothing else gets in."""

import contextlib
import json
import subprocess
import warnings

import numpy as np
import pandas as pd
import pytest
from golden import apart

from gmtools import networks
from gmtools.errors import CacheNotWritable, FormatError, KnownFault, OutOfRange, UnknownModel
from gmtools.layers import keras
from gmtools.networks import _dense

layers = keras.layers
INPUTS = [
    {"name": "magnitude", "unit": "", "transform": "", "mean": 5.0, "sd": 1.0},
    {"name": "rjb_km", "unit": "km", "transform": "log1p", "mean": 4.0, "sd": 0.9},
]
OUTPUTS = [{"name": "pga_g", "unit": "ln g"}, {"name": "psa_1s_g", "unit": "ln g"}]
TABLE = pd.DataFrame(
    {"magnitude": [4.0, 6.0, 7.0], "rjb_km": [1.0, 80.0, 300.0], "pga_g": 1.0, "psa_1s_g": [1.0, 1.0, np.nan]}
)
SCORE = {"score": "rms", "value": 0.7, "unit": "ln", "on": "unseen events", "baselines": {"a constant": 0.84}}
ABOUT = {
    "lesson": "12_train_ann", "profile": "smoke", "seed": 0, "data": ["nga_west2_extract"], "kind": "measured",
    "seconds": 3.2, "scores": [SCORE], "faults": ["it was trained on nothing."],
}  # fmt: skip


def perceptron(name, units=8):
    """A small dense network."""
    hidden = [layers.Dense(units, "relu", name="first"), layers.Dropout(0.1), layers.Dense(4, "tanh", name="second")]
    return keras.Sequential([keras.Input((2,)), *hidden, layers.Dense(1, name="last")], name=name)


def side_by_side():
    """One network for each output."""
    x = keras.Input((2,))
    several = [perceptron(output["name"]) for output in OUTPUTS]
    several[0].get_layer("first").trainable = False
    return keras.Model(x, layers.Concatenate()([network(x) for network in several]))


def keep(folder, model=None, name="small", **changed):
    """Save a network of this file."""
    ranges = networks.ranges_of(TABLE, ["magnitude", "rjb_km"], ["pga_g", "psa_1s_g"])
    about = {"inputs": INPUTS, "outputs": OUTPUTS, "ranges": ranges, **ABOUT, **changed}
    return networks.save(name, model or side_by_side(), folder=folder, **about)


@pytest.fixture
def folder(tmp_path):
    keep(tmp_path)
    return tmp_path


def edit(folder, change, name="small"):
    """Change a card."""
    path = folder / f"{name}.json"
    facts = json.loads(path.read_text())
    change(facts)
    path.write_text(json.dumps(facts))


def test_other_predictions_than_those_of_the_card_are_seen(folder):
    def moved(facts):
        facts["golden"]["outputs"][0][0][0] += 0.01 * max(1, abs(facts["golden"]["outputs"][0][0][0]))

    edit(folder, moved)
    assert apart("small", folder) > 9e-3


def test_keras_and_numpy_give_what_was_saved(folder):
    assert apart("small", folder) < 1e-5
    model = networks.load("small", folder)
    assert model.get_layer("pga_g").get_layer("first").trainable is False
    scaled = np.column_stack([TABLE["magnitude"] - 5, (np.log1p(TABLE["rjb_km"]) - 4) / 0.9])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = networks.predict("small", TABLE, folder=folder)
    np.testing.assert_allclose(found, model(scaled.astype("float32")), atol=1e-5)
    assert list(found) == ["pga_g", "psa_1s_g"]


def test_half_precision_rounds_the_model_that_goes_on(tmp_path):
    model = side_by_side()
    keep(tmp_path, model)
    stored = networks.weights("small", tmp_path)
    assert {values.dtype.name for values in stored} == {"float16"}
    for kept, used in zip(stored, model.get_weights(), strict=True):
        np.testing.assert_array_equal(kept.astype("float32"), used)


def test_ranges_belong_to_outputs(folder):
    table = pd.DataFrame({"magnitude": [5.0, 5.0], "rjb_km": [80.0, 80.1]})
    message = r"rjb_km 80.1 \(1 of 2 values\) is outside 1 to 80.*of psa_1s_g"
    with pytest.warns(KnownFault), pytest.warns(OutOfRange, match=message):
        networks.predict("small", table, folder=folder)
    assert networks.read("small", folder).inside(table).to_numpy().tolist() == [[True, True], [True, False]]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        networks.predict("small", table, outside="ignore", folder=folder)


@pytest.mark.parametrize("step", [-1e-6, 1e-6])
@pytest.mark.parametrize(("name", "edge"), [("magnitude", 0), ("magnitude", 1), ("rjb_km", 0), ("rjb_km", 1)])
def test_one_step_outside_any_range_warns(folder, name, edge, step):
    network = networks.read("small", folder)
    for output, limits in network.ranges.items():
        inside = {key: np.mean(limits[key]) for key in limits}
        value = limits[name][edge] + step
        table = pd.DataFrame([inside | {name: value}])
        outward = (step > 0) == bool(edge)
        assert network.inside(table).loc[0, output] == (not outward)
        assert network.inside(pd.DataFrame([inside | {name: limits[name][edge]}])).loc[0, output]  # the edge is in


def test_known_faults_are_said(folder):
    with pytest.warns(KnownFault, match="small: it was trained on nothing"):
        networks.predict("small", TABLE.head(1), folder=folder)


def test_same_layers_sees_size_and_activation(folder):
    assert networks.same_layers(perceptron("mine"), "small", folder)
    assert not networks.same_layers(perceptron("mine", units=9), "small", folder)


def test_only_a_full_run_on_real_data_writes_the_named_networks(tmp_path, monkeypatch):
    monkeypatch.setattr(networks, "FOLDER", tmp_path / "networks")
    monkeypatch.setattr(networks, "PROJECT", tmp_path)
    keep(None, profile="fast")
    keep(None, profile="full", data=["simulated"])
    assert not (tmp_path / "networks").exists()
    keep(None, profile="full")
    assert networks.names(tmp_path / "networks") == ["small"]


def test_maps_and_ensembles_are_kept_too(tmp_path):
    x = keras.Input((None, None, 2))
    members = [
        keras.Sequential([keras.Input((None, None, 2)), layers.Conv2D(3, 3, padding="same"), layers.LeakyReLU()])
        for _ in range(2)
    ]
    model = keras.Model(x, [member(x) for member in members])
    keep(tmp_path, model, inputs=[{"name": "relief", "unit": "m"}] * 2, outputs=[], ranges={}, golden_shape=(8, 12, 2))
    assert apart("small", tmp_path) < 1e-5
    assert len(networks.load("small", tmp_path).outputs) == 2
    with pytest.raises(FormatError, match=r"not a stack of dense layers.*use networks.load"):
        networks.read("small", tmp_path)


def test_unknown_name_lists_those_there_are(folder):
    with pytest.raises(UnknownModel, match=r"'large'.*there are small"):
        networks.load("large", folder)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e6])
def test_weights_that_are_no_numbers_are_not_saved(tmp_path, value):
    model = side_by_side()
    changed = model.get_weights()
    changed[0][0, 0] = value  # 1e6 is infinite in half precision
    model.set_weights(changed)
    with pytest.raises(FormatError, match="small has weights that are NaN or infinite"):
        keep(tmp_path, model)


def test_a_file_beyond_the_limit_is_not_saved(tmp_path, monkeypatch):
    monkeypatch.setattr(networks, "LARGEST", 1000)
    with pytest.raises(FormatError, match="would exceed"):
        keep(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_missing_column_is_named(folder):
    with pytest.raises(FormatError, match="reads the columns rjb_km"):
        networks.predict("small", TABLE[["magnitude"]], folder=folder)


def write(folder, **arrays):
    np.savez(folder / "small.npz", **arrays)


def stored(folder):
    with np.load(folder / "small.npz") as file:
        return dict(file)


def test_scaled_is_what_the_model_is_fed(folder):
    fed = networks.scaled("small", TABLE, folder)
    np.testing.assert_allclose(fed[:, 1], (np.log1p(TABLE["rjb_km"]) - 4) / 0.9, rtol=1e-6)


def test_a_table_comes_back_with_where_it_is_from(tmp_path):
    frame = pd.DataFrame({"model": ["a", "b"], "n": [172, 688], "rms": [0.123456789, 2.0]})
    networks.keep("study", frame, lesson="13", profile="full", data=["x"], seconds=1.23, folder=tmp_path / "tables")
    found = networks.kept("study", tmp_path)
    pd.testing.assert_frame_equal(found, frame, rtol=1e-4)
    assert (found.attrs["lesson"], found.attrs["seconds"]) == ("13", 1.2)
    with pytest.raises(UnknownModel, match=r"'other'.*there are study"):
        networks.kept("other", tmp_path)


@pytest.mark.parametrize("length", [0, 1, 100, 700])
def test_a_cut_off_file_is_named_with_the_next_step(folder, length):
    path = folder / "small.npz"
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(FormatError, match=r"small.npz is not an npz.*gmtools run 12_train_ann --profile full"):
        networks.load("small", folder)


def test_a_pickle_is_refused(folder):
    arrays = stored(folder)
    arrays["weights_0000"] = np.array([{"a": 1}], dtype=object)
    np.savez(folder / "small.npz", **arrays)
    with pytest.raises(FormatError, match="not an npz file of plain arrays"):
        networks.load("small", folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda values: values * np.float16(np.nan), "other weights than its card"),
        (lambda values: values.astype("float64"), "other weights than its card"),
        (lambda values: values + np.float16(1), "other weights than its card"),
        (lambda values: values[:1], "other weights than its card"),
    ],
)
def test_other_weights_are_refused(folder, change, message):
    arrays = stored(folder)
    write(folder, **(arrays | {"weights_0000": change(arrays["weights_0000"])}))
    for use in (networks.load, networks.read):
        with pytest.raises(FormatError, match=message):
            use("small", folder)


def test_weights_of_a_wrong_shape_are_refused_even_with_a_matching_digest(folder):
    arrays = stored(folder)
    arrays["weights_0000"] = arrays["weights_0000"][:1]
    write(folder, **arrays)
    digest = networks.digest([arrays[key] for key in sorted(arrays)])
    edit(folder, lambda facts: facts["weights"].update(sha256=digest))
    with pytest.raises(FormatError, match="1 inputs in its weights and 2 in its description"):
        networks.read("small", folder).predict(TABLE, "ignore")


@pytest.mark.parametrize(
    "layer",
    [
        {"module": "keras.layers", "class_name": "Lambda", "config": {"function": "print"}},
        {"module": "keras.layers", "class_name": "TFSMLayer", "config": {"filepath": "x"}},
        {"module": "os", "class_name": "system", "config": "ls"},
        {"module": "builtins", "class_name": "function", "config": "eval", "registered_name": "function"},
        {"module": "keras.utils", "class_name": "get_file", "config": {}},
        {"module": "os", "class_name": "system", "config": "ls", "registered_name": "gmtools>Nothing"},
        {"class_name": "__lambda__", "config": {"value": "abc"}},
    ],
)
def test_layers_that_could_run_code_are_refused(folder, layer):
    edit(folder, lambda facts: facts["layers"]["config"]["layers"].append(layer))
    with pytest.raises(FormatError, match="is not Keras' own"):
        networks.load("small", folder)


def test_a_card_of_another_format_is_named(folder):
    edit(folder, lambda facts: facts.update(format="another"))
    with pytest.raises(FormatError, match=r"does not say 'gmtools network 2'.*gmtools run 12_train_ann"):
        networks.card("small", folder)


def test_weights_changed_at_random_end_in_a_typed_error(folder):
    generator, path = np.random.default_rng(0), folder / "small.npz"
    whole = path.read_bytes()
    for _ in range(150):
        content = bytearray(whole)
        content[generator.integers(len(content))] = generator.integers(256)
        path.write_bytes(content)
        with contextlib.suppress(FormatError):
            networks.read("small", folder).predict(TABLE, "ignore")


def test_the_named_networks_are_whole():
    """Each committed network gives the predictions of its card and names a lesson that exists."""
    lessons = {path.stem for path in (networks.PROJECT / "notebooks").rglob("*.ipynb")}
    total = 0
    for name in networks.names():
        assert networks.card(name)["lesson"] in lessons
        assert apart(name) < 1e-3
        total += sum((networks.FOLDER / f"{name}{end}").stat().st_size for end in (".npz", ".json"))
    assert total < 25_000_000


def test_the_named_networks_come_from_commits_of_this_history():
    git = ["git", "-C", str(networks.PROJECT)]
    if subprocess.run([*git, "rev-parse"], capture_output=True).returncode:
        pytest.skip("no git checkout")
    for name in networks.names():
        commit = networks.card(name)["commit"]
        assert subprocess.run([*git, "merge-base", "--is-ancestor", commit, "HEAD"]).returncode == 0, name


def test_a_full_disk_leaves_no_half_network(small_disk):
    with pytest.raises(CacheNotWritable, match="No space left on device"):
        keep(small_disk, keras.Sequential([keras.Input((2,)), layers.Dense(400_000), layers.Dense(2)]), half=True)
    assert list(small_disk.iterdir()) == []


def test_activations_are_keras():
    x = np.array([[-2.0, 0.0, 3.0]])
    for name, function in _dense.ACTIVATIONS.items():
        assert function(x) == pytest.approx(np.asarray(keras.activations.get(name)(x)), abs=1e-6), name


def test_an_output_is_known_where_five_of_its_records_lie_near():
    random = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "magnitude": random.uniform(4, 5, 40),
            "rjb_km": random.uniform(20, 30, 40),
            "vs30_m_s": random.uniform(300, 400, 40),
            "pga_g": 0.1,
            "psa_1s_g": [0.1] * 4 + [np.nan] * 36,
        }
    )
    support = networks.support_of(frame, ["pga_g", "psa_1s_g"])
    asked = pd.DataFrame(
        {"magnitude": [4.5, 4.5, 6.0, 8.0, np.nan], "rjb_km": [25.0, 60, 25, 25, 25], "vs30_m_s": [350.0] * 5}
    )
    known, drawn = networks.supported(support, asked, 2)
    assert known.tolist() == [[True, False], [False, False], [False, False], [False, False], [True, True]]
    assert drawn[0].tolist() == [True, True] and drawn[1, 0] and not drawn[3].any()


def test_a_scenario_belongs_to_the_node_nearest_to_it():
    """Records at M 4.6 make the nodes from M 4.25 to 5 known; the next one begins half way, at 5.125."""
    place = {"rjb_km": 25.0, "vs30_m_s": 350.0}
    support = networks.support_of(pd.DataFrame({"magnitude": [4.6] * 5, "pga_g": 0.1, **place}), ["pga_g"])
    known, _ = networks.supported(support, pd.DataFrame({"magnitude": [5.1, 5.2], **place}), 1)
    assert known[:, 0].tolist() == [True, False]
