from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from gmtools import columns
from gmtools.data import catalog
from gmtools.errors import DataNotFound, FormatError, GmtoolsError
from gmtools.maps.grids import MapGrid
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


def test_places_in_the_region():
    assert kanto.in_region([138.0, 141.4, np.nan], [35.0, 35.0, 35.0]).tolist() == [True, False, False]


def test_names_that_do_not_exist():
    with pytest.raises(GmtoolsError, match=r"No network is called 'Hi-net' here. Choose among KiK-net"):
        kanto.stations("Hi-net")


def test_selection_of_official_records():
    frame = pd.DataFrame(
        {
            "network": ["KiK-net", "KiK-net", "MeSO-net", "KiK-net", "KiK-net", "KiK-net"],
            "sensor_depth_m": [0, np.nan, 20, 0, 0, 100],
            "magnitude": [3, 4, 4, 2.9, 4, 4],
            "pga_g": 0.01,
            "station_longitude": [140, 140, 140, 140, 142, 140.0],
            "station_latitude": 36.0,
        }
    )
    assert kanto.select(frame)["network"].tolist() == ["KiK-net", "MeSO-net"]


GRID = MapGrid(kanto.UTM54, 260_000, 3_850_000, 20_000, nx=12, ny=14)


def test_bedrock_of_the_invented_kanto_is_that_of_the_simulation():
    planted = np.exp(simulation.world(2, invented=True).at("ln_bedrock", *GRID.lonlat))
    np.testing.assert_allclose(kanto.bedrock(GRID, True, 2).values, planted, rtol=0.15)  # it interpolates between nodes


def test_what_cannot_be_had_is_said_and_the_coast_can_be_skipped(monkeypatch):
    def find(data_id):
        raise DataNotFound(f"{data_id} is nowhere")

    monkeypatch.setattr(catalog, "find", find)
    assert kanto.coast(skip=True) == []
    with pytest.raises(DataNotFound, match="kanto_jshis_sites is nowhere"):
        kanto.bedrock(GRID)
    with pytest.raises(DataNotFound, match="coastline_gshhs is nowhere"):
        kanto.coast()


@STATIONS
def test_real_stations():
    kik_net = kanto.stations("KiK-net")
    assert len(kik_net) == 100 and kik_net["site_term_1s"].notna().tolist() == [True] * 60 + [False] * 40
    assert len(kanto.stations("K-NET")) == 167 and len(kanto.stations("MeSO-net")) == 286


@STATIONS
@needs("coastline_gshhs")
def test_real_ground():
    layer = kanto.bedrock(GRID)
    assert np.isfinite(layer.values).all() and len(kanto.coast()) > 1
    row, column = GRID.pixels(139.77, 35.68)  # Tokyo, where the bedrock lies two to three km deep
    assert 1500 < layer.values[row, column] < 3500


@pytest.fixture(scope="module")
def invented():
    return kanto.on_grid("simulated", meso_net=True)


def test_split_is_by_event_and_by_time(invented):
    frame = invented.frame
    assert (frame.groupby(columns.EVENT)[kanto.SPLIT].nunique() == 1).all()
    later = frame[columns.ORIGIN_TIME].dt.year >= 2015
    kik_net = frame[columns.NETWORK] == "KiK-net"
    assert (frame.loc[kik_net, kanto.SPLIT].eq("test") == later[kik_net]).all()
    assert (frame.loc[~kik_net, kanto.SPLIT] == "training").all()  # as in the deliverable
    early = frame[kik_net & ~later].groupby(columns.EVENT)[kanto.SPLIT].first()
    assert early.eq("stopping").mean() == pytest.approx(0.1, abs=0.002)


def test_chunks_hold_whole_stations_of_both_networks(invented):
    frame = invented.frame
    assert (frame.groupby(columns.STATION)[kanto.CHUNK].nunique() == 1).all()
    sizes = frame.groupby([columns.NETWORK, kanto.CHUNK])[columns.STATION].nunique().unstack()
    assert (sizes.max(axis=1) - sizes.min(axis=1) <= 2).all()


def test_chunks_of_kik_net_stay_when_meso_net_is_added(invented):
    alone = kanto.on_grid("simulated").frame.groupby(columns.STATION)[kanto.CHUNK].first()
    both = invented.frame.groupby(columns.STATION)[kanto.CHUNK].first()
    assert both[alone.index].equals(alone)
    one, other = (kanto.with_chunks(invented.frame, seed)[kanto.CHUNK] for seed in (0, 1))
    assert (one == other).mean() < 0.5  # another seed draws others


def test_meso_net_is_brought_to_the_surface():
    """By the 0.5 that the deliverable adds, where nothing else is asked for."""
    frames = [kanto.on_grid("simulated", meso_net=True, **added).frame for added in ({"added_ln": 0.0}, {})]
    ln = [np.log(frame[columns.PGA]) for frame in frames]
    deep = frames[0][columns.NETWORK] == "MeSO-net"
    assert np.allclose((ln[1] - ln[0])[deep], 0.5)
    assert np.allclose((ln[1] - ln[0])[~deep], 0.0)


def test_the_rival_finds_a_formula_and_the_terms_of_stations(invented):
    frame = invented.frame
    names, number = np.unique(frame[columns.STATION], return_inverse=True)
    planted = np.random.default_rng(0).normal(0, 0.5, len(names))[number]
    scatter = np.random.default_rng(1).normal(0, 0.1, len(frame))
    y = 1.1 * frame[columns.MAGNITUDE].to_numpy() - 1.4 * np.log(frame[columns.RHYP].to_numpy()) + planted + scatter
    see = (frame[kanto.SPLIT] == "training").to_numpy() & (frame[kanto.CHUNK] != 0).to_numpy()
    left, term = kanto.kriged_formula(invented, y, see)
    assert (left - term)[see].std() < 0.12 and np.corrcoef(term[see], planted[see])[0, 1] > 0.99
    hidden = kanto.kriged_formula(invented, np.where(see, y, 9.0), see)  # what is not seen has no say
    assert np.allclose(hidden[0][see], left[see]) and np.allclose(hidden[1], term)
    away = (frame[kanto.CHUNK] == 0).to_numpy()
    assert (left - term)[away].std() > 0.3  # terms drawn without neighbors in mind cannot be kriged
    assert kanto.kriged_formula(invented, y, see, grid=True)[1].shape == invented.grid.shape


def test_records_without_a_date_are_refused(invented, monkeypatch):
    dataset = replace(invented.dataset, frame=invented.dataset.frame.assign(**{columns.ORIGIN_TIME: pd.NaT}))
    monkeypatch.setattr(kanto.studies, "load", lambda *_: dataset)
    with pytest.raises(FormatError, match="46,191 of 46,191 records have no origin_time"):
        kanto.on_grid()


def test_card_facts_name_units_and_the_range_of_the_training_events(invented):
    beyond = invented.frame[columns.MAGNITUDE].where(invented.frame[kanto.SPLIT] == "training", 9.5)
    study = replace(invented, frame=invented.frame.assign(**{columns.MAGNITUDE: beyond}))
    facts = kanto.card_facts(study, kanto.MAPS, range(9), range(1, 10))
    assert [one["unit"] for one in facts["inputs"]] == list(kanto.UNITS.values())
    assert facts["inputs"][3] == {"name": "magnitude", "unit": "1", "mean": 3.0, "sd": 4.0}
    low, high = facts["ranges"]["mean"]["magnitude"]
    training = invented.frame[invented.frame[kanto.SPLIT] == "training"]
    assert (low, high) == (training[columns.MAGNITUDE].min(), training[columns.MAGNITUDE].max())
