from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from gmtools import columns
from gmtools.data import catalog
from gmtools.errors import DataNotFound, FormatError, GmtoolsError
from gmtools.simulate import kanto as simulation
from gmtools.studies import kanto


def needs(*data_ids):
    missing = [data_id for data_id in data_ids if not catalog.available(data_id)]
    return pytest.mark.skipif(bool(missing), reason=f"GMTOOLS_DATA names no folder with {', '.join(missing)}")


STATIONS = needs("kanto_jshis_sites", "kanto_site_terms", "kanto_mesonet_basin_depth")


@pytest.fixture(scope="module")
def known():
    """Stations on a plane of ln depth."""
    random = np.random.default_rng(0)
    longitude, latitude = random.uniform(138.5, 141, 80), random.uniform(34.8, 37, 80)
    return pd.DataFrame(
        {
            columns.STATION_LONGITUDE: longitude,
            columns.STATION_LATITUDE: latitude,
            columns.BEDROCK_DEPTH: np.exp(7 + (longitude - 139.8)),
            columns.BEDROCK_MODEL: "J-SHIS",
        }
    )


def test_bedrock_between_stations_is_found_again(known):
    longitude, latitude = np.meshgrid([139.2, 139.8, 140.4], [35.4, 36.0])
    depth = kanto.bedrock_depth(known, longitude, latitude)
    assert depth.shape == (2, 3)
    np.testing.assert_allclose(np.log(depth), 7 + (longitude - 139.8), atol=0.1)
    at_stations = kanto.bedrock_depth(known, known["station_longitude"], known["station_latitude"])
    np.testing.assert_allclose(np.log(at_stations / known["bedrock_depth_m"]), 0, atol=0.02)


def test_two_models_make_no_map(known):
    mixed = known.assign(bedrock_model=["J-SHIS"] * 40 + ["JIVSM"] * 40)
    with pytest.raises(GmtoolsError, match=r"come from J-SHIS, JIVSM, which differ: map one model at a time"):
        kanto.bedrock_depth(mixed, [139.0], [35.0])


def test_grid_covers_the_region():
    grid = kanto.grid(4000)
    assert grid.shape == (80, 80)
    assert grid.contains([138.0, 141.3], [34.5, 37.2]).all()
    assert kanto.in_region([138.0, 141.4, np.nan], [35.0, 35.0, 35.0]).tolist() == [True, False, False]


def test_names_that_do_not_exist():
    with pytest.raises(GmtoolsError, match=r"No network is called 'Hi-net' here. Choose among KiK-net"):
        kanto.stations("Hi-net")
    with pytest.raises(GmtoolsError, match=r"No layer is called 'slope'. Choose among bedrock_depth_m"):
        kanto.layers(kanto.grid(), ["slope"])
    with pytest.raises(GmtoolsError, match=r"No profile is called 'quick'. Choose among full, fast, smoke"):
        kanto.thin(pd.DataFrame(), "quick")


def test_thinning_keeps_a_tenth_and_every_kept_event():
    frame = pd.DataFrame({"event_id": np.repeat([f"e{n}" for n in range(200)], np.arange(1, 201)), "value": 1.0})
    fast = kanto.thin(frame, "fast", seed=3)
    assert fast["event_id"].nunique() == 20 and 1000 < len(fast) <= len(frame) / 10
    pd.testing.assert_frame_equal(fast, kanto.thin(frame, "fast", seed=3))
    assert kanto.thin(frame, "full").equals(frame)
    few = frame[frame["event_id"].isin(["e150", "e160", "e170", "e180", "e190", "e199"])]
    meso = kanto.thin(few, "fast")  # a tenth of six events would be one
    assert meso["event_id"].nunique() == 5 and len(meso) == round(len(few) / 10)


def test_thinning_spares_the_events_that_are_to_stay_whole():
    frame = pd.DataFrame({"event_id": np.repeat([f"e{n}" for n in range(200)], np.arange(1, 201)), "value": 1.0})
    whole = [f"e{n}" for n in range(150, 200)]
    kept = kanto.thin(frame, "fast", seed=3, whole=whole)
    stay = kept["event_id"].isin(whole)
    assert kept[stay].reset_index(drop=True).equals(frame[frame["event_id"].isin(whole)].reset_index(drop=True))
    assert kept.loc[~stay, "event_id"].nunique() == 15 and (~stay).sum() <= round(sum(range(1, 151)) / 10)


