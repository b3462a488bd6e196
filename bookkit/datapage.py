"""The book's page on data, written from the manifests."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from bookkit import lessons
from gmtools import targets
from gmtools.data.manifests import Manifest, manifests

KINDS = {
    "measured": "read from instruments",
    "reconstructed": "at least one column is computed back from a model and published residuals",
    "derived": "computed or cut from other data",
    "transcribed": "typed off another publication",
    "model": "weights of a trained network",
}
ACCESS = {
    "open": "downloaded when a lesson asks for it",
    "registration": "free, but you register with the owner and import the file",
    "not public": "no public address; a course's mirror or the steps below",
}
_HEAD = """\
# Data

No data file is part of this book. Each set has a manifest with its address, its SHA-256, its license and what is known
to be wrong with it, and this page is written from those. A lesson looks for a file in the folders that `GMTOOLS_DATA`
names, then in your cache, then at the public address, and checks the same SHA-256 each time. Where none of them has
it, a lesson runs on a simulation and says so at its top and in its figures.

`gmtools data status` shows what you have; `gmtools data fetch ID` and `gmtools data import ID FILE` add to it."""


def page() -> str:
    """The page on data as MyST Markdown, for ``book/data.md``."""
    folders = {study.folder: study.id for study in targets.studies().values()}
    used = {}
    for lesson in lessons.discover():
        study = folders.get(f"notebooks/{lesson.relative.parent.as_posix()}")
        link = f"[{lesson.numbers[0]}](../notebooks/{lesson.relative.as_posix()})"
        for data_id in lessons.used(lessons.read(lesson.path)).data:
            if study in (None, *manifests()[data_id].study):  # a study's module names the sets of others as well
                used.setdefault(data_id, []).append(link)
    return data_page(manifests(), used)


def data_page(known: Mapping[str, Manifest], used: Mapping[str, list[str]] = MappingProxyType({})) -> str:
    """A page on data sets: one table of all, the meaning of its words, then each set, a set of several studies at the
    first of them; ``used`` has links to the lessons of a set."""
    of_studies, described = {}, set()
    for study in sorted(targets.studies().values(), key=lambda study: study.number):
        here = [entry for entry in known.values() if study.id in entry.study and entry.id not in described]
        described |= {entry.id for entry in here}
        of_studies[f"Study {study.number}: {study.title}"] = here
    of_studies["Beside the studies"] = [entry for entry in known.values() if entry.id not in described]
    lines = ["| data set | numbers | access | license | size | lessons |", "|---|---|---|---|---:|---|"]
    lines += [_line(entry, used.get(entry.id, ())) for entries in of_studies.values() for entry in entries]
    words = [_meanings("What the numbers are", KINDS), _meanings("Access", ACCESS)]
    parts = [_HEAD, "## All sets", "\n".join(lines), *words]
    for title, entries in of_studies.items():
        parts += [f"## {title}", *map(_section, entries)] if entries else []
    return "\n\n".join(parts) + "\n"


def _meanings(title: str, words: Mapping[str, str]) -> str:
    return "\n".join([f"{title}:", "", *(f"- **{word}**: {meaning}" for word, meaning in words.items())])


def _line(entry: Manifest, used: Iterable[str]) -> str:
    title = f"[{entry.title}](#data-{_slug(entry)})"
    cells = [title, entry.kind, entry.access, entry.licence, _size(entry), " ".join(used) or "–"]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _size(entry: Manifest) -> str:
    size = sum(file.bytes or 0 for file in entry.files)
    if not size:
        return "–"
    return f"{size / 1e6:,.1f} MB" if size > 1e5 else f"{size / 1e3:.1f} kB"


def _section(entry: Manifest) -> str:
    doi = f" [doi:{entry.doi}](https://doi.org/{entry.doi})" if entry.doi else ""
    facts = {
        "Id": f"`{entry.id}`",
        "What the numbers are": f"{entry.kind}, {KINDS[entry.kind]}",
        "Access": f"{entry.access}, {ACCESS[entry.access]}",
        "License": entry.licence,
        "Rows": f"{entry.rows:,}" if entry.rows else "",
        "Files": _files(entry),
        "Cite": entry.citation.strip() + doi,
        "Where it comes from": entry.provenance.strip(),
    }
    parts = [f"(data-{_slug(entry)})=\n### {entry.title}"]
    parts.append("\n".join(f"- **{name}**: {fact}" for name, fact in facts.items() if fact))
    parts += [_listed("Known faults", entry.faults), _listed("How to get it", entry.steps, numbered=True)]
    return "\n\n".join(part for part in parts if part)


def _files(entry: Manifest) -> str:
    names = ", ".join(f"`{file.name}`" for file in entry.files[:3])
    more = f" and {len(entry.files) - 3} more" if len(entry.files) > 3 else ""
    return f"{names}{more}, {_size(entry)} in all"


def _listed(title: str, lines: tuple[str, ...], numbered: bool = False) -> str:
    mark = "1." if numbered else "-"
    return "\n".join([f"**{title}**", "", *(f"{mark} {line.strip()}" for line in lines)]) if lines else ""


def _slug(entry: Manifest) -> str:
    return entry.id.replace("_", "-")
