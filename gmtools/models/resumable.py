"""Fit a network that predicts maps: early stopping, and a checkpoint after every epoch to go on from."""

import os
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from gmtools.errors import FormatError, GmtoolsError
from gmtools.models import keras, unet

HISTORY = ("epoch", "loss", "val_loss")


@dataclass(frozen=True)
class FitSettings:
    """How a network is trained.

    Attributes
    ----------
    epochs : int
        At most so many passes through the training events.
    batch : int
        Events in one step.
    learning_rate : float
        Of Adam; the thesis on Italy has 1e-4 for 700 epochs.
    final_learning_rate : float, optional
        Reached along half a cosine, epoch by epoch, at the last one; without it the rate stays constant.
    patience : int, optional
        Stop after so many epochs without a smaller loss on the validation events; without it all epochs are run.
        Either way the weights of the best epoch are kept.
    loss_per : {"record", "event"}
        See :class:`gmtools.models.unet.GaussianNLL`.
    """

    epochs: int = 700
    batch: int = 4
    learning_rate: float = 1e-4
    final_learning_rate: float | None = None
    patience: int | None = 30
    loss_per: str = "record"


def compile_network(model, settings):
    """Give ``model`` its loss and its optimizer; once is enough for all members that share the model.

    Parameters
    ----------
    model : keras.Model
        Takes event numbers (batch, n_numbers) and pixels (batch, m), gives (batch, m, 2).
    settings : FitSettings

    Source: Adam with its default moments (Kingma & Ba 2015).
    """
    optimizer = keras.optimizers.Adam(settings.learning_rate)
    optimizer.build(model.trainable_variables)
    # XLA, which Keras would choose for TensorFlow, makes no step of these networks faster and costs seconds first.
    compiled = False if keras.backend.backend() == "tensorflow" else "auto"
    model.compile(optimizer, unet.GaussianNLL(settings.loss_per), jit_compile=compiled)


def fit(model, train, validation, settings, checkpoint, *, seed=0, text="training", report=None):
    """Train a compiled network from random weights, or go on from its checkpoint.

    After every epoch weights, optimizer and history are written to ``checkpoint``; the order of the events depends on
    ``seed`` and the epoch alone. So a run that was killed and started again ends where an unbroken run ends.

    Parameters
    ----------
    model : keras.Model
        See :func:`compile_network`; leaves with the weights of the best epoch.
    train, validation : gmtools.maps.event_records.EventRecords
        Targets already scaled.
    settings : FitSettings
    checkpoint : path-like
        The npz file; it belongs to this run alone.
    seed : int
        Of the initial weights and the order of the events.
    text : str
        Shown beside the progress bar.
    report : callable, optional
        Called after each epoch with its number, loss and loss on the validation events, in place of the bar.

    Returns
    -------
    DataFrame
        One row for each epoch: ``epoch``, ``loss`` (mean over the steps, while learning) and ``val_loss``.

    Raises
    ------
    FormatError
        The checkpoint is damaged or of another network.
    GmtoolsError
        There is no training or validation record, or the loss is not a number any more.
    """
    for name, records in (("training", train), ("validation", validation)):
        if not np.isfinite(records.target).any():
            raise GmtoolsError(f"There is no {name} record with a target: {len(records)} events. Check the split.")
    state = _read(checkpoint, model) if Path(checkpoint).exists() else _start(model, seed)
    _assign(model, state)
    shown = {"desc": text, "unit": "epoch", "leave": False, "disable": report is not None}
    with tqdm(total=settings.epochs, initial=len(state["history"]), **shown) as bar:
        while _goes_on(state["history"], settings):
            state = _after_epoch(model, state, train, validation, settings, seed)
            _write(checkpoint, state)
            bar.set_postfix(val_loss=f"{state['history'][-1][2]:.3f}")
            bar.update()
            if report:
                report(*state["history"][-1])
    for variable, values in zip(model.trainable_variables, state["best"], strict=True):
        variable.assign(values)
    return pd.DataFrame(state["history"], columns=HISTORY).astype({"epoch": int})


def predict(model, records, batch):
    """Mean and logarithm of variance at the records' pixels.

    Parameters
    ----------
    model : keras.Model
        See :func:`compile_network`.
    records : gmtools.maps.event_records.EventRecords
    batch : int
        Events whose maps are held at the same time.

    Returns
    -------
    ndarray, (n, m, 2)
        In the units in which the network was trained; meaningless where there is no record.
    """
    parts = [np.empty((0, *records.pixel.shape[1:], 2), "float32")]
    for chosen in _batches(np.arange(len(records)), batch):
        inputs = [records.events[chosen], records.pixel[chosen]]
        parts.append(np.asarray(model.predict_on_batch(inputs)))
    return np.concatenate(parts)[: len(records)]


