"""Studies that predict maps: what each profile takes, and the grid, maps and records that a lesson needs."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np
import pandas as pd

from gmtools import columns
from gmtools.data import datasets
from gmtools.data.datasets import Dataset
from gmtools.errors import DataNotFound, DownloadFailed, FormatError
from gmtools.maps import event_records, grids
from gmtools.maps.event_records import EventRecords
from gmtools.maps.grids import Layer, MapGrid, StaticMaps
from gmtools.models import chunks
from gmtools.models.resumable import FitSettings
from gmtools.studies import italy, kanto


@dataclass(frozen=True)
class MapSettings:
    """Every number that a profile of a U-Net study changes.

    Attributes
    ----------
    pixel_m : float
        Side of a pixel.
    depth, base, padding, head
        See :func:`gmtools.models.unet.build`.
    start : {"line", "formula", "mean", "range"}
        See :class:`gmtools.studies.map_models.Start`.
    epochs, batch, learning_rate, final_learning_rate, patience
        See :class:`gmtools.models.resumable.FitSettings`.
    folds : int
        Parts of a cross-validation that compares networks; in study 2 the station chunks.
    members : int
        Networks of an ensemble; in study 2 for each chunk, started differently.
    validation_share : float
        Of the training events, set aside by each network.
    grid : gmtools.maps.grids.MapGrid, optional
        Without it the smallest grid around all stations; with it records of stations outside are left out.
    """

    pixel_m: float
    depth: int
    base: int
    epochs: int
    batch: int
    learning_rate: float
    folds: int
    members: int
    final_learning_rate: float | None = None
    patience: int | None = None
    padding: str = "symmetric"
    head: str = "linear"
    start: str = "line"
    validation_share: float = 0.25
    grid: MapGrid | None = None

    @property
    def fit(self) -> FitSettings:
        """What :func:`gmtools.models.resumable.fit` takes; the loss is a sum over an event's records (the thesis)."""
        return FitSettings(
            self.epochs, self.batch, self.learning_rate, self.final_learning_rate, self.patience, loss_per="event"
        )


_SMALL = {"start": "line", "batch": 8, "learning_rate": 3e-3, "final_learning_rate": 1e-4}
ITALY = {
    "smoke": MapSettings(pixel_m=40_000, depth=1, base=2, epochs=2, folds=2, members=1, **_SMALL),
    "fast": MapSettings(pixel_m=12_000, depth=2, base=8, epochs=8, folds=3, members=2, **_SMALL),
    "full": MapSettings(
        grids.THESIS_ITALY.pixel_m, 4, 64, epochs=700, batch=1, learning_rate=1e-4, folds=5, members=5,
        patience=50, start="mean", grid=grids.THESIS_ITALY,
    ),
}  # fmt: skip
"""Study 3. "full" is the thesis' grid, epochs and learning rate; it does not give the rest."""

KANTO = {
    "smoke": MapSettings(
        40_000, 1, 2, epochs=2, folds=2, members=1, grid=kanto.grid(40_000, 2), **_SMALL | {"start": "formula"}
    ),
    "fast": MapSettings(
        10_000, 3, 8, epochs=5, folds=5, members=2, grid=kanto.grid(10_000, 8),
        **_SMALL | {"start": "formula", "learning_rate": 1e-3},
    ),
    "full": MapSettings(
        800, 4, 64, epochs=300, batch=4, learning_rate=1e-4, folds=5, members=10, patience=30, padding="valid",
        start="mean", grid=kanto.grid(800, 572, 92),
    ),
}  # fmt: skip
"""Study 2. "full" is the deliverable's network, 572 pixels of which 388 come out, and its 5 x 10 members; it gives no
pixel, epochs, batch or learning rate."""
KANTO_MAPS = (
    columns.EVENT_LATITUDE, columns.EVENT_LONGITUDE, columns.HYPOCENTRAL_DEPTH, columns.MAGNITUDE, "easting_km",
    "northing_km", columns.RHYP, kanto.BEDROCK, "ln_rhyp",
)  # fmt: skip
"""The eight input maps that the deliverable names, and the ninth that this project takes."""
FIRST_VALIDATION_YEAR, STOPPING_SHARE = 2015, 0.1
BOREHOLE_LN = 0.5
"""What the deliverable adds to "log(PGA)" of MeSO-net's sensors; read here as the natural logarithm of its targets."""


