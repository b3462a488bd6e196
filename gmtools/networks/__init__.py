"""Trained networks by name: ``networks/NAME.npz`` holds the weights, ``networks/NAME.json`` (the card) all the rest.

A lesson trains a network with plain Keras and saves it; lessons, explorers and the scoreboard take it by name::

    networks.save("ann_nga_west2", model, inputs=INPUTS, outputs=OUTPUTS, lesson="12_train_ann", ...)  # profile full
    model = networks.load("ann_nga_west2")           # a Keras model, layer by layer as the lesson built it
    networks.card("ann_nga_west2")["scores"]         # what is known of it, read without Keras
    networks.predict("ann_nga_west2", frame)         # dense networks: from a table, in NumPy, with warnings

The card holds the layers as Keras writes them, inputs and outputs with units, for each output the range of the records
that it was trained on, known faults, data and their kind, profile, seed, lesson, commit, seconds and machine, scores
beside their baselines, a digest of the weights and three predictions to compare with. Reading either file runs no code
of it: arrays are read with ``allow_pickle=False``; of layers only Keras' own are built.
"""

import io
import json
import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from gmtools.cache import PROJECT, replacing
from gmtools.errors import FormatError, UnknownModel
from gmtools.networks._card import (
    FORMAT,
    LARGEST,
    digest,
    keras_quietly,
    layers_of,
    next_step,
    read_weights,
    refuse_foreign,
    written,
)
from gmtools.networks._dense import DenseNetwork, branches_of
from gmtools.networks._dense import scaled as _scaled
from gmtools.networks._support import SUPPORT, masks_of, support_of, supported

__all__ = ["DenseNetwork", "card", "digest", "load", "names", "predict", "ranges_of", "read"]
__all__ += ["keep", "kept", "same_layers", "save", "scaled", "weights"]
__all__ += ["SUPPORT", "masks_of", "support_of", "supported"]

FOLDER = PROJECT / "networks"


def save(name, model, *, inputs, outputs, ranges, lesson, profile, seed, data, kind, seconds, scores, faults=(),
         half=True, golden_shape=None, folder=None, **more):  # fmt: skip
    """Write a trained network; returns the path of its npz file.

    Only a run in profile ``full`` on real data writes to ``networks/``; any other writes to ``_build/networks``, which
    nothing reads, so that each profile runs the same cells.

    Parameters
    ----------
    model : keras.Model
        Functional or Sequential, of Keras' own layers. Of an ensemble
        ``keras.Model(x, [member(x) for member in members])``; of networks side by side, one for each output,
        ``keras.Model(x, keras.layers.Concatenate()([network(x) for network in several]))``.
    inputs, outputs : list of dict
        In order, each with ``name`` (a column or channel) and ``unit``. A network that reads a table names for each
        input also ``transform`` ("log1p", "log" or ""), ``mean`` and ``sd``: (transform(x) - mean) / sd goes in.
    ranges : dict
        Output -> input -> [low, high] of the records that this output was trained on, None for an open side: see
        :func:`ranges_of`. Maps and pictures, which have no such table, may leave it empty.
    lesson, profile, seed, data, kind, seconds
        Stem of the notebook, its parameters, ids of the data sets ("simulated" or "semi-synthetic" keep the network out
        of ``networks/`` unless ``kind`` says so), "measured", "reconstructed" or "simulated", what the training took.
    scores : list of dict
        ``score`` (in words), ``value``, ``unit``, ``baselines`` (name -> value), ``on`` (unseen events, stations ...).
    faults : sequence of str
        What is known to be wrong, as sentences; :func:`predict` and the pages show them.
    half : bool
        Keep the weights in half precision; the model itself is rounded too, so that what is scored later is what ships.
    golden_shape : tuple of int, optional
        Shape of one input where the model leaves sizes open, such as (32, 32, 7).
    **more
        Further JSON values for the card.

    Raises
    ------
    FormatError
        Weights that are no finite numbers, layers that :func:`load` would refuse, or a file beyond 4 MB.
    """
    dtype = np.float16 if half else np.float32
    with np.errstate(over="ignore"):
        arrays = [np.asarray(values, dtype) for values in model.get_weights()]
    if any(not np.isfinite(values).all() for values in arrays):
        raise FormatError(f"The network {name} has weights that are NaN or infinite: it is not saved. Train it anew.")
    model.set_weights([np.asarray(values, np.float32) for values in arrays])
    facts = {
        "format": FORMAT, "name": name, "lesson": lesson, "profile": profile, "seed": seed, "data": list(data),
        "kind": kind, "inputs": inputs, "outputs": outputs, "ranges": ranges, "faults": list(faults),
        "scores": scores, "seconds": round(float(seconds), 1), "machine": _machine(), "commit": _commit(),
        "made": datetime.now(UTC).date().isoformat(), "keras": keras_quietly().__version__, **more,
        "weights": {"sha256": digest(arrays), "count": sum(map(np.size, arrays)), "dtype": np.dtype(dtype).name},
        "golden": _golden(model, golden_shape), "layers": layers_of(model),
    }  # fmt: skip
    refuse_foreign(facts["layers"], name, "Build it of Keras' own layers.")
    if len(model.outputs) == 1 and len(model.output_shape) == 2 and model.output_shape[-1] != len(outputs):
        raise FormatError(f"{name} has {model.output_shape[-1]} outputs; {len(outputs)} are described: describe each.")
    folder = Path(folder) if folder else _place(profile, data, kind)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.npz"
    text = written(facts)
    for file, write in (
        (path, lambda to: np.savez_compressed(to, allow_pickle=False, **_named(arrays))),
        (path.with_suffix(".json"), lambda to: to.write(text.encode())),
    ):
        with replacing(file) as temporary:
            with temporary.open("wb") as to:
                write(to)
            if temporary.stat().st_size > LARGEST:
                raise FormatError(f"{file.name} would exceed {LARGEST / 1e6:g} MB: a smaller network, or half=True.")
    return path


