"""Ensembles of U-Nets that predict ground-motion maps: trained, kept and averaged."""

from dataclasses import dataclass, replace

import numpy as np

from gmtools.errors import GmtoolsError, warn_outside
from gmtools.models import ensemble_runs, resumable
from gmtools.models.chunks import chunk_members, chunk_residuals, station_chunks
from gmtools.models.members import (
    Architecture,
    Member,
    load,
    member_path,
    networks,
    shared_networks,
    total_variance,
    train_member,
)

__all__ = (
    "Architecture",
    "Ensemble",
    "Member",
    "chunk_members",
    "chunk_residuals",
    "networks",
    "station_chunks",
    "total_variance",
    "train",
    "train_member",
)
_PIXELS_AT_ONCE = 64 * 1024  # that are predicted, where a step of the training has fewer


def train(name, architecture, static, members, settings, folder=None, *, workers=1, scheduler=None):
    """Train the members of an ensemble; those that are there already are loaded.

    Each member is kept as an npz file with a JSON sidecar in ``_build/models/<name>-<key>`` as soon as it is trained,
    where the key follows from architecture, maps, records, settings and code. So a run that was stopped trains only
    those that are missing, and a member that was interrupted goes on from its last epoch.

    Parameters
    ----------
    name : str
        Beginning of the files' names, and text of the progress bar.
    architecture : Architecture
    static : gmtools.maps.grids.StaticMaps
    members : sequence of Member
    settings : gmtools.models.resumable.FitSettings
    folder : path-like, optional
        Instead of ``_build/models``.
    workers : int
        Processes on this machine that train a member each, at the same time; they share the cores, and starting one
        takes about ten seconds of a core. With more than one, a script needs the guard ``if __name__ == "__main__":``.
        The number of threads changes the order of sums: members are the same, number by number, only where it is.
    scheduler : str, optional
        Address of a Dask scheduler, such as ``"tcp://10.0.0.7:8786"``: its workers train the members instead.

    Returns
    -------
    Ensemble

    Raises
    ------
    GmtoolsError
        There is no member, or one cannot be fitted, see :func:`gmtools.models.resumable.fit`.
    ClusterUnreachable, WorkerLost
        See :func:`gmtools.models.ensemble_runs.train_missing`.
    """
    if not members:
        raise GmtoolsError(f"Ensemble {name!r} has no member. Give at least one Member(train, validation, seed).")
    paths = [member_path(name, architecture, static, member, settings, folder) for member in members]
    tasks = dict(zip(paths, members, strict=True))
    ensemble_runs.train_missing(name, architecture, static, tasks, settings, workers=workers, scheduler=scheduler)
    weights, histories = zip(*(load(path) for path in paths), strict=True)
    models = shared_networks(architecture, static, settings)
    held_out = tuple(member.held_out_chunk for member in members)
    # On small maps a call costs more than what is computed in it.
    batch = max(settings.batch, _PIXELS_AT_ONCE // static.values[..., 0].size)
    return Ensemble(name, architecture, models, weights, histories, batch, held_out)


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
        Of each member, see :func:`gmtools.models.resumable.fit`.
    batch : int
        Events whose maps are held at the same time.
    held_out_chunks : tuple of int
        Station chunk that each member did not see; None where it saw all.
    """

    name: str
    architecture: Architecture
    models: tuple
    weights: tuple
    histories: tuple
    batch: int = 4
    held_out_chunks: tuple = ()

    def __len__(self):
        return len(self.weights)

    def members(self, which):
        """Ensemble of some members, by number: a partial ensemble."""
        fields = [key for key in ("weights", "histories", "held_out_chunks") if getattr(self, key)]
        return replace(self, **{key: tuple(getattr(self, key)[i] for i in which) for key in fields})

    def partial(self, chunk):
        """Ensemble of the members that did not see one station chunk.

        Raises
        ------
        GmtoolsError
            There is no such member.
        """
        which = [number for number, held_out in enumerate(self.held_out_chunks) if held_out == chunk]
        if not which:
            known = sorted({held_out for held_out in self.held_out_chunks if held_out is not None})
            raise GmtoolsError(f"No member of {self.name!r} holds out station chunk {chunk}; held out are {known}.")
        return self.members(which)

    def at_records(self, records):
        """Predict at the pixels of records.

        Parameters
        ----------
        records : gmtools.maps.event_records.EventRecords

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
