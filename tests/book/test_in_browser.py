"""The built book as a reader has it: in a browser, without a network, from a folder and from a server."""

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from built import HTML, name, needs_book, pages

from bookkit import lessons
from explorers import EXPLORERS
from gmtools.cache import PROJECT

pytestmark = needs_book
SCREENSHOTS = PROJECT / "_build" / "screenshots"
FIRST_LESSONS = [f"notebooks/{lesson.relative.with_suffix('.html')}" for lesson in lessons.discover()[1:]]
PICTURED = [
    "book/index.html",
    "book/scoreboard.html",
    "book/data.html",
    *(page for page in FIRST_LESSONS if page.split("/")[-1][1] == "1"),
    *(name(path) for path in pages() if "explorers" in path.parts),
]
LEADING_ON = ["index.html"]  # to the front page
SHIPPED = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 800}
NARROW = {"width": 360, "height": 740}
LOOKS = {"light": SHIPPED, "dark": SHIPPED, "phone": NARROW}
OF_COLORS = ("color-contrast", "link-in-text-block")  # axe's rules whose answer differs in the dark
READY = """async () => {
  await globalThis.MathJax?.startup?.promise;
  await document.fonts.ready;
}"""
AT_REST = """() => [...document.querySelectorAll(".gmtools-explorer")]
    .every((one) => one.querySelector(".gmx canvas, :scope > p"))
  && !document.getAnimations().some((one) => one.playState === "running" && one.effect.getTiming().iterations < 9)"""
BROKEN = "[...document.images].filter((one) => !one.naturalWidth).map((one) => one.src)"
CUT = """() => [...document.querySelectorAll(".cell_input pre")]
  .filter((pre) => pre.offsetHeight && pre.scrollWidth > pre.clientWidth + 1).length"""
PLOT = """() => [...document.querySelectorAll("article :is(canvas, img, svg)")].map((e) => e.getBoundingClientRect())
  .filter((box) => box.width > 150 && box.height > 80).map((box) => box.top + box.height / 2)[0]"""
SLIDERS = {"horizontal_to_vertical": "Window length (s)"}
TOLD = {  # part of what is read aloud once an explorer is at rest; SqueezeNet answers last
    "ground_motion": "PGA",
    "event_map": "largest median",
    "horizontal_to_vertical": "SqueezeNet",
    "site_record": "PGA",
}


@pytest.fixture(scope="module")
def served(serve) -> str:
    return serve(HTML)


@pytest.fixture(params=["file", "server"])
def root(request, served) -> str:
    return f"{HTML.as_uri()}/" if request.param == "file" else served


@pytest.fixture(scope="module")
def tab(browser, watch_page):
    """One tab for all pages: what they share is loaded once."""
    context = browser.new_context(viewport=SHIPPED, reduced_motion="reduce")
    yield watch_page(context.new_page())
    context.close()


@pytest.mark.parametrize("page", [name(path) for path in pages()])
def test_a_page_is_sound_for_every_reader(page, tab, served, axe):
    """From a folder and from a server; in the light, in the dark and on a phone. One page is loaded twice in all."""
    found = {}
    tab.page.set_viewport_size(SHIPPED)
    tab.page.emulate_media(color_scheme="light")
    for start in (f"{HTML.as_uri()}/", served):
        tab.faults.clear()
        tab.page.goto(start + page, wait_until="load")
        if page in LEADING_ON:
            tab.page.wait_for_url("**/book/index.html", wait_until="load")
        tab.page.evaluate(READY)
        tab.page.wait_for_function(AT_REST)
        found[f"at {urlsplit(start).scheme}"] = [*tab.faults, *tab.page.evaluate(BROKEN)]
    for look, size in LOOKS.items():
        seen(tab.page, look, size)
        width = tab.page.evaluate("document.documentElement.scrollWidth")
        found[f"wider than the window, {look}"] = [width] if width > size["width"] else []
        if look != "phone" and page != "genindex.html":
            found[f"axe in the {look}"] = axe(tab.page, *(OF_COLORS if look == "dark" else ()))
        if page in FIRST_LESSONS and look == "light":
            found |= at_first_sight(tab.page, page)
        if page in PICTURED:
            path = SCREENSHOTS / f"{page.removesuffix('.html').replace('/', '_')}_{look}.png"
            tab.page.screenshot(path=path, full_page="notebooks" not in page and "scoreboard" not in page)
            assert path.stat().st_size > 10_000
    assert {what: faults for what, faults in found.items() if faults} == {}


