"""Learning rates, when training ends, which epoch is kept: neither two epochs nor a network by name can show it."""

import ast
import json

import pytest

from gmtools.cache import PROJECT

PATIENCE = {"22": "20", "23": "20", "24": "patience", "32": "10", "53": "8", "55": "8"}
"""Lesson -> epochs without progress after which it stops, or the name that holds them."""
RATES = {
    "12": [0.01],
    "13": [0.0001, 0.003, 0.003],
    "14": [0.003],
    "15": [0.0001],
    "22": [0.002, 0.002],
    "23": [0.002],
    "24": [0.0005, 0.002],
    "25": [0.001],
    "32": [0.003],
    "43": [0.003],
    "44": [0.0001, 0.001],
    "49": [0.003, 0.003],
    "53": [0.003, 0.01],
    "54": [0.01],
    "55": [0.003],
    "61": [0.01],
    "71": [0.01],
}
"""Lesson -> learning rates, constant or at the start, in ascending order."""
LESSONS = [path.name[:2] for path in sorted(PROJECT.glob("notebooks/*/*.ipynb"))]


def calls(lesson: str, named: str) -> list[ast.Call]:
    """Calls in a lesson's cells of what has ``named`` in its name."""
    (path,) = PROJECT.glob(f"notebooks/*/{lesson}_*.ipynb")
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    trees = [ast.parse("".join(cell["source"])) for cell in cells if cell["cell_type"] == "code"]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    return [node for node in nodes if isinstance(node, ast.Call) and named in ast.unparse(node.func)]


def early_stops(lesson: str) -> list[dict[str, str]]:
    """Arguments of each ``EarlyStopping(...)`` in a lesson's cells."""
    return [{word.arg: ast.unparse(word.value) for word in call.keywords} for call in calls(lesson, "EarlyStopping")]


@pytest.mark.parametrize("lesson", LESSONS)
def test_learning_rates_are_those_that_results_were_made_with(lesson):
    first = [call.args[0] for call in calls(lesson, "keras.optimizers.")]
    assert sorted(rate.value for rate in first if isinstance(rate, ast.Constant)) == RATES.get(lesson, [])


@pytest.mark.parametrize("lesson", LESSONS)
def test_the_best_epoch_is_kept_after_the_patience_that_is_known(lesson):
    found = early_stops(lesson)
    assert [stop["patience"] for stop in found] == ([PATIENCE[lesson]] if lesson in PATIENCE else [])
    assert all(stop["restore_best_weights"] == "True" for stop in found)
