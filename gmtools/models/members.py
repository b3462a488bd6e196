"""One network of an ensemble: what it is, what it is trained on, and the file that keeps it."""

import hashlib
import io
import json
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from filelock import FileLock

from gmtools import cache
from gmtools.errors import FormatError
from gmtools.maps import event_maps
from gmtools.maps.event_records import EventRecords
from gmtools.models import keras, resumable, unet

_FORMAT = "gmtools map network 1"
_SHARED_NETWORKS = 4  # kept in memory; a lesson hardly goes back and forth between more
_SOURCES = ("models/unet.py", "maps/event_maps.py", "models/resumable.py", "models/members.py")
_shared = {}


@dataclass(frozen=True)
class Architecture:
    """Everything about a network but its weights; JSON values only.

    Attributes
    ----------
    maps : tuple of str
        Input maps, see :class:`gmtools.maps.event_maps.EventMaps`.
    ranges : dict of str to (float, float)
        Of the training events: what the input maps are scaled with.
    offset, factor : float
        Target = offset + factor * output of the network.
    depth, base, padding, head
        See :func:`gmtools.models.unet.build`.
    numbers : tuple of str
        What describes an event.
    """

    maps: tuple
    ranges: dict
    offset: float
    factor: float
    depth: int = 4
    base: int = 16
    padding: str = "symmetric"
    head: str = "linear"
    numbers: tuple = event_maps.EVENT_NUMBERS

    @classmethod
    def for_records(cls, maps, static, records, **settings):
        """Take the scaling from the training records.

        Parameters
        ----------
        maps : sequence of str
        static : gmtools.maps.grids.StaticMaps
        records : gmtools.maps.event_records.EventRecords
            Training events. The target is standardized with their mean and standard deviation; with the sigmoid head
            it is brought to 0 ... 1 over their range, as in the thesis on Italy.
        **settings
            ``depth``, ``base``, ``padding``, ``head``, ``numbers``.
        """
        numbers = settings.get("numbers", event_maps.EVENT_NUMBERS)
        target = records.target[np.isfinite(records.target)].astype(float)
        if settings.get("head") == "sigmoid":
            offset, factor = target.min(), np.ptp(target)
        else:
            offset, factor = target.mean(), target.std()
        ranges = event_maps.input_ranges(records.events, static, numbers)
        return cls(tuple(maps), ranges, float(offset), float(factor) or 1.0, **settings)

    @property
    def border(self):
        """Pixels that the output maps lack at each edge."""
        return unet.border(self.depth, self.padding)


@dataclass(frozen=True)
class Member:
    """What one network of an ensemble is trained on.

    Attributes
    ----------
    train, validation : gmtools.maps.event_records.EventRecords
        Targets in their own unit.
    seed : int
        Of the initial weights and the order of the events.
    held_out_chunk : int, optional
        Number of the station chunk whose records it does not see, see :func:`gmtools.models.chunks.chunk_members`.
    """

    train: EventRecords
    validation: EventRecords
    seed: int
    held_out_chunk: int | None = None


def networks(architecture, static):
    """Two models that share their weights.

    Parameters
    ----------
    architecture : Architecture
    static : gmtools.maps.grids.StaticMaps

    Returns
    -------
    at_pixels : keras.Model
        Event numbers (batch, n_numbers) and pixels (batch, m) -> (batch, m, 2).
    maps : keras.Model
        Event numbers -> (batch, height', width', 2).

    Raises
    ------
    GridError, GridError, GmtoolsError
        See :func:`gmtools.models.unet.build` and :class:`gmtools.maps.event_maps.EventMaps`.
    """
    arguments = {name: getattr(architecture, name) for name in ("depth", "base", "padding", "head")}
    height, width = static.pixel_xyz_km.shape[:2]
    body = unet.build(height, width, len(architecture.maps), **arguments)
    stack = event_maps.EventMaps(architecture.maps, architecture.ranges, static, architecture.numbers)
    events, pixels = keras.Input((len(architecture.numbers),)), keras.Input((None,), dtype="int32")
    maps = body(stack(events))
    return keras.Model([events, pixels], unet.AtPixels()(maps, pixels)), keras.Model(events, maps)


def shared_networks(architecture, static, settings):
    """Compiled networks that all members of equal architecture, maps and loss take in turn.

    Making them and tracing their first step costs seconds, so the last few are kept as long as the process lives.

    Parameters
    ----------
    architecture : Architecture
    static : gmtools.maps.grids.StaticMaps
    settings : gmtools.models.resumable.FitSettings

    Returns
    -------
    at_pixels, maps : keras.Model
        See :func:`networks`. They carry the weights of whichever member used them last.
    """
    graph = replace(architecture, offset=0.0, factor=1.0)  # these two are applied outside the networks
    key = _digest(graph, static, settings.loss_per).hexdigest()
    models = _shared.pop(key, None) or networks(architecture, static)
    if not models[0].compiled:
        resumable.compile_network(models[0], settings)
    _shared[key] = models
    if len(_shared) > _SHARED_NETWORKS:
        del _shared[next(iter(_shared))]
    return models


