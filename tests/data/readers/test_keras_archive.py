import io
import json
import os
import pickle
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import StandardScaler

from gmtools import columns, targets
from gmtools.data.readers import keras_archive
from gmtools.errors import FormatError

FEATURES = ["Earthquake_Magnitude", "JB_km", "Vs30_Selected_for_Analysis_m_s"]
NAMES = [
    f"T{period:.3f}S_transfer.keras".replace(".", "pt", 1) if period else "PGA_g_transfer.keras"
    for period in columns.PERIODS
]


def config(units=(4, 2, 1), activations=("relu", "relu", "linear"), extra=None):
    layers = [{"class_name": "InputLayer", "config": {"name": "input"}}]
    for index, (count, activation) in enumerate(zip(units, activations, strict=True)):
        own = {"name": f"dense_{index + 3}", "units": count, "activation": activation, "trainable": index > 0}
        layers += [{"class_name": "Dense", "config": own}, {"class_name": "Dropout", "config": {"rate": 0.05}}]
    return {"config": {"layers": layers + ([extra] if extra else [])}}


def weights_file(weights, updates=2200, first_name="dense_3"):
    memory = io.BytesIO()
    with h5py.File(memory, "w") as file:
        for index, (kernel, bias) in enumerate(weights):
            group = file.create_group(f"layers/dense{f'_{index}' if index else ''}/vars")
            group.attrs["name"] = first_name if index == 0 else f"dense_{index + 3}"
            group["0"], group["1"] = kernel, bias
        file["optimizer/vars/0"] = np.int64(updates)
    return memory.getvalue()


def toy_weights(seed, units=(4, 2, 1)):
    random, sizes = np.random.default_rng(seed), (3, *units)
    shapes = zip(sizes, units, strict=False)
    return [(random.normal(size=shape).astype("f4"), random.normal(size=shape[1]).astype("f4")) for shape in shapes]


def archive(path, weights, settings=None, drop=(), **h5):
    members = {
        "metadata.json": json.dumps({"keras_version": "3.11.3"}),
        "config.json": json.dumps(settings or config()),
        "model.weights.h5": weights_file(weights, **h5),
    }
    with zipfile.ZipFile(path, "w") as file:
        for name, content in members.items():
            if name not in drop:
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


def test_takes_a_list_of_paths_or_a_mapping_with_folders_in_its_names(published, tmp_path):
    listed = keras_archive.read([*published.values(), tmp_path / "README.md"])
    moved = {f"published_models/{name}": path for name, path in published.items()}
    assert (listed.branches[0][0][0] == keras_archive.read(moved).branches[0][0][0]).all()


def test_missing_files_are_named(published):
    del published["T0pt050S_transfer.keras"], published["X_scaler.pkl"]
    with pytest.raises(FormatError, match=r"missing: PSA\(0\.05 s\), X_scaler\.pkl\. Fetch the published models again"):
        keras_archive.read(published)


def test_unknown_file_name(published, tmp_path):
    with pytest.raises(FormatError, match=r"SA1\.keras: expected PGA_\.\.\. or T<seconds>pt"):
        keras_archive.read({**published, "SA1.keras": tmp_path / "SA1.keras"})


WIDER = (5, 2, 1)
DAMAGE = {
    "member": (dict(drop=("config.json",)), r"no item named 'config.json' in the archive.*holds metadata"),
    "activation": (dict(settings=config(activations=("tanh", "relu", "linear"))), r"activations are \['tanh'"),
    "output": (dict(settings=config(activations=("relu", "relu", "relu"))), "expected relu in all but the last"),
    "layer": (dict(settings=config(extra={"class_name": "Lambda", "config": {}})), "class Lambda cannot be read"),
    "sizes": (dict(settings=config(units=WIDER)), r"kernels \[\(3, 4\).*through \[5, 2, 1\] to 1"),
    "shape": (dict(weights=toy_weights(0, WIDER), settings=config(units=WIDER)), r"differs .*'units': \[3, 5, 2, 1\]"),
    "bias": (dict(weights=[(np.ones((3, 4)), np.ones(3)), *toy_weights(0)[1:]]), r"kernel \(3, 4\) and bias \(3,\)"),
    "order": (dict(first_name="dense_4"), "weights of dense_4 stand where dense_3 belongs"),
    "updates": (dict(updates=100), "differs from .*'updates': 100"),
    "config": (dict(settings={"config": []}), "not a Keras 3 archive of a trained dense network"),
}  # fmt: skip


