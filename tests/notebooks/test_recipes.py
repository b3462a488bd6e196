"""When training ends, and which epoch is kept: a run of two epochs, as the tests make them, cannot show it."""

import ast
import json

import pytest

from gmtools.cache import PROJECT

PATIENCE = {"22": "20", "23": "20", "24": "patience", "32": "10", "53": "8", "55": "8"}
"""Lesson -> epochs without progress after which it stops, or the name that holds them."""


def early_stops(lesson: str) -> list[dict[str, str]]:
    """Arguments of each ``EarlyStopping(...)`` in a lesson's cells."""
    (path,) = PROJECT.glob(f"notebooks/*/{lesson}_*.ipynb")
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    trees = [ast.parse("".join(cell["source"])) for cell in cells if cell["cell_type"] == "code"]
    calls = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    stops = [call for call in calls if ast.unparse(call.func).endswith("EarlyStopping")]
    return [{word.arg: ast.unparse(word.value) for word in call.keywords} for call in stops]


@pytest.mark.parametrize("lesson", [path.name[:2] for path in sorted(PROJECT.glob("notebooks/*/*.ipynb"))])
def test_the_best_epoch_is_kept_after_the_patience_that_is_known(lesson):
    found = early_stops(lesson)
    assert [stop["patience"] for stop in found] == ([PATIENCE[lesson]] if lesson in PATIENCE else [])
    assert all(stop["restore_best_weights"] == "True" for stop in found)
