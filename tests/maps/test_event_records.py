import numpy as np
import pandas as pd
import pytest

from gmtools import columns
from gmtools.errors import GridError
from gmtools.maps import event_records


@pytest.fixture
def placed():
    return pd.DataFrame(
        {
            columns.EVENT: ["B", "A", "B", "B"],
            columns.STATION: ["S1", "S1", "S2", "S3"],
            columns.MAGNITUDE: [5.0, 4.0, 5.0, 5.0],
            columns.EVENT_LONGITUDE: [12.0, 13.0, 12.0, 12.0],
            columns.EVENT_LATITUDE: [43.0, 42.0, 43.0, 43.0],
            columns.HYPOCENTRAL_DEPTH: [8.0, 9.0, 8.0, 8.0],
            columns.PIXEL_ROW: [2, 2, 2, 3],
            columns.PIXEL_COLUMN: [1, 1, 1, 4],
        }
    )


def test_records_are_grouped_by_event_and_come_back_in_the_order_of_the_table(placed):
    records = event_records.pack(placed, [1.0, 2.0, 3.0, np.nan], (5, 6))
    assert list(records.event_id) == ["A", "B"]
    np.testing.assert_allclose(records.events, [[4, 13, 42, 9], [5, 12, 43, 8]])
    np.testing.assert_array_equal(records.pixel[1], [13, 13, 22])  # two stations in one pixel are two entries
    np.testing.assert_array_equal(records.target, [[2, np.nan, np.nan], [1, 3, np.nan]])
    np.testing.assert_array_equal(records.to_table(records.pixel, 4), [13, 13, 13, 22])
    np.testing.assert_array_equal(records.to_table(records.target, 4), [1, 2, 3, np.nan])


def test_a_part_of_the_events_keeps_its_rows(placed):
    part = event_records.pack(placed, [1.0, 2.0, 3.0, 4.0], (5, 6)).select([False, True])
    assert len(part) == 1
    np.testing.assert_array_equal(part.to_table(part.target, 4), [1, np.nan, 3, 4])


def test_hidden_records_have_no_target(placed):
    records = event_records.pack(placed, [1.0, 2.0, 3.0, 4.0], (5, 6))
    hidden = records.hide(placed[columns.STATION] == "S1")
    np.testing.assert_array_equal(hidden.to_table(hidden.target, 4), [np.nan, np.nan, 3, 4])
    assert np.isfinite(records.target).sum() == 4


def test_without_padding_pixels_count_from_the_inner_window(placed):
    records = event_records.pack(placed, [1.0, 2.0, 3.0, 4.0], (5, 6), border=1)
    np.testing.assert_array_equal(records.to_table(records.pixel, 4), [4, 4, 4, 11])
    with pytest.raises(GridError, match=r"1 of 4 records lie within 2 pixels of the edge.*S3.*2 x 4 pixels"):
        event_records.pack(placed.assign(**{columns.PIXEL_COLUMN: [2, 2, 2, 6]}), np.ones(4), (6, 8), border=2)


def test_numbers_of_a_study_are_appended(placed):
    records = event_records.pack(placed.assign(borehole=[1, 0, 1, 1]), np.ones(4), (5, 6), extra=["borehole"])
    np.testing.assert_array_equal(records.events[:, 4], [0, 1])


def test_an_empty_table_has_no_events(placed):
    assert len(event_records.pack(placed[:0], [], (5, 6))) == 0
