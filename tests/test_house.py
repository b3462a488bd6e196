"""How the house stands: imports go down only, in no circle, over few floors, and the top is quickly read."""

import ast
import subprocess
import sys
from functools import cache

import pytest

from gmtools.cache import PROJECT

FLOORS = (
    {"columns", "errors", "cache"},
    {
        "data",
        "geodesy",
        "gmms",
        "residuals",
        "response",
        "networks",
        "layers",
        "targets",
        "scoreboard",
        "expected",
    },
    {"figures", "maps", "hvsr", "site", "simulate"},
    {"studies"},
)
"""Rooms of gmtools from the lowest up; a room imports those of its own floor, in no circle, and of lower ones."""
MOST_ENTRIES, MOST_FLOORS = 20, 7


def module_name(path):
    parts = path.relative_to(PROJECT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def imports():
    """Module -> modules of the project that it imports, also inside functions."""
    paths = [path for top in ("gmtools", "explorers", "bookkit") for path in (PROJECT / top).rglob("*.py")]
    names = {module_name(path) for path in paths}
    return {module_name(path): set(imported(path, names)) for path in paths}


def imported(path, names):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: imports are absolute"
            found = [name for alias in node.names for name in (f"{node.module}.{alias.name}", node.module)]
        else:
            continue
        yield from (name for name in found if name in names)


def room(module):
    return module.split(".")[1] if module.startswith("gmtools.") else module.split(".")[0]


def arrows_of():
    """Module -> the other modules that it imports."""
    return {module: others - {module} for module, others in imports().items()}


def rooms():
    """Arrows between rooms that stay."""
    found = {}
    for module, others in arrows_of().items():
        found.setdefault(room(module), set()).update(room(other) for other in others)
    return {name: others - {name, "gmtools"} for name, others in found.items()}


def height(name, arrows, above=()):
    """Floors from a node down to the ground; fails where a chain comes back to itself."""
    assert name not in above, f"a circle: {' > '.join([*above, name])}"
    return 1 + max((height(other, arrows, (*above, name)) for other in arrows[name]), default=0)


def test_no_module_reaches_itself():
    # A package's __init__ gathers what its modules hold, and they may name it: that is one place, not a circle.
    packages = {module_name(path) for path in PROJECT.glob("*/**/__init__.py")}
    arrows = {module: others - packages for module, others in arrows_of().items()}
    assert max(height(module, arrows) for module in arrows) > 3


def test_rooms_stand_on_few_floors_without_a_circle():
    assert max(height(name, rooms()) for name in rooms() if name not in ("explorers", "bookkit")) <= MOST_FLOORS


def test_imports_go_down_only():
    floor = {name: number for number, names in enumerate(FLOORS) for name in names} | {"explorers": 9, "bookkit": 10}
    up = [
        f"{module} imports {other}"
        for module, others in arrows_of().items()
        for other in others
        if room(module) != "gmtools" and room(other) != "gmtools" and floor[room(module)] < floor[room(other)]
    ]
    assert not up


def test_the_top_of_gmtools_is_quickly_read():
    entries = [path.name for path in (PROJECT / "gmtools").iterdir() if not path.name.startswith("__")]
    assert len(entries) <= MOST_ENTRIES, sorted(entries)


@pytest.mark.parametrize("name", ["gmtools", "gmtools.data.datasets", "gmtools.studies", "gmtools.figures"])
def test_importing_brings_no_tensor_library(name):
    code = f"import sys, {name}; print([m for m in ('tensorflow', 'keras', 'torch', 'jax') if m in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PROJECT)
    assert ran.stdout.strip() == "[]"
