import numpy as np
import pytest

from gmtools import columns
from gmtools.errors import GmtoolsError, GridError
from gmtools.geodesy import hypocentral_distance_km
from gmtools.maps import event_maps, grids

GRID = grids.MapGrid(32633, 200_000, 4_700_000, 20_000, nx=6, ny=5)
EVENTS = np.array([[4.5, 12.0, 43.0, 8.0], [6.0, 13.4, 42.4, 30.0]], "float32")


@pytest.fixture
def static():
    velocity = grids.Layer(np.arange(30.0).reshape(5, 6), "m/s", "none")
    return grids.static_maps(GRID, {columns.VELOCITY: velocity})


def test_distances_are_those_of_the_geodesy_with_the_depth_downwards(static):
    ranges = {columns.RHYP: (0.0, 1.0), event_maps.LN_RHYP: (0.0, 2.0)}
    maps = np.asarray(event_maps.EventMaps((columns.RHYP, event_maps.LN_RHYP), ranges, static)(EVENTS))
    for one, (_, longitude, latitude, depth) in zip(maps, EVENTS.astype(float), strict=True):
        expected = hypocentral_distance_km(*GRID.lonlat, longitude, latitude, depth)
        np.testing.assert_allclose(one[..., 0], expected, atol=0.005)
        np.testing.assert_allclose(one[..., 1], np.log(expected) / 2, atol=5e-4)


def test_numbers_become_constant_maps_and_static_maps_keep_their_place(static):
    names = (columns.VELOCITY, columns.MAGNITUDE, "easting_km")
    maps = np.asarray(event_maps.EventMaps(names, {columns.MAGNITUDE: (4.0, 8.0)}, static)(EVENTS))
    assert maps.shape == (2, 5, 6, 3)
    np.testing.assert_array_equal(maps[0, ..., 0], static.values[..., static.names.index(columns.VELOCITY)])
    np.testing.assert_array_equal(maps[1, ..., 2], static.values[..., static.names.index("easting_km")])
    np.testing.assert_allclose(maps[..., 1], np.broadcast_to([[[0.125]], [[0.5]]], (2, 5, 6)))


def test_a_study_may_append_numbers(static):
    numbers = (*event_maps.EVENT_NUMBERS, "borehole")
    events = np.column_stack([EVENTS, [0, 1]]).astype("float32")
    ranges = event_maps.input_ranges(events, static, numbers)
    maps = np.asarray(event_maps.EventMaps(("borehole",), ranges, static, numbers)(events))
    np.testing.assert_array_equal(maps[:, 0, 0, 0], [0, 1])
    with pytest.raises(GmtoolsError, match="must begin with magnitude, event_longitude"):
        event_maps.EventMaps(("borehole",), ranges, static, ("borehole", *event_maps.EVENT_NUMBERS))


def test_training_events_fill_the_range(static):
    ranges = event_maps.input_ranges(EVENTS, static)
    names = (*event_maps.EVENT_NUMBERS, event_maps.LN_RHYP, columns.RHYP)
    maps = np.asarray(event_maps.EventMaps(names, ranges, static)(EVENTS))
    np.testing.assert_allclose(maps.min((0, 1, 2)), 0, atol=1e-4)
    np.testing.assert_allclose(maps.max((0, 1, 2)), 1, atol=1e-4)


def test_a_number_that_never_changes_does_not_divide_by_zero(static):
    ranges = event_maps.input_ranges(EVENTS[[0, 0]], static)
    assert ranges[columns.MAGNITUDE] == (4.5, 5.5)


def test_wrong_maps_are_refused(static):
    with pytest.raises(GmtoolsError, match=r"No input map is called 'vs30'.*rhyp_km.*velocity_m_s"):
        event_maps.EventMaps(("vs30",), {}, static)
    with pytest.raises(GmtoolsError, match="There is no input map"):
        event_maps.EventMaps((), {}, static)
    static.values[2, 3, static.names.index(columns.VELOCITY)] = np.nan
    with pytest.raises(GridError, match=r"'velocity_m_s' has NaN in 1 pixels.*fill"):
        event_maps.EventMaps((columns.VELOCITY,), {}, static)


def test_configurations_of_table_8_have_the_number_of_maps_in_their_name():
    for name, maps in event_maps.CONFIGURATIONS.items():
        assert len(set(maps)) == int(name[0])
    assert set(event_maps.CONFIGURATIONS["8c"]) - set(event_maps.CONFIGURATIONS["7c"]) == {columns.SLOPE}
