"""The ground-motion explorer in Chromium, opened as a file: no server, no network."""

import csv
import io

import numpy as np
import pytest

from explorers import bundle, ground_motion


@pytest.fixture(scope="module")
def address(standalone):
    return standalone("ground_motion")


@pytest.fixture
def open_page(browser):
    """``open_page(address)``: a page without network whose errors and requests are checked when the test ends."""
    context = browser.new_context(viewport={"width": 900, "height": 900}, accept_downloads=True)
    context.set_offline(True)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    said, asked = [], []

    def opened(address, **media):
        page = context.new_page()
        page.emulate_media(**media)
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("requestfailed", lambda request: said.append(f"failed: {request.url}"))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(address)
        return page

    yield opened
    context.close()
    assert said == []
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []


@pytest.fixture
def page(open_page, address):
    page = open_page(address)
    page.wait_for_selector(".gmx-table td")
    return page


def slider(page, label):
    return page.get_by_label(label, exact=True)


def box(page, label):
    return page.get_by_label(f"{label}, number")


def models(page):
    """The boxes of the models, unfolded."""
    page.locator(".gmx summary").first.click()
    return page.locator("details fieldset input[type=checkbox]").all()


def printed(page, model="nga_only", column=0):
    """What the table prints for a model."""
    return float(page.locator(f"tr[data-row={model}] td").nth(column).inner_text())


def test_after_moving_m_from_5_to_7_the_printed_pga_is_keras(page, keras_pga):
    slider(page, "Magnitude M").fill("5")
    small = printed(page)
    slider(page, "Magnitude M").fill("7")
    assert box(page, "Magnitude M").input_value() == "7"
    assert small == pytest.approx(keras_pga(5.0), rel=1e-4)
    assert printed(page) == pytest.approx(keras_pga(7.0), rel=1e-4)
    assert printed(page) > 2 * small


def test_it_works_by_keyboard_alone(page):
    before = printed(page)
    slider(page, "Magnitude M").focus()
    page.keyboard.press("ArrowRight")
    assert box(page, "Magnitude M").input_value() == "6.05" and printed(page) > before
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.type") == "number"
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowLeft")
    assert float(box(page, "Distance RJB (km)").input_value()) < 20
    models(page)
    page.get_by_role("checkbox", name="our transfer network, Iran").focus()
    page.keyboard.press("Space")
    assert page.locator("tr[data-row=transfer_frozen]").count() == 0
    page.get_by_role("button", name="Reset").focus()
    page.keyboard.press("Enter")
    assert printed(page) == before and page.locator("tr[data-row=transfer_frozen]").count() == 1


def test_each_press_moves_a_logarithmic_slider_on_and_home_and_end_reach_its_limits(page):
    slider(page, "VS30 (m/s)").focus()
    seen = []
    for _ in range(5):
        page.keyboard.press("ArrowRight")
        seen.append(float(box(page, "VS30 (m/s)").input_value()))
    assert (np.diff([400, *seen]) > 0).all()
    page.keyboard.press("End")
    assert box(page, "VS30 (m/s)").input_value() == "1500"
    page.keyboard.press("Home")
    assert box(page, "VS30 (m/s)").input_value() == "150"


def test_a_number_that_cannot_be_is_marked_and_put_right(page):
    before = printed(page)
    box(page, "Magnitude M").fill("12")
    assert box(page, "Magnitude M").get_attribute("aria-invalid") == "true" and printed(page) == before
    box(page, "Magnitude M").press("Enter")
    assert box(page, "Magnitude M").input_value() == "8" and printed(page) != before


def test_screen_readers_hear_values_and_see_the_figures_described(page):
    box(page, "Magnitude M").fill("7")
    page.wait_for_selector(".gmx-live:has-text('M 7, RJB 20 km, VS30 400 m/s')")
    assert page.locator(".gmx-live").get_attribute("aria-live") == "polite"
    labels = [canvas.get_attribute("aria-label") for canvas in page.locator("canvas[role=img]").all()]
    assert "Response spectra for M 7, RJB 20 km" in labels[0] and "Decay of PGA with distance for M 7" in labels[1]
    assert slider(page, "Distance RJB (km)").get_attribute("aria-valuetext") == "20 km"


def test_leaving_the_range_of_the_data_is_said_and_shown(page):
    warning = page.locator(".gmx-warning")
    assert not warning.is_visible()
    box(page, "Magnitude M").fill("7.9")
    assert "our transfer network, Iran (M 3.4 to 7.37)" in warning.inner_text()
    page.wait_for_selector(".gmx-live:has-text('Extrapolation')")  # it is spoken too


def test_where_few_records_lie_near_it_is_said_though_each_number_is_in_its_range(page):
    box(page, "Magnitude M").fill("7.5")
    box(page, "Distance RJB (km)").fill("1")
    box(page, "VS30 (m/s)").fill("180")
    assert "our network, NGA-West2 (fewer than 5 records near" in page.locator(".gmx-warning").inner_text()


