"""What a lesson uses of the project: modules that it imports, directly or not, data sets and networks that it names.

Nothing is run: imports, also those inside functions, and names are read from the code.
"""

import ast
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from gmtools import studies
from gmtools.cache import PROJECT
from gmtools.data import manifests

PACKAGES = ("gmtools", "explorers")
BESIDE = {"explorers": ("js/**/*", "ground/*"), "gmtools/figures": ("*.mplstyle",)}
"""Folder of a package -> other files that whoever imports it uses."""
CHOOSES = "gmtools/data/datasets.py"
"""Whoever has this module asks for tables by name: see ``studies.TABLES``."""


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
    """What stands in one piece of code: files that it imports, its words, and words that count where a name is read."""

    files: frozenset[Path]
    words: frozenset[str]
    constants: frozenset[tuple[str, str]] = frozenset()
    reads: frozenset[str] = frozenset()


def of(sources: Iterable[str], root: Path = PROJECT) -> Uses:
    """Say what code uses, such as the cells of a lesson; one that is no Python (a magic) uses every module."""
    to_do, words, constants, reads, uses = set(), set(), set(), set(), Uses()
    for source in sources:
        try:
            code = _code(ast.parse(source), root)
        except SyntaxError:
            code = _Code(frozenset(path for name in PACKAGES for path in (root / name).rglob("*.py")), frozenset())
        to_do |= code.files
        words |= code.words | {value for _, value in code.constants}
        reads |= code.reads
    chooses, tables = root / CHOOSES, set()
    while to_do - uses.files:
        for path in to_do - uses.files:
            uses.files.add(path)
            code = _module(path, root, path.stat().st_mtime_ns)
            to_do |= code.files
            words |= code.words
            constants |= code.constants
            reads |= code.reads
        if chooses in uses.files:
            tables = words & studies.TABLES.keys()
            to_do |= {path for table in tables for name in _behind(table) for path in _files(name, root)}
    words |= {value for name, value in constants if name in reads}
    uses.data = words & manifests.manifests().keys()
    uses.data |= {one for name in tables for one in (*studies.table(name).candidates, *studies.table(name).beside)}
    for path in filter(Path.is_file, (root / "networks").rglob("*")):
        if any(word and path.stem.startswith(word) for word in words if len(word) > 3):
            uses.files.add(path)
    return uses


def _behind(table: str) -> Iterator[str]:
    """Modules that read or draw a table."""
    yield f"gmtools.studies.{studies.TABLES[table]}"
    for data_id in studies.table(table).candidates:
        yield manifests.manifest(data_id).reader


@cache
def _module(path: Path, root: Path, modified: int) -> _Code:
    """What stands in one file; ``modified`` is there so that an edit is seen."""
    if path.suffix != ".py":
        return _Code(frozenset(), frozenset())
    tree = ast.parse(path.read_text(encoding="utf-8"))
    code = _code(tree, root)
    beside = BESIDE.get(path.parent.relative_to(root).as_posix(), ())
    files = {other for pattern in beside for other in path.parent.glob(pattern) if other.is_file()}
    return replace(code, files=code.files | {other for other in files if "node_modules" not in other.parts})


def _code(tree: ast.Module, root: Path) -> _Code:
    nodes = list(ast.walk(tree))
    constants = {part.targets[0].id: part.value for part in tree.body if _is_constant(part)}
    listed = {node for part in tree.body if _lists_tables(part) for node in ast.walk(part)} | set(constants.values())
    texts = (node for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str))
    words = frozenset(node.value for node in texts if node not in listed)
    reads = frozenset(node.attr for node in nodes if isinstance(node, ast.Attribute))
    reads |= {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    names = (name for node in nodes for name in _imported(node))
    files = frozenset(path for name in names for path in _files(name, root))
    return _Code(files, words, frozenset((name, node.value) for name, node in constants.items()), reads)


def _is_constant(statement: ast.AST) -> bool:
    """Whether a statement gives a text a name."""
    is_text = isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant)
    is_text = is_text and isinstance(statement.value.value, str) and len(statement.targets) == 1
    return is_text and isinstance(statement.targets[0], ast.Name)


def _lists_tables(statement: ast.AST) -> bool:
    """Whether a statement is a study's list of tables, which names more data sets than one table needs."""
    return isinstance(statement, ast.Assign) and any(ast.unparse(name) == "TABLES" for name in statement.targets)


def _imported(node: ast.AST) -> Iterator[str]:
    """Full names that a statement imports; in this project imports are absolute."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        yield from (f"{node.module}.{alias.name}" for alias in node.names)


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