@dataclass(frozen=True)
class Study:
    """A data set on a grid.

    Attributes
    ----------
    settings : MapSettings
    dataset : gmtools.data.datasets.Dataset
    frame : DataFrame
        Its records on the grid, from :func:`gmtools.maps.grids.place`.
    grid : MapGrid
    layers : dict of str to Layer
    static : StaticMaps
    """

    settings: MapSettings
    dataset: Dataset
    frame: pd.DataFrame
    grid: MapGrid
    layers: dict[str, Layer]
    static: StaticMaps

    def records(self, target) -> EventRecords:
        """Group the records by event, with a target for each.

        Parameters
        ----------
        target : (n_records,) array_like
            In the order of ``frame``, such as ln SA; NaN where there is none.
        """
        from gmtools.models import unet

        border = unet.border(self.settings.depth, self.settings.padding)
        return event_records.pack(self.frame, target, self.grid.shape, border)

    @cached_property
    def ranges(self) -> dict[str, tuple[float, float]]:
        """What the input maps are scaled with, and beyond which a network warns: the range of the events.

        Events that the frame's column ``split`` calls "validation" do not count.
        """
        from gmtools.maps import event_maps

        frame = self.frame
        if "split" in frame:
            frame = frame[frame["split"] != "validation"].reset_index(drop=True)
        return event_maps.input_ranges(replace(self, frame=frame).records(np.zeros(len(frame))).events, self.static)


def build(
    dataset: Dataset, settings: MapSettings, layers: Callable[[MapGrid], dict[str, Layer]], fill: dict[str, float]
) -> Study:
    """Put a data set onto a grid.

    Parameters
    ----------
    dataset : gmtools.data.datasets.Dataset
    settings : MapSettings
    layers : callable
        MapGrid -> dict of str to Layer.
    fill : dict of str to float
        Value of each layer where it has none.

    Returns
    -------
    Study
    """
    frame = dataset.frame
    place = frame[columns.STATION_LONGITUDE], frame[columns.STATION_LATITUDE]
    grid = settings.grid or MapGrid.around(*place, settings.pixel_m, multiple=2**settings.depth)
    frame = frame[grid.contains(*place)].reset_index(drop=True)
    made = layers(grid)
    static = grids.static_maps(grid, made, {name: fill[name] for name in made if name in fill})
    return Study(settings, dataset, grids.place(grid, frame), grid, made, static)


def italy_north(profile: str, data: str = "auto", seed: int = 0) -> Study:
    """Study 3: records of events north of 42° N, with elevation, slope, VS30 and three classes of velocity.

    A pixel's velocity is the mean of the classes in it: at 12 km a pixel holds several.

    Parameters
    ----------
    profile : {"smoke", "fast", "full"}
    data, seed
        See :func:`gmtools.data.datasets.load`; "auto" takes the simulated Italy also where only a layer cannot be had.

    Raises
    ------
    DataNotFound
        "real", and the records or a layer cannot be had.
    """
    dataset = datasets.load("italy", data, seed)
    try:
        return _italian(profile, dataset, seed)
    except (DataNotFound, DownloadFailed):
        if data != "auto":
            raise
    return _italian(profile, datasets.load("italy", datasets.SIMULATED, seed), seed)


def _italian(profile, dataset, seed):
    def layers(grid):
        """Layers that go with the records: real or simulated."""
        return italy.layers(grid, simulated=dataset.simulated, seed=seed)

    return build(dataset, ITALY[profile], layers, italy.FILL)


def meso_net(profile: str, data: str = "auto", seed: int = 0, added_ln: float = BOREHOLE_LN) -> pd.DataFrame:
    """MeSO-net records of a profile, brought to the surface.

    Parameters
    ----------
    profile : {"smoke", "fast", "full"}
    data, seed
        See :func:`gmtools.data.datasets.load`.
    added_ln : float
        Added to ln PGA; the other ordinates stay as they were recorded.

    Returns
    -------
    DataFrame
        For :func:`kanto_study`.

    Raises
    ------
    DataNotFound
        The records cannot be had.
    """
    frame = kanto.thin(datasets.load("kanto_meso", data, seed).frame, profile, seed)
    return frame.assign(**{columns.PGA: frame[columns.PGA] * np.exp(added_ln)})


