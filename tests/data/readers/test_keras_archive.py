import io
import json
import os
import pickle
import zipfile

import h5py
import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import StandardScaler

from gmtools import columns, targets
from gmtools.data import catalog, readers
from gmtools.data.readers import keras_archive
from gmtools.errors import FormatError

FEATURES = ["Earthquake_Magnitude", "JB_km", "Vs30_Selected_for_Analysis_m_s"]
NAMES = [
    f"T{period:.3f}S_transfer.keras".replace(".", "pt", 1) if period else "PGA_g_transfer.keras"
    for period in columns.PERIODS
]


def config():
    layers = [{"class_name": "InputLayer", "config": {"name": "input"}}]
    for index, (count, activation) in enumerate(zip((4, 2, 1), ("relu", "relu", "linear"), strict=True)):
        own = {"name": f"dense_{index + 3}", "units": count, "activation": activation, "trainable": index > 0}
        layers += [{"class_name": "Dense", "config": own}, {"class_name": "Dropout", "config": {"rate": 0.05}}]
    return {"config": {"layers": layers}}


def weights_file(weights):
    memory = io.BytesIO()
    with h5py.File(memory, "w") as file:
        for index, (kernel, bias) in enumerate(weights):
            group = file.create_group(f"layers/dense{f'_{index}' if index else ''}/vars")
            group["0"], group["1"] = kernel, bias
        file["optimizer/vars/0"] = np.int64(2200)
    return memory.getvalue()


def toy_weights(seed, units=(4, 2, 1)):
    random, sizes = np.random.default_rng(seed), (3, *units)
    shapes = zip(sizes, units, strict=False)
    return [(random.normal(size=shape).astype("f4"), random.normal(size=shape[1]).astype("f4")) for shape in shapes]


def archive(path, weights):
    members = {
        "metadata.json": json.dumps({"keras_version": "3.11.3"}),
        "config.json": json.dumps(config()),
        "model.weights.h5": weights_file(weights),
    }
    with zipfile.ZipFile(path, "w") as file:
        for name, content in members.items():
            file.writestr(name, content)


def scaler_bytes(names=FEATURES, **extra):
    values = np.random.default_rng(5).normal(5, 2, (50, len(names)))
    scaler = StandardScaler().fit(pd.DataFrame(values, columns=pd.Index(names, dtype=object)))
    for name, value in extra.items():
        setattr(scaler, name, value)
    return pickle.dumps(scaler, protocol=4), values


@pytest.fixture
def published(tmp_path):
    """Thirteen tiny archives and a scaler, as the authors publish theirs."""
    for seed, name in enumerate(NAMES):
        archive(tmp_path / name, toy_weights(seed))
    (tmp_path / "X_scaler.pkl").write_bytes(scaler_bytes()[0])
    return {path.name: path for path in tmp_path.iterdir()}


def test_reads_thirteen_networks_in_the_order_of_periods(published):
    network = keras_archive.read(published)
    values = scaler_bytes()[1]
    assert [output["name"] for output in network.outputs] == [columns.psa(period) for period in columns.PERIODS]
    assert [entry["mean"] for entry in network.inputs] == pytest.approx(values.mean(axis=0), rel=1e-12)
    assert [entry["sd"] for entry in network.inputs] == pytest.approx(values.std(axis=0), rel=1e-12)
    for layer in range(3):
        for index in (0, 5, 12):
            kernel, bias = toy_weights(index)[layer]
            assert (network.branches[index][layer][0] == kernel).all()
            assert (network.branches[index][layer][1] == bias).all()


def test_tells_how_the_networks_were_trained(published):
    provenance = keras_archive.read(published).facts
    assert provenance["updates"] == 2200
    assert provenance["trainable_layers"] == [False, True, True]
    assert provenance["keras_version"] == "3.11.3"
    assert "688 Iranian records" in provenance["ranges"]


