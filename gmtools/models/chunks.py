"""Stations in chunks, of which each network of an ensemble never sees one."""

from dataclasses import replace

import numpy as np
import pandas as pd

from gmtools.errors import GmtoolsError
from gmtools.models.members import Member, total_variance


def station_chunks(station_id, n_chunks, seed=0):
    """Chunk number of each record: stations are drawn at random, and each chunk has equally many but for one.

    Parameters
    ----------
    station_id : (n_records,) array_like
    n_chunks : int
    seed : int

    Returns
    -------
    ndarray, (n_records,), int
        0 to n_chunks - 1; all records of a station have the same. It depends on the set of stations: to keep the
        chunks of one network when another is added, call it for each and join the results.

    Raises
    ------
    GmtoolsError
        There are fewer stations than chunks.

    Examples
    --------
    >>> station_chunks(["A", "B", "A", "C"], 3).tolist()
    [2, 0, 2, 1]
    """
    stations, number = np.unique(np.asarray(station_id), return_inverse=True)
    if not 1 <= n_chunks <= len(stations):
        raise GmtoolsError(f"{len(stations)} stations cannot be split into {n_chunks} chunks. Ask for fewer chunks.")
    return (np.random.default_rng(seed).permutation(len(stations)) % n_chunks)[number]


def chunk_members(train, validation, chunk, initializations, seed=0):
    """Members of an ensemble that each never see the records of one station chunk, whatever the event.

    Parameters
    ----------
    train, validation : gmtools.maps.event_records.EventRecords
        To learn from, and to stop early on, of different events.
    chunk : (n_records,) int array
        Of each row of the table, see :func:`station_chunks`; a station with -1 is never hidden.
    initializations : int
        Networks for each chunk, with weights that start differently.
    seed : int

    Returns
    -------
    list of gmtools.models.members.Member
        Chunk by chunk. Their seeds do not change when ``initializations`` grows, so those that are trained stay.
    """
    chunk = np.asarray(chunk)
    members = []
    for held_out in range(chunk.max() + 1):
        hidden = chunk == held_out
        parts = train.hide(hidden), validation.hide(hidden)
        first = Member(*parts, seed=0, held_out_chunk=held_out)
        for start in range(initializations):
            own = np.random.SeedSequence([seed, held_out, start]).generate_state(1)[0]
            members.append(replace(first, seed=int(own)))  # the arrays are shared, not copied
    return members


def chunk_residuals(records, mean, variance, held_out_chunks, chunk, new_event):
    """Residuals of every partial ensemble, the networks that share a held-out chunk, at known and at unseen stations.

    Parameters
    ----------
    records : gmtools.maps.event_records.EventRecords
        Events that were learned from and events that were not, with the targets of all stations.
    mean, variance : (members, n, m) array
        From :meth:`gmtools.models.ensembles.Ensemble.at_records`.
    held_out_chunks : (members,) sequence of int
        :attr:`gmtools.models.ensembles.Ensemble.held_out_chunks`.
    chunk : (n_records,) int array
        Of each row of the table, see :func:`station_chunks`.
    new_event : (n_records,) bool array
        Of each row of the table: whether its event was not learned from.

    Returns
    -------
    DataFrame
        For each held-out chunk each record with a target: ``held_out_chunk``, ``row`` (of the table), ``new_station``
        (its station lies in that chunk), ``new_event``, ``residual`` (target minus mean) and ``sd``, the standard
        deviation that the partial ensemble predicts, both in the unit of the target.

    Source: partial ensembles and the four combinations of known and new stations and events are those of Sunny, Cotton
    and Lilienkamp (URBASIS deliverable 1.4); mean and variance of several networks: law of total variance.
    """
    held_out_chunks, chunk, new_event = (np.asarray(values) for values in (held_out_chunks, chunk, new_event))
    there = (records.row >= 0) & np.isfinite(records.target)
    row, target = records.row[there], records.target[there]
    frames = []
    for held_out in np.unique(held_out_chunks):
        chosen = held_out_chunks == held_out
        partial, partial_variance = total_variance(mean[chosen][:, there], variance[chosen][:, there])
        columns = {"held_out_chunk": held_out, "row": row, "new_station": chunk[row] == held_out}
        columns |= {"new_event": new_event[row], "residual": target - partial}
        frames.append(pd.DataFrame(columns | {"sd": np.sqrt(partial_variance)}))
    return pd.concat(frames, ignore_index=True)
