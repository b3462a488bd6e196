"""The working copies in JupyterLab, in a headless Chromium: they open plain and folded, run, and their sliders move.

JupyterLab comes without any extension but the one for widgets, with the settings that it is installed with.
"""

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import TimeoutError, expect

from bookkit import lab, lessons
from bookkit.lessons import Lesson
from bookkit.working import Workshop

LESSONS = lessons.discover()
RUN_TO_THE_END = [lesson for lesson in LESSONS if lesson.name[:2] in ("00", "61")]
SMOKE = 'profile = "smoke"\nseed = 0\ndata = "simulated"'
STARTED_WITHIN_S, OPENED_WITHIN_S, RUN_WITHIN_S = 120, 60, 400
SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "notebook-extension/tracker": {"windowingMode": "none"},  # every cell is in the page
}
# What the open notebook shows, without code, in which anything may stand.
SHOWN = """() => {
  const prose_of = (selector) => [...document.querySelectorAll(selector)].map((text) => {
    const copy = text.cloneNode(true);
    copy.querySelectorAll('pre, code, mjx-container').forEach((code) => code.remove());
    return copy.textContent;
  }).join('\\n');
  const texts = [...document.querySelectorAll('.jp-MarkdownCell .jp-RenderedMarkdown')];
  const details = texts.flatMap((text) => [...text.querySelectorAll('details')]);
  return {
    cells: document.querySelectorAll('.jp-Notebook .jp-Cell').length,
    prose: prose_of('.jp-MarkdownCell .jp-RenderedMarkdown'),
    details: details.length,
    unfolded: details.filter((one) => one.open).length,
    words: texts.reduce((count, text) => count + text.querySelectorAll('abbr[title]').length, 0),
    outputs: prose_of('.jp-OutputArea .jp-RenderedMarkdown'),
    wrong: [...document.querySelectorAll('.jp-Notebook mjx-merror')].map((one) => one.textContent),
    errors: [...document.querySelectorAll('.jp-Notebook [data-mime-type="application/vnd.jupyter.error"]')]
      .map((one) => one.textContent),
  };
}"""
RENDERED = """() => {
  const texts = [...document.querySelectorAll('.jp-Notebook .jp-MarkdownCell')];
  const rendered = (cell) => cell.querySelector('.jp-RenderedMarkdown')?.childElementCount > 0;
  return texts.length > 3 && texts.every(rendered);
}"""
RAW = (":::", "{term}", "{cite", "{glue", "{ref}", "{admonition}", ":class:", ":label:", "<abbr", "<details", ")=", "$")
STOP_KERNELS = """async (address) => {
  const kernels = await (await fetch(address)).json();
  await Promise.all(kernels.map((one) => fetch(`${address}/${one.id}`, {method: 'DELETE'})));
}"""
OPEN = """async (path) => {
  await window.jupyterapp.restored;
  await window.jupyterapp.commands.execute('docmanager:open', {path, factory: 'Notebook'});
}"""
# close() would ask; what goes while its kernel is being started leaves JupyterLab a session of nothing.
CLOSE = """async () => {
  for (const one of [...window.jupyterapp.shell.widgets('main')]) {
    await Promise.race([one.sessionContext?.ready, new Promise((resolve) => setTimeout(resolve, 20000))]);
    one.dispose();
  }
}"""
# The indicator says "idle" before there is a kernel, and without one "run all" runs nothing and says so to nobody.
RUN_ALL = """() => {
  const {sessionContext} = window.jupyterapp.shell.currentWidget;
  const run = async () => {
    await sessionContext.ready;
    await sessionContext.session.kernel.info;
    return window.jupyterapp.commands.execute('notebook:run-all-cells');
  };
  run().then((all) => { window.ranAll = String(all); }, (error) => { window.ranAll = String(error); });
}"""


@contextmanager
def jupyterlab(folder: Path, own: Path) -> Iterator[str]:
    """Serve a folder with JupyterLab, with settings and state in a folder of its own; the address of the server."""
    for name, values in SETTINGS.items():
        path = own / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values), encoding="utf-8")
    places = {"CONFIG": "config", "RUNTIME": "runtime", "DATA": "data"}
    told = {f"JUPYTER_{name}_DIR": str(own / place) for name, place in places.items()}
    told |= {f"JUPYTERLAB_{name}_DIR": str(own / name.lower()) for name in ("SETTINGS", "WORKSPACES")}
    options = ["--no-browser", "--expose-app-in-browser", "--ServerApp.port=0", "--IdentityProvider.token="]
    options += ["--ServerApp.disable_check_xsrf=True", "--LabApp.extension_manager=readonly"]
    with (own / "log").open("w") as log:
        command = lab.command(folder) + options
        server = subprocess.Popen(command, env=lab.environment() | told, stdout=log, stderr=log, cwd=folder)
        try:
            yield _address(server, own)
        finally:
            server.terminate()
            server.wait(30)