def at_first_sight(page, address: str) -> dict[str, list]:
    """What is wrong with a lesson: its first figure's middle lies below a screen and a half, lines of code are cut."""
    middle = page.evaluate(PLOT)
    if middle is None and address == "notebooks/50_vs30/59_check_the_paper.html":  # all its numbers are tables
        middle = 0
    late = middle is None or middle > 1.5 * SHIPPED["height"]
    return {"first figure at": [middle] if late else [], "cut": ["code"] * page.evaluate(CUT)}


def seen(page, look: str, size: dict) -> None:
    """Show the loaded page in another theme or size, once it has come to rest."""
    page.set_viewport_size(size)
    theme = "dark" if look == "dark" else "light"
    page.emulate_media(color_scheme=theme)
    page.wait_for_function(f"[undefined, '{theme}'].includes(document.documentElement.dataset.theme)")
    page.wait_for_function(AT_REST)


def test_search_finds_a_word_and_leads_to_it(root, visit):
    opened = visit(f"{root}book/index.html", viewport={"width": 1280, "height": 900})
    page = opened.page
    assert page.locator(".search-button-field:visible, input[type=search]:visible").count() == 1
    page.keyboard.press("Control+K")
    page.locator("dialog input[type=search]").fill("attenuation")
    page.keyboard.press("Enter")
    hits = page.locator("#search-results li a")
    hits.first.wait_for()
    page.wait_for_load_state("networkidle")  # the excerpts of the hits
    titles = hits.all_inner_texts()
    assert any("Glossary" in title for title in titles), titles
    hits.filter(has_text="Glossary").first.click()
    page.locator("article", has_text="Anelastic attenuation").wait_for()
    assert opened.faults == []


def test_the_dark_theme_is_one_press_away_and_stays(visit, served):
    page = visit(f"{served}book/index.html", color_scheme="light").page
    ground = "getComputedStyle(document.body).backgroundColor"
    pale = page.evaluate(ground)
    for _ in range(3):
        if page.locator("html").get_attribute("data-theme") == "dark":
            break
        page.locator(".theme-switch-button:visible").click()
    assert (pale, page.evaluate(ground)) == ("rgb(255, 255, 255)", "rgb(18, 18, 18)")
    page.goto(f"{served}book/data.html")
    assert page.locator("html").get_attribute("data-theme") == "dark"


def test_the_first_press_of_tab_offers_to_skip_to_the_text(visit, root):
    page = visit(f"{root}book/index.html", viewport={"width": 1280, "height": 900}).page
    page.keyboard.press("Tab")
    link = page.locator(":focus")
    assert (link.inner_text(), link.get_attribute("href")) == ("Skip to main content", "#main-content")
    assert link.is_visible()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.getElementById('main-content').contains(document.activeElement)")


def test_who_walks_with_tab_sees_where_the_focus_is(visit, served):
    page = visit(f"{served}book/index.html", viewport={"width": 1280, "height": 900}).page
    marked = """() => {
        const element = document.activeElement, style = getComputedStyle(element);
        const seen = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0 || style.boxShadow !== "none";
        return seen ? "" : element.outerHTML.slice(0, 100);
    }"""
    unmarked = []
    for _ in range(25):
        page.keyboard.press("Tab")
        unmarked += filter(None, [page.evaluate(marked)])
    assert unmarked == []


def test_on_a_slow_line_the_color_button_keeps_one_name(visit, served):
    """Icons are drawn while another script is under way: their titles must not have become texts by then."""
    page = visit(f"{served}book/index.html", color_scheme="dark", viewport=SHIPPED).page
    page.route("**/bootstrap.js*", lambda route: None)  # never answered
    page.reload(wait_until="commit")
    page.locator(".theme-switch-button svg").first.wait_for(state="attached")
    assert page.locator(".theme-switch-button title").count() == 0


def test_a_lesson_can_be_downloaded_as_a_working_copy(visit, served):
    lesson = lessons.discover()[1]
    page = visit(f"{served}notebooks/{lesson.relative.with_suffix('.html')}").page
    page.locator(".dropdown-download-buttons > button").click()
    with page.expect_download() as waiting:
        page.locator(".btn-download-source-button").click()
    assert waiting.value.suggested_filename == lesson.path.name
    got, written = lessons.read(Path(waiting.value.path())), lessons.read(lesson.path)
    assert "A working copy" in "".join(cell.source for cell in got.cells[:3])
    code = "\n".join(cell.source for cell in got.cells if cell.cell_type == "code")
    shown = [cell.source for cell in lessons.code_cells(written) if ":::{" not in cell.source]
    assert [source for source in shown if source not in code] == []