def test_the_ordinate_of_the_decay_gets_a_column(page):
    page.get_by_label("Decay of", exact=True).select_option("1")
    header = page.locator(".gmx-table thead th").all_inner_texts()
    assert header == ["model", "PGA (g)", "PSA(1 s) (g)", "16 % to 84 % (g)", "σ (ln)"]
    assert page.locator("figcaption").all_inner_texts() == ["Spectrum", "Decay with distance: PSA(1 s)"]
    assert printed(page, column=1) < printed(page, column=0)


PATHS = """() => {
  window.paths = [];
  let path = [];
  const note = {
    beginPath: () => { path = []; },
    lineTo: (x, y) => path.push([x, y]),
    fill: () => window.paths.push(["fill", path]),
    stroke: () => window.paths.push(["stroke", path]),
  };
  for (const [name, said] of Object.entries(note)) {
    const own = CanvasRenderingContext2D.prototype[name];
    CanvasRenderingContext2D.prototype[name] = function (...given) { said(...given); own.apply(this, given); };
  }
}"""


def test_a_band_is_drawn_on_both_sides_of_its_line(page):
    """On a logarithmic axis the line runs in the middle of a band that is a factor to either side."""
    page.evaluate(PATHS)
    slider(page, "Magnitude M").fill("6.5")
    page.wait_for_function("window.paths.filter(([kind, path]) => kind === 'fill' && path.length > 20).length >= 3")
    drawn = [(kind, np.array(path)) for kind, path in page.evaluate("window.paths") if len(path) > 5]
    lines = [path for kind, path in drawn if kind == "stroke"]
    bands = [(path[: len(path) // 2], path[len(path) // 2 :][::-1]) for kind, path in drawn if kind == "fill"]
    for high, low in bands:
        assert (high[:, 1] < low[:, 1]).all()  # pixels count downwards
        middle = (high + low) / 2
        assert any(line.shape == middle.shape and np.allclose(line, middle, atol=0.5) for line in lines)


def test_the_table_is_copied_as_csv(page):
    box(page, "Magnitude M").fill("6.6")
    page.get_by_role("button", name="Copy as CSV").click()
    page.wait_for_selector("[role=status]:has-text('Table copied.')")
    text = page.evaluate("navigator.clipboard.readText()")
    assert text.startswith("# M 6.6, RJB 20 km, VS30 400 m/s")
    rows = list(csv.DictReader(io.StringIO("\n".join(line for line in text.splitlines() if line[0] != "#"))))
    pga = next(row for row in rows if (row["panel"], row["model"], row["period_s"]) == ("spectrum", "BSSA14", "0"))
    assert float(pga["median_g"]) == pytest.approx(printed(page, "BSSA14"), rel=1e-4)
    decay = [row["model"] for row in rows if row["panel"] == "decay"]
    lines = {model: decay.count(model) for model in decay}
    assert lines["BSSA14"] == 61 and len(lines) == 3  # a network's line ends where its data end
    assert 40 < min(lines.values()) <= 61


def test_a_link_brings_the_same_scenario(page, open_page, address):
    box(page, "VS30 (m/s)").fill("250")
    models(page)
    page.get_by_role("checkbox", name="Boore et al. (2014)").uncheck()
    page.get_by_role("button", name="Copy link").click()
    page.wait_for_selector("[role=status]:has-text('Link copied.')")
    link = page.evaluate("navigator.clipboard.readText()")
    other = open_page(link)
    other.wait_for_selector(".gmx-table td")
    assert printed(other) == printed(page) and box(other, "VS30 (m/s)").input_value() == "250"
    assert other.locator("tbody tr").count() == 2


def test_scripts_and_numbers_weigh_less_than_1500_kilobytes(address):
    files = ("loader.js", "ground_motion.js", "ground_motion.payload.js")
    assert sum((bundle.FOLDER / name).stat().st_size for name in files) < 1.5e6


def test_colors_follow_the_theme(open_page, address):
    page = open_page(address, color_scheme="dark")
    page.wait_for_selector(".gmx-table td")
    ground = "getComputedStyle(document.querySelector('.gmx')).backgroundColor"
    assert page.evaluate(ground) == "rgb(20, 24, 30)"
    page.evaluate("document.documentElement.dataset.theme = 'light'")
    assert page.evaluate(ground) == "rgb(255, 255, 255)"


def test_every_model_of_the_machine_can_be_switched_on(page):
    for check in models(page):
        check.check()
    known = ground_motion.GroundMotion().known
    assert page.locator("tbody tr").count() == len(known)
    assert "–" in page.locator("tr[data-row=GhasemiEtAl2009] td").first.inner_text()


def test_a_page_whose_explorers_could_not_be_bundled_says_so(open_page, tmp_path):
    (tmp_path / "loader.js").write_text(bundle.loader_script([]), encoding="utf-8")
    (tmp_path / "page.html").write_text(bundle.PAGE.format(name="ground_motion", title="T"), encoding="utf-8")
    page = open_page((tmp_path / "page.html").as_uri())
    said = page.locator("[role=note]").inner_text()
    assert "could not be bundled when the book was built. Whoever builds it" in said
