import numpy as np
import pandas as pd
import pytest

from gmtools import columns
from gmtools.errors import GmtoolsError
from gmtools.maps import event_records
from gmtools.models import chunks, ensembles

N_EVENTS, N_STATIONS = 6, 11


@pytest.fixture
def table():
    """Every station records every event, each in its own pixel."""
    event, station = np.divmod(np.arange(N_EVENTS * N_STATIONS), N_STATIONS)
    zeros = dict.fromkeys(
        (
            columns.MAGNITUDE,
            columns.EVENT_LONGITUDE,
            columns.EVENT_LATITUDE,
            columns.HYPOCENTRAL_DEPTH,
            columns.PIXEL_ROW,
        ),
        0,
    )
    names = {
        columns.EVENT: event,
        columns.STATION: np.char.add("S", station.astype(str)),
        columns.PIXEL_COLUMN: station,
    }
    return pd.DataFrame(names | zeros)


def test_chunks_are_balanced_random_and_seeded(table):
    station = table[columns.STATION]
    chunk = chunks.station_chunks(station, 5, seed=1)
    assert table.assign(chunk=chunk).groupby(columns.STATION)["chunk"].nunique().max() == 1
    sizes = table.assign(chunk=chunk).groupby("chunk")[columns.STATION].nunique()
    assert sorted(sizes) == [2, 2, 2, 2, 3]
    np.testing.assert_array_equal(chunk, chunks.station_chunks(station[::-1], 5, seed=1)[::-1])
    assert (chunk != chunks.station_chunks(station, 5, seed=2)).any()
    with pytest.raises(GmtoolsError, match=r"11 stations cannot be split into 12 chunks"):
        chunks.station_chunks(station, 12)


def test_a_member_never_sees_its_chunk(table):
    chunk = chunks.station_chunks(table[columns.STATION], 3)
    chunk[table[columns.STATION] == "S4"] = -1  # never hidden
    records = event_records.pack(table, np.arange(len(table)), (1, N_STATIONS))
    train, validation = records.select(np.arange(4)), records.select(np.arange(4, 6))
    drawn = chunks.chunk_members(train, validation, chunk, 2)
    assert [member.held_out_chunk for member in drawn] == [0, 0, 1, 1, 2, 2]
    assert len({member.seed for member in drawn}) == 6
    for member in drawn:
        for part in (member.train, member.validation):
            seen = np.isfinite(part.target)
            assert (chunk[part.row[seen]] != member.held_out_chunk).all()
            assert seen.sum() == (chunk[part.row] != member.held_out_chunk).sum()
    assert drawn[0].train.target is drawn[1].train.target  # initializations share their arrays
    assert [member.seed for member in chunks.chunk_members(train, validation, chunk, 3)][:2] == [
        member.seed for member in drawn[:2]
    ]


def test_four_combinations_find_the_errors_that_were_planted(table):
    rng = np.random.default_rng(0)
    chunk = chunks.station_chunks(table[columns.STATION], 3)
    new_event = (table[columns.EVENT] >= 4).to_numpy()
    target = rng.normal(size=len(table))
    target[5] = np.nan
    records = event_records.pack(table, target, (1, N_STATIONS))
    held_out = (0, 0, 1, 1, 2, 2)
    # Partial ensemble i errs by 1 at its new stations and by 0.5 for new events; its two members differ by 2 x 0.3.
    error = np.array([(chunk == i) + 0.5 * new_event for i in held_out])
    own = np.where(np.arange(6) % 2, 0.3, -0.3)[:, None]
    at_rows = np.nan_to_num(target) - error + own
    mean = at_rows[:, records.row]
    frame = chunks.chunk_residuals(records, mean, np.full_like(mean, 0.16), held_out, chunk, new_event)
    assert len(frame) == 3 * (len(table) - 1)
    assert 5 not in set(frame["row"])
    np.testing.assert_allclose(frame["sd"], 0.5)  # sqrt(0.16 + 0.3^2)
    rmse = frame.groupby(["new_station", "new_event"])["residual"].agg(lambda values: np.sqrt((values**2).mean()))
    np.testing.assert_allclose(rmse, [0.0, 0.5, 1.0, 1.5], atol=1e-6)
    assert (frame["new_station"] == (chunk[frame["row"]] == frame["held_out_chunk"])).all()


def test_a_partial_ensemble_holds_the_members_of_one_chunk():
    ensemble = ensembles.Ensemble("test", None, (), ("a", "b", "c"), ("x", "y", "z"), 4, (0, 1, 0))
    partial = ensemble.partial(0)
    assert (partial.weights, partial.histories, partial.held_out_chunks) == (("a", "c"), ("x", "z"), (0, 0))
    with pytest.raises(GmtoolsError, match=r"No member of 'test' holds out station chunk 2; held out are \[0, 1\]"):
        ensemble.partial(2)
