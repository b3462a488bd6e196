"""The map explorer in Python: the networks that ship, their scores, the ground around them, the widget."""

import numpy as np
import pytest

from explorers.event_map import START, EventMap, ground, payload
from explorers.payload import unpack
from gmtools import columns, geodesy, gmms, networks
from gmtools.errors import OutOfRange, SettingRefused
from gmtools.maps.grids import MapGrid
from gmtools.simulate.kanto import medians

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


def test_page_is_keras(on_page):
    for (region, settings), found in zip(EVENTS, on_page, strict=True):
        mean, sigma = EventMap(region=region, **settings).maps()
        assert np.array(found["mean"]) == pytest.approx(mean.ravel(), abs=1e-4)
        assert np.array(found["sigma"]) == pytest.approx(sigma.ravel(), rel=1e-4)
        known = EventMap(region=region, **settings).known()
        assert (np.array(found["known"]) == known.ravel()).all() and known.mean() > 0.02
        assert [text for text in found["warned"] if "land" not in text] == []


def test_page_has_the_classical_model(on_page):
    grid = EventMap().grid
    found = on_page[0]
    stored, facts = ground("italy")
    vs30 = stored["static"][facts["static"].index(columns.VS30)].astype(float)
    frame = gmms.scenarios(START["italy"]["magnitude"], np.maximum(found["distance"], 1.0), vs30.ravel())
    with pytest.warns(OutOfRange):
        expected = gmms.predict("LanzanoEtAl2019", frame, (1.0,)).mean[:, 0]
    assert len(expected) == grid.nx * grid.ny
    assert np.abs(np.array(found["classical"]) - expected).max() < 0.01
    assert np.array(found["difference"]) == pytest.approx(np.array(found["mean"]) - found["classical"])


def test_page_has_the_classical_model_of_kanto(on_page):
    for (_, settings), found in zip(EVENTS[2:], on_page[2:], strict=True):
        place = settings["longitude"], settings["latitude"], settings["depth_km"]
        distance = geodesy.hypocentral_distance_km(*EventMap(region="kanto").grid.lonlat, *place).ravel()
        expected = medians(settings["magnitude"], settings["depth_km"], distance)[0][:, 0]
        assert np.abs(np.array(found["classical"]) - expected).max() < 0.01


def test_an_event_outside_is_warned_of_on_both_sides(node, content):
    settings = START["italy"] | {"magnitude": 7.8, "longitude": 6.2, "latitude": 41.2}
    ((found),) = node(EVALUATE, content, events=[("italy", settings)])
    assert found["warned"][0].startswith("magnitude 7.8 is outside 3.5 to ")
    assert any(text.startswith("latitude 41.2° is outside") for text in found["warned"])
    with pytest.warns(OutOfRange) as caught:
        EventMap(**settings).maps()
    assert sum("unet_italy_vs30: magnitude 7.8" in str(warning.message) for warning in caught) == 1


@pytest.mark.parametrize("region", START)
def test_networks_say_how_good_they_are(region):
    card = networks.card(ground(region)[1]["network"])
    assert card["scores"] and all(score["baselines"] for score in card["scores"])
    assert card["profile"] == "full" and card["weights"]["dtype"] == "float16"


def test_no_layer_under_a_closed_license_ships():
    for region in START:
        stored, facts = ground(region)
        assert set(facts["static"]) <= {columns.VS30} and len(stored["static"]) == len(facts["static"])


def test_outline_and_land(content):
    meta, arrays = unpack(content)
    grid = MapGrid(**meta["regions"]["italy"]["grid"])
    land = arrays["italy.land"].astype(bool)
    row, column = grid.pixels([12.5, 13.38, 10.0, 14.5], [41.9, 42.34, 42.6, 43.5])  # Rome, L'Aquila, two seas
    assert land[row, column].tolist() == [True, True, False, False]
    far = arrays["italy.far"]
    assert (far[arrays["italy.records"] > 0] == 0).all() and far.max() > 50


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