def test_selection_of_official_records():
    frame = pd.DataFrame(
        {
            "network": ["KiK-net", "KiK-net", "MeSO-net", "KiK-net", "KiK-net"],
            "sensor_depth_m": [0, np.nan, 20, 0, 0],
            "magnitude": [4, 4, 4, 2.9, 4],
            "pga_g": 0.01,
            "station_longitude": [140, 140, 140, 140, 142.0],
            "station_latitude": 36.0,
        }
    )
    assert kanto.select(frame)["network"].tolist() == ["KiK-net", "MeSO-net"]


def test_epicenter_from_distances():
    random = np.random.default_rng(1)
    place = random.uniform((138, 35), (140, 37), (40, 2))
    event = (138.61, 37.56)
    repi = kanto.pyproj.Geod(ellps="WGS84").inv(*place.T, np.full(40, event[0]), np.full(40, event[1]))[2] / 1e3
    repi[:2] = [np.nan, repi[1] + 90]  # one is missing, one is wrong
    frame = pd.DataFrame({"station_longitude": place[:, 0], "station_latitude": place[:, 1], "repi_km": repi})
    found = kanto._located(frame).iloc[0]
    assert found["event_longitude"] == pytest.approx(event[0], abs=0.01)
    assert found["event_latitude"] == pytest.approx(event[1], abs=0.01)


def test_simulated_layers_are_those_of_the_simulation():
    grid = kanto.grid(20_000)
    layer = kanto.layers(grid, [kanto.BEDROCK], simulated=True, seed=2)[kanto.BEDROCK]
    planted = np.exp(simulation.world(2, invented=True).at("ln_bedrock", *grid.lonlat))
    np.testing.assert_allclose(layer.values, planted, rtol=0.15)  # the simulation interpolates between its nodes
    with pytest.raises(GmtoolsError, match="has no layer 'elevation_m', only bedrock_depth_m"):
        kanto.layers(grid, [kanto.ELEVATION], simulated=True)


def test_absent_layers_can_be_skipped(monkeypatch):
    def find(data_id):
        raise DataNotFound(f"{data_id} is nowhere")

    monkeypatch.setattr(catalog, "find", find)
    assert kanto.layers(kanto.grid(20_000), kanto.LAYERS, skip=True) == {} and kanto.coast(skip=True) == []
    with pytest.raises(DataNotFound, match="kanto_jshis_sites is nowhere"):
        kanto.layers(kanto.grid(20_000))
    with pytest.raises(DataNotFound, match="coastline_gshhs is nowhere"):
        kanto.coast()


@STATIONS
def test_real_stations():
    kik_net = kanto.stations("KiK-net")
    assert len(kik_net) == 100 and kik_net["site_term_1s"].notna().tolist() == [True] * 60 + [False] * 40
    assert len(kanto.stations("K-NET")) == 167 and len(kanto.stations("MeSO-net")) == 286


@STATIONS
@needs("topography_1min", "coastline_gshhs")
def test_real_layers():
    grid = kanto.grid(8000)
    layers = kanto.layers(grid, kanto.LAYERS)
    assert all(np.isfinite(layers[name].values).all() for name in (kanto.BEDROCK, kanto.BEDROCK_JIVSM))
    inside = kanto.in_region(*grid.lonlat)
    assert np.isfinite(layers[kanto.ELEVATION].values[inside]).all() and kanto.FILL == {kanto.ELEVATION: 0.0}
    row, column = grid.pixels(139.77, 35.68)  # Tokyo, where both models put the bedrock at two to three km
    for name in (kanto.BEDROCK, kanto.BEDROCK_JIVSM):
        assert 1500 < layers[name].values[row, column] < 3500
    row, column = grid.pixels(138.73, 35.36)  # Mount Fuji
    assert layers[kanto.ELEVATION].values[row, column] > 1500
    assert layers[kanto.ELEVATION].licence == "none stated" and len(kanto.coast()) > 1


