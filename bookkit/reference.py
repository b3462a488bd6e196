"""The book's reference: what lessons call of gmtools, by room, for Sphinx' autodoc; written anew with each book."""

import ast
import re
from collections.abc import Iterable
from pathlib import Path

from nbformat import NotebookNode

from bookkit import lessons
from gmtools import networks
from gmtools.cache import PROJECT

ROOMS = {
    "data": "Tables, files and records",
    "gmms": "Ground-motion models",
    "networks": "Networks",
    "residuals": "Residuals",
    "response": "Response spectra",
    "hvsr": "Noise and H/V",
    "site": "The ground below a record",
    "maps": "Maps",
    "geodesy": "Places and distances",
    "studies": "What the lessons of a study share",
    "simulate": "Simulations",
    "figures": "Figures",
    "expected": "Checked numbers",
}
"""First module below gmtools -> heading; what lies elsewhere (columns, errors, the cache) has no entry."""
ALWAYS = ("gmtools.data.datasets.Dataset", "gmtools.data.accelerograms.Accelerogram")
"""What no lesson calls and a reader meets: a value that a function gives."""
_HEAD = """\
# Reference

What the lessons call, by room; each entry says what goes in and what comes out, with shapes and units. In a notebook
`help(networks.predict)` says the same. To try it on files of your own, begin with [a
flatfile](../notebooks/70_your_own/71_your_flatfile.ipynb), [a folder of strong-motion
records](../notebooks/70_your_own/72_your_strong_motion_records.ipynb) or [a recording of
noise](../notebooks/70_your_own/73_your_noise_recording.ipynb).

A **network by its name** takes one line:

```python
from gmtools import networks

model = networks.load("ann_nga_west2")  # the lesson's Keras model
psa_g = networks.predict("ann_nga_west2", frame)  # warns outside its range
```

| network | what goes in | made in lesson |
|---|---|---|
"""


def page() -> str:
    """The page as MyST Markdown, for ``book/reference.md``."""
    taught = [one for one in lessons.discover() if not re.match(r"\d9_", one.name)]  # N9 checks a paper
    called = set(ALWAYS).union(*(names(lessons.read(one.path)) for one in taught))
    parts = [_HEAD + "\n".join(map(_network, networks.names()))]
    for room, title in ROOMS.items():
        here = sorted(name for name in called if name.split(".")[1] == room and not name.rpartition(".")[2].isupper())
        parts += [f"## {title}", "```{eval-rst}\n" + "\n".join(map(_entry, here)) + "\n```"] if here else []
    return "\n\n".join(parts) + "\n"


def names(notebook: NotebookNode) -> set[str]:
    """Functions, classes and constants of gmtools that a lesson's code names, as gmtools.module.name."""
    tree = ast.parse("\n".join(cell.source for cell in lessons.code_cells(notebook)))
    homes, used = {}, set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "gmtools":
            homes |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in homes:
            used.add(f"{homes[node.value.id]}.{node.attr}")
    used |= set(homes.values())
    return {name for name in used if not _is_module(name) and _is_module(name.rpartition(".")[0])}


def _is_module(name: str) -> bool:
    path = Path(PROJECT, *name.split("."))
    return path.is_dir() or path.with_suffix(".py").is_file()


def _entry(name: str) -> str:
    return f".. auto{'class' if name.rpartition('.')[2][0].isupper() else 'function'}:: {name}"


def _network(name: str) -> str:
    card = networks.card(name)
    return f"| `{name}` | {_listed(entry['name'] for entry in card['inputs'])} | {card['lesson'].split('_')[0]} |"


def _listed(inputs: Iterable[str]) -> str:
    first = list(inputs)
    return ", ".join(f"`{name}`" for name in first[:4]) + (f" and {len(first) - 4} more" if first[4:] else "")
