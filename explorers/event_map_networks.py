"""The two small U-Nets that ship: how they are trained and scored, and how they are read back."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

import numpy as np
import pandas as pd
from sklearn.model_selection import GroupKFold

from explorers import classical_map, map_outline, networks
from gmtools import columns, residuals, studies
from gmtools.data import datasets
from gmtools.errors import DataNotFound
from gmtools.geodesy import ecef_km, same_place
from gmtools.maps.grids import MapGrid, StaticMaps
from gmtools.studies import italy, kanto, map_studies
from gmtools.studies.map_studies import MapSettings, Study

FOLDS = 4
_EVENT = (
    columns.MAGNITUDE, "ln_rhyp", columns.RHYP, columns.HYPOCENTRAL_DEPTH, columns.EVENT_LONGITUDE,
    columns.EVENT_LATITUDE,
)  # fmt: skip
_SMALL = MapSettings(
    pixel_m=10_000, depth=2, base=4, epochs=12, batch=8, learning_rate=3e-3, final_learning_rate=1e-4,
    folds=FOLDS, members=4,
)  # fmt: skip
KANTO_EVENTS, KANTO_EPOCHS = 600, 6
"""Earthquakes, drawn at random, of the 2,864 of the semi-synthetic Kanto, and how often they are seen. With more of
both the error at known stations falls on and that at new ones rises: the network learns the stations by heart."""


@dataclass(frozen=True)
class Region:
    """What a network of a region is trained on; every map layer in it is under an open license.

    Attributes
    ----------
    title, kind, tag : str
        Of the target; whether the motions are measured, as a sentence and as a word on the map.
    records : callable
        Returns the :class:`gmtools.data.datasets.Dataset`.
    period : float
        Of the target, s; 0 is PGA.
    settings : MapSettings
    maps : tuple of str
        Input maps.
    layers : callable
        MapGrid -> dict of str to Layer.
    fill : dict of str to float
    classical : callable
        Of :mod:`explorers.classical_map`: the table of a classical model.
    layer_source : str
        Attribution of the layer, empty where there is none.
    """

    title: str
    kind: str
    tag: str
    records: Callable
    period: float
    settings: MapSettings
    maps: tuple
    layers: Callable
    fill: dict
    classical: Callable
    layer_source: str

    def study(self) -> Study:
        """Put the records on the grid; the maps are rounded to half precision, as they ship.

        Raises
        ------
        DataNotFound
            The records, or the ingredients of the semi-synthetic ones, cannot be had.
        """
        dataset = self.records()
        study = map_studies.build(dataset, self.settings, self.layers, self.fill)
        return replace(study, static=replace(study.static, values=_half(study.static.values)))


def _italian():
    return studies.load("italy", "real")


def _semi_synthetic():
    """Some earthquakes of KiK-net and all of MeSO-net, whose many stations keep a map from dents at the few others."""
    dataset = studies.load("kanto")
    if dataset.data_id != datasets.SEMI_SYNTHETIC:
        raise DataNotFound(
            f"unet_kanto is trained on {datasets.SEMI_SYNTHETIC} records; {dataset.data_id} ones were found."
        )
    events = np.sort(dataset.frame[columns.EVENT].unique())
    drawn = np.random.default_rng(0).permutation(events)[:KANTO_EVENTS]
    kik_net = dataset.frame[dataset.frame[columns.EVENT].isin(drawn)]
    frame = pd.concat([kik_net, map_studies.meso_net("full")], ignore_index=True)
    return replace(dataset, frame=frame, citation=dataset.citation.replace("kik_net,", "kik_net and meso_net,"))


REGIONS = {
    "unet_italy": Region(
        "SA(1 s), northern and central Italy",
        "Trained on real records: 1 s spectral accelerations measured in Italy (ITA18).",
        "real records",
        _italian, 1.0,
        replace(_SMALL, grid=MapGrid(32633, -180_000, 4_545_000, 10_000, nx=72, ny=68)),
        (*_EVENT, italy.VS30),
        lambda grid: italy.layers(grid, (italy.VS30,)), italy.FILL, classical_map.lanzano,
        "VS30 from geology: Michelini et al. (2008), in the USGS global VS30 mosaic (CC0)",
    ),
    "unet_kanto": Region(
        "PGA, Kanto",
        "Semi-synthetic: stations, site terms and the catalog of earthquakes are real, every motion is simulated.",
        "semi-synthetic records",
        _semi_synthetic, 0.0,
        replace(_SMALL, pixel_m=8000, epochs=KANTO_EPOCHS, members=3, grid=kanto.grid(8000, 8)),
        (*_EVENT, "easting_km", "northing_km"),
        lambda grid: {}, {}, classical_map.zhao,
        "",
    ),
}  # fmt: skip


def make(name, folder=networks.FOLDER):
    """Train a network, score its recipe on earthquakes and stations that it did not see, and write it.

    Parameters
    ----------
    name : str
        Key of :data:`REGIONS`.
    folder : Path

    Raises
    ------
    DataNotFound
        The records or the layer cannot be had.
    PackageUnreachable
        npm does not give the outline.
    """
    region = REGIONS[name]
    study = region.study()
    target = np.log(study.frame[columns.psa(region.period)]).to_numpy()
    scores, sigma_factor = _scores(name, region, study, target)
    model = _train(f"ship-{name}", region, study, target, np.ones(len(target), bool))
    arrays = {
        f"member_{m}_weights_{i}": values.astype("float16")
        for m, weights in enumerate(model.ensemble.weights)
        for i, values in enumerate(weights)
    }
    points, ends = map_outline.outline(study.grid)
    cell = study.frame[columns.PIXEL_ROW] * study.grid.nx + study.frame[columns.PIXEL_COLUMN]
    records = np.bincount(cell, minlength=study.grid.nx * study.grid.ny).reshape(study.grid.shape)
    table, classical = region.classical()
    arrays |= {"static": study.static.values.astype("float16"), "outline": points, "outline_ends": ends}
    dry = map_outline.land(points, ends, study.grid)
    arrays |= {"records": records.astype("uint16"), "land": dry.astype("uint8"), **table}
    networks.write(name, folder, arrays, _facts(region, study, model, sigma_factor, scores, classical))


def _facts(region, study, model, sigma_factor, scores, classical):
    grid, frame = study.grid, study.frame
    layer = study.static.names[-1]
    return {
        "title": region.title,
        "kind": region.kind,
        "tag": region.tag,
        "period": region.period,
        "architecture": asdict(model.ensemble.architecture),
        "start": {**asdict(model.start), "coefficients": model.start.coefficients.tolist()},
        "sigma_factor": sigma_factor,
        "members": len(model),
        "weights": [list(values.shape) for values in model.ensemble.weights[0]],
        "grid": asdict(grid),
        "static": list(study.static.names),
        "static_scale": study.static.scale,
        "layer": layer,
        "classical": classical,
        "provenance": {
            "data": {
                "id": study.dataset.data_id,
                "records": len(frame),
                "events": int(frame[columns.EVENT].nunique()),
                "stations": int(frame[columns.STATION].nunique()),
                "citation": study.dataset.citation,
                "license": study.dataset.licence,
            },
            "settings": {**asdict(region.settings), "grid": asdict(grid)},
            "scores": scores,
            "layers": [source for source in (region.layer_source, map_outline.SOURCE) if source],
        },
    }


def _train(name, region, study, target, use):
    """Ensemble for the records of ``use``, with weights rounded to half precision."""
    from gmtools.studies import map_models

    seeds = range(region.settings.members)
    model = map_models.train(study, name, study.records(target), use, region.maps, seeds)
    rounded = tuple([_half(values) for values in weights] for weights in model.ensemble.weights)
    return replace(model, ensemble=replace(model.ensemble, weights=rounded))


def _half(values):
    return values.astype("float16").astype("float32")


def _scores(name, region, study, target):
    """Scores on a checkerboard of events and stations, and what sigma must be multiplied with."""
    of_event, of_station = _groups(study.frame)
    n = len(target)
    mean, variance, line, constant = np.empty((4, FOLDS, n))
    for fold in range(FOLDS):
        use = (of_event != fold) & (of_station != fold)
        model = _train(f"ship-{name}-{fold}", region, study, target, use)
        mean[fold], variance[fold], line[fold] = _at_records(study, model, target)
        constant[fold] = target[use].mean()
    said = []
    tests = {
        "new earthquakes, known stations": of_event != of_station,
        "new earthquakes, new stations": of_event == of_station,
    }
    for on, rows in tests.items():
        rows = np.flatnonzero(rows)
        fold = of_event[rows]
        error = target[rows] - mean[fold, rows]
        about = {"on": on, "records": len(rows), "events": int(study.frame[columns.EVENT].iloc[rows].nunique())}
        for baseline, values in (("line", line), ("constant", constant)):
            value = residuals.rms(target[rows] - values[fold, rows])
            said.append(_score("rmse", residuals.rms(error), "ln", _BASELINES[baseline], value, about))
        standardized = error / np.sqrt(variance[fold, rows])
        corrected, factor = _corrected(standardized, fold)
        said.append(
            _score(
                "sd of standardized residuals",
                residuals.rms(corrected),
                "1",
                "uncorrected sigma",
                residuals.rms(standardized),
                about,
            )
        )
    return said, factor


_BASELINES = {"line": "linear regression on the same input maps", "constant": "mean of the training records"}


def _score(score, value, unit, baseline, baseline_value, about):
    numbers = {"value": round(float(value), 4), "baseline_value": round(float(baseline_value), 4)}
    return {"score": score, "unit": unit, "baseline": baseline, **numbers, **about}


def _groups(frame):
    """Fold of each record's event and of its station's place."""
    names = (
        frame[columns.EVENT].to_numpy(),
        same_place(frame[columns.STATION_LONGITUDE], frame[columns.STATION_LATITUDE]),
    )
    groups = np.empty((2, len(frame)), int)
    for group, name in zip(groups, names, strict=True):
        for fold, (_, rows) in enumerate(GroupKFold(FOLDS, shuffle=True, random_state=0).split(frame, groups=name)):
            group[rows] = fold
    return groups


def _at_records(study, model, target):
    """Mean, variance and the line alone (n,) at all records."""
    from gmtools.models import ensembles
    from gmtools.studies import map_models

    records = study.records(target)
    line = model.start(map_models.input_values(study, model.ensemble.architecture, records))
    joined = ensembles.total_variance(*model.at_records(records, len(target)))
    return *joined, records.to_table(line, len(target))


def _corrected(standardized, fold):
    """Residuals over a sigma corrected by what the *other* folds need, and the factor that all of them need."""
    corrected = np.empty(len(standardized))
    for one in range(FOLDS):
        corrected[fold == one] = standardized[fold == one] / residuals.rms(standardized[fold != one])
    return corrected, float(residuals.rms(standardized))


def load(name, folder=networks.FOLDER):
    """Read a network that ships, ready to predict with Keras.

    Parameters
    ----------
    name : str
        "unet_italy" or "unet_kanto".
    folder : Path

    Returns
    -------
    model : gmtools.studies.map_models.MapModel
        Its study has no records.
    facts : dict
        The sidecar.

    Raises
    ------
    UnknownModel
        When there is no such file.
    """
    from gmtools.models import ensembles
    from gmtools.studies import map_models

    arrays, facts = networks.read(name, folder)
    grid = MapGrid(**facts["grid"])
    study = Study(REGIONS[name].settings, None, pd.DataFrame(), grid, {}, static_maps(arrays, facts, grid))
    described = facts["architecture"] | {"maps": tuple(facts["architecture"]["maps"])}
    architecture = ensembles.Architecture(**described)
    weights = tuple(
        [arrays[f"member_{m}_weights_{i}"].astype("float32") for i in range(len(facts["weights"]))]
        for m in range(facts["members"])
    )
    models = ensembles.networks(architecture, study.static)
    start = map_models.Start(**facts["start"] | {"coefficients": np.array(facts["start"]["coefficients"])})
    return map_models.MapModel(ensembles.Ensemble(name, architecture, models, weights, (), 1), start, study), facts


def static_maps(arrays, facts, grid):
    """Static maps of a network that ships: :class:`gmtools.maps.grids.StaticMaps`."""
    return StaticMaps(
        names=tuple(facts["static"]),
        values=arrays["static"].astype("float32"),
        pixel_xyz_km=ecef_km(*grid.lonlat).astype("float32"),
        scale={name: tuple(span) for name, span in facts["static_scale"].items()},
        licences={},
    )
