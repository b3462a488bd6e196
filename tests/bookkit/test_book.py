import copy
import json
import re
import subprocess

import nbformat
import pytest
import yaml
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from bookkit import book, lessons, pages
from bookkit.lessons import Settings
from gmtools.cache import PROJECT
from gmtools.errors import BookFailed, PackageUnreachable

PARAMETERS = 'profile = "fast"\nseed = 0\ndata = "auto"'

TWIN = '<div class="gmtools-explorer" data-explorer="{name}" data-state="{{}}"></div>'


def figure(alt=None, data="iVBORw0KGgo="):
    metadata = {"image/png": {"alt": alt}} if alt else {}
    return new_output("display_data", data={"image/png": data, "text/plain": "<figure>"}, metadata=metadata)


def recorded(*ids):
    results = {"results": [{"id": target_id, "value": 1.0} for target_id in ids]}
    return new_output("display_data", data={pages.RESULT_MIME: results, "text/plain": "scoreboard: 1 value"})


def executed(*cells, injected=PARAMETERS):
    start = new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]})
    added = new_code_cell("# Parameters\n" + injected, metadata={"tags": [lessons.INJECTED]})
    return new_notebook(cells=[new_markdown_cell("# Title"), start, added, *cells])


def cell_with(*outputs, source="draw()"):
    return new_code_cell(source, outputs=list(outputs))


def test_alt_text_moves_to_where_the_book_reads_it():
    page = pages.lesson_page(executed(cell_with(figure("Curves fall\n with distance."))))
    assert page.cells[-1].metadata["mystnb"] == {"image": {"alt": "Curves fall with distance."}}


def test_each_of_several_figures_of_a_cell_keeps_its_own_alt_text():
    text = new_output("stream", text="between\n")
    page = pages.lesson_page(executed(cell_with(figure("First."), text, figure("Second."))))
    first, second = page.cells[-2:]
    assert (first.source, first.metadata.mystnb["image"]["alt"], len(first.outputs)) == ("draw()", "First.", 2)
    assert (second.metadata.mystnb["image"]["alt"], second.metadata["tags"]) == ("Second.", ["remove-input"])
    assert [output.output_type for output in second.outputs] == ["display_data"]
    nbformat.validate(page)


def test_results_leave_an_anchor_before_their_first_cell_and_nothing_else():
    recording = [cell_with(recorded("I-F1.pga.m4.5.r1", "I-F1.pga.m4.5.r3", "I-T1.a")), cell_with(recorded("I-F1.x"))]
    page = pages.lesson_page(executed(*recording))
    anchors = [cell.source for cell in page.cells if "result-" in cell.source]
    assert anchors == ['<span id="result-I-F1"></span><span id="result-I-T1"></span>']
    assert "result-I-F1" in page.cells[page.cells.index(next(c for c in page.cells if c.source == "draw()")) - 1].source
    assert [output for cell in page.cells if cell.cell_type == "code" for output in cell.outputs] == []
    nbformat.validate(page)


def test_progress_bars_are_left_out_and_other_widgets_stay():
    def widget(text):
        return new_output("display_data", data={pages.WIDGET_MIME: {"model_id": "a"}, "text/plain": text})

    bar, slider = widget("training:   0%|          | 0/37 [00:00<?, ?epoch/s]"), widget("FloatSlider(value=6.5)")
    page = pages.lesson_page(executed(cell_with(bar, slider)))
    assert page.cells[-1].outputs == [slider]


def test_making_a_page_leaves_the_executed_copy_alone():
    ran = executed(cell_with(figure("A."), figure("B.")), cell_with(recorded("I-F1.x")))
    before = copy.deepcopy(ran)
    pages.lesson_page(ran)
    assert ran == before


def test_papermills_cell_is_shown_only_where_it_says_something_new():
    assert len(pages.lesson_page(executed()).cells) == 2
    page = pages.lesson_page(executed(injected='profile = "smoke"\nseed = 0\ndata = "auto"'))
    assert 'profile = "smoke"' in page.cells[2].source


def test_bars_are_drawn_from_zero_and_a_missing_number_has_none():
    text = "```{bars} rms (lesson 13)\nnetwork | {outcome}`a`\nformula <4> | 0.4\ngone | {outcome}`b`\n```\n"
    drawn = pages.with_outcomes(text, {"a": "0.8"})
    assert "width: 70%" in drawn and "width: 35%" in drawn and '"width: 0%"></i>–' in drawn
    assert "formula &lt;4&gt;" in drawn and "<caption>rms (lesson 13)</caption>" in drawn and "{bars}" not in drawn


