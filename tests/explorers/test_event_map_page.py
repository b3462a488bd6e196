"""The event_map explorer in a browser: opened as a file, without a network."""

import io
import re

import numpy as np
import pandas as pd
import pytest
from explorer_pages import copied

from explorers import bundle
from explorers.event_map import START, EventMap

MAGNITUDE = "Magnitude M, number"
READY = ".gmx canvas"


@pytest.fixture(scope="module")
def address(standalone):
    return standalone("event_map")


@pytest.fixture
def page(explore, address):
    return explore(address, READY, height=1300)


def table(page):
    return pd.read_csv(io.StringIO(copied(page, "Copy as CSV")), comment="#")


def place(page):
    return [float(page.get_by_label(f"{name}, number").input_value()) for name in ("Latitude (°N)", "Longitude (°E)")]


@pytest.mark.parametrize("region", ["italy", "kanto"])
def test_what_it_shows_is_what_keras_computes(page, region):
    page.get_by_label("Region").select_option(region)
    page.get_by_label(MAGNITUDE).fill("5")
    mean, sigma = EventMap(**START[region] | {"region": region, "magnitude": 5.0}).maps()
    found = table(page)
    assert np.log(found["median_unet_g"]).to_numpy() == pytest.approx(mean.ravel(), abs=1e-4)
    assert found["sigma_ln_unet"].to_numpy() == pytest.approx(sigma.ravel(), rel=1e-4)


def test_says_what_is_real(page):
    assert page.get_by_text("Trained on real records").is_visible()
    page.get_by_label("Region").select_option("kanto")
    assert (
        page.get_by_text("Semi-synthetic: ").is_visible() and page.get_by_text("every motion is simulated").is_visible()
    )


def test_keyboard_moves_the_epicenter_and_the_reading_frame(page):
    before = place(page)
    page.get_by_role("application").focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    after = place(page)
    assert 111.2 * (after[0] - before[0]) == pytest.approx(24, abs=1)  # two pixels of 12 km
    page.keyboard.press("Shift+ArrowRight")
    reading = page.locator("[aria-live=polite]").filter(has_text="from the epicenter: median")
    reading.wait_for(state="attached")
    page.keyboard.press("Enter")
    assert place(page)[1] > after[1] + 0.05
    page.locator("[aria-live=polite]").filter(has_text=f"at {place(page)[0]:.2f}° N").wait_for()
    assert f"{place(page)[1]:.2f}° E" in page.locator("canvas").get_attribute("aria-label")


def test_a_click_places_the_event_and_the_pointer_reads(page):
    box = page.locator("canvas").bounding_box()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.5 * box["width"])
    page.get_by_text("from the epicenter: median").first.wait_for()
    page.mouse.click(box["x"] + 0.5 * box["width"], box["y"] + 0.5 * box["width"])
    here = "{:.2f}° N, {:.2f}° E".format(*place(page))
    page.locator("[aria-live=polite]").filter(has_text=f"Magnitude 6.1 at {here}").wait_for()
    distance = int(re.search(r"(\d+) km from the epicenter", page.locator(".gmx").inner_text())[1])
    assert distance <= 9  # half the diagonal of a pixel of 12 km


def test_an_event_outside_the_training_events_is_warned_of(page):
    warning = page.locator(".gmx-warning")
    assert warning.inner_text() == ""
    page.get_by_label(MAGNITUDE).fill("7.5")
    assert "magnitude 7.5 is outside" in warning.inner_text()
    page.get_by_label(MAGNITUDE).fill("5")
    page.get_by_label("Depth (km), number").fill("39")
    assert "depth 39 km is outside" in warning.inner_text()


def test_a_link_carries_the_state(explore, address):
    state = "region=kanto&quantity=sigma&magnitude=5&latitude=35.7&longitude=139.8&depth_km=40"
    page = explore(f"{address}#explorer=event_map&{state}", READY, height=1300)
    assert place(page) == [35.7, 139.8]
    assert page.get_by_label("Map of").input_value() == "sigma"
    assert "Sigma of ln PGA" in page.locator("canvas").get_attribute("aria-label")
    link = copied(page, "Copy link")
    page = explore(link, READY, height=1300)
    assert place(page) == [35.7, 139.8] and page.get_by_label("Region").input_value() == "kanto"


def test_every_quantity_paints_another_map(page):
    pictures = set()
    for quantity in ("mean", "sigma", "classical", "difference"):
        page.get_by_label("Map of").select_option(quantity)
        pictures.add(page.locator("canvas").evaluate("(canvas) => canvas.toDataURL()"))
    assert len(pictures) == 4


def test_scripts_and_numbers_are_small(address):
    size = sum((bundle.FOLDER / name).stat().st_size for name in ("event_map.js", "event_map.payload.js"))
    assert size < 1.5e6
