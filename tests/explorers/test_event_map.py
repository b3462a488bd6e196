"""The map explorer in Python: the networks that ship, their scores, the classical tables, the outlines, the widget."""

import numpy as np
import pytest

from explorers import classical_map, map_ground, map_outline
from explorers.event_map import START, EventMap, payload
from explorers.payload import unpack
from gmtools import columns, gmms, networks
from gmtools.errors import GmtoolsError, OutOfRange, SettingRefused, UnknownModel
from gmtools.maps.grids import MapGrid

SHIPPED = pytest.mark.skipif(
    not all((map_ground.FOLDER / f"{region}.npz").exists() for region in START), reason="needs both grounds"
)
EVALUATE = """
import { unpack } from "SOURCE/core/payload.js";
import { evaluate, outside, regions } from "SOURCE/map_region.js";
const all = regions(unpack(payload));
answer(events.map(([name, settings]) => {
  const maps = evaluate(all[name], settings);
  return { ...maps, known: maps.support.map(([known]) => known), warned: outside(all[name], settings, maps) };
}));
"""
EVENTS = [
    ("italy", START["italy"]),
    ("italy", {"magnitude": 4.2, "latitude": 44.9, "longitude": 11.2, "depth_km": 20.0}),
    ("kanto", START["kanto"]),
    ("kanto", {"magnitude": 3.5, "latitude": 36.4, "longitude": 139.0, "depth_km": 10.0}),
]


@pytest.fixture(scope="module")
def content():
    return payload()


@pytest.fixture
def on_page(node, content):
    return node(EVALUATE, content, events=EVENTS)


@SHIPPED
def test_page_is_keras(on_page):
    for (region, settings), found in zip(EVENTS, on_page, strict=True):
        mean, sigma = EventMap(region=region, **settings).maps()
        assert np.array(found["mean"]) == pytest.approx(mean.ravel(), abs=1e-4)
        assert np.array(found["sigma"]) == pytest.approx(sigma.ravel(), rel=1e-4)
        known = EventMap(region=region, **settings).known()
        assert (np.array(found["known"]) == known.ravel()).all() and known.mean() > 0.02
        assert [text for text in found["warned"] if "land" not in text] == []


@SHIPPED
def test_page_has_the_classical_model(on_page):
    grid = EventMap().grid
    found = on_page[0]
    stored, facts = map_ground.read("italy")
    vs30 = stored["static"][facts["static"].index(columns.VS30)].astype(float)
    frame = gmms.scenarios(START["italy"]["magnitude"], np.maximum(found["distance"], 1.0), vs30.ravel())
    with pytest.warns(OutOfRange):
        expected = gmms.predict("LanzanoEtAl2019", frame, (1.0,)).mean[:, 0]
    assert len(expected) == grid.nx * grid.ny
    assert np.abs(np.array(found["classical"]) - expected).max() < 0.01
    assert np.array(found["difference"]) == pytest.approx(np.array(found["mean"]) - found["classical"])


@SHIPPED
def test_an_event_outside_is_warned_of_on_both_sides(node, content):
    settings = START["italy"] | {"magnitude": 7.8, "longitude": 6.2, "latitude": 41.2}
    ((found),) = node(EVALUATE, content, events=[("italy", settings)])
    assert found["warned"][0].startswith("magnitude 7.8 is outside 3.5 to ")
    assert any(text.startswith("latitude 41.2° is outside") for text in found["warned"])
    with pytest.warns(OutOfRange) as caught:
        EventMap(**settings).maps()
    assert sum("unet_italy_vs30: magnitude 7.8" in str(warning.message) for warning in caught) == 1


@SHIPPED
@pytest.mark.parametrize("region", START)
def test_networks_say_how_good_they_are(region):
    card = networks.card(map_ground.read(region)[1]["network"])
    assert card["scores"] and all(score["baselines"] for score in card["scores"])
    assert card["profile"] == "full" and card["weights"]["dtype"] == "float16"


