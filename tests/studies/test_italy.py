from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import shapely

from gmtools import studies
from gmtools.data import catalog
from gmtools.errors import DataNotFound
from gmtools.geodesy import hypocentral_distance_km
from gmtools.maps import grids
from gmtools.maps.grids import MapGrid
from gmtools.simulate import fields
from gmtools.studies import italy

ALL = ("italy_ita18", "italy_horus_catalogue", "topography_1min", "italy_vs30_grid", "italy_site_model")
needs_mirror = pytest.mark.skipif(
    not all(map(catalog.available, ALL)), reason="GMTOOLS_DATA names no folder with the data of Italy"
)
GRID = MapGrid(32633, 300_000, 4_650_000, 10_000, nx=16, ny=16)


def records(**changes):
    columns = {
        "event_id": ["IT-2009-0009", "EMSC-20160824_0000006", "EMSC-20160824_0000006", "IT-1976-0002"],
        "magnitude": [6.3, 6.0, 6.0, 6.4],
        "event_longitude": [13.38, 13.23, 13.23, 13.3],
        "event_latitude": [42.34, 42.70, 42.70, 41.9],
        "station_longitude": 13.0,
        "station_latitude": 42.5,
        "hypocentral_depth_km": 10.0,
        "depth_is_listed": False,
        "event_nation": ["IT", "IT", "IT", "FR"],
    }
    return pd.DataFrame(columns | changes)


CATALOGUE = pd.DataFrame(
    {
        "origin_time": pd.to_datetime(
            ["2009-04-06T01:32", "2009-04-06T02:00", "2016-08-24T01:36", "2016-08-25", "1976-05-06"], format="ISO8601"
        ),
        "event_longitude": [13.38, 13.40, 13.25, 13.23, 9.0],
        "event_latitude": [42.34, 42.34, 42.70, 42.70, 41.9],
        "magnitude": [6.33, 5.9, 6.2, 6.0, 6.4],
        "hypocentral_depth_km": [8.3, 5.0, 7.9, 99.0, 5.7],
    }
)


def test_depths_come_from_the_event_of_that_day_place_and_magnitude():
    frame = italy.with_depths(records(), CATALOGUE)
    assert frame["hypocentral_depth_km"].tolist() == [8.3, 7.9, 7.9, 10.0]
    assert frame["depth_is_listed"].tolist() == [True, True, True, False]
    expected = np.hypot(frame["repi_km"], frame["hypocentral_depth_km"])
    np.testing.assert_allclose(frame["rhyp_km"], expected, atol=0.1)


def test_of_two_matches_the_smallest_sum_of_distance_over_5_km_and_magnitude_over_a_tenth_counts():
    near, far = {"magnitude": 6.4, "event_longitude": 13.39}, {"magnitude": 6.3, "event_longitude": 13.52}  # 1, 12 km
    both = pd.DataFrame([near, far]).assign(event_latitude=42.34, hypocentral_depth_km=[4.0, 16.0])
    both["origin_time"] = pd.Timestamp("2009-04-06")
    assert italy.with_depths(records(), both)["hypocentral_depth_km"].iloc[0] == 4.0
    both["magnitude"] = [6.59, 6.3]  # 0.2 + 2.9 against 2.3 + 0
    assert italy.with_depths(records(), both)["hypocentral_depth_km"].iloc[0] == 16.0


def test_an_event_without_magnitude_or_date_keeps_its_depth():
    unknown = records(magnitude=np.nan)
    assert not italy.with_depths(unknown, CATALOGUE)["depth_is_listed"].any()
    other = records(event_id="X-2009")
    assert (italy.with_depths(other, CATALOGUE)["hypocentral_depth_km"] == 10).all()


def test_selection():
    frame = italy.select(records(magnitude=[6.3, np.nan, 6.0, 6.4]))
    assert frame["event_id"].tolist() == ["IT-2009-0009", "EMSC-20160824_0000006"]
    assert italy.select(records(event_nation="IT"), -90)["event_id"].nunique() == 3


def test_absent_data(monkeypatch):
    monkeypatch.setattr(catalog, "find", _not_there)
    with pytest.raises(DataNotFound, match="no topography_1min"):
        italy.layers(GRID)


def test_simulated_layers_belong_to_the_simulated_records():
    layers = italy.layers(GRID, simulated=True, seed=3)
    assert len(layers) == 4 and {layer.licence for layer in layers.values()} == {"CC BY 4.0"}
    frame = fields.italy(seed=3, n_events=40, n_stations=300, n_records=1200)
    frame = frame[GRID.contains(frame["station_longitude"], frame["station_latitude"])]
    row, column = GRID.pixels(frame["station_longitude"], frame["station_latitude"])
    ratio = np.log(frame["vs30_m_s"] / layers["vs30_m_s"].values[row, column])
    assert len(frame) > 20 and abs(ratio.mean()) < 0.1 and ratio.std() < 0.25


@needs_mirror
def test_real_records_with_depths():
    dataset = studies.load("italy", data="real")
    frame = dataset.frame
    assert len(frame) == 3776 and frame["event_id"].nunique() == 93 and (frame["event_latitude"] > 42).all()
    events = frame.groupby("event_id").first()
    assert events["depth_is_listed"].sum() == 79
    assert events.loc[italy.LAQUILA_2009, "hypocentral_depth_km"] == pytest.approx(8.3, abs=1)
    assert dataset.kind["hypocentral_depth_km"] == "reconstructed" and dataset.ordinate_kind(1) == "measured"
    assert "REAL data.** 3,776 records" in dataset.notice() and "no hypocentral depth" in dataset.notice()
    assert len(studies.load("italy_whole", data="real").frame) == 4578


