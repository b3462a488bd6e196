"""Builds the HTML book with Jupyter Book from what ran."""

import copy
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import nbformat
import yaml

from bookkit import lessons, pages, pdf, quizzes, runner, slides, vendor
from bookkit.lessons import Lesson, Settings
from bookkit.working import Workshop
from gmtools.cache import PROJECT
from gmtools.data import catalog
from gmtools.errors import BookFailed, FormatError, PackageUnreachable

JUPYTER_BOOK = "from jupyter_book.cli.main import main; main()"  # with this Python, whatever PATH says
# As a page has it, or as a notebook's JSON has the HTML of an output.
EXPLORER = re.compile(rb'<div [^>]*\bdata-explorer=\\?"(\w+)')
VENDORED = {
    "mathjax_path": "vendored/mathjax/tex-mml-chtml.js",
    "nb_ipywidgets_js": {
        "vendored/requirejs/require.js": {},
        "vendored/widgets-config.js": {},
        "vendored/jupyter-widgets/html-manager/embed-amd.js": {},
    },
}
# Where a notebook of a public repository can be opened; Colab takes the first host only, the theme both.
LAUNCHED = ("https://github.com/", "https://gitlab.com/")
BINDER = "https://mybinder.org"
COLAB = "https://colab.research.google.com"
LEADING_ON = """\
<link rel="icon" href="data:,">
<meta http-equiv="Refresh" content="0; url=book/index.html">
"""  # the page that jupyter-book writes names no icon, and browsers then ask for one that is not there


@dataclass(frozen=True)
class Book:
    """Where a built book is, and how it came about; ``without_explorers`` says why they could not be bundled."""

    index: Path
    not_run: dict[str, str]
    offline: bool
    seconds: float
    without_explorers: str = ""


def build(profile: str = "fast", data: str = "auto", root: Path = PROJECT) -> Book:
    """Build the book from the lessons that ran with a profile and data. BookFailed, with what Sphinx said, where it
    stops or warns."""
    started = time.perf_counter()
    settings = Settings(profile, data)
    scripts = _scripts(root)
    files, not_run = page_files(settings, root)
    shown, without_explorers = _explorers(files, data)
    files |= shown
    files |= _configuration(root, offline=scripts is not None, explorers=bool(shown))
    if scripts:
        files |= scripts
    else:  # Sphinx never takes away what an earlier build left
        shutil.rmtree(root / "_build" / "html" / "_static" / "vendored", ignore_errors=True)
    source = root / "_build" / "book_source"
    if write_changed(files, source):
        pdf.withdraw(root)
    _sphinx(source, root)
    if (styles := source / "book" / "_static").is_dir():  # Sphinx copies them only where a page changed as well
        shutil.copytree(styles, root / "_build" / "html" / "_static", dirs_exist_ok=True)
    _offer_copies(settings, root)
    slides.write(root / "_build" / "html" / "slides", None, settings, root)
    index = root / "_build" / "html" / "index.html"
    index.write_text(LEADING_ON, encoding="utf-8")
    return Book(index, not_run, scripts is not None, time.perf_counter() - started, without_explorers)


def report(book: Book) -> str:
    """Lines for the terminal: what is missing in a book, and last where it is."""
    lines = [f"{name}: shown without output, {reason}" for name, reason in book.not_run.items()]
    if not book.offline:
        lines.append("Formulas and sliders of this book load from public addresses: it needs a network to be read.")
    if book.without_explorers:
        lines.append(f"The explorers could not be bundled, and their pages say so. {book.without_explorers}")
    return "\n".join([*lines, f"Book built in {book.seconds:.1f} s: {book.index}"])


def page_files(settings: Settings, root: Path = PROJECT) -> tuple[dict[str, bytes], dict[str, str]]:
    """Every page of the book as it goes into Sphinx, by its path, and for each lesson without a run to show the
    reason."""
    files = _files_below(root / "book", "book")
    not_run, shown = {}, []
    for lesson in lessons.discover(root):
        page, reason = _lesson(lesson, settings, root)
        page.cells = quizzes.added(page.cells, lesson.numbers[0], root)
        shown.append(page)
        files[f"notebooks/{lesson.relative.as_posix()}"] = nbformat.writes(page).encode()
        if reason:
            not_run[lesson.name] = reason
    facts = pages.numbers(shown) | {"citation": citation(root), "launch": launch(root)} | edition(settings.data)
    for name in [name for name in files if name.endswith(".md")]:
        files[name] = pages.with_outcomes(pages.numbered(files[name].decode()), facts).encode()
    files |= _generated(results(settings, root, without=not_run))
    return files, not_run


