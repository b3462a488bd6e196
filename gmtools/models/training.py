"""Seeds, folds, fits, and networks that are trained once and then loaded."""

import hashlib
import json
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
from filelock import FileLock
from sklearn.model_selection import GroupKFold
from tqdm.auto import tqdm

from gmtools import cache, columns
from gmtools.data import datasets, portable
from gmtools.models import ann, keras


def standardized_inputs(frame, mean, sd):
    """Inputs of the study's network: magnitude, ln(1 + RJB in km), ln(1 + VS30 in m/s), each standardized.

    Parameters
    ----------
    frame : DataFrame
        With the columns ``magnitude``, ``rjb_km`` and ``vs30_m_s``; n rows.
    mean, sd : (3,) array_like
        What each input is centered on and divided by.

    Returns
    -------
    ndarray, (n, 3), float32
    """
    return ((_raw_inputs(frame) - mean) / sd).astype("float32")


def input_scale(frame):
    """Mean and standard deviation of the three inputs over ``frame``: two arrays (3,)."""
    raw = _raw_inputs(frame)
    return raw.mean(0), raw.std(0)


def _raw_inputs(frame):
    distance, vs30 = frame[columns.RJB].to_numpy(float), frame[columns.VS30].to_numpy(float)
    return np.column_stack([frame[columns.MAGNITUDE].to_numpy(float), np.log1p(distance), np.log1p(vs30)])


def log_targets(frame, periods=columns.PERIODS):
    """Natural logarithm of the ordinates in g, (n, n_periods) float32; NaN where a record has no usable value."""
    return np.log(frame[[columns.psa(period) for period in periods]].to_numpy(float)).astype("float32")


def event_folds(event_id, n_folds, seed=0):
    """Fold number of each record, all records of one event in the same fold.

    Parameters
    ----------
    event_id : (n,) array_like
    n_folds : int
    seed : int
        Which events share a fold.

    Returns
    -------
    ndarray, (n,), int
    """
    event_id = np.asarray(event_id)
    number = np.empty(len(event_id), int)
    splits = GroupKFold(n_folds, shuffle=True, random_state=seed).split(event_id, groups=event_id)
    for fold, (_, held_out) in enumerate(splits):
        number[held_out] = fold
    return number


def fold_targets(target, folds):
    """Targets of one network for each fold, hidden (NaN) in the fold that the network must not see.

    Parameters
    ----------
    target : (n, p) array
    folds : (n,) int array
        See :func:`event_folds`.

    Returns
    -------
    ndarray, (n, n_folds * p)
        Fold-major: columns 0 to p - 1 belong to the network that never sees fold 0.
    """
    hidden = [np.where((folds == fold)[:, None], np.float32(np.nan), target) for fold in range(folds.max() + 1)]
    return np.concatenate(hidden, axis=1)


def out_of_fold(prediction, folds):
    """Keep for each record the prediction of the network that never saw its event.

    Parameters
    ----------
    prediction : (n, n_folds, p) array
    folds : (n,) int array

    Returns
    -------
    ndarray, (n, p)
    """
    return prediction[np.arange(len(folds)), folds]


class _Progress(keras.callbacks.Callback):
    def __init__(self, text, epochs):
        super().__init__()
        self.bar = tqdm(total=epochs, desc=text, unit="epoch", leave=False)

    def on_epoch_end(self, epoch, logs=None):
        self.bar.set_postfix(loss=f"{logs['loss']:.3f}")
        self.bar.update()

    def on_train_end(self, logs=None):
        self.bar.close()