@needs("kanto_recordings", "nga_west2_extract")
def test_real_recordings():
    frame = kanto.recordings()
    counts = frame.groupby("event_id").size().to_dict()
    assert counts == {
        "Chuetsu-oki 2007": 257,
        "Iburi 2018": 34,
        "Iwate 2008": 51,
        "Niigata 2004": 229,
        "Tohoku 2011": 302,
        "Yamagata 2019": 171,
    }
    assert (frame["role"] == "extrapolation").equals(frame["event_id"] == "Tohoku 2011")
    assert not frame.duplicated(["event_id", "station_id"]).any() and frame["pga_g"].between(1e-4, 2).all()
    # Epicenters after the Japan Meteorological Agency, to some 3 km.
    place = frame.groupby("event_id")[["event_longitude", "event_latitude"]].first()
    assert place.loc["Chuetsu-oki 2007"].tolist() == pytest.approx([138.61, 37.56], abs=0.03)
    assert place.loc["Niigata 2004"].tolist() == pytest.approx([138.87, 37.29], abs=0.04)


@pytest.fixture(scope="module")
def invented():
    return kanto.on_grid("simulated", meso_net=True)


def test_split_is_by_event_and_by_time(invented):
    frame = invented.frame
    assert (frame.groupby(columns.EVENT)[kanto.SPLIT].nunique() == 1).all()
    later = frame[columns.ORIGIN_TIME].dt.year >= kanto.FIRST_TEST_YEAR
    kik_net = frame[columns.NETWORK] == "KiK-net"
    assert (frame.loc[kik_net, kanto.SPLIT].eq("test") == later[kik_net]).all()
    assert (frame.loc[~kik_net, kanto.SPLIT] == "training").all()  # as in the deliverable
    early = frame[kik_net & ~later].groupby(columns.EVENT)[kanto.SPLIT].first()
    assert early.eq("stopping").mean() == pytest.approx(kanto.STOPPING_SHARE, abs=0.002)


def test_chunks_hold_whole_stations_of_both_networks(invented):
    frame = invented.frame
    assert (frame.groupby(columns.STATION)[kanto.CHUNK].nunique() == 1).all()
    sizes = frame.groupby([columns.NETWORK, kanto.CHUNK])[columns.STATION].nunique().unstack()
    assert (sizes.max(axis=1) - sizes.min(axis=1) <= 2).all()


def test_chunks_of_kik_net_stay_when_meso_net_is_added(invented):
    alone = kanto.on_grid("simulated").frame.groupby(columns.STATION)[kanto.CHUNK].first()
    both = invented.frame.groupby(columns.STATION)[kanto.CHUNK].first()
    assert both[alone.index].equals(alone)


def test_meso_net_is_brought_to_the_surface():
    """By the 0.5 that the deliverable adds, where nothing else is asked for."""
    frames = [kanto.on_grid("simulated", meso_net=True, **added).frame for added in ({"added_ln": 0.0}, {})]
    ln = [np.log(frame[columns.PGA]) for frame in frames]
    deep = frames[0][columns.NETWORK] == "MeSO-net"
    assert np.allclose((ln[1] - ln[0])[deep], 0.5)
    assert np.allclose((ln[1] - ln[0])[~deep], 0.0)


def test_records_without_a_date_are_refused(invented, monkeypatch):
    dataset = replace(invented.dataset, frame=invented.dataset.frame.assign(**{columns.ORIGIN_TIME: pd.NaT}))
    monkeypatch.setattr(kanto.studies, "load", lambda *_: dataset)
    with pytest.raises(FormatError, match="46,191 of 46,191 records have no origin_time"):
        kanto.on_grid()


def test_card_facts_name_units_and_the_range_of_the_training_events(invented):
    facts = kanto.card_facts(invented, kanto.MAPS, range(9), range(1, 10))
    assert [one["unit"] for one in facts["inputs"]] == list(kanto.UNITS.values())
    assert facts["inputs"][3] == {"name": "magnitude", "unit": "1", "mean": 3.0, "sd": 4.0}
    low, high = facts["ranges"]["mean"]["magnitude"]
    training = invented.frame[invented.frame[kanto.SPLIT] == "training"]
    assert (low, high) == (training[columns.MAGNITUDE].min(), training[columns.MAGNITUDE].max())
