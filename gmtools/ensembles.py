"""Ensembles of U-Nets that predict ground-motion maps: trained member by member, cached, averaged."""

import hashlib
import json
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from filelock import FileLock
from tqdm.auto import tqdm

from gmtools import lessons, resumable
from gmtools.errors import FormatError, GmtoolsError
from gmtools.event_records import EventRecords
from gmtools.models import event_maps, keras, unet
from gmtools.ranges import warn_outside

_FORMAT = "gmtools map network 1"


@dataclass(frozen=True)
class Architecture:
    """Everything about a network but its weights; JSON values only.

    Attributes
    ----------
    maps : tuple of str
        Input maps, see :class:`gmtools.models.event_maps.EventMaps`.
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
        static : gmtools.grids.StaticMaps
        records : gmtools.event_records.EventRecords
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
    train, validation : gmtools.event_records.EventRecords
        Targets in their own unit.
    seed : int
        Of the initial weights and the order of the events.
    """

    train: EventRecords
    validation: EventRecords
    seed: int


def networks(architecture, static):
    """Two models that share their weights.

    Parameters
    ----------
    architecture : Architecture
    static : gmtools.grids.StaticMaps

    Returns
    -------
    at_pixels : keras.Model
        Event numbers (batch, n_numbers) and pixels (batch, m) -> (batch, m, 2).
    maps : keras.Model
        Event numbers -> (batch, height', width', 2).

    Raises
    ------
    UnsuitableSize, LayerIncomplete, GmtoolsError
        See :func:`gmtools.models.unet.build` and :class:`gmtools.models.event_maps.EventMaps`.
    """
    arguments = {name: getattr(architecture, name) for name in ("depth", "base", "padding", "head")}
    height, width = static.pixel_xyz_km.shape[:2]
    body = unet.build(height, width, len(architecture.maps), **arguments)
    stack = event_maps.EventMaps(architecture.maps, architecture.ranges, static, architecture.numbers)
    events, pixels = keras.Input((len(architecture.numbers),)), keras.Input((None,), dtype="int32")
    maps = body(stack(events))
    return keras.Model([events, pixels], unet.AtPixels()(maps, pixels)), keras.Model(events, maps)


def train(name, architecture, static, members, settings, folder=None):
    """Train the members of an ensemble one by one; those that are there already are loaded.

    Each member is kept as an npz file with a JSON sidecar in ``_build/models/<name>-<key>``, where the key follows from
    architecture, maps, records, settings and code. A member that was interrupted goes on from its last epoch.

    Parameters
    ----------
    name : str
        Beginning of the folder's name, and text of the progress bar.
    architecture : Architecture
    static : gmtools.grids.StaticMaps
    members : sequence of Member
    settings : gmtools.resumable.FitSettings
    folder : path-like, optional
        Instead of ``_build/models``.

    Returns
    -------
    Ensemble
    """
    if not members:
        raise GmtoolsError(f"Ensemble {name!r} has no member. Give at least one Member(train, validation, seed).")
    models = networks(architecture, static)
    trained = [
        train_member(name, architecture, static, member, settings, folder, models=models, text=f"{name} {number}")
        for number, member in enumerate(tqdm(members, desc=name, unit="member", leave=False), 1)
    ]
    weights, histories = zip(*trained, strict=True)
    return Ensemble(name, architecture, models, weights, histories, settings.batch)


def train_member(name, architecture, static, member, settings, folder=None, *, models=None, text=""):
    """Train one member, or load it.

    Parameters
    ----------
    name, architecture, static, settings, folder
        See :func:`train`.
    member : Member
    models : tuple of keras.Model, optional
        From :func:`networks`, to be used again with the same settings: compiling takes seconds.
    text : str
        Shown beside the progress bar.

    Returns
    -------
    weights : list of ndarray
        Of the best epoch.
    history : DataFrame
        See :func:`gmtools.resumable.fit`.
    """
    folder = Path(folder or lessons.PROJECT / "_build" / "models")
    path = folder / f"{name}-{_key(architecture, static, member, settings)}.npz"
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_suffix(".lock")):  # two processes that want the same member train it once
        if not path.with_suffix(".json").exists():
            model = (models or networks(architecture, static))[0]
            _train(model, architecture, member, settings, path, text or name)
        return _load(path)


def _train(model, architecture, member, settings, path, text):
    train, validation = (
        replace(records, target=(records.target - np.float32(architecture.offset)) / np.float32(architecture.factor))
        for records in (member.train, member.validation)
    )
    if not model.compiled:
        resumable.compile_network(model, settings)
    checkpoint = path.with_suffix(".checkpoint.npz")
    history = resumable.fit(model, train, validation, settings, checkpoint, seed=member.seed, text=text)
    counts = {"train_events": len(train), "train_records": int(np.isfinite(train.target).sum())}
    about = {"format": _FORMAT, "architecture": asdict(architecture), "settings": asdict(settings), **counts}
    _save(path, resumable.arrays(model.trainable_variables), history, {**about, "seed": member.seed})
    checkpoint.unlink(missing_ok=True)


