"""The H/V explorer in a browser: opened as a file, without a network."""

import re

import numpy as np
import pytest
from explorer_pages import copied

from explorers import bundle
from explorers.horizontal_to_vertical import HorizontalToVertical
from gmtools import hvsr

B = "Konno-Ohmachi b (low: smooth), number"
WINDOW = "Window length (s), number"
READY = ".gmx-hv-verdict strong"


@pytest.fixture(scope="module")
def address(standalone):
    return standalone("horizontal_to_vertical")


@pytest.fixture
def page(explore, address):
    return explore(address, READY)


@pytest.fixture(scope="module")
def explorer():
    return HorizontalToVertical("simulated")


def windows(page):
    """Caption of the figure of the windows."""
    return page.locator("figcaption").nth(2).inner_text()


def looked(page):
    """Wait until SqueezeNet has looked at the peak."""
    page.locator("tr[data-who=squeezenet]:not([aria-busy]) .gmx-hv-bar").first.wait_for()


def test_what_it_shows_is_what_python_computes(page, explorer):
    page.get_by_label("Recording").select_option("terrace")
    page.get_by_label(B).fill("63")
    page.get_by_label(WINDOW).fill("25")
    explorer.recording, explorer.smoothing_b, explorer.window_length_s = "terrace", 63, 25
    looked(page)
    text = copied(page, "Copy as CSV")
    rows = np.array([line.split(",") for line in text.splitlines() if re.match(r"[\d.]", line)], float).T
    curve = explorer.curve()
    assert rows[0] == pytest.approx(curve.frequency_hz, rel=1e-5)
    assert rows[1] == pytest.approx(curve.mean, rel=1e-5)
    assert rows[2] == pytest.approx(curve.sigma_ln, rel=1e-5)
    assert rows[3:] == pytest.approx(explorer.spectra().mean(), rel=1e-5)
    opinions = explorer.opinions()
    for who, expected in opinions.iterrows():
        said = re.search(rf"# {who} \(.*\): (.*)", text).group(1)
        assert np.allclose([float(value) for value in said.split(",")], expected, atol=1e-4), who
    peak, sesame = explorer.peak(), explorer.sesame()
    assert f"f0 = {peak['f0_hz']:.3g} Hz, H/V = {peak['amplitude']:.3g}" in page.locator(".gmx-hv-verdict").inner_text()
    said = page.locator(".gmx-hv-criteria tbody td:last-child").all_inner_texts()
    assert said == ["passed" if passed else "failed" for passed in sesame["passed"]]
    reliable = sesame["passed"][sesame.index.str.startswith("reliability")].all()
    words = "reliable and clear" if hvsr.passes(sesame) else "reliable, not clear" if reliable else "not reliable"
    assert f"SESAME: {words} ({sesame['passed'].sum()} of 9" in page.locator(".gmx-hv-verdict").inner_text()
    kept = explorer.spectra().kept
    assert f"{kept.sum()} of {kept.size} kept" in windows(page)


def test_says_what_is_simulated_and_how_good_the_networks_are(page):
    assert page.get_by_text("Simulated noise.", exact=False).first.is_visible()
    assert "learned from simulated peaks" in page.locator(".gmx").inner_text()
    page.get_by_text("What it really is").click()
    told = page.locator("details").inner_text()
    assert "1D resonance at 1.1 Hz. The peak is stratigraphic." in told
    assert re.search(r"SqueezeNet: balanced accuracy \d+ % on 78 validation peaks.*rules without learning: \d+ %", told)
    assert "rounded to eight bits" in told


def test_flat_curve_has_no_peak_to_judge(page):
    page.get_by_label("Recording").select_option("rock")
    assert page.locator(".gmx-hv-verdict").inner_text().startswith("No peak: the curve is flat")
    assert page.locator(".gmx-hv-criteria tbody").inner_text().strip() == "The curve has no peak to judge."
    assert page.locator("tr[data-who] strong").all_inner_texts() == ["no peak"] * 3


def test_keyboard_alone_moves_it_and_the_change_is_told(page, explorer):
    page.get_by_label("Window length (s)", exact=True).focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    assert page.get_by_label(WINDOW).input_value() == "45"
    told = page.locator("[aria-live=polite]").filter(has_text="SqueezeNet (lesson 44) stratigraphic")
    told.wait_for()
    assert re.match(r"\d+ of 10 windows kept\. Peak at 1\.\d+ hertz", told.inner_text())
    page.keyboard.press("Tab")  # to the number box, then the next slider, its box, the box to tick
    assert page.evaluate("document.activeElement.tagName") == "INPUT"


def test_every_input_has_a_name_and_every_figure_its_words(page):
    looked(page)
    for element in page.locator(".gmx :is(input, select)").all():
        assert element.evaluate("(e) => e.labels.length > 0 || e.ariaLabel")
    words = [canvas.get_attribute("aria-label") for canvas in page.locator("canvas").all()]
    assert len(words) == 4 and all(len(text) > 40 for text in words)
    assert "rejected: windows from 160 s" in words[2]


def test_a_link_carries_the_state(explore, address):
    wanted = "recording=pump&window_length_s=30&reject=false"
    page = explore(f"{address}#explorer=horizontal_to_vertical&{wanted}", READY)
    assert "f0 = 2.29 Hz" in page.locator(".gmx-hv-verdict").inner_text()
    assert "16 of 16 kept" in windows(page)
    link = copied(page, "Copy link")
    page = explore(link, READY)
    assert "16 of 16 kept" in windows(page)


def test_recording_that_the_page_lacks_is_named(explore, address):
    page = explore(f"{address}#explorer=horizontal_to_vertical&recording=mars", READY)
    assert 'The recording "mars" is not on this page' in page.locator(".gmx-warning").inner_text()


def test_squeezenet_takes_less_than_a_second(page):
    """Script time in the processor's ticks, so that other processes do not count."""
    looked(page)
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    page.get_by_label(B).fill("60")
    looked(page)
    metrics = session.send("Performance.getMetrics")["metrics"]
    assert next(entry["value"] for entry in metrics if entry["name"] == "ScriptDuration") < 1.0


def test_scripts_and_numbers_are_small(address):
    names = ("horizontal_to_vertical.js", "horizontal_to_vertical.payload.js", "loader.js")
    assert sum((bundle.FOLDER / name).stat().st_size for name in names) < 1.5e6
