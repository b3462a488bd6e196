"""What every explorer's page does alike: figures in sight, buttons, pictures, links, words for screen readers."""

import re

import pytest
from explorer_pages import SCREENS, copied, move_s
from playwright.sync_api import expect

from explorers import EXPLORERS

MOST_MS = {"event_map": 50}  # script time of one move; wanted of the others are 16 ms, shared cores need room
HOSTILE = {
    "ground_motion": "models=%3DHYPERLINK(1),BSSA14",
    "event_map": "region=%3Dcmd",
    "horizontal_to_vertical": "recording=x%2C%3DHYPERLINK(1)%2C%22%0A%3D1",
    "site_record": "ground=%2Bcmd",
}
AXES = {
    "ground_motion": {
        "period (s)", "spectral acceleration (g)", "Joyner-Boore distance (km)", "acceleration (g)",
    },
    "event_map": set(),  # a picture of pixels has its axes within
    "horizontal_to_vertical": {"frequency (Hz)", "H/V", "amplitude, over the lowest", "time (s)"},
    "site_record": {
        "period (s)", "PSA (g)", "frequency (Hz)", "ground / rock", "time (s)", "cm/s²", "VS (m/s)", "depth (m)",
    },
}  # fmt: skip
OTHERS = {"horizontal_to_vertical": "recording=pump"}
SEEN = """(canvas) => {
  const { top, bottom, height } = canvas.getBoundingClientRect();
  return Math.max(0, Math.min(bottom, window.innerHeight) - Math.max(top, 0)) / height;
}"""


@pytest.fixture(params=list(EXPLORERS))
def name(request):
    return request.param


@pytest.fixture
def page(name, open_explorer):
    return open_explorer(name)


@pytest.mark.parametrize("screen", SCREENS)
def test_the_figure_is_on_the_first_screen_and_in_sight_while_each_slider_moves(name, screen, open_explorer):
    page = open_explorer(name, viewport=SCREENS[screen])
    figure = page.locator(".gmx canvas").first
    assert figure.evaluate(SEEN) > 0.99
    for slider in page.get_by_role("slider").all():
        slider.scroll_into_view_if_needed()
        slider.press("ArrowRight")
        assert figure.evaluate(SEEN) >= 0.5 and slider.evaluate(SEEN) > 0.9
    assert page.evaluate("document.documentElement.scrollWidth") <= SCREENS[screen]["width"]


def test_a_warning_does_not_move_what_lies_below_it(page):
    """There is room for it before it comes."""
    slider = page.get_by_role("slider").first
    before = slider.bounding_box()["y"]
    for key in ("Home", "End"):
        slider.press(key)
        assert abs(slider.bounding_box()["y"] - before) < 25


def test_the_same_four_buttons_and_a_way_back(name, page):
    buttons = page.locator(".gmx-buttons button").all_inner_texts()
    assert buttons == ["Copy as CSV", "Save as PNG", "Save as SVG", "Copy link"]
    before = page.get_by_role("slider").first.input_value()
    page.get_by_role("slider").first.press("ArrowRight")
    page.get_by_role("button", name="Reset").click()
    assert page.get_by_role("slider").first.input_value() == before


def test_a_scene_is_set_by_a_button_and_said(page):
    live = page.locator(".gmx-live").first
    before = live.inner_text()
    page.get_by_role("group", name="Things to try").get_by_role("button").nth(1).click()
    expect(live).not_to_have_text(before)


def test_one_slider_plays_and_stops(page):
    page.get_by_role("button", name="▶ Play").click()
    page.wait_for_timeout(400)
    page.get_by_role("button", name="■ Stop").click()
    assert page.get_by_role("button", name="▶ Play").count() == 1


def test_the_pictures_name_axes_settings_and_sources(name, page):
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as SVG").click()
    assert download.value.suggested_filename == f"{name}.svg"
    text = re.sub(r'href="[^"]*"', "", download.value.path().read_text(encoding="utf-8"))
    assert text.startswith("<svg") and "<title>" in text and f"Explorer {name}: " in text
    assert re.search("simulated|measured|real records", text.lower()) and "NaN" not in text
    assert AXES[name] <= set(re.findall(r">([^<>]+)</text>", text))
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as PNG").click()
    assert download.value.suggested_filename == f"{name}.png"
    assert download.value.path().read_bytes()[:4] == b"\x89PNG"


def test_no_cell_of_a_copied_table_begins_like_a_formula(name, open_explorer):
    page = open_explorer(name, hash=f"#explorer={name}&{HOSTILE[name]}")
    cells = [cell.strip(" '\"") for line in copied(page, "Copy as CSV").splitlines() for cell in line.split(",")]
    bad = [cell for cell in cells if cell[:1] in "=+-@" and cell and not re.fullmatch(r"-[\d.e-]+", cell)]
    assert bad == [] and "HYPERLINK" not in "".join(cells)


def test_a_link_opens_at_the_explorer(name, open_explorer):
    page = open_explorer(name, hash=f"#explorer={name}&{OTHERS.get(name, 'magnitude=5')}")
    page.wait_for_timeout(100)
    assert page.locator(".gmx").bounding_box()["y"] < 30


def test_a_finger_reads_the_figure(name, open_explorer):
    page = open_explorer(name, viewport=SCREENS["phone"], has_touch=True)
    place = page.locator(".gmx canvas").first.bounding_box()
    page.touchscreen.tap(place["x"] + place["width"] / 2, place["y"] + place["height"] / 3)
    words = re.compile(r"at ([\d.]+ (s|Hz)|PGA)|from the epicenter: median")
    expect(page.locator(".gmx-stage .gmx-legend").filter(has_text=words)).to_be_visible()


def test_a_move_is_quick(name, page):
    """Script time in the processor's ticks, so that other processes do not count."""
    slider = page.get_by_role("slider").first
    fastest = min(move_s(page, slider) for _ in range(4))  # what else runs on the machine only slows it
    assert 0 < 1000 * fastest < MOST_MS.get(name, 25)


def test_axe_finds_nothing_serious(page, axe):
    for summary in page.locator(".gmx details summary").all():
        summary.click()
    assert axe(page) == []