def _save(path, weights, history, about):
    """The sidecar is written last: where it is, the arrays are complete."""
    arrays = {f"weights_{i}": values for i, values in enumerate(weights)}
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with temporary.open("wb") as file:
        np.savez(file, allow_pickle=False, history=history.to_numpy(float), **arrays)
    temporary.replace(path)
    shapes = [values.shape for values in weights]
    temporary.write_text(json.dumps({**about, "weights": shapes}, indent=1), encoding="utf-8")
    temporary.replace(path.with_suffix(".json"))


def _load(path):
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


def _key(architecture, static, member, settings):
    """Twelve hexadecimal digits that change when the data, the code or the settings do."""
    text = json.dumps([asdict(architecture), asdict(settings), member.seed], sort_keys=True)
    digest = hashlib.sha256(text.encode())
    for name in architecture.maps:
        if name in static.names:
            digest.update(np.ascontiguousarray(static.values[..., static.names.index(name)]).tobytes())
    digest.update(np.ascontiguousarray(static.pixel_xyz_km).tobytes())
    for records in (member.train, member.validation):
        for array in (records.events, records.pixel, records.target):
            digest.update(str(array.shape).encode() + np.ascontiguousarray(array).tobytes())
    here = Path(__file__).parent
    for source in ("models/unet.py", "models/event_maps.py", "resumable.py"):
        digest.update((here / source).read_bytes())
    return digest.hexdigest()[:12]


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


@dataclass(frozen=True)
class Ensemble:
    """Trained networks of one architecture.

    Attributes
    ----------
    name : str
    architecture : Architecture
    models : tuple of keras.Model
        From :func:`networks`; they carry the weights of whichever member predicted last.
    weights : sequence of list of ndarray
        Of each member.
    histories : sequence of DataFrame
        Of each member, see :func:`gmtools.resumable.fit`.
    batch : int
        Events whose maps are held at the same time.
    """

    name: str
    architecture: Architecture
    models: tuple
    weights: tuple
    histories: tuple
    batch: int = 4

    def __len__(self):
        return len(self.weights)

    def members(self, which):
        """Ensemble of some members, by number: a partial ensemble."""
        chosen = {key: tuple(getattr(self, key)[i] for i in which) for key in ("weights", "histories")}
        return replace(self, **chosen)

    def at_records(self, records):
        """Predict at the pixels of records.

        Parameters
        ----------
        records : gmtools.event_records.EventRecords

        Returns
        -------
        mean, variance : ndarray, (members, n, m)
            In the unit of the target; ``records.to_table(mean[i], n_records)`` brings them into the table's order, and
            :func:`total_variance` joins the members. Meaningless where there is no record.

        Warns
        -----
        OutOfRange
            An event lies outside the training events' range of magnitude, place or depth.
        """
        self._warn(records.events)
        return self._each(lambda: resumable.predict(self.models[0], records, self.batch))

    def maps(self, events):
        """Predict maps of events, joined over the members.

        Parameters
        ----------
        events : (n, n_numbers) array_like
            Numbers of the events, in the order of ``architecture.numbers``.

        Returns
        -------
        mean, variance : ndarray, (n, height', width')

        Warns
        -----
        OutOfRange
            See :meth:`at_records`.
        """
        events = np.asarray(events, "float32")
        self._warn(events)
        parts = []
        for start in range(0, len(events), self.batch):
            some = events[start : start + self.batch]
            parts.append(
                total_variance(*self._each(lambda some=some: np.asarray(self.models[1].predict_on_batch(some))))
            )
        return tuple(np.concatenate(kind) for kind in zip(*parts, strict=True))

    def _each(self, predict):
        """Mean and variance (members, ...) of what ``predict`` returns with each member's weights."""
        outputs = []
        for weights in self.weights:
            for variable, values in zip(self.models[1].trainable_variables, weights, strict=True):
                variable.assign(values)
            outputs.append(predict())
        outputs = np.stack(outputs).astype(float)
        factor = self.architecture.factor
        return self.architecture.offset + factor * outputs[..., 0], factor**2 * np.exp(outputs[..., 1])

    def _warn(self, events):
        source = "the events that it was trained on"
        for name, column in zip(self.architecture.numbers, np.asarray(events).T, strict=True):
            low, high = self.architecture.ranges[name]
            margin = 1e-6 * max(abs(low), abs(high))  # the events are in single precision
            if column.size and (column.min() < low - margin or column.max() > high + margin):
                warn_outside(self.name, name, column, low, high, source, stacklevel=4)
