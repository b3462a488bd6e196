"""Settings of trainings are those that results were made with: neither two epochs nor a network by name can show them.

A setting that should change is changed in ``recipes.yml`` too, so that a person sees which, in a diff.
"""

import ast
from pathlib import Path

import pytest
import yaml

from bookkit import lessons

RECIPES = yaml.safe_load((Path(__file__).parent / "recipes.yml").read_text(encoding="utf-8"))
LESSONS = {lesson.name[:2]: lesson.path for lesson in lessons.discover()}
SETTINGS = ("Dropout", "EarlyStopping", "LeakyReLU", "optimizers.", "regularizers.")
OF_FIT = ("batch_size", "epochs")


def recipe(lesson: str) -> list[str]:
    """Calls in a lesson's cells that set how a network learns, in order."""
    cells = lessons.code_cells(lessons.read(LESSONS[lesson]))
    nodes = [node for cell in cells for node in ast.walk(ast.parse(cell.source))]
    assigned = [ast.unparse(node) for node in nodes if isinstance(node, ast.Assign)]
    found = [line for line in assigned if ".trainable = " in line]
    for call in (node for node in nodes if isinstance(node, ast.Call)):
        name = ast.unparse(call.func)
        if any(setting in name for setting in SETTINGS):
            found.append(ast.unparse(call))
        elif name.endswith(".fit"):
            found += [f"fit: {ast.unparse(word)}" for word in call.keywords if word.arg in OF_FIT]
    return found


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_trains_as_its_results_were_made(lesson):
    assert recipe(lesson) == RECIPES.get(lesson, [])


@pytest.mark.parametrize("lesson", LESSONS)
def test_the_best_epoch_is_kept(lesson):
    stops = [line for line in recipe(lesson) if "EarlyStopping" in line]
    assert all("restore_best_weights=True" in line for line in stops)
