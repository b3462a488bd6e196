"""What a lesson uses of the project: modules that it imports, directly or not, data sets and networks that it names.

Nothing is run: imports, also those inside functions, and names are read from the code.
"""

import ast
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from gmtools.cache import PROJECT
from gmtools.data import datasets, manifests

PACKAGES = ("gmtools", "explorers")
BESIDE = {"explorers": ("js/**/*", "networks/*", "*.json")}
"""Folder of a package -> other files that whoever imports it uses."""
CHOOSES = "gmtools/data/datasets.py"
"""The module that imports others only for the table it is asked for: see ``datasets.MODULES``."""


@dataclass
class Uses:
    """Files of the project, and ids of data sets, that a piece of code uses."""

    files: set[Path] = field(default_factory=set)
    data: set[str] = field(default_factory=set)

    def digest(self, root: Path = PROJECT) -> str:
        """SHA-256 of the files' names and bytes."""
        total = hashlib.sha256()
        for path in sorted(self.files):
            total.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
        return total.hexdigest()


@dataclass(frozen=True)
class _Code:
    """What stands in one piece of code: files that it imports, and its words."""

    files: frozenset[Path]
    words: frozenset[str]


def of(sources: Iterable[str], root: Path = PROJECT) -> Uses:
    """Say what code uses.

    Parameters
    ----------
    sources
        Python, such as the code cells of a lesson. A cell that is no Python (a magic of IPython) uses every module.
    root
        Project folder.
    """
    to_do, words, uses = set(), set(), Uses()
    for source in sources:
        try:
            code = _code(ast.parse(source), root, root)
        except SyntaxError:
            code = _Code(frozenset(path for name in PACKAGES for path in (root / name).rglob("*.py")), frozenset())
        to_do |= code.files
        words |= code.words
    chooses, tables = root / CHOOSES, set()
    while to_do - uses.files:
        for path in to_do - uses.files:
            uses.files.add(path)
            code = _module(path, root, path.stat().st_mtime_ns)
            to_do |= code.files
            words |= code.words if path != chooses else set()
        if chooses in uses.files:
            tables = words & datasets.CANDIDATES.keys()
            to_do |= {path for table in tables for name in _behind(table) for path in _files(name, root)}
    uses.data = words & manifests.manifests().keys()
    uses.data |= {one for name in tables for one in (*datasets.CANDIDATES[name], *datasets.BESIDE.get(name, ()))}
    for path in (root / "networks").glob("*"):
        if any(word and path.stem.startswith(word) for word in words if len(word) > 3):
            uses.files.add(path)
    return uses


def _behind(table: str) -> Iterator[str]:
    """Modules that read or draw a table."""
    yield from datasets.MODULES[table]
    for data_id in datasets.CANDIDATES[table]:
        yield manifests.manifest(data_id).reader


@cache
def _module(path: Path, root: Path, modified: int) -> _Code:
    """What stands in one file; ``modified`` is there so that an edit is seen."""
    if path.suffix != ".py":
        return _Code(frozenset(), frozenset())
    tree = ast.parse(path.read_text(encoding="utf-8"))
    code = _code(tree, root, path.parent, whole=path != root / CHOOSES)
    beside = BESIDE.get(path.parent.relative_to(root).as_posix(), ())
    files = {other for pattern in beside for other in path.parent.glob(pattern) if other.is_file()}
    return _Code(code.files | {other for other in files if "node_modules" not in other.parts}, code.words)


def _code(tree: ast.Module, root: Path, folder: Path, whole: bool = True) -> _Code:
    nodes = list(ast.walk(tree))
    words = frozenset(node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str))
    names = (name for node in (nodes if whole else tree.body) for name in _imported(node, root, folder))
    return _Code(frozenset(path for name in names for path in _files(name, root)), words)


def _imported(node: ast.AST, root: Path, folder: Path) -> Iterator[str]:
    """Full names that a statement imports."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        parent = [node.module] if node.module else []
        if node.level:
            package = folder.parents[node.level - 2] if node.level > 1 else folder
            parent = [*package.relative_to(root).parts, *parent]
        yield from (".".join([*parent, alias.name]) for alias in node.names)


def _files(name: str, root: Path) -> Iterator[Path]:
    """The file of a module, or of the module that holds a name, and those of its packages."""
    first, *rest = name.split(".")
    if first not in PACKAGES or not (root / first / "__init__.py").is_file():
        return
    place = root / first
    yield place / "__init__.py"
    if first == "explorers" and rest:
        rest = [_explorers(root).get(rest[0], rest[0]), *rest[1:]]
    for part in rest:
        place = place / part
        if (place / "__init__.py").is_file():
            yield place / "__init__.py"
        elif place.with_suffix(".py").is_file():
            yield place.with_suffix(".py")
            return


def _explorers(root: Path) -> dict[str, str]:
    """Class of an explorer -> its module: the package imports it when it is first asked for."""
    from explorers import EXPLORERS

    return {class_name: module for module, class_name in EXPLORERS.items()}
