import numpy as np
import pandas as pd
import pytest

from gmtools.data.rasters import Points, Raster, slope
from gmtools.errors import FormatError, GridError
from gmtools.maps import grids
from gmtools.maps.grids import MapGrid

GRID = MapGrid(32633, 300_000, 4_650_000, 10_000, nx=8, ny=6)


def records(grid=GRID, pixels=((0, 0), (5, 7), (5, 7)), events=("a", "a", "b")):
    """One record for each pixel, at the pixel's center."""
    longitude, latitude = (np.array([values[pixel] for pixel in pixels]) for values in grid.lonlat)
    return pd.DataFrame(
        {
            "event_id": events,
            "station_id": [f"S{row}{column}" for row, column in pixels],
            "station_longitude": longitude,
            "station_latitude": latitude,
        }
    )


def test_thesis_grid_has_the_printed_size():
    assert grids.THESIS_ITALY.shape == (768, 400) and grids.THESIS_ITALY.pixel_m == 700
    west, east, south, north = grids.THESIS_ITALY.extent_km
    assert (east - west, north - south) == pytest.approx((280.0, 537.6))
    assert grids.THESIS_ITALY.contains([13.38], [42.34]).all()  # L'Aquila


def test_every_pixel_center_comes_back_to_its_pixel():
    row, column = GRID.pixels(*GRID.lonlat)
    assert (row == np.arange(6)[:, None]).all() and (column == np.arange(8)).all()
    assert GRID.lonlat[1][-1].min() > GRID.lonlat[1][0].max()  # row 0 is the south


def test_the_southern_and_western_edges_belong_to_the_grid_and_the_others_do_not(monkeypatch):
    monkeypatch.setattr(MapGrid, "_fractional", lambda grid, column, row: (np.asarray(row), np.asarray(column)))
    column, row = [0, 7.999, 8, 0, 0, -1e-9], [0, 5.999, 0, 6, -1e-9, 0]
    assert GRID.contains(column, row).tolist() == [True, True, False, False, False, False]


def test_projection_agrees_with_the_definition_of_utm():
    """On the central meridian the easting is 500 km, and 0.9996 of the meridian's length is the northing."""
    x, y = GRID.project([15.0], [45.0])
    assert x[0] == pytest.approx(500.0, abs=1e-6)
    assert y[0] == pytest.approx(0.9996 * 4984.944, abs=0.01)


def test_grid_around_places_holds_them_and_can_be_halved_four_times():
    longitude, latitude = np.array([7.0, 16.0, 12.0]), np.array([44.0, 41.0, 46.5])
    grid = MapGrid.around(longitude, latitude, 5000)
    row, column = grid.pixels(longitude, latitude)
    assert grid.nx % 16 == grid.ny % 16 == 0
    assert row.min() >= 1 and row.max() <= grid.ny - 2 and column.min() >= 1 and column.max() <= grid.nx - 2
    assert abs(column.min() - (grid.nx - 1 - column.max())) <= 1  # in the middle


def test_station_outside_the_grid():
    frame = records()
    frame.loc[1, ["station_longitude", "station_latitude"]] = [8.0, 42.5]
    with pytest.raises(
        GridError, match=r"1 of 3 places .* 8 x 6 pixels of 10000 m; the first is station S57 at 8, 42.5"
    ):
        grids.place(GRID, frame)
    with pytest.raises(GridError, match=r"MapGrid.around takes all places.*keep only frame\[grid.contains"):
        GRID.pixels([13.0], [47.0])
    frame.loc[1, "station_longitude"] = np.nan
    with pytest.raises(GridError, match=r"station S57 at nan, 42.5"):
        grids.place(GRID, frame)


def test_two_records_of_one_station_in_one_event():
    with pytest.raises(GridError, match=r"1 records repeat .* station S57 of event a. Keep one with frame.drop_d"):
        grids.place(GRID, records(events=("a", "a", "a")))


def test_place_changes_no_input_and_keeps_the_rows():
    frame = records()
    placed = grids.place(GRID, frame)
    assert placed[["pixel_row", "pixel_column"]].to_numpy().tolist() == [[0, 0], [5, 7], [5, 7]]
    assert "pixel_row" not in frame


def plane(step=0.05, hole=None):
    """Raster 100 * longitude + 10 * latitude, NaN where ``hole`` says."""
    longitude, latitude = np.arange(11, 16, step), np.arange(41, 44, step)
    values = 100 * longitude + 10 * latitude[:, None]
    if hole is not None:
        values = np.where(hole(longitude, latitude[:, None]), np.nan, values)
    return Raster("plane", "m", "CC0", longitude, latitude, values)


@pytest.mark.parametrize("step", [0.02, 0.3])
def test_a_plane_stays_a_plane(step):
    longitude, latitude = GRID.lonlat
    layer = grids.resample(plane(step), GRID)
    np.testing.assert_allclose(layer.values, 100 * longitude + 10 * latitude, atol=1e-6 if step == 0.3 else 1.5)
    assert (layer.unit, layer.licence) == ("m", "CC0")


def test_average_leaves_missing_cells_out():
    holed = plane(0.02, lambda lon, lat: (np.round(lon / 0.02) % 2 == 0) & (lat > 0))
    layer = grids.resample(holed, GRID)
    assert np.isfinite(layer.values).all()
    empty = grids.resample(plane(0.02, lambda lon, lat: (lon > 13) & (lat > 0)), GRID)
    assert (
        np.isnan(empty.values[GRID.lonlat[0] > 13.1]).all() and np.isfinite(empty.values[GRID.lonlat[0] < 12.9]).all()
    )


@pytest.mark.parametrize("step", [0.05, 0.3])
def test_outside_the_raster_is_missing(step):
    far = MapGrid(32633, 1_000_000, 4_650_000, 10_000, nx=4, ny=4)
    assert np.isnan(grids.resample(plane(step), far).values).all()


def test_points_take_the_mean_then_the_nearest_then_nothing():
    longitude, latitude = (values[2, [1, 1, 3]] for values in GRID.lonlat)
    layer = grids.resample_points(
        Points("p", "m/s", "CC0", longitude, latitude, np.array([1.0, 3.0, 8.0])), GRID, reach_km=12
    )
    assert layer.values[2, 1] == 2 and layer.values[2, 3] == 8
    assert layer.values[3, 3] == 8 and layer.values[2, 4] == 8  # 10 km off
    assert np.isnan(layer.values[4, 3]) and np.isnan(layer.values[2, 6])


def test_raster_refuses_a_shape_or_an_order_that_does_not_fit():
    with pytest.raises(FormatError, match=r"values of shape \(2, 3\) do not fit 3 latitudes and 2 longitudes"):
        Raster("r", "m", "", np.arange(2.0), np.arange(3.0), np.zeros((2, 3)))
    with pytest.raises(FormatError, match=r"r: longitudes and latitudes must ascend"):
        Raster("r", "m", "", np.arange(2.0), np.arange(3.0)[::-1], np.zeros((3, 2)))


def test_slope_of_a_plane_that_rises_eastwards():
    longitude, latitude = np.arange(10, 11, 0.1), np.arange(60, 61, 0.1)
    meters = 0.05 * (longitude - 10) * 111_194.93 * np.cos(np.radians(60.5))
    raster = Raster("h", "m", "", longitude, latitude, np.tile(meters, (10, 1)))
    assert slope(raster).values[5] == pytest.approx(np.full(10, 0.05), rel=2e-3)