def _cited(root: Path) -> dict:
    path = root / "CITATION.cff"
    return yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else {}


def citation(root: Path = PROJECT) -> str:
    """The book as a BibTeX entry, from ``CITATION.cff``."""
    known = _cited(root)
    authors = " and ".join(f"{{{author['name']}}}" for author in known.get("authors", []))
    fields = {
        "author": authors,
        "title": f"{{{known.get('title', '')}}}",
        "note": f"Version {known.get('version', '')}",
    }
    fields |= {"url": known["url"]} if known.get("url") else {}
    return "\n".join(["@misc{gmtools,", *(f"  {name} = {{{text}}}," for name, text in fields.items()), "}"])


def edition(data: str) -> dict[str, str]:
    """What this edition of the book has and another may lack, in the words of its pages."""
    dots = "The dots are real records" if catalog.available("nga_west2_extract") else "No records are shown"
    published = catalog.available("sedaghati_pezeshk_2026_models")
    measured = data != "simulated" and catalog.available("hvsr_recordings")
    return {
        "edition_dots": "The dots are simulated records" if data == "simulated" else dots,
        "edition_networks": "with" if published else "without",
        "edition_recordings": "One recording is *measured*, the others are" if measured else "All recordings are",
    }


def launch(root: Path = PROJECT) -> str:
    """A link (Markdown) that opens the first lesson at Binder, where ``_config.yml`` names a public address."""
    path = root / "_config.yml"
    repository = yaml.safe_load(path.read_text(encoding="utf-8"))["repository"] if path.exists() else {}
    host, _, name = repository.get("url", "").removeprefix("https://").rstrip("/").partition("/")
    if not repository.get("url", "").startswith(LAUNCHED):
        return ""
    name = name if host == "github.com" else quote(name, safe="")
    place = f"v2/{'gh' if host == 'github.com' else 'gl'}/{name}/{repository['branch']}"
    return f"[open the first lesson at Binder]({BINDER}/{place}?urlpath=lab/tree/notebooks/00_start_here.ipynb), "


def results(settings: Settings, root: Path = PROJECT, without: Collection[str] = ()) -> list[dict]:
    """What the lessons that ran with these settings recorded for the scoreboard, without the named lessons."""
    found = []
    for lesson in lessons.discover(root):
        run = None if lesson.name in without else runner.recorded(lesson, settings, root)
        found += run["results"] if run else []
    return found


def _lesson(lesson: Lesson, settings: Settings, root: Path):
    """Page of a lesson, and why it shows no run; empty where it shows one."""
    source, number = lessons.read(lesson.path), lesson.numbers[0]
    merged, reason = _executed(lesson, source, settings, root)
    if merged is not None:
        return pages.lesson_page(merged, number), ""
    again = f"run it with: gmtools run {lesson.name} --profile {settings.profile} --data {settings.data}"
    return pages.not_run_page(source, reason, number), f"{reason}; {again}"


def _executed(lesson: Lesson, source, settings: Settings, root: Path):
    """The lesson with the outputs of its run, or None and why there are none."""
    path = runner.place("executed", lesson, settings, root)
    if not path.exists():
        return None, "it never ran to its end"
    try:
        executed = lessons.read(path)
    except (OSError, FormatError):
        return None, "its executed copy is damaged"
    merged = lessons.merge(source, executed)
    if merged is None:
        return None, "its code has changed since it ran"
    if not _still_good(lesson, source, executed.metadata.get("gmtools", {}), settings, root):
        return None, "what it uses of gmtools, the environment or its targets changed since it ran"
    return merged, ""


def _still_good(lesson, source, stamp, settings, root):
    """Whether a lesson run now, on the data that it had, would be the same computation."""
    if "data_fingerprint" not in stamp:
        return False
    ran_with = Settings(settings.profile, settings.data, stamp["seed"])
    return stamp["key"] == lessons.content_key(lesson, source, ran_with, stamp["data_fingerprint"], root)


def _generated(recorded: list[dict]) -> dict[str, bytes]:
    from bookkit import datapage, reference, scorepage

    made = {"scoreboard": scorepage.page(recorded), "data": datapage.page(), "reference": reference.page()}
    return {f"book/{name}.md": text.encode() for name, text in made.items()}