def test_from_a_folder_the_download_button_shows_the_lesson_in_another_tab(visit):
    lesson = lessons.discover()[1]
    page = visit((HTML / "notebooks" / lesson.relative.with_suffix(".html")).as_uri()).page
    page.locator(".dropdown-download-buttons > button").click()
    with page.expect_popup() as waiting:
        page.locator(".btn-download-source-button").click()
    assert waiting.value.url.endswith(lesson.path.name)
    copy = Path(unquote(urlsplit(waiting.value.url).path))
    assert waiting.value.locator("body").inner_text() == copy.read_text(encoding="utf-8")


def test_no_button_leads_to_a_server_that_is_not_there(visit, served):
    page = visit(served + FIRST_LESSONS[0]).page
    assert page.locator("text=Live Code").count() == 0
    assert page.evaluate("typeof THEBE_JS_URL") == "undefined"


def test_sliders_have_names_and_icon_fonts(visit, served):
    opened = visit(f"{served}notebooks/40_hvsr/41_from_noise_to_hv.html")
    sliders = opened.page.get_by_role("slider")
    sliders.first.wait_for()
    assert opened.page.get_by_role("slider", name=re.compile(r"\S")).count() == sliders.count() >= 2
    opened.page.evaluate("document.fonts.load('12px FontAwesome')")
    assert opened.faults == []


@pytest.fixture(scope="module")
def bundled(skip_unless_ci) -> None:
    missing = [name for name in EXPLORERS if not (HTML / "_static" / "explorers" / f"{name}.js").exists()]
    if missing:
        skip_unless_ci(f"{', '.join(missing)} could not be bundled when the book was built")


@pytest.mark.parametrize("name", EXPLORERS)
def test_an_explorer_follows_its_slider_from_a_folder_without_a_network(name, visit, bundled):
    opened = visit((HTML / f"book/explorers/{name}.html").as_uri(), offline=True)
    opened.page.locator(".gmx").wait_for()
    live = opened.page.locator(".gmx-live").first
    live.filter(has_text=TOLD[name]).wait_for()
    before = live.inner_text()
    opened.page.get_by_label(SLIDERS.get(name, "Magnitude M"), exact=True).press("ArrowRight")
    changed = "(before) => document.querySelector('.gmx-live').textContent !== before"
    opened.page.wait_for_function(changed, arg=before)
    assert opened.faults == []


@pytest.mark.parametrize("page", ["book/explorers/ground_motion.html", "book/index.html"])
def test_moved_from_m_5_to_7_the_ground_motion_explorer_prints_what_keras_computes(page, visit, bundled, keras_pga):
    opened = visit((HTML / page).as_uri(), offline=True)
    printed = opened.page.locator("tr[data-row=nga_only] td").first
    for magnitude in (5, 7):
        opened.page.get_by_label("Magnitude M", exact=True).fill(str(magnitude))
        assert float(printed.inner_text()) == pytest.approx(keras_pga(magnitude), rel=1e-4)
    assert opened.faults == []


@pytest.mark.parametrize("viewport", [SHIPPED, PHONE], ids=["desktop", "phone"])
def test_half_of_a_plot_lies_on_the_first_screen_of_the_front_page(viewport, visit, served, bundled):
    opened = visit(f"{served}book/index.html", viewport=viewport)
    opened.page.locator(".gmx canvas").first.wait_for()
    assert opened.page.evaluate(PLOT) <= viewport["height"]


def test_the_scoreboard_is_at_most_twelve_screens_long_and_its_filter_leads_to_rows(visit, served):
    opened = visit(f"{served}book/scoreboard.html", viewport=SHIPPED)
    page, rows = opened.page, opened.page.locator("details.score-all tr[data-verdict]:visible")
    assert page.evaluate("document.documentElement.scrollHeight") <= 12 * SHIPPED["height"]
    assert rows.count() == 0
    page.get_by_label("Words").fill("IT-T8")
    assert rows.count() == 16 and "16 numbers" in page.locator(".score-filter").inner_text()
    page.get_by_label("every study").select_option("unet_kanto")
    assert rows.count() == 0
    link = page.locator("a[data-verdict=simulated], a[data-verdict=open], a[data-verdict=compared]").first
    link.click()
    assert rows.count() == int(link.inner_text())


def test_on_a_phone_the_scoreboards_rows_are_cards(visit, served):
    page = visit(f"{served}book/scoreboard.html", viewport=PHONE).page
    cell = page.locator("table.scores td").first
    assert cell.evaluate("cell => getComputedStyle(cell).display") == "block"
    assert cell.bounding_box()["width"] > 250


