"""Makes the networks of study 1 that come with the package: trained on the real records, scored on unseen earthquakes.

They are those of the fast profile of lessons 12 and 13, with weights rounded to half precision: what ships, and what
the page evaluates, are the rounded numbers.
"""

import dataclasses
import warnings

import numpy as np

from explorers import networks
from gmtools import columns
from gmtools.data import portable
from gmtools.errors import OutOfRange
from gmtools.models import ann, training
from gmtools.studies import recipes

PROFILE, SEED = "fast", 0


def make(name, folder):
    """Train one network, or take it from an earlier run, score it and write it.

    Parameters
    ----------
    name : {"ann_nga_west2", "ann_transfer_frozen"}
    folder : Path

    Raises
    ------
    DataNotFound
        When the real records are not there.
    """
    network = training.trained(name, PROFILE, "real", SEED)
    table, frame, predicted, baselines = OUT_OF_FOLD[name]()
    residual = training.log_targets(frame).astype(float) - predicted
    rounded = half_precision(network)
    grid = np.meshgrid(np.linspace(4, 7.5, 15), np.geomspace(1, 250, 15), [200, 400, 800], indexing="ij")
    told = {
        **network.provenance,
        "data": [training.table_once(source, "real", SEED).data_id for source in recipes.RECIPES[name].tables],
        "settings": {"profile": PROFILE, "seed": SEED, **recipes.SETTINGS[PROFILE]},
        "sigma_ln": [round(float(value), 4) for value in np.sqrt(np.nanmean(residual**2, axis=0))],
        "sigma": "root mean square of the total residual (ln) on earthquakes that the network never saw, 5 folds",
        "kind": {columns.period_label(period): table.ordinate_kind(period) for period in network.periods},
        "rounding": f"half precision; ln PSA changes by {np.abs(_ln(network, *grid) - _ln(rounded, *grid)).max():.1e}",
        "scores": [_score(residual, frame, *baseline) for baseline in baselines.items()],
    }
    portable.save(folder / f"{name}.npz", dataclasses.replace(rounded, provenance=networks.told(told)))


def half_precision(network):
    """A network with its weights rounded to 16 bits; half the bytes, and each weight off by at most 1 in 2,000."""
    weights = tuple((kernel.astype("float16"), bias.astype("float16")) for kernel, bias in network.weights)
    return dataclasses.replace(network, weights=weights)


def _ln(network, *inputs):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", OutOfRange)
        return network.predict(*inputs)


def _score(residual, frame, baseline, predicted):
    """Entry of the sidecar: the network's rms for ln PGA beside that of a baseline on the same records."""
    observed = training.log_targets(frame, (0.0,))[:, 0]
    return {
        "score": "rms of the total residual, 5 folds by event",
        "value": round(float(np.sqrt(np.mean(residual[:, 0] ** 2))), 4),
        "unit": "ln PGA",
        "baseline": baseline,
        "baseline_value": round(float(np.sqrt(np.mean((observed - predicted) ** 2))), 4),
        "on": "measured PGA",
        "records": len(frame),
        "events": int(frame[columns.EVENT].nunique()),
    }


def _nga_west2():
    """Table, its records, ln g of each from networks that never saw its earthquake, and baselines (ln PGA)."""
    table = training.table_once("nga_west2", "real", SEED)
    frame = recipes.without_iran(recipes.source_frame(table))
    settings = recipes.SETTINGS[PROFILE]
    folds = training.event_folds(frame[columns.EVENT], settings["folds"], SEED)
    target = training.fold_targets(np.tile(training.log_targets(frame), (1, settings["members"])), folds)
    inputs = training.standardized_inputs(frame, *training.input_scale(frame))
    model = ann.build(target.shape[1], seed=SEED)
    steps = {"updates": settings["source_updates"], "batch": settings["source_batch"], **recipes.SOURCE_RATE}
    training.fit(model, inputs, target, text="NGA-West2, 5 folds", seed=SEED, **steps)
    outputs = model.predict(inputs, batch_size=8192, verbose=0)
    by_fold = outputs.reshape(len(frame), settings["folds"], settings["members"], -1).mean(axis=2)
    return table, frame, training.out_of_fold(by_fold, folds), _baselines(frame, folds, "BSSA14")


def _iran():
    """As :func:`_nga_west2`, for the transfer network on the Iranian records."""
    table = training.table_once("iran", "real", SEED)
    frame, predictions = recipes.iran_predictions(PROFILE, "real", SEED)
    baselines = _baselines(frame, recipes.iran_folds(frame, PROFILE, SEED), "KaleEtAl2015Iran")
    baselines["the NGA-West2 network, untouched"] = predictions["nga_only"][:, 0]
    return table, frame, predictions["transfer_frozen"], baselines


def _baselines(frame, folds, classical):
    """Ln PGA of each record from the mean of the other folds and from a classical model."""
    from gmtools import gmms

    observed = training.log_targets(frame, (0.0,))[:, 0].astype(float)
    means = np.array([observed[folds != fold].mean() for fold in range(folds.max() + 1)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", OutOfRange)
        model = gmms.predict(classical, frame, (0.0,)).mean[:, 0]
    return {"mean of the other folds": means[folds], gmms.MODELS[classical].label: model}


OUT_OF_FOLD = {"ann_nga_west2": _nga_west2, "ann_transfer_frozen": _iran}