def test_titles_exercises_and_references_have_the_lessons_number():
    asked = "````{exercise}\n:label: ex-33-2\n\nWhy?\n````"
    answer = "````{solution} ex-33-2\n:class: dropdown\n\n```python\n1\n```\n````"
    cells = [new_markdown_cell(text) for text in ("# Would it?", asked, answer, "See {ref}`ex-33-2`.")]
    title, box, solution, text = [cell.source for cell in pages.lesson_page(new_notebook(cells=cells), "33").cells]
    assert title == "# 33 Would it?"
    assert box == "(ex-33-2)=\n````{admonition} Exercise 33.2\n:class: exercise\n\nWhy?\n````"
    assert solution.startswith("````{admonition} Solution to exercise 33.2\n:class: dropdown\n")
    assert text == "See {ref}`exercise 33.2 <ex-33-2>`."


def test_the_picture_of_the_lesson_comes_first_and_stays_where_it_was():
    target = new_markdown_cell("(the-map)=\n## A map")
    cells = [new_markdown_cell("# Title\n\n[The picture](the-map) shows it."), cell_with(figure("Not this.")), target]
    cells += [cell_with(figure("The map.")), cell_with(figure("Nor this."))]
    page = pages.lesson_page(new_notebook(cells=cells))
    assert page.cells[1].metadata.tags == ["remove-input", "picture"]
    shown = [cell.metadata.mystnb["image"]["alt"] for cell in page.cells if "mystnb" in cell.metadata]
    assert shown == ["The map.", "Not this.", "The map.", "Nor this."]
    nbformat.validate(page)


def test_code_is_folded_but_for_the_cells_that_are_the_point():
    tagged = [[], ["point"], ["hide-input"], ["remove-cell"]]
    cells = [new_code_cell(f"x = {n}", metadata={"tags": tags}) for n, tags in enumerate(tagged)]
    page = pages.lesson_page(new_notebook(cells=[new_markdown_cell("# Title"), *cells]))
    assert [cell.metadata.tags for cell in page.cells[1:]] == [["hide-input", "folded"], *tagged[1:]]


def test_every_lesson_says_which_cells_are_its_point():
    for lesson in lessons.discover():
        cells = lessons.code_cells(lessons.read(lesson.path))
        shown = [cell for cell in cells if pages.POINT in cell.metadata.get("tags", [])]
        lines = max((len(line) for cell in shown for line in cell.source.splitlines()), default=0)
        assert lines <= 88, lesson.name
        assert shown or re.match(r"\d9_", lesson.name), f"{lesson.name}: tag the cells that are its point"


def test_the_citation_is_that_of_the_citation_file():
    text = book.citation()
    assert "author = {{The authors of gmtools}}," in text and "studies rebuilt as lessons that run}}," in text


@pytest.mark.parametrize(("host", "place"), [("github.com", "gh/o/n"), ("gitlab.com", "gl/o%2Fn"), ("", "")])
def test_the_front_page_opens_a_lesson_where_there_is_an_address(host, place, tmp_path):
    url = f"https://{host}/o/n" if host else ""
    (tmp_path / "_config.yml").write_text(yaml.safe_dump({"repository": {"url": url, "branch": "lessons"}}))
    assert (f"/v2/{place}/lessons?" in book.launch(tmp_path)) == bool(host)


def test_outcomes_on_the_front_page_are_the_lessons_numbers():
    glued = new_output(
        "display_data",
        {"application/papermill.record/text/plain": "'25'"},
        metadata={"scrapbook": {"name": "l52_line", "mime_prefix": "application/papermill.record/"}},
    )
    found = pages.numbers([executed(cell_with(glued))])
    assert pages.with_outcomes("within {outcome}`l52_line` %, {outcome}`l52_other` %", found) == "within 25 %, – %"


def test_each_outcome_of_the_front_page_is_a_number_of_a_lesson():
    named = {match["name"] for match in pages.OUTCOME.finditer((PROJECT / "book" / "index.md").read_text())}
    text = "\n".join(cell.source for lesson in lessons.discover() for cell in lessons.read(lesson.path).cells)
    glued = re.findall(r"\"((?:l|it)\d\d_[\w{}]+)\"", text)  # f"l13_{key}_172" as well
    patterns = [re.sub(r"\{\w+\}", r"\\w+", name) for name in glued]
    assert len(named) > 15
    assert not [n for n in named - {"citation", "launch"} if not any(re.fullmatch(p, n) for p in patterns)]