def _files_below(folder: Path, name: str) -> dict[str, bytes]:
    found = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {f"{name}/{path.relative_to(folder).as_posix()}": path.read_bytes() for path in found}


def _explorers(files: dict[str, bytes], data: str) -> tuple[dict[str, bytes], str]:
    """What the explorers on these pages need, and why that is not all: nothing where no page has one."""
    named = {name.decode() for content in files.values() for name in EXPLORER.findall(content)}
    if not named:
        return {}, ""
    from explorers import bundle

    made, reason = bundle.page_files(sorted(named), data)
    return {f"static/explorers/{name}": content for name, content in made.items()}, reason


def _configuration(root: Path, offline: bool, explorers: bool) -> dict[str, bytes]:
    """Jupyter Book's files, with the vendored scripts and the explorers named where there are any."""
    files = {name: (root / name).read_bytes() for name in ("_toc.yml", "references.bib")}
    written = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))
    if known := _cited(root):  # below each page, since a page may be all that somebody sees
        authors = ", ".join(author["name"] for author in known["authors"])
        cited = f"Cite as: {authors}, <em>{known['title']}</em>, version {known['version']}."
        html = written.setdefault("html", {})
        html["extra_footer"] = f"{cited} {html.get('extra_footer', '')}".strip()
    files["_config.yml"] = yaml.safe_dump(configuration(written, offline, explorers), sort_keys=False).encode()
    return files


def configuration(written: dict, offline: bool, explorers: bool = False) -> dict:
    """The book's ``_config.yml``, changed for the place: ``offline`` where the vendored scripts are there to be named,
    ``explorers`` where their loader is; with buttons that open a lesson at Binder and in Colab where ``repository:
    url`` is one of ``LAUNCHED``."""
    config = copy.deepcopy(written)
    repository = config.get("repository", {}).get("url", "")
    if repository.startswith(LAUNCHED):
        config["launch_buttons"] = {"notebook_interface": "jupyterlab", "binderhub_url": BINDER}
        if repository.startswith(LAUNCHED[0]):
            config["launch_buttons"]["colab_url"] = COLAB
    sphinx = config["sphinx"]["config"]
    if offline or explorers:
        sphinx["html_static_path"] = [*sphinx.get("html_static_path", []), "static"]
    if offline:
        sphinx.update(VENDORED)
    if explorers:
        sphinx["html_js_files"] = [*sphinx.get("html_js_files", []), "explorers/loader.js"]
    return config


def _scripts(root: Path) -> dict[str, bytes] | None:
    try:
        return {f"static/vendored/{name}": content for name, content in vendor.files(root / "_build" / "npm").items()}
    except PackageUnreachable as error:
        print(f"{error}\nThe book will use the public addresses of MathJax and of the widget manager instead.")
        return None


def write_changed(files: dict[str, bytes], folder: Path) -> list[str]:
    """Make a folder hold exactly these files and name those written or removed; others stay untouched for Sphinx's
    cache."""
    touched = []
    for name, content in files.items():
        path = folder / name
        if not path.is_file() or path.read_bytes() != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            touched.append(name)
    for path in list(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name not in files:
            path.unlink()
            touched.append(name)
    return touched


def _sphinx(source: Path, root: Path) -> None:
    command = [sys.executable, "-c", JUPYTER_BOOK, "build", str(source), "--path-output", str(root)]
    command += ["-q", "-W", "--keep-going"]
    environment = os.environ | {"NO_COLOR": "1"}
    run = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", env=environment)
    if run.returncode:
        # A page that warned is cached as read, and a second build would pass without a word.
        shutil.rmtree(root / "_build" / ".doctrees", ignore_errors=True)
        raise BookFailed(f"The book was not built; warnings are errors.\n{_said(run)}")


def _offer_copies(settings: Settings, root: Path) -> None:
    """Let the download button give the working copy, which needs nothing of what the page is made with."""
    workshop = Workshop.configured(root, settings)
    for lesson in lessons.discover(root):
        place = root / "_build" / "html" / "_sources" / "notebooks" / lesson.relative
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(nbformat.writes(workshop.copy(lesson)) + "\n", encoding="utf-8")


def _said(run: subprocess.CompletedProcess) -> str:
    lines = [line for line in run.stderr.splitlines() if line.strip()]
    return "\n".join(lines or run.stdout.splitlines()[-20:])
