import numpy as np
import pandas as pd
import pytest

from gmtools import columns, geodesy
from gmtools.errors import GmtoolsError, GridError
from gmtools.maps import inputs
from gmtools.maps.grids import Layer, MapGrid, place

GRID = MapGrid(32633, 300_000, 4_600_000, 10_000, nx=4, ny=3)
EVENTS = pd.DataFrame(
    {
        columns.MAGNITUDE: [6.0, 4.5],
        columns.EVENT_LONGITUDE: [12.7, 12.9],
        columns.EVENT_LATITUDE: [41.6, 41.7],
        columns.HYPOCENTRAL_DEPTH: [8.0, 12.0],
    },
    index=["a", "b"],
)


def test_input_maps_hold_event_numbers_distances_places_and_layers():
    ground = Layer(np.arange(12.0).reshape(3, 4), "m/s", "")
    names = ["magnitude", "rhyp_km", "ln_rhyp", "easting_km", "northing_km", "ground"]
    maps = inputs.input_maps(GRID, {"ground": ground}, EVENTS, names)
    assert maps.shape == (2, 3, 4, 6) and maps.dtype == np.float32
    assert (maps[1, ..., 0] == 4.5).all()
    wanted = geodesy.hypocentral_distance_km(*GRID.lonlat, *EVENTS.iloc[0, 1:])
    assert np.allclose(maps[0, ..., 1], wanted, rtol=1e-6) and np.allclose(
        maps[..., 2], np.log(maps[..., 1]), atol=1e-6
    )
    assert maps[0, 0, :, 3].tolist() == [305, 315, 325, 335] and maps[0, :, 0, 4].tolist() == [4605, 4615, 4625]
    assert (maps[..., 5] == ground.values).all()


def test_a_gap_in_a_layer_is_filled_or_refused():
    ground = Layer(np.where(np.arange(12).reshape(3, 4) == 5, np.nan, 1.0), "m/s", "")
    with pytest.raises(GridError, match=r"'ground' has no value at 1 of 12 pixels.*fill=\{'ground': value\}"):
        inputs.input_maps(GRID, {"ground": ground}, EVENTS, ["ground"])
    assert inputs.input_maps(GRID, {"ground": ground}, EVENTS, ["ground"], {"ground": 7.0})[0, 1, 1, 0] == 7


def test_unknown_maps_and_other_shapes_are_refused():
    with pytest.raises(GmtoolsError, match=r"No input map is called 'altitude'\. Choose among magnitude"):
        inputs.input_maps(GRID, {}, EVENTS, ["altitude"])
    with pytest.raises(GmtoolsError, match=r"'ground' has shape \(2, 2\), the grid \(3, 4\)"):
        inputs.input_maps(GRID, {"ground": Layer(np.ones((2, 2)), "", "")}, EVENTS, ["ground"])


def test_maps_are_scaled_by_their_ranges():
    maps = inputs.input_maps(GRID, {}, EVENTS, ["magnitude", "ln_rhyp"])
    magnitude, ln_rhyp = np.moveaxis(inputs.scale(maps, {"magnitude": (4.5, 6.0), "ln_rhyp": (0.0, 1.0)}), -1, 0)
    assert np.allclose(magnitude[:, 0, 0], [1, 0]) and np.allclose(ln_rhyp, maps[..., 1])


def test_records_become_target_maps_and_are_found_again():
    longitude, latitude = GRID.lonlat
    frame = pd.DataFrame(
        {
            columns.EVENT: ["b", "a", "b"],
            columns.STATION: ["s", "s", "t"],
            columns.STATION_LONGITUDE: [longitude[1, 2], longitude[1, 2], longitude[0, 3]],
            columns.STATION_LATITUDE: [latitude[1, 2], latitude[1, 2], latitude[0, 3]],
        }
    )
    frame = place(GRID, frame.join(EVENTS, on=columns.EVENT))
    study = inputs.MapStudy(None, frame, GRID, {})
    assert study.events.index.tolist() == ["a", "b"] and study.event.tolist() == [1, 0, 1]
    targets = inputs.target_maps(GRID, study.event, (study.row, study.column), [1.0, 2.0, np.nan], 2)
    assert np.isfinite(targets).sum() == 2
    assert targets[study.event, study.row, study.column, 0].tolist()[:2] == [1.0, 2.0]