@pytest.fixture
def project(tmp_path, monkeypatch):
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "index.md").write_text("# Book\n")
    folder = tmp_path / "notebooks" / "10_study"
    folder.mkdir(parents=True)
    source = new_notebook(cells=[new_markdown_cell("# Lesson"), new_code_cell("x = 1")])
    nbformat.write(source, folder / "11_lesson.ipynb")
    ran = copy.deepcopy(source)
    ran.cells[1].outputs = [new_output("stream", text="one\n")]
    lesson = lessons.select(["11"], tmp_path)[0]
    key = lessons.content_key(lesson, source, Settings(), "fingerprint", tmp_path)
    ran.metadata["gmtools"] = {"key": key, "data_fingerprint": "fingerprint", "seconds": 1.0, **Settings().parameters()}
    copies = tmp_path / "_build" / "executed" / "fast-auto" / "10_study"
    copies.mkdir(parents=True)
    nbformat.write(ran, copies / "11_lesson.ipynb")
    results = tmp_path / "_build" / "results" / "fast-auto" / "10_study"
    results.mkdir(parents=True)
    (results / "11_lesson.json").write_text(json.dumps({"results": [{"id": "X.1", "value": 2.0}]}))
    monkeypatch.setattr("bookkit.scorepage.page", lambda recorded: f"# Scoreboard\n\n{json.dumps(recorded)}\n")
    return tmp_path


def test_pages_are_prose_lessons_scoreboard_and_data(project):
    files, not_run = book.page_files(Settings(), project)
    assert sorted(files) == [
        "book/data.md",
        "book/index.md",
        "book/reference.md",
        "book/scoreboard.md",
        "notebooks/10_study/11_lesson.ipynb",
    ]
    assert b"one\\n" in files["notebooks/10_study/11_lesson.ipynb"]
    assert b'"X.1"' in files["book/scoreboard.md"]
    assert not_run == {}


def test_a_lesson_that_never_ran_is_shown_as_such_and_recorded_nothing(project):
    files, not_run = book.page_files(Settings(profile="full"), project)
    assert "gmtools run 11_lesson --profile full --data auto" in not_run["11_lesson"]
    assert b"has not been run for this edition" in files["notebooks/10_study/11_lesson.ipynb"]
    assert b"X.1" not in files["book/scoreboard.md"]


def test_the_download_button_gives_the_working_copy(project):
    for name in ("_config.yml", "references.bib"):
        (project / name).write_bytes((PROJECT / name).read_bytes())
    book._offer_copies(Settings("smoke", "simulated"), project)
    for lesson in lessons.discover(project):
        offered = lessons.read(project / "_build" / "html" / "_sources" / "notebooks" / lesson.relative)
        assert offered.metadata.gmtools.copy_of == lesson.relative.as_posix()


def test_outputs_of_changed_code_are_not_shown(project):
    path = project / "notebooks" / "10_study" / "11_lesson.ipynb"
    path.write_text(path.read_text().replace("x = 1", "x = 2"))
    files, not_run = book.page_files(Settings(), project)
    assert "its code has changed since it ran" in not_run["11_lesson"]
    assert b"one\\n" not in files["notebooks/10_study/11_lesson.ipynb"]
    assert b"X.1" not in files["book/scoreboard.md"]


def test_a_damaged_executed_copy_is_a_lesson_that_did_not_run(project):
    (project / "_build" / "executed" / "fast-auto" / "10_study" / "11_lesson.ipynb").write_text("{}")
    files, not_run = book.page_files(Settings(), project)
    assert "its executed copy is damaged; run it with: gmtools run 11_lesson" in not_run["11_lesson"]
    assert b"X.1" not in files["book/scoreboard.md"]


def test_outputs_of_an_earlier_gmtools_are_not_shown(project, monkeypatch):
    monkeypatch.setattr("bookkit.uses.Uses.digest", lambda self: "another")
    files, not_run = book.page_files(Settings(), project)
    assert "what it uses of gmtools, the environment or its targets changed since it ran" in not_run["11_lesson"]
    assert b"one\\n" not in files["notebooks/10_study/11_lesson.ipynb"]


