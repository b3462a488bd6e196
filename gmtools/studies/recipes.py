"""Recipes of study 1: which network is trained on which table, with which settings."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gmtools import columns
from gmtools.data import datasets
from gmtools.models import ann, training

# Mean and standard deviation of M, ln(1 + RJB) and ln(1 + VS30) over the 14,518 records of the published models.
PUBLISHED_MEAN = np.array([4.60405, 4.31797, 6.10521])
PUBLISHED_SD = np.array([1.16973, 0.90443, 0.38555])

# Every number that a profile changes; updates are steps of the optimizer, members are random starts.
SETTINGS = {
    "smoke": {"members": 1, "folds": 2, "source_updates": 40, "source_batch": 512, "target_updates": 20},
    "fast": {"members": 2, "folds": 5, "source_updates": 1200, "source_batch": 1024, "target_updates": 2200},
    "full": {"members": 10, "folds": 5, "source_updates": 12000, "source_batch": 512, "target_updates": 2200},
}
SOURCE_RATE = {"learning_rate": 1e-2, "final_learning_rate": 1e-4}
TARGET_RATE = {"learning_rate": 1e-4}  # constant, as stored in the published model files
SCRATCH_RATE = {"learning_rate": 3e-3, "final_learning_rate": 1e-4}  # random weights need larger steps
TARGET_BATCH = 64

# PEER's event numbers of the Iranian earthquakes in NGA-West2.
IRANIAN_EVENTS = {"46": "Tabas 1978", "144": "Manjil 1990", "178": "Bam 2003"}

IRAN_MODELS = {
    "nga_only": "NGA-West2 network, untouched",
    "iran_only": "trained on Iran alone",
    "transfer_frozen": "transfer, first layer frozen",
    "fine_tuned": "transfer, all layers trained",
}


@dataclass(frozen=True)
class Recipe:
    """How a named network is made.

    Attributes
    ----------
    tables : tuple of str
        Data sets that it needs: names of :func:`gmtools.data.datasets.load`.
    make : callable
        (tables, settings, profile, data, seed) -> PortableNetwork.
    """

    tables: tuple
    make: Callable


def source_frame(dataset):
    """Records that the source network is trained on: M >= 3, RJB <= 300 km, VS30 and PGA known."""
    return datasets.select(dataset.frame)


def without_iran(frame):
    """Leave out the earthquakes of NGA-West2 that are in the Iranian table too, so that the source never saw them.

    They were found by comparing magnitude, Rrup, VS30 and PGA of the two tables; official event numbers name them.
    """
    number = frame[columns.EVENT].astype(str).str.extract(r"^(?:EQ0*)?(\d+)$", expand=False)
    return frame[~number.isin(IRANIAN_EVENTS)].reset_index(drop=True)


def target_frame(dataset):
    """Iranian records with the distance that the file allows in the column ``rjb_km`` (an exercise in lesson 13)."""
    return dataset.frame.assign(**{columns.RJB: datasets.rjb_or_stand_in(dataset.frame)})


def fit_target(network, frame, model, *, settings, folds=None, seed=0, periods=columns.PERIODS):
    """Train one of the three Iranian models on ``frame``, or on all folds of it at once.

    Parameters
    ----------
    network : gmtools.data.portable.PortableNetwork
        The source network; "iran_only" takes nothing from it but its number of members and its input scale.
    frame : DataFrame
        From :func:`target_frame`.
    model : {"iran_only", "transfer_frozen", "fine_tuned"}
    settings : dict
        One row of :data:`SETTINGS`.
    folds : (n,) int array, optional
        With it, one copy of the network is trained for each fold, which it does not see.
    seed : int
    periods : sequence of float

    Returns
    -------
    gmtools.data.portable.PortableNetwork
        ``members`` is the source's times the number of folds, fold-major.

    Source: frozen first layer, Adam 1e-4, 2,200 updates of 64 records: the published model files.
    """
    copies = 1 if folds is None else int(folds.max()) + 1
    target = np.tile(training.log_targets(frame, periods), (1, network.members))
    if folds is not None:
        target = training.fold_targets(target, folds)
    inputs = training.standardized_inputs(frame, network.input_mean, network.input_sd)
    built = ann.build(target.shape[1], seed=seed)
    if model != "iran_only":
        training.set_weights(built, network, copies)
    built.get_layer("hidden_1").trainable = model != "transfer_frozen"
    rate = SCRATCH_RATE if model == "iran_only" else TARGET_RATE
    steps = {"updates": settings["target_updates"], "batch": TARGET_BATCH, **rate}
    training.fit(built, inputs, target, text=IRAN_MODELS[model], seed=seed, **steps)
    scale = (network.input_mean, network.input_sd)
    return training.to_portable(built, *scale, periods, frame, name=model, ranges="the Iranian records", seed=seed)


def out_of_fold(network, frame, folds):
    """Predict each Iranian record with the members that never saw its event.

    Parameters
    ----------
    network : gmtools.data.portable.PortableNetwork
        From :func:`fit_target` with the same ``frame`` and ``folds``.
    frame : DataFrame
    folds : (n,) int array

    Returns
    -------
    ndarray, (n, n_periods)
        ln g.
    """
    parts = network.predict_members(frame[columns.MAGNITUDE], frame[columns.RJB], frame[columns.VS30])
    copies = int(folds.max()) + 1
    by_fold = parts.reshape(len(frame), copies, -1, parts.shape[-1]).mean(axis=2)
    return training.out_of_fold(by_fold, folds)


def iran_predictions(profile="fast", data="auto", seed=0):
    """Four models side by side, none of which saw the event that it predicts.

    Returns
    -------
    frame : DataFrame
        The Iranian records, n rows.
    predictions : dict of str to ndarray (n, 13)
        Key of :data:`IRAN_MODELS` -> ln g. The first never saw an Iranian record, the others are cross-validated
        with all records of an event in one fold.
    """
    frame = target_frame(training.table_once("iran", data, seed))
    folds = iran_folds(frame, profile, seed)
    source = training.trained("ann_nga_west2", profile, data, seed)
    inputs = (frame[name] for name in (columns.MAGNITUDE, columns.RJB, columns.VS30))
    predictions = {"nga_only": source.predict(*inputs)}
    for model in ("iran_only", "transfer_frozen", "fine_tuned"):
        network = training.trained(f"ann_iran_folds_{model}", profile, data, seed)
        predictions[model] = out_of_fold(network, frame, folds)
    return frame, predictions


def iran_folds(frame, profile, seed):
    """Fold of each Iranian record: the same in every lesson."""
    return training.event_folds(frame[columns.EVENT], SETTINGS[profile]["folds"], seed)


def _make_source(tables, settings, profile, data, seed):
    frame = without_iran(source_frame(tables["nga_west2"]))
    mean, sd = training.input_scale(frame)
    members = settings["members"]
    model = ann.build(members * len(columns.PERIODS), seed=seed)
    steps = {"updates": settings["source_updates"], "batch": settings["source_batch"], **SOURCE_RATE}
    target = np.tile(training.log_targets(frame), (1, members))
    inputs = training.standardized_inputs(frame, mean, sd)
    training.fit(model, inputs, target, text="NGA-West2", seed=seed, **steps)
    data_id = tables["nga_west2"].data_id
    about = {"name": "nga_only", "data": data_id, "ranges": f"the records that it was trained on: {data_id}"}
    return training.to_portable(model, mean, sd, columns.PERIODS, frame, profile=profile, seed=seed, **about)


def _make_target(model, with_folds):
    def make(tables, settings, profile, data, seed):
        frame = target_frame(tables["iran"])
        folds = iran_folds(frame, profile, seed) if with_folds else None
        source = training.trained("ann_nga_west2", profile, data, seed)
        return fit_target(source, frame, model, settings=settings, folds=folds, seed=seed)

    return Recipe(("nga_west2", "iran"), make)


RECIPES = {"ann_nga_west2": Recipe(("nga_west2",), _make_source)}
for _model in ("iran_only", "transfer_frozen", "fine_tuned"):
    RECIPES[f"ann_{_model}"] = _make_target(_model, with_folds=False)
    RECIPES[f"ann_iran_folds_{_model}"] = _make_target(_model, with_folds=True)