@pytest.mark.parametrize("kind", ["external storage", "virtual", "link"])
def test_numbers_that_do_not_stand_in_the_file_are_refused(published, tmp_path, kind):
    """HDF5 can take /etc/passwd for weights."""
    secret, path = tmp_path / "secret", published[NAMES[0]]
    secret.write_bytes(bytes(48))
    memory = io.BytesIO(weights_file(toy_weights(0)))
    with h5py.File(tmp_path / "other.h5", "w") as other:
        other["kernel"] = np.ones((3, 4), "f4")
    with h5py.File(memory, "a") as file:
        place = "layers/dense/vars/0"
        del file[place]
        if kind == "external storage":
            file.create_dataset(place, (3, 4), "f4", external=[(str(secret), 0, 48)])
        elif kind == "virtual":
            layout = h5py.VirtualLayout((3, 4), "f4")
            layout[:] = h5py.VirtualSource(str(tmp_path / "other.h5"), "kernel", (3, 4))
            file.create_virtual_dataset(place, layout)
        else:
            file[place] = h5py.ExternalLink(str(tmp_path / "other.h5"), "kernel")
    members = {"metadata.json": json.dumps({"keras_version": "3"}), "config.json": json.dumps(config())}
    with zipfile.ZipFile(path, "w") as archived:
        for name, content in (members | {"model.weights.h5": memory.getvalue()}).items():
            archived.writestr(name, content)
    with pytest.raises((FormatError, KeyError), match=r"points out of the file|object 'kernel' doesn't exist"):
        keras_archive.read(published)


def test_a_member_that_would_fill_the_memory_is_not_unpacked(published, monkeypatch):
    monkeypatch.setattr(readers, "LARGEST_MEMBER", 2**20)
    with zipfile.ZipFile(published[NAMES[0]], "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("metadata.json", b" " * (17 * 2**20))
    with pytest.raises(FormatError, match=r"metadata\.json has 17,825,792 bytes"):
        keras_archive.read(published)


class Hostile:
    """Unpickling an instance would create a file."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.system, (f"touch '{self.marker}'",)


def test_code_in_the_scaler_is_never_run(published, tmp_path):
    marker = tmp_path / "marker"
    published["X_scaler.pkl"].write_bytes(scaler_bytes(_note=Hostile(marker))[0])
    assert b"system" in published["X_scaler.pkl"].read_bytes()
    assert [entry["mean"] for entry in keras_archive.read(published).inputs] == pytest.approx(
        scaler_bytes()[1].mean(axis=0)
    )
    published["X_scaler.pkl"].write_bytes(pickle.dumps(Hostile(marker), protocol=4))
    with pytest.raises(FormatError, match="no scaler of three features"):
        keras_archive.read(published)
    assert not marker.exists()
    pickle.loads(pickle.dumps(Hostile(marker)))
    assert marker.exists(), "the pickle was hostile indeed"


def test_another_scaler_is_refused(published):
    published["X_scaler.pkl"].write_bytes(scaler_bytes([*FEATURES, "depth"])[0])
    with pytest.raises(FormatError, match=r"X_scaler.pkl holds \[\], no scaler of three features"):
        keras_archive.read(published)


@pytest.fixture(scope="module")
def authors():
    if not catalog.available("sedaghati_pezeshk_2026_models"):
        pytest.skip("needs the published models: set GMTOOLS_DATA to a folder that holds them")
    return keras_archive.read(catalog.find("sedaghati_pezeshk_2026_models"))


def test_published_models_frozen_layer_updates_and_scaler(authors):
    assert authors.facts["updates"] == 2200
    assert authors.facts["trainable_layers"] == [False, True, True]
    assert [[k.shape for k, *_ in branch] for branch in authors.branches] == 13 * [[(3, 64), (64, 32), (32, 1)]]
    assert [entry["mean"] for entry in authors.inputs] == pytest.approx([4.60405, 4.31797, 6.10521], abs=5e-6)
    assert [entry["sd"] for entry in authors.inputs] == pytest.approx([1.16973, 0.90443, 0.38555], abs=5e-6)


@pytest.mark.filterwarnings("ignore::gmtools.errors.OutOfRange")
def test_published_models_give_every_tabulated_value_within_one_percent(authors):
    """Distance scaling (I-F1, 96 values) and spectra (I-F2, 104 values) of the study."""
    rows = [row for row in targets.targets("ann_gmm_iran") if row.group in ("I-F1", "I-F2")]
    assert len(rows) == 200
    at = {name: np.array([row.at[name] for row in rows], float) for name in ("magnitude", "rjb_km", "vs30_m_s")}
    ordinate = [columns.PERIODS.index(row.at["period_s"]) for row in rows]
    computed = np.exp(authors.predict(at, "ignore").to_numpy()[np.arange(len(rows)), ordinate])
    assert computed == pytest.approx([row.value for row in rows], rel=0.01)