def ranges_of(frame, inputs, outputs):
    """Range of each input over the rows that have a value of each output, output -> input -> [low, high]: see
    :func:`save`.

    >>> table = pd.DataFrame({"rjb_km": [1.0, 80.0, 300.0], "pga_g": [0.3, 0.1, 0.01], "psa_1s_g": [0.2, 0.1, np.nan]})
    >>> ranges_of(table, ["rjb_km"], ["pga_g", "psa_1s_g"])
    {'pga_g': {'rjb_km': [1.0, 300.0]}, 'psa_1s_g': {'rjb_km': [1.0, 80.0]}}
    """
    return {
        output: {name: [float(rows[name].min()), float(rows[name].max())] for name in inputs}
        for output in outputs
        for rows in [frame[frame[output].notna()]]
    }


def names(folder=FOLDER):
    """Names of the networks that are there, in alphabetical order."""
    return sorted(path.stem for path in Path(folder).glob("*.npz"))


def card(name, folder=FOLDER):
    """What is known of a network, without its weights and without Keras; UnknownModel lists those there are,
    FormatError where it is of another format."""
    path = Path(folder) / f"{name}.json"
    if not path.is_file():
        known = ", ".join(names(folder)) or "none"
        raise UnknownModel(f"No network is called {name!r} in {folder}; there are {known}.")
    facts = json.loads(path.read_text(encoding="utf-8"))
    if facts.get("format") != FORMAT:
        raise FormatError(f"{path} does not say {FORMAT!r}: it is another file, or an old one. {next_step(facts)}")
    return facts


def weights(name, folder=FOLDER):
    """Weights of a network in the order of Keras, as they are stored, checked against the card: errors of :func:`card`,
    also where the file is cut off or holds pickles or other numbers."""
    return read_weights(name, card(name, folder), folder)


def load(name, folder=FOLDER):
    """Build a network with Keras and give it its weights; not compiled.

    It takes what the lesson fed it (scaled inputs); :func:`predict` takes a table and warns. Errors of :func:`weights`,
    and FormatError for a layer that is not Keras' own.
    """
    facts = card(name, folder)
    arrays = read_weights(name, facts, folder)
    refuse_foreign(facts["layers"], f"{Path(folder) / name}.json", next_step(facts))
    model = keras_quietly().saving.deserialize_keras_object(facts["layers"], safe_mode=True)
    model.set_weights([np.asarray(values, np.float32) for values in arrays])
    return model


def same_layers(model, name, folder=FOLDER):
    """Whether a model of the reader has the layers of a named network, by kind, size and activation (of several side by
    side, of one of them). Regularization, dropout, names and what is frozen are not compared."""
    return _shape_of(layers_of(model)) == _shape_of(card(name, folder)["layers"])


def read(name, folder=FOLDER):
    """Read a dense network for use without Keras; errors of :func:`weights`, and FormatError for other layers."""
    facts = card(name, folder)
    branches = branches_of(facts, read_weights(name, facts, folder))
    more = {key: value for key, value in facts.items() if key not in ("layers", "golden")}
    return DenseNetwork(
        name, facts["inputs"], facts["outputs"], facts["ranges"], branches, tuple(facts["faults"]), more
    )