def _address(server: subprocess.Popen, own: Path) -> str:
    until = time.monotonic() + STARTED_WITHIN_S
    while time.monotonic() < until and server.poll() is None:
        for path in (own / "runtime").glob("jpserver-*.json"):
            try:
                return json.loads(path.read_text(encoding="utf-8"))["url"].replace("localhost", "127.0.0.1")
            except ValueError:  # it is being written
                break
        time.sleep(0.2)
    raise AssertionError(f"JupyterLab did not start:\n{(own / 'log').read_text(encoding='utf-8')[-2000:]}")


@pytest.fixture(scope="module")
def copies(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("work")
    lab.deliver(Workshop(), folder)
    return folder


@pytest.fixture(scope="module")
def address(copies, tmp_path_factory) -> Iterator[str]:
    with jupyterlab(copies, tmp_path_factory.mktemp("jupyter")) as at:
        yield at


@pytest.fixture(scope="module")
def tab(address, browser, watch_page) -> Iterator[object]:
    """JupyterLab, started once for all copies."""
    context = browser.new_context(viewport={"width": 1400, "height": 1000})
    visit = watch_page(context.new_page())
    visit.page.goto(f"{address}lab", wait_until="load")
    visit.page.wait_for_function("() => window.jupyterapp", timeout=1000 * OPENED_WITHIN_S)
    yield visit
    context.close()


@pytest.fixture
def opened(address, tab) -> Iterator[Callable[[Lesson], object]]:
    """``opened(lesson)`` is the page of its copy with all text rendered, and what went wrong on it."""

    def show(lesson: Lesson):
        """Open a copy, the only one that is open."""
        visit = tab
        visit.faults.clear()
        visit.page.evaluate(OPEN, lesson.relative.as_posix())
        visit.page.wait_for_function(RENDERED, timeout=1000 * OPENED_WITHIN_S)
        with suppress(TimeoutError):  # a dollar that is no formula is found by the test
            visit.page.wait_for_function("() => !(" + SHOWN + ")().prose.includes('$')", timeout=10000)
        return visit

    yield show
    tab.page.evaluate(CLOSE)
    tab.page.evaluate(STOP_KERNELS, f"{address}api/kernels")


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)
def test_a_copy_opens_without_raw_markup_and_with_its_answers_folded(lesson, copies, opened):
    made = lessons.read(copies / lesson.relative)
    texts = "\n".join(cell.source for cell in made.cells if cell.cell_type == "markdown")
    visit = opened(lesson)
    shown = visit.page.evaluate(SHOWN)
    assert [raw for raw in RAW if raw in shown["prose"]] == []
    assert shown["cells"] == len(made.cells)
    assert shown["details"] == texts.count("<details>") and shown["unfolded"] == 0
    assert shown["words"] == texts.count("<abbr ")
    assert shown["wrong"] == [] and visit.faults == []


@pytest.mark.parametrize("lesson", RUN_TO_THE_END, ids=lambda lesson: lesson.name)
def test_a_copy_runs_to_its_end_and_its_sliders_move(lesson, copies, opened):
    in_smoke(copies / lesson.relative)
    visit = opened(lesson)
    page = visit.page
    page.evaluate(RUN_ALL)
    page.wait_for_function("() => window.ranAll", timeout=1000 * RUN_WITHIN_S)
    shown = page.evaluate(SHOWN)
    assert shown["errors"] == [] and [raw for raw in RAW if raw in shown["outputs"]] == []
    assert page.evaluate("window.ranAll") == "true"
    moves(page.locator(".jp-OutputArea input[type=range]").first)
    assert visit.faults == []


def in_smoke(path: Path) -> None:
    notebook = lessons.read(path)
    for cell in notebook.cells:
        if "parameters" in cell.metadata.get("tags", []):
            cell.source = SMOKE
    nbformat.write(notebook, path)


def moves(slider) -> None:
    """A key moves the slider, and the picture beside it becomes another one."""
    picture = slider.locator("xpath=ancestor::*[contains(@class, 'jp-OutputArea-output')]")
    before, drawn = slider.input_value(), picture.inner_text()
    slider.scroll_into_view_if_needed()
    slider.focus()
    for _ in range(5):
        slider.press("ArrowRight")
    assert slider.input_value() != before
    expect(picture).not_to_have_text(drawn)