def kanto_study(profile: str, data: str = "auto", seed: int = 0, meso: pd.DataFrame | None = None) -> Study:
    """Study 2: KiK-net records, or those of both networks, with the depth to bedrock after J-SHIS.

    The profile thins what is learned from (:func:`gmtools.studies.kanto.thin`), and in "smoke" also the test. The
    frame has two
    more columns. ``split``: "validation" are the KiK-net events of 2015 and later, which nothing is trained on;
    "stopping" are a tenth of the others, which choose the best epoch; the rest, and all MeSO-net events as in the
    deliverable, are "training". ``chunk``: of the station, drawn for each network on its own, so that KiK-net's chunks
    stay when MeSO-net is added.

    Parameters
    ----------
    profile : {"smoke", "fast", "full"}
    data, seed
        See :func:`gmtools.data.datasets.load`; ``seed`` also draws the split and the chunks.
    meso : DataFrame, optional
        MeSO-net records that are learned from too, such as :func:`meso_net` returns.

    Raises
    ------
    DataNotFound
        The records or the layer cannot be had.
    FormatError
        An event has no date, so that nobody can tell on which side of the split it lies.
    """
    settings = KANTO[profile]
    dataset = datasets.load("kanto", data, seed)
    _check_dates(dataset.frame)
    later = dataset.frame[columns.ORIGIN_TIME].dt.year >= FIRST_VALIDATION_YEAR
    tested = () if profile == "smoke" else dataset.frame.loc[later, columns.EVENT].unique()
    kik_net = kanto.thin(dataset.frame, profile, seed, whole=tested)
    frames = [
        table.assign(chunk=chunks.station_chunks(table[columns.STATION], settings.folds, seed))
        for table in ([kik_net] if meso is None else [kik_net, meso])
    ]
    frame = pd.concat(frames, ignore_index=True)
    frame["split"] = _split(kik_net, seed).reindex(frame[columns.EVENT]).fillna("training").to_numpy()
    return build(
        replace(dataset, frame=frame),
        settings,
        lambda grid: kanto.layers(grid, simulated=dataset.data_id == datasets.SIMULATED, seed=seed),
        kanto.FILL,
    )


def _check_dates(frame: pd.DataFrame) -> None:
    undated = frame[columns.ORIGIN_TIME].isna().sum() if columns.ORIGIN_TIME in frame else len(frame)
    if undated:
        raise FormatError(
            f"{undated:,} of {len(frame):,} records have no origin_time; earlier ones train and later ones test. "
            "Complete the dates in the file, or take those records out, and import it again."
        )


def _split(frame: pd.DataFrame, seed: int) -> pd.Series:
    """Event -> "training", "stopping" or "validation"."""
    year = frame.groupby(columns.EVENT)[columns.ORIGIN_TIME].first().dt.year
    split = pd.Series("validation", index=year.index)
    early = np.random.default_rng([seed, 11]).permutation(year.index[year < FIRST_VALIDATION_YEAR])
    split[early] = "training"
    split[early[: max(1, round(STOPPING_SHARE * len(early)))]] = "stopping"
    return split


def _kanto_ensemble(name, period, both_networks, profile, data, seed):
    from gmtools.studies import map_models

    profile = training_profile(profile)
    study = kanto_study(profile, data, seed, meso_net(profile, data, seed) if both_networks else None)
    target = np.log(study.frame[columns.psa(period)])
    return map_models.chunk_recipe(study, name, study.records(target), seed=seed)[0]


ENSEMBLES: dict[str, Callable] = {
    name: partial(_kanto_ensemble, name, *options)
    for name, options in {
        "kanto_kik_net": (0, False),
        "kanto_kik_net_1s": (1, False),
        "kanto_with_meso": (0, True),
    }.items()
}
"""Name of an ensemble -> function (profile, data, seed) that returns what :func:`gmtools.models.ensembles.train`
takes: name, architecture, static maps, members, settings. ``gmtools ensemble NAME`` trains it."""


def training_profile(profile: str) -> str:
    """Profile whose networks this machine can train: "full" needs a GPU, and becomes "fast" without one."""
    from gmtools.models import keras

    return "fast" if profile == "full" and not keras.distribution.list_devices("gpu") else profile


def report_step(study: Study, maps, target, steps: int = 1) -> pd.Series:
    """Build a study's network, make training steps and say what they took.

    Parameters
    ----------
    study : Study
    maps : sequence of str
        Input maps.
    target : (n_records,) array_like
        See :meth:`Study.records`.
    steps : int
        Steps that are timed, after a first one that compiles the network.

    Returns
    -------
    Series
        Number of ``parameters``, ``records`` in a step, ``first_step_s``, ``step_s`` (median) and ``peak_memory_gb``
        of the whole process so far.
    """
    import resource  # not on Windows

    from gmtools.models import ensembles, resumable

    records = study.records(target)
    settings = study.settings
    options = {name: getattr(settings, name) for name in ("depth", "base", "padding", "head")}
    architecture = ensembles.Architecture.for_records(maps, study.static, records, **options)
    model = ensembles.networks(architecture, study.static)[0]
    resumable.compile_network(model, settings.fit)
    scaled = (records.target - np.float32(architecture.offset)) / np.float32(architecture.factor)
    largest = np.argsort(-np.isfinite(scaled).sum(axis=1), kind="stable")[: settings.batch]
    seconds = []
    for _ in range(steps + 1):
        start = time.perf_counter()
        model.train_on_batch([records.events[largest], records.pixel[largest]], scaled[largest])
        seconds.append(time.perf_counter() - start)
    return pd.Series(
        {
            "parameters": sum(int(np.prod(variable.shape)) for variable in model.trainable_variables),
            "records": int(np.isfinite(scaled[largest]).sum()),
            "first_step_s": seconds[0],
            "step_s": float(np.median(seconds[1:])),
            "peak_memory_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
        }
    )