def fit(model, inputs, targets, *, updates, batch, learning_rate, final_learning_rate=None, validation=None,
        text="training", seed=0):  # fmt: skip
    """Train for a fixed number of updates, so that no data need be held back to decide when to stop.

    Parameters
    ----------
    model : keras.Model
        From :func:`gmtools.models.ann.build`.
    inputs : (n, 3) array
    targets : (n, n_networks) array
        NaN where a network has no target.
    updates : int
        Steps of the optimizer; the last pass through the data is cut short if need be.
    batch : int
        Records in one step.
    learning_rate : float
    final_learning_rate : float, optional
        Reached along half a cosine; without it the rate stays constant.
    validation : (inputs, targets), optional
        Scored after each epoch, never learned from.
    text : str
        Shown beside the progress bar.
    seed : int
        Order of the records.

    Returns
    -------
    DataFrame
        One row for each epoch: ``epoch``, ``loss`` and, with ``validation``, ``val_loss``. Mean Huber loss of a
        network, without the weight penalty.

    Source: Adam with its default moments (Kingma & Ba 2015), as in the published model files.
    """
    keras.utils.set_random_seed(seed)
    steps = -(-len(inputs) // batch)
    rate = learning_rate
    if final_learning_rate is not None:
        decay = keras.optimizers.schedules.CosineDecay
        rate = decay(learning_rate, updates, alpha=final_learning_rate / learning_rate)
    model.compile(keras.optimizers.Adam(rate), ann.masked_huber, metrics=[ann.masked_huber], steps_per_execution=steps)
    whole, rest = divmod(updates, steps)
    history = {}
    if whole:
        callback = _Progress(text, whole)
        arguments = {"batch_size": batch, "epochs": whole, "validation_data": validation, "callbacks": [callback]}
        history = model.fit(inputs, targets, verbose=0, validation_batch_size=8192, **arguments).history
    if rest:
        some = np.random.default_rng(seed).permutation(len(inputs))[: rest * batch]
        model.fit(inputs[some], targets[some], batch_size=batch, verbose=0)
    names = {"masked_huber": "loss", "val_masked_huber": "val_loss"}
    curves = {names[key]: np.array(values) / targets.shape[1] for key, values in history.items() if key in names}
    return pd.DataFrame({"epoch": np.arange(1, whole + 1), **curves})


def to_portable(model, mean, sd, periods, frame, **provenance):
    """Take the weights out of a trained batched model.

    Parameters
    ----------
    model : keras.Model
        From :func:`gmtools.models.ann.build`, with members * len(periods) networks, member-major.
    mean, sd : (3,) array_like
        What the inputs were standardized with.
    periods : sequence of float
    frame : DataFrame
        The training records: their ranges are kept.
    **provenance
        JSON values that say where the network comes from.

    Returns
    -------
    gmtools.data.portable.PortableNetwork
    """
    weights = [np.asarray(values) for values in model.get_weights()]
    layers = [(kernel, bias[:, 0]) for kernel, bias in zip(weights[::2], weights[1::2], strict=True)]
    inputs = (columns.MAGNITUDE, columns.RJB, columns.VS30)
    ranges = {name: [float(frame[name].min()), float(frame[name].max())] for name in inputs}
    return portable.PortableNetwork(
        weights=tuple(layers),
        input_mean=np.asarray(mean, float),
        input_sd=np.asarray(sd, float),
        periods=tuple(periods),
        members=len(weights[0]) // len(periods),
        ranges=ranges,
        provenance={**provenance, "records": len(frame), "events": int(frame[columns.EVENT].nunique())},
    )


def set_weights(model, network, copies=1):
    """Start a batched model from a trained network.

    Parameters
    ----------
    model : keras.Model
        With ``copies`` times the networks of ``network``.
    network : gmtools.data.portable.PortableNetwork
    copies : int
        How often the whole stack of networks is repeated: the number of folds.
    """
    values = []
    for kernel, bias in network.weights:
        values += [np.tile(kernel, (copies, 1, 1)), np.tile(bias[:, None], (copies, 1, 1))]
    model.set_weights(values)


def trained(name, profile="fast", data="auto", seed=0):
    """Load a network that a recipe made earlier with the same data, code and settings, or make it now.

    Parameters
    ----------
    name : str
        Name of a recipe: see :data:`gmtools.studies.recipes.RECIPES`.
    profile : {"smoke", "fast", "full"}
    data : {"auto", "real", "simulated"}
    seed : int

    Returns
    -------
    gmtools.data.portable.PortableNetwork

    Raises
    ------
    KeyError
        If no recipe has that name; the message lists those that exist.
    """
    from gmtools.studies import recipes

    if name not in recipes.RECIPES:
        raise KeyError(f"No recipe is named {name!r}; there are {', '.join(sorted(recipes.RECIPES))}.")
    recipe = recipes.RECIPES[name]
    tables = {table: table_once(table, data, seed) for table in recipe.tables}
    settings = recipes.SETTINGS[profile]
    key = _key(name, settings, seed, {table: dataset.frame for table, dataset in tables.items()})
    path = cache.PROJECT / "_build" / "models" / f"{name}-{key}.npz"
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_suffix(".lock")):  # two lessons that run side by side train it once
        if not path.exists() or not path.with_suffix(".json").exists():
            portable.save(path, recipe.make(tables, settings, profile, data, seed))
        return portable.load(path)


@lru_cache(maxsize=8)
def table_once(name, data, seed):
    """Load a data set once in a process: reading or simulating it again for each network would cost seconds."""
    return datasets.load(name, data, seed)


def _key(name, settings, seed, frames):
    """Twelve hexadecimal digits that change when the data, the code or the settings do."""
    digest = hashlib.sha256(json.dumps([name, settings, seed], sort_keys=True).encode())
    for frame in frames.values():
        digest.update(pd.util.hash_pandas_object(frame, index=False).to_numpy().tobytes())
        digest.update(" ".join(frame.columns).encode())
    here = Path(__file__).parents[1]
    sources = (
        "models/__init__.py",
        "models/ann.py",
        "columns.py",
        "data/datasets.py",
        "data/portable.py",
        "studies/recipes.py",
        "models/training.py",
    )
    for source in sources:
        digest.update((here / source).read_bytes())
    digest.update(f"{keras.__version__} {keras.backend.backend()}".encode())
    return digest.hexdigest()[:12]