@pytest.mark.parametrize("kind", DAMAGE)
def test_archives_that_are_not_what_they_should_be(published, kind):
    changes, message = DAMAGE[kind]
    archive(published[NAMES[3]], **({"weights": toy_weights(0)} | changes))
    with pytest.raises(FormatError, match=message):
        keras_archive.read(published)


def test_no_zip_truncated_zip_and_damaged_weights(published):
    path = published[NAMES[3]]
    good = path.read_bytes()
    for content in (b"<html>not found</html>", good[:-100], b""):
        path.write_bytes(content)
        with pytest.raises(FormatError, match=r"T0pt100S_transfer\.keras is not a \.keras file, which is a zip"):
            keras_archive.read(published)
    with zipfile.ZipFile(path, "w") as file:
        for name, content in (("metadata.json", "{}"), ("config.json", "{}"), ("model.weights.h5", b"nothing")):
            file.writestr(name, content)
    with pytest.raises(FormatError, match="not a Keras 3 archive"):
        keras_archive.read(published)


@pytest.mark.parametrize("kind", ["external storage", "virtual", "link", "huge", "not finite"])
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
        elif kind == "link":
            file[place] = h5py.ExternalLink(str(tmp_path / "other.h5"), "kernel")
        elif kind == "huge":
            file.create_dataset(place, (10**6, 10**6), "f4", chunks=(10, 10))
        else:
            file[place] = np.full((3, 4), np.nan, "f4")
    members = {"metadata.json": json.dumps({"keras_version": "3"}), "config.json": json.dumps(config())}
    with zipfile.ZipFile(path, "w") as archived:
        for name, content in (members | {"model.weights.h5": memory.getvalue()}).items():
            archived.writestr(name, content)
    with pytest.raises(FormatError, match=r"points out of the file, or has|has kernel|not a Keras 3 archive"):
        keras_archive.read(published)


def test_a_member_that_would_fill_the_memory_is_not_unpacked(published):
    with zipfile.ZipFile(published[NAMES[0]], "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("metadata.json", b" " * (17 * 2**20))
    with pytest.raises(FormatError, match=r"metadata\.json has 17825792 bytes"):
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
    with pytest.raises(FormatError, match="not a scaler of the features Earthquake_Magnitude, JB_km"):
        keras_archive.read(published)
    assert not marker.exists()
    pickle.loads(pickle.dumps(Hostile(marker)))
    assert marker.exists(), "the pickle was hostile indeed"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (scaler_bytes([*FEATURES, "depth"])[0], "n_features_in_ is 4"),
        (scaler_bytes(FEATURES[::-1])[0], "not a scaler of the features"),
        (scaler_bytes(mean_=np.zeros(2))[0], r"mean_ is not three finite doubles but \[\] \(16 bytes\)"),
        (scaler_bytes(scale_=np.zeros(3))[0], "scale_ is not three finite doubles"),
        (scaler_bytes(mean_=None)[0], r"\(0 bytes\)"),
        (b"<html>not found</html>", "is not a pickle"),
        (scaler_bytes()[0][:300], "is not a pickle"),
        (b"", "is not a pickle"),
    ],
)
def test_scalers_that_are_not_what_they_should_be(published, content, message):
    published["X_scaler.pkl"].write_bytes(content)
    with pytest.raises(FormatError, match=message):
        keras_archive.read(published)


def mirror():
    folders = [Path(folder) for folder in os.environ.get("GMTOOLS_DATA", "").split(os.pathsep) if folder]
    found = [path.parent for folder in folders for path in sorted(folder.rglob("PGA_g_transfer.keras"))]
    return found[0] if found else None


@pytest.fixture(scope="module")
def authors():
    if mirror() is None:
        pytest.skip("needs the published models: set GMTOOLS_DATA to a folder that holds them")
    return keras_archive.read(mirror().iterdir())


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