def arrays(variables):
    """Copies of the values of Keras variables: list of ndarray."""
    return [np.array(keras.ops.convert_to_numpy(variable)) for variable in variables]


def _batches(order, batch):
    """Batches of equal size, because another would be compiled anew: the last one is filled with its own events."""
    for start in range(0, len(order), batch):
        yield np.resize(order[start : start + batch], batch)


def _goes_on(history, settings):
    if len(history) >= settings.epochs:
        return False
    if settings.patience is None or not history:
        return True
    losses = [row[2] for row in history]
    return len(losses) - 1 - int(np.argmin(losses)) < settings.patience


def _rate(settings, epoch):
    """Learning rate of an epoch; the first is 1."""
    first, last = settings.learning_rate, settings.final_learning_rate
    if last is None or settings.epochs == 1:
        return first
    return last + (first - last) * 0.5 * (1 + np.cos(np.pi * (epoch - 1) / (settings.epochs - 1)))


def _after_epoch(model, state, train, validation, settings, seed):
    """State after one more epoch."""
    epoch = len(state["history"]) + 1
    model.optimizer.learning_rate = _rate(settings, epoch)
    loss = _train_epoch(model, train, settings.batch, np.random.default_rng([seed, epoch]))
    value = float(model.loss(validation.target, predict(model, validation, settings.batch)))
    if not np.isfinite([loss, value]).all():
        raise GmtoolsError(
            f"Epoch {epoch}: the loss is {loss}, on validation events {value}. Lower the learning rate "
            f"({settings.learning_rate:g}), or look for targets and inputs that are far out."
        )
    history = [*state["history"], (epoch, loss, value)]
    weights = arrays(model.trainable_variables)
    best = weights if value <= min(row[2] for row in history) else state["best"]
    optimizer = arrays(model.optimizer.variables)
    return {"weights": weights, "optimizer": optimizer, "best": best, "history": history}


def _train_epoch(model, train, batch, rng):
    """One pass; returns the mean loss of its steps."""
    losses = []
    for chosen in _batches(rng.permutation(len(train)), batch):
        target = train.target[chosen]
        left = len(losses) * batch + np.arange(batch) < len(train)
        target = np.where(left[:, None], target, np.float32(np.nan))  # what fills the last batch is not learned twice
        model.reset_metrics()
        losses.append(model.train_on_batch([train.events[chosen], train.pixel[chosen]], target))
    return float(np.mean(losses))


def _start(model, seed):
    """Random weights and an optimizer that has not moved, whatever the model did before."""
    weights = unet.draw_weights(model, seed)
    optimizer = [np.zeros(variable.shape, variable.dtype) for variable in model.optimizer.variables]
    return {"weights": weights, "optimizer": optimizer, "best": weights, "history": []}


def _assign(model, state):
    for variable, values in zip(model.trainable_variables, state["weights"], strict=True):
        variable.assign(values)
    for variable, values in zip(model.optimizer.variables, state["optimizer"], strict=True):
        variable.assign(values)


def _write(path, state):
    """Write under another name, then move: a reader never sees half a file."""
    path = Path(path)
    arrays = {f"{kind}_{i}": values for kind in _KINDS for i, values in enumerate(state[kind])}
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with temporary.open("wb") as file:
        np.savez(file, allow_pickle=False, history=np.array(state["history"], float), **arrays)
    temporary.replace(path)


_KINDS = ("weights", "optimizer", "best")


def _read(path, model):
    like = {"weights": model.trainable_variables, "optimizer": model.optimizer.variables}
    like["best"] = like["weights"]
    try:
        with np.load(path, allow_pickle=False) as file:
            state = {kind: [file[f"{kind}_{i}"] for i in range(len(like[kind]))] for kind in _KINDS}
            state["history"] = [(int(epoch), loss, value) for epoch, loss, value in file["history"].tolist()]
    except (KeyError, ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise FormatError(f"{path} is not a checkpoint of this network ({error}). Delete it to start anew.") from None
    for kind in _KINDS:
        shapes = [values.shape for values in state[kind]], [tuple(variable.shape) for variable in like[kind]]
        if shapes[0] != shapes[1]:
            raise FormatError(f"{path} is a checkpoint of a network of another shape. Delete it to start anew.")
    return state