@needs_mirror
def test_real_layers_on_a_grid_around_all_stations():
    frame = studies.load("italy", data="real").frame
    grid = MapGrid.around(frame["station_longitude"], frame["station_latitude"], 9000)
    placed = grids.place(grid, frame)
    assert len(placed) == 3776
    layers = italy.layers(grid)
    assert layers["velocity_m_s"].licence == "CC BY-NC-SA 4.0" and layers["vs30_m_s"].licence == "CC0"
    for name, ends in {"vs30_m_s": (150, 1000), "velocity_m_s": (300, 2400)}.items():
        values = np.where(np.isnan(layers[name].values), italy.FILL[name], layers[name].values)
        assert (values.min(), values.max()) == ends
    shares = [np.mean(layers["velocity_m_s"].values == velocity) for velocity in (300, 1600, 2400)]
    assert shares == pytest.approx([0.105, 0.213, 0.083], abs=0.002)  # of the pixels; the sea has none
    row, column = grid.pixels([6.87, 11.9], [45.83, 45.0])  # Mont Blanc, Po delta
    elevation, vs30 = layers["elevation_m"].values[row, column], layers["vs30_m_s"].values[row, column]
    assert elevation[0] > 2000 and elevation[1] < 50 and vs30[1] < 300


@pytest.mark.skipif(not catalog.available("coastline_gshhs"), reason="the coastline is not at hand")
def test_the_coast_goes_round_italy():
    lines = italy.coast()
    west = [line for line in lines if shapely.Polygon(line).contains(shapely.Point(12.5, 42.0))]
    assert len(west) == 1 and len(lines) > 50


def test_no_coast_where_it_cannot_be_had(monkeypatch):
    monkeypatch.setattr(italy.catalog, "find", _not_there)
    assert italy.coast(skip=True) == []
    with pytest.raises(DataNotFound, match="no coastline_gshhs"):
        italy.coast()


def _not_there(data_id):
    raise DataNotFound(f"no {data_id}")


def test_an_age_that_is_neither_young_nor_old_is_soft_rock(monkeypatch):
    points = pd.DataFrame(
        {"longitude": [9.7] * 3, "latitude": [40.5] * 3, "geology": ["HOLOCENE", "UNKNOWN", "UNKNOWN"]}
    )
    monkeypatch.setattr(italy.datasets, "read", lambda data_id: points)
    values = italy._velocity(MapGrid.around([9.7, 9.8], [40.4, 40.6], 2000)).values
    assert np.nanmax(values) == pytest.approx((300 + 2 * 1600) / 3)


def test_study_on_a_grid_keeps_an_earthquake_and_its_ground_out():
    study = italy.on_grid("simulated", pixel_km=24, seed=1)
    assert all(side % 8 == 0 for side in study.grid.shape) and len(study.layers) == 4
    maps = italy.input_maps(study, italy.CONFIGURATIONS["7c"])
    assert maps[:, 0, 0, 0] == pytest.approx((study.events["magnitude"] - 3) / 4)  # M 3 is 0, M 7 is 1
    r = hypocentral_distance_km(*(values[0, 0] for values in study.grid.lonlat), *study.events.iloc[0, 1:])
    assert maps[0, 0, 0, 1] == pytest.approx((np.log(r) - 1) / 6, rel=1e-4)  # ln km: 1 is 0, 7 is 1
    sea = replace(study, layers={"vs30_m_s": grids.Layer(np.full(study.grid.shape, np.nan), "m/s", "")})
    assert italy.input_maps(sea, ["vs30_m_s"]) == pytest.approx((600 - 150) / (1000 - 150))
    assert maps.shape == (len(study.events), *study.grid.shape, 7) and np.isfinite(maps).all()
    kept = italy.keep_out_laquila(study)
    parts = np.array(list(kept.parts.values()))
    assert (parts.sum(axis=0) == 1).all()  # each record is in one part
    learned = study.frame[kept.parts["training"]]
    assert kept.event_id not in set(learned["event_id"]) and not kept.hidden & set(learned["station_id"])
    checked = kept.parts["validation"] | kept.parts["validation, hidden stations"]
    assert study.frame["event_id"][checked].nunique() == len(study.events.drop(kept.event_id).iloc[2::5])
    place = study.frame.groupby("station_id")[["station_longitude", "station_latitude"]].first()
    its = place.loc[study.frame["station_id"][kept.parts[kept.name]].unique()].to_numpy()
    here, there = (np.column_stack(study.grid.project(*table.T)) for table in (place.to_numpy(), its))
    km = np.hypot(*(here[:, None] - there[None]).transpose(2, 0, 1)).min(axis=1)
    assert kept.hidden == set(place.index[km < 1])
    out = study.frame[kept.parts[kept.name]]
    assert set(out["station_id"]) <= kept.hidden and out["event_id"].nunique() == 1


def test_the_stand_in_for_laquila_is_like_it_in_place_and_magnitude():
    place = {"event_longitude": [13.38, 12.38, 13.38], "event_latitude": 42.34}
    events = pd.DataFrame({"magnitude": [6.3, 6.3, 5.3], **place}, index=list("abc"))
    study = SimpleNamespace(events=events, frame=pd.DataFrame({"event_id": list("abc") * 2}), grid=GRID)
    assert italy._most_like_laquila(study) == "a"


def test_what_is_planted_sums_to_the_truth():
    study = italy.on_grid("simulated", pixel_km=24, seed=1)
    number, not_site, site = italy.planted(study, seed=1, count=2)
    focus = study.events.iloc[number[0]].to_numpy(float)
    total = fields.world(1).truth(study.grid, *focus)["total"]
    near = np.isfinite(not_site[0])
    assert near.any() and not near.all() and np.allclose((not_site[0] + site)[near], total[near])