@SHIPPED
def test_no_layer_under_a_closed_license_ships():
    for region in START:
        stored, facts = map_ground.read(region)
        assert set(facts["static"]) <= {columns.VS30} and len(stored["static"]) == len(facts["static"])


@SHIPPED
def test_outline_and_land(content):
    meta, arrays = unpack(content)
    grid = MapGrid(**meta["regions"]["italy"]["grid"])
    land = arrays["italy.land"].astype(bool)
    row, column = grid.pixels([12.5, 13.38, 10.0, 14.5], [41.9, 42.34, 42.6, 43.5])  # Rome, L'Aquila, two seas
    assert land[row, column].tolist() == [True, True, False, False]
    far = arrays["italy.far"]
    assert (far[arrays["italy.records"] > 0] == 0).all() and far.max() > 50


def test_a_lake_is_no_land():
    outer = [[0, 0], [1000, 0], [1000, 1000], [0, 1000], [0, 0]]
    lake = [[300, 300], [300, 600], [600, 600], [600, 300], [300, 300]]
    grid = MapGrid(32633, 0, 0, 1, nx=12, ny=10)
    dry = map_outline.land(np.array(outer + lake, "int16"), np.array([5, 10]), grid)
    assert dry.sum() == 100 - 9 and not dry[4, 4] and not dry[0, 11]


def test_countries_of_a_topology():
    square = {"type": "Polygon", "arcs": [[0, ~1]]}
    topology = {
        "transform": {"scale": [0.5, 0.5], "translate": [10, 40]},
        "arcs": [[[0, 0], [2, 0], [0, 2]], [[0, 0], [0, 2], [2, 0]]],
        "objects": {"countries": {"geometries": [square, {"type": "MultiPolygon", "arcs": [[[0, ~1]], [[0, ~1]]]}]}},
    }
    found = map_outline.countries(topology)
    assert len(found) == 3
    assert found[0][0].tolist() == [[10, 40], [11, 40], [11, 41], [10, 41], [10, 40]]


def test_table_that_is_too_coarse():
    def hinge(magnitude, depth_km, distance_km):
        return np.abs(magnitude - 5.05)

    with pytest.raises(GmtoolsError, match=r"The table of a hinge errs by 0\.0\d+ \(ln\); it needs more nodes"):
        classical_map.table(hinge, np.arange(4.0, 6.01, 0.1), np.array([10.0]), {"label": "a hinge"})


def test_table_finds_a_plane_again():
    def plane(magnitude, depth_km, distance_km):
        return magnitude + 0.01 * depth_km - 2 * np.log(distance_km)

    arrays, about = classical_map.table(plane, np.array([4.0, 8.0]), np.array([0.0, 100.0]), {"label": "a plane"})
    assert about["largest_error_ln"] < 1e-6
    assert arrays["classical"].shape == (2, 2, 70)


@SHIPPED
def test_settings_move_and_are_refused():
    explorer = EventMap(magnitude=6.5)
    assert explorer.state() == {**START["italy"], "magnitude": 6.5, "region": "italy", "quantity": "mean"}
    explorer.region = "kanto"
    assert (explorer.latitude, explorer.depth_km) == (START["kanto"]["latitude"], START["kanto"]["depth_km"])
    assert EventMap(region="kanto", latitude=36.0).latitude == 36.0
    with pytest.raises(SettingRefused, match=r"EventMap\.depth_km cannot be -1; it takes 0 to 200 km"):
        explorer.depth_km = -1
    with pytest.raises(SettingRefused, match="choose among 'italy', 'kanto'"):
        explorer.region = "greece"


def test_ground_that_is_not_there(tmp_path):
    with pytest.raises(UnknownModel, match=r"no ground of 'greece'; there is that of none.*map_ground\.make"):
        map_ground.read("greece", tmp_path)