def test_only_what_differs_is_written(tmp_path):
    files = {"a.md": b"a", "deep/b.md": b"b"}
    assert book.write_changed(files, tmp_path) == ["a.md", "deep/b.md"]
    before = (tmp_path / "a.md").stat().st_mtime_ns
    assert book.write_changed(files, tmp_path) == []
    assert book.write_changed({"a.md": b"a"}, tmp_path) == ["deep/b.md"]
    assert not (tmp_path / "deep" / "b.md").exists()
    assert (tmp_path / "a.md").stat().st_mtime_ns == before


def test_vendored_scripts_are_named_only_where_they_are_there():
    written = yaml.safe_load((PROJECT / "_config.yml").read_text())
    assert book.configuration(written, offline=False) == written
    config = book.configuration(written, offline=True)["sphinx"]["config"]
    assert config["mathjax_path"].startswith("vendored/") and "static" in config["html_static_path"]
    assert "sphinx_thebe" not in config["extensions"]


def test_the_loader_of_explorers_is_named_only_where_the_book_has_some():
    written = yaml.safe_load((PROJECT / "_config.yml").read_text())
    without = book.configuration(written, offline=True)["sphinx"]["config"]
    assert "explorers/loader.js" not in without.get("html_js_files", [])
    for offline in (True, False):
        config = book.configuration(written, offline, explorers=True)["sphinx"]["config"]
        assert config["html_js_files"][-1] == "explorers/loader.js" and config["html_static_path"][-1] == "static"


def test_explorers_are_found_on_pages_and_in_outputs_and_their_files_go_along(monkeypatch):
    asked = []

    def page_files(names, data):
        asked.append((names, data))
        return {"loader.js": b"load()"}, "no npm"

    monkeypatch.setattr("explorers.bundle.page_files", page_files)
    output = new_output("display_data", data={"text/html": TWIN.format(name="event_map")})
    files = {
        "book/a.md": TWIN.format(name="ground_motion").encode(),
        "notebooks/b.ipynb": nbformat.writes(executed(cell_with(output))).encode(),
        "book/plain.md": b"The word data-explorer alone is none.",
    }
    assert book._explorers(files, "real") == ({"static/explorers/loader.js": b"load()"}, "no npm")
    assert asked == [(["event_map", "ground_motion"], "real")]
    assert book._explorers({"book/plain.md": files["book/plain.md"]}, "real") == ({}, "")
    built = book.Book(PROJECT, {}, True, 2.0, "no npm")
    assert "could not be bundled, and their pages say so. no npm" in book.report(built)


def test_a_page_has_an_explorers_twin_and_not_its_widget():
    data = {"text/html": TWIN.format(name="event_map"), pages.WIDGET_MIME: {"model_id": "a"}}
    slider = new_output("display_data", data={pages.WIDGET_MIME: {"model_id": "b"}, "text/plain": "Slider"})
    ran = executed(cell_with(new_output("display_data", data=data)), cell_with(slider))
    states = {"a": {"model_module": "anywidget"}, "b": {"model_module": "@jupyter-widgets/controls"}}
    ran.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": {"state": states}}
    page = pages.lesson_page(ran)
    assert list(page.cells[-2].outputs[0].data) == ["text/html"]
    assert list(page.metadata["widgets"]["application/vnd.jupyter.widget-state+json"]["state"]) == ["b"]
    ran.cells.pop()
    assert "widgets" not in pages.lesson_page(ran).metadata


def test_without_npm_the_build_says_so_and_goes_on(tmp_path, monkeypatch, capsys):
    def unreachable(folder):
        raise PackageUnreachable("npm cannot fetch mathjax@3.2.2 (status 1): no network")

    monkeypatch.setattr("bookkit.vendor.files", unreachable)
    assert book._scripts(tmp_path) is None
    assert "no network\nThe book will use the public addresses" in capsys.readouterr().out
    built = book.Book(tmp_path / "index.html", {}, False, 2.0)
    assert "needs a network to be read" in book.report(built)


def test_a_warning_fails_the_build_and_empties_the_cache(tmp_path, monkeypatch):
    (tmp_path / "_build" / ".doctrees").mkdir(parents=True)
    said = subprocess.CompletedProcess([], 1, stdout="Running", stderr="\nindex.md:3: WARNING: unknown document\n")
    monkeypatch.setattr(subprocess, "run", lambda *arguments, **options: said)
    with pytest.raises(BookFailed, match=r"warnings are errors.\nindex.md:3: WARNING: unknown document"):
        book._sphinx(tmp_path / "source", tmp_path)
    assert not (tmp_path / "_build" / ".doctrees").exists()
