"""Studies that predict maps: what each profile takes, and the grid, maps and records that a lesson needs."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from gmtools import columns, datasets, event_records, grids, italy
from gmtools.datasets import Dataset
from gmtools.errors import DataNotFound, DownloadFailed
from gmtools.event_records import EventRecords
from gmtools.grids import Layer, MapGrid, StaticMaps
from gmtools.resumable import FitSettings


@dataclass(frozen=True)
class MapSettings:
    """Every number that a profile of a U-Net study changes.

    Attributes
    ----------
    pixel_m : float
        Side of a pixel.
    depth, base, padding, head
        See :func:`gmtools.models.unet.build`.
    start : {"line", "mean", "range"}
        See :class:`gmtools.map_models.Start`.
    epochs, batch, learning_rate, final_learning_rate, patience
        See :class:`gmtools.resumable.FitSettings`.
    folds : int
        Parts of a cross-validation that compares networks.
    members : int
        Networks of an ensemble.
    validation_share : float
        Of the training events, set aside by each network.
    grid : gmtools.grids.MapGrid, optional
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
        """What :func:`gmtools.resumable.fit` takes; the loss is summed over an event's records, as in the thesis."""
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


@dataclass(frozen=True)
class Study:
    """A data set on a grid.

    Attributes
    ----------
    settings : MapSettings
    dataset : gmtools.datasets.Dataset
    frame : DataFrame
        Its records on the grid, from :func:`gmtools.grids.place`.
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
        """What the input maps are scaled with: the range of all events, so that all networks are scaled alike."""
        from gmtools.models import event_maps

        return event_maps.input_ranges(self.records(np.zeros(len(self.frame))).events, self.static)


def build(
    dataset: Dataset, settings: MapSettings, layers: Callable[[MapGrid], dict[str, Layer]], fill: dict[str, float]
) -> Study:
    """Put a data set onto a grid.

    Parameters
    ----------
    dataset : gmtools.datasets.Dataset
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
    static = grids.static_maps(grid, made, {name: fill[name] for name in made})
    return Study(settings, dataset, grids.place(grid, frame), grid, made, static)


def italy_north(profile: str, data: str = "auto", seed: int = 0) -> Study:
    """Study 3: records of events north of 42° N, with elevation, slope, VS30 and three classes of velocity.

    A pixel's velocity is the mean of the classes in it: at 12 km a pixel holds several.

    Parameters
    ----------
    profile : {"smoke", "fast", "full"}
    data, seed
        See :func:`gmtools.datasets.load`; "auto" takes the simulated Italy also where only a layer cannot be had.

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
        return italy.layers(grid, simulated=dataset.simulated, seed=seed)

    return build(dataset, ITALY[profile], layers, italy.FILL)


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

    from gmtools import ensembles, resumable

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