def test_titles_have_the_lessons_number_in_page_sidebar_and_search(visit, served):
    page = visit(f"{served}notebooks/30_italy_unet/33_laquila_2009.html", viewport=SHIPPED).page
    title = page.locator("article h1").inner_text().rstrip("#")
    assert title.startswith("33 Would the map") and page.title().startswith("33 Would the map")
    assert page.locator(".bd-sidebar-primary .current", has_text="33 Would the map").count() > 0
    assert page.get_by_text("Exercise 33.2", exact=True).count() == 1
    page.goto(f"{served}search.html?q=L%27Aquila+map")
    page.locator("#search-results li a", has_text="33 Would the map").first.wait_for()


def test_search_is_in_view_where_the_sidebar_has_scrolled(visit, served):
    page = visit(f"{served}book/bibliography.html", viewport=SHIPPED).page
    field = page.locator(".bd-sidebar-primary .search-button-field")
    assert 0 <= field.bounding_box()["y"] < 100


def test_search_finds_terms_of_the_glossary_and_sections_of_pages(visit, served):
    page = visit(f"{served}search.html?q=kriging", viewport=SHIPPED).page
    term = page.locator("#search-results a[href*='glossary.html#term-']").first
    term.wait_for()
    sections = page.locator(".search-sections a")
    sections.first.wait_for()
    assert "#" in sections.first.get_attribute("href")


def test_code_is_folded_but_for_the_point_and_one_switch_is_remembered(visit, served):
    page = visit(f"{served}{FIRST_LESSONS[1]}", viewport=SHIPPED).page
    code, folded = page.locator(".cell_input pre:visible"), page.locator(".tag_folded > details")
    few = code.count()
    assert 1 <= few < folded.count()
    page.locator("button.show-code").click()
    assert code.count() >= few + folded.count()
    page.reload()
    assert code.count() >= few + folded.count()
    page.locator("button.show-code").click()
    assert code.count() == few


def test_a_prediction_and_a_lesson_that_is_done_stay_in_the_browser(visit, served):
    page = visit(f"{served}{FIRST_LESSONS[1]}", viewport=SHIPPED).page
    page.locator(".kept input").first.fill("forty-two")
    page.locator("button.mark-done").click()
    page.reload()
    assert page.locator(".kept input").first.input_value() == "forty-two"
    assert page.locator(".guess", has_text="You predicted: forty-two").count() == 1
    assert page.locator(".bd-sidebar-primary a.done").count() == 1
    assert page.locator("button.mark-done").inner_text().startswith("Done")


class TestFiveQuestionsOfNewReaders:
    """Each is answered within two clicks from the front page."""

    @pytest.fixture
    def page(self, visit, served):
        return visit(f"{served}book/index.html", viewport=SHIPPED).page

    def test_pga_at_m_6_5_and_20_km_on_400_m_s(self, page, bundled, keras_pga):
        printed = page.locator("tr[data-row=nga_only] td").first
        printed.wait_for(state="attached")
        assert float(printed.text_content()) == pytest.approx(keras_pga(6.5), rel=1e-3)

    def test_did_table_8_come_out(self, page):
        page.locator("article").get_by_role("link", name="scoreboard").first.click()
        row = page.locator("table.scores tr", has_text="IT-T8.7c.rmse").first
        row.wait_for()
        assert row.locator("[data-column=verdict]").inner_text()

    def test_what_does_lesson_33_conclude(self, page):
        page.locator("article").get_by_role("link", name="33", exact=True).click()
        page.locator("article", has_text="Outcome").wait_for()
        assert "33_laquila" in page.url

    def test_how_do_i_cite(self, page):
        page.get_by_role("link", name="Cite this book").first.click()
        page.locator("pre", has_text="@misc{gmtools").wait_for()

    def test_where_do_i_get_the_data(self, page):
        page.locator("article").get_by_role("link", name="data page").click()
        table = page.locator("table", has_text="license").first
        table.wait_for()
        assert table.locator("tbody tr").count() > 25


@pytest.mark.parametrize("page", ["book/index.html", *(f"book/explorers/{name}.html" for name in EXPLORERS)])
def test_scripts_of_a_page_weigh_at_most_a_megabyte_and_a_half(page, visit, served):
    opened = visit("about:blank")
    sizes = []
    opened.page.on("response", lambda answer: sizes.append((answer.url, len(answer.body()))))
    opened.page.goto(served + page, wait_until="networkidle")
    own = [size for url, size in sizes if url.endswith(".js") and "mathjax" not in url and "explorers/" in url]
    assert sum(own) <= 1.5e6