def predict(name, frame, outside="warn", folder=FOLDER):
    """Evaluate a dense network on a table with the columns that the card's inputs name: (n, outputs) in the card's
    units.

    ``outside`` says what to do where a row leaves the range of an output: "warn", once for each input and range
    (OutOfRange) and for each known fault (KnownFault), or "ignore". Errors of :func:`read`, and FormatError where a
    column is missing.
    """
    return read(name, folder).predict(frame, outside, stacklevel=3)


def scaled(name, frame, folder=FOLDER):
    """What a network that reads a table is fed, (n, inputs) float32: to train on, or for :func:`load`'s model."""
    return _scaled(card(name, folder)["inputs"], frame).astype("float32")


def keep(name, frame, *, lesson, profile, data, seconds, kind="measured", folder=None, **more):
    """Keep the table of a study that takes long, as ``networks/tables/NAME.csv``, for lessons that show it.

    Only a run in profile ``full`` on real data writes there, as with :func:`save`; what else is passed stands in the
    first line of the file. Numbers are written with five digits.
    """
    about = {"lesson": lesson, "profile": profile, "data": list(data), "seconds": round(float(seconds), 1)}
    about |= {"kind": kind, "machine": _machine(), "commit": _commit(), "made": datetime.now(UTC).date().isoformat()}
    folder = Path(folder) if folder else _place(profile, data, kind) / "tables"
    folder.mkdir(parents=True, exist_ok=True)
    text = f"# {json.dumps(about | more, default=str)}\n{frame.to_csv(index=False, float_format='%.5g')}"
    path = folder / f"{name}.csv"
    if len(text) > LARGEST:
        raise FormatError(f"{path.name} would exceed {LARGEST / 1e6:g} MB: keep fewer rows.")
    path.write_text(text, encoding="utf-8")
    return path


def kept(name, folder=FOLDER):
    """Read a table that :func:`keep` wrote; ``frame.attrs`` says where it comes from. UnknownModel where there is
    none."""
    path = Path(folder) / "tables" / f"{name}.csv"
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in path.parent.glob("*.csv"))) or "none"
        raise UnknownModel(f"No table is called {name!r} in {path.parent}; there are {known}.")
    first, _, rest = path.read_text(encoding="utf-8").partition("\n")
    frame = pd.read_csv(io.StringIO(rest))
    frame.attrs.update(json.loads(first.removeprefix("# ")))
    return frame


def _named(arrays):
    return {f"weights_{number:04d}": values for number, values in enumerate(arrays)}


def _drawn(shape):
    return np.random.default_rng(0).normal(size=shape).astype("float32")


def _golden(model, shape):
    """Three drawn inputs and what comes out: at most 16 values of each output."""
    shape = list(shape or model.input_shape[1:])
    if any(size is None for size in shape):
        raise FormatError(f"The model takes inputs of shape {model.input_shape}: give golden_shape without None.")
    found = model(_drawn([3, *shape]), training=False)
    parts = list(found) if isinstance(found, list | tuple) else [found]
    return {"shape": [3, *shape], "outputs": [_sampled(keras_quietly().ops.convert_to_numpy(part)) for part in parts]}


def _sampled(values):
    flat = np.asarray(values, float).reshape(3, -1)
    places = np.unique(np.linspace(0, flat.shape[1] - 1, 16).round().astype(int))
    return [[float(f"{value:.7g}") for value in row] for row in flat[:, places]]


def _shape_of(described):
    """Kind, size and activation of each layer of a configuration; side by side, those of the first network."""
    config = described["config"]
    found = []
    for layer in config.get("layers", []):
        inner = layer["config"]
        if layer["class_name"] in ("Sequential", "Functional"):
            return _shape_of(layer)
        if layer["class_name"] not in ("InputLayer", "Dropout"):
            sizes = {
                key: inner[key] for key in ("units", "filters", "kernel_size", "pool_size", "strides") if key in inner
            }
            found.append((layer["class_name"], str(sizes), str(inner.get("activation"))))
    return found


def _place(profile, data, kind):
    drawn = {"simulated", "semi-synthetic"} & set(data)
    meant = "simulated" in ([kind] if isinstance(kind, str) else kind.values())
    if profile == "full" and (not drawn or meant):
        return FOLDER
    return PROJECT / "_build" / "networks" / f"{profile}-{'simulated' if drawn else 'real'}"


def _machine():
    """Kind of processor and number of cores, without a name of the machine."""
    cpu = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        cpu = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return f"{cpu}, {len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count()} cores"


def _commit():
    """The commit that the lesson ran on; empty outside of a git checkout."""
    git = ["git", "-C", str(PROJECT), "rev-parse", "HEAD"]
    try:
        return subprocess.run(git, capture_output=True, text=True, timeout=20, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""
