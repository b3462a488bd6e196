"""Lessons, explorers and gmtools call what gmtools has: names that are there, with arguments that fit.

Nothing runs. A function that lost a parameter or its name would else be missed until the lesson that asks for it ran.
"""

import ast
import importlib
import inspect
from pathlib import Path

import pytest

from bookkit import lessons
from gmtools.cache import PROJECT

FILES = [path for folder in ("notebooks", "explorers", "gmtools") for path in sorted((PROJECT / folder).rglob("*"))]
FILES = [path for path in FILES if path.suffix in (".py", ".ipynb") and "node_modules" not in path.parts]
OURS = ("gmtools", "explorers")
GONE = object()


def sources(path: Path) -> list[str]:
    if path.suffix == ".py":
        return [path.read_text(encoding="utf-8")]
    return [cell.source for cell in lessons.code_cells(lessons.read(path))]


def imported(tree: ast.AST) -> dict:
    """Names that ``from gmtools... import`` binds."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in OURS:
            module = importlib.import_module(node.module)
            for name in node.names:
                value = getattr(module, name.name, None)
                if value is None:
                    value = importlib.import_module(f"{node.module}.{name.name}")
                found[name.asname or name.name] = value
    return found


def value_of(node: ast.expr, known: dict):
    """What a dotted name means; None where that cannot be told, GONE where a module or class lacks it."""
    if isinstance(node, ast.Name):
        return known.get(node.id)
    base = value_of(node.value, known) if isinstance(node, ast.Attribute) else None
    if inspect.ismodule(base) or inspect.isclass(base):
        return getattr(base, node.attr, GONE)
    return None


def misfits(trees: list[ast.AST]) -> list[str]:
    known = {name: value for tree in trees for name, value in imported(tree).items()}
    wrong = []
    for call in (node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)):
        called = value_of(call.func, known)
        if called is GONE:
            wrong.append(f"{ast.unparse(call.func)} is not there")
        elif callable(called) and str(getattr(called, "__module__", "")).split(".")[0] in OURS:
            if inspect.isclass(called) and issubclass(called, BaseException):
                continue  # takes whatever it is given
            named = {word.arg: None for word in call.keywords if word.arg}
            plain = [None for argument in call.args if not isinstance(argument, ast.Starred)]
            open_ended = len(plain) < len(call.args) or len(named) < len(call.keywords)
            signature = inspect.signature(called)
            try:
                (signature.bind_partial if open_ended else signature.bind)(*plain, **named)
            except TypeError as error:
                wrong.append(f"{ast.unparse(call)[:100]}: {error}")
    return wrong


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PROJECT).as_posix())
def test_every_call_fits(path):
    trees = []
    for source in sources(path):
        try:
            trees.append(ast.parse(source))
        except SyntaxError:  # a magic of IPython
            continue
    assert misfits(trees) == []


def test_what_does_not_fit_is_seen():
    head = "from gmtools import response\nfrom gmtools.data import accelerograms\n"
    calls = {"response.response_spectrum(1, 2)": 1, "response.response_spectrum(1, 2, [1])": 0, "response.spectra()": 1}
    calls |= {"response.response_spectrum(*both, [1])": 0, "accelerograms.Rules(smallest_snr=3)": 1}
    assert {call: len(misfits([ast.parse(head + call)])) for call in calls} == calls