def train_member(name, architecture, static, member, settings, folder=None, *, models=None, report=None):
    """Train one member, or load it.

    Parameters
    ----------
    name : str
        Beginning of the file's name, and text of the progress bar.
    architecture : Architecture
    static : gmtools.maps.grids.StaticMaps
    member : Member
    settings : gmtools.models.resumable.FitSettings
    folder : path-like, optional
        Instead of ``_build/models``.
    models : tuple of keras.Model, optional
        From :func:`networks`, instead of :func:`shared_networks`.
    report : callable, optional
        See :func:`gmtools.models.resumable.fit`.

    Returns
    -------
    weights : list of ndarray
        Of the best epoch.
    history : DataFrame
        See :func:`gmtools.models.resumable.fit`.
    """
    path = member_path(name, architecture, static, member, settings, folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_suffix(".lock")):  # two processes that want the same member train it once
        if not is_kept(path):
            model = (models or shared_networks(architecture, static, settings))[0]
            _train(model, architecture, member, settings, path, name, report)
        return load(path)


def _train(model, architecture, member, settings, path, text, report):
    train, validation = (
        replace(records, target=(records.target - np.float32(architecture.offset)) / np.float32(architecture.factor))
        for records in (member.train, member.validation)
    )
    if not model.compiled:
        resumable.compile_network(model, settings)
    checkpoint = path.with_suffix(".checkpoint.npz")
    progress = {"text": text, "report": report}
    history = resumable.fit(model, train, validation, settings, checkpoint, seed=member.seed, **progress)
    counts = {"train_events": len(train), "train_records": int(np.isfinite(train.target).sum())}
    about = {"format": _FORMAT, "architecture": asdict(architecture), "settings": asdict(settings), **counts}
    about |= {"seed": member.seed, "held_out_chunk": member.held_out_chunk}
    _save(path, resumable.arrays(model.trainable_variables), history, about)
    checkpoint.unlink(missing_ok=True)


def _save(path, weights, history, about):
    arrays = {f"weights_{i}": values for i, values in enumerate(weights)}
    content = io.BytesIO()
    np.savez(content, allow_pickle=False, history=history.to_numpy(float), **arrays)
    sidecar = json.dumps({**about, "weights": [values.shape for values in weights]}, indent=1)
    keep(path, content.getvalue(), sidecar.encode())


def keep(path, arrays, sidecar):
    """Write the two files of a member, so that no reader ever sees half of them.

    Parameters
    ----------
    path : Path
        From :func:`member_path`.
    arrays, sidecar : bytes
        What the npz and the JSON file hold. The latter is written last: where it is, the arrays are complete.
    """
    for file, content in ((path, arrays), (path.with_suffix(".json"), sidecar)):
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        temporary.write_bytes(content)
        temporary.replace(file)


def is_kept(path):
    """Whether a member is trained and stored at ``path``."""
    return path.with_suffix(".json").exists()


def load(path):
    """Read a member.

    Parameters
    ----------
    path : Path
        From :func:`member_path`.

    Returns
    -------
    weights, history
        See :func:`train_member`.

    Raises
    ------
    FormatError
        It is damaged or of another kind.
    """
    try:
        shapes = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))["weights"]
        with np.load(path, allow_pickle=False) as file:
            weights = [file[f"weights_{i}"] for i in range(len(shapes))]
            history = pd.DataFrame(file["history"], columns=resumable.HISTORY).astype({"epoch": int})
    except (OSError, ValueError, KeyError, TypeError, EOFError) as error:
        message = f"{path} is not a member of an ensemble ({error}). Delete it and its .json to train it again."
        raise FormatError(message) from None
    if [list(values.shape) for values in weights] != shapes:
        raise FormatError(f"{path} does not fit its sidecar. Delete both to train the member again.")
    return weights, history


def member_path(name, architecture, static, member, settings, folder=None):
    """Where a member is kept: ``<folder>/<name>-<key>.npz``, with a JSON sidecar.

    The key is twelve hexadecimal digits that change when the data, the code or the settings do. Parameters as for
    :func:`train_member`.
    """
    digest = _digest(architecture, static, [asdict(settings), member.seed])
    for records in (member.train, member.validation):
        for array in (records.events, records.pixel, records.target):
            digest.update(str(array.shape).encode() + np.ascontiguousarray(array).tobytes())
    for source in _SOURCES:
        digest.update((Path(__file__).parents[1] / source).read_bytes())
    return Path(folder or _models_folder()) / f"{name}-{digest.hexdigest()[:12]}.npz"


def _models_folder():
    return cache.PROJECT / "_build" / "models"


def _digest(architecture, static, settings):
    """SHA-256 of what the networks are made of; settings are JSON values."""
    digest = hashlib.sha256(json.dumps([asdict(architecture), settings], sort_keys=True).encode())
    for name in architecture.maps:
        if name in static.names:
            digest.update(np.ascontiguousarray(static.values[..., static.names.index(name)]).tobytes())
    digest.update(str(static.pixel_xyz_km.shape).encode() + np.ascontiguousarray(static.pixel_xyz_km).tobytes())
    return digest


def total_variance(means, variances):
    """Mean and variance of an equally weighted mixture, along the first axis.

    Parameters
    ----------
    means, variances : (members, ...) array_like

    Returns
    -------
    mean, variance : ndarray
        The variance is the members' mean variance plus the variance of their means.

    Source: law of total variance; Lilienkamp et al. (2022) write it as mean of (variance + mean^2) minus mean^2.

    Examples
    --------
    >>> total_variance([1.0, 3.0], [0.5, 1.5])
    (np.float64(2.0), np.float64(2.0))
    """
    means, variances = np.asarray(means, float), np.asarray(variances, float)
    return means.mean(0), variances.mean(0) + means.var(0)
