"""The site_record explorer in a browser: opened as a file, without a network."""

import re

import numpy as np
import pytest
from explorer_pages import copied

from explorers import bundle

MAGNITUDE = "Magnitude M, number"
VS30 = "VS30 (m/s), number"
READY = ".gmx td"
# PGA (g) on rock and on the ground, and PSA at every twentieth period, as an implementation in Python gave them
FIRST, SOFT, LARGER, LINKED = [0.0305, 0.0596], [0.0099, 0.0234], [0.0432, 0.105], [0.00526, 0.0114]
ROCK = [0.0149354, 0.033869, 0.0073812, 0.0002651]
GROUND = [0.0299196, 0.0703805, 0.0207402, 0.000475]


@pytest.fixture(scope="module")
def address(standalone):
    return standalone("site_record")


@pytest.fixture
def page(explore, address):
    return explore(address, READY)


def pga(page):
    """PGA (g) on rock and on the ground, as the table prints it."""
    return [float(text) for text in page.locator(".gmx tbody tr").first.locator("td").all_inner_texts()[:2]]


def spectra(page):
    text = copied(page, "Copy as CSV")
    assert text.startswith("# simulated")
    rows = [line.split(",")[1:4] for line in text.splitlines() if line.startswith("spectrum,")]
    return np.array(rows, float).T


def test_it_shows_what_its_settings_say(page):
    assert pga(page) == FIRST
    page.get_by_label(MAGNITUDE).fill("5")
    page.get_by_label(VS30).fill("180")
    page.get_by_label("Soil", exact=True).select_option("gradient")
    page.get_by_label("Chance").select_option("3")
    assert pga(page) == SOFT
    periods, rock, ground = spectra(page)
    assert periods == pytest.approx(np.geomspace(0.05, 5.0, 61), rel=1e-5)
    assert rock[::20] == pytest.approx(ROCK, abs=6e-8) and ground[::20] == pytest.approx(GROUND, abs=6e-8)


def test_the_pointer_reads_the_line_that_it_names(page):
    place = page.locator("canvas").first.bounding_box()
    page.mouse.move(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
    said = page.locator(".gmx-stage .gmx-legend").inner_text()
    ground, rock, period = map(
        float, re.search(r"ground\s+([\d.]+)\s+rock\s+([\d.]+)\s+at\s+([\d.]+) s", said).groups()
    )
    periods, rocks, grounds = spectra(page)
    at = np.abs(np.log(periods / period)).argmin()
    assert [rock, ground] == pytest.approx([rocks[at], grounds[at]], rel=0.01) and ground > 1.2 * rock


def test_says_that_it_is_simulated(page):
    assert page.get_by_text("Everything here is simulated; nothing was recorded.").is_visible()
    captions = page.locator("figcaption").all_inner_texts()
    assert sum("(simulated)" in caption for caption in captions) == 3


def test_keyboard_alone_moves_it_and_the_change_is_told(page):
    page.get_by_label("Magnitude M", exact=True).focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    assert page.get_by_label(MAGNITUDE).input_value() == "6.5"
    assert pga(page) == LARGER
    ratio, arrives = (
        page.locator(".gmx tbody tr").nth(row).locator("td").nth(cell).inner_text() for row, cell in ((0, 2), (3, 1))
    )
    assert float(ratio) == pytest.approx(pga(page)[1] / pga(page)[0], rel=0.01)
    told = f"PGA {pga(page)[0]} g on rock and {pga(page)[1]} g on the ground, {ratio} times as much"
    page.locator("[aria-live=polite]").filter(has_text=told).wait_for()
    label = page.locator("canvas").nth(3).get_attribute("aria-label")
    assert "M 6.5 earthquake at 30 km" in label and f"P at 3.03 s, S at {arrives} s" in label


def test_every_input_has_a_name_and_every_figure_its_words(page):
    for element in page.locator(".gmx :is(input, select)").all():
        assert element.evaluate("(e) => e.labels.length > 0 || e.ariaLabel")
    words = [canvas.get_attribute("aria-label") for canvas in page.locator("canvas").all()]
    assert len(words) == 6 and all(len(text) > 40 for text in words)


def test_ground_softer_than_nature_is_warned_of(page):
    warning = page.locator(".gmx-warning")
    assert warning.inner_text() == ""
    page.get_by_label(VS30).fill("150")
    page.get_by_label("Depth to rock (m), number").fill("10")
    assert "VS of 53.6 m/s at the surface" in warning.inner_text()


def test_a_link_carries_the_state(explore, address):
    page = explore(f"{address}#explorer=site_record&magnitude=4.5&ground=gradient&realization=2", READY)
    assert pga(page) == LINKED
    link = copied(page, "Copy link")
    page = explore(link, READY)
    assert pga(page) == LINKED


def test_both_records_are_played_one_after_the_other(page):
    page.evaluate("""() => {
      const start = AudioBufferSourceNode.prototype.start;
      window.played = [];
      AudioBufferSourceNode.prototype.start = function (when) {
        window.played.push([when, this.buffer.duration, Math.max(...this.buffer.getChannelData(0).map(Math.abs))]);
        start.call(this, when);
      };
    }""")
    page.get_by_role("button", name="Play rock, then ground").click()
    page.wait_for_function("window.played.length === 2")
    (first, duration, rock), (second, _, ground) = page.evaluate("window.played")
    assert duration == pytest.approx(40 / 25, abs=0.01) and second > first + duration
    assert ground == pytest.approx(0.9, rel=0.02) and rock / ground == pytest.approx(
        pga(page)[0] / pga(page)[1], rel=0.02
    )


def test_scripts_and_numbers_are_small(address):
    size = sum((bundle.FOLDER / name).stat().st_size for name in ("site_record.js", "site_record.payload.js"))
    assert size < 1.5e6
