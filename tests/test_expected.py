"""Numbers and claims of a text, and what a run keeps of them."""

import json
from types import SimpleNamespace

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient

from gmtools import expected
from gmtools.errors import ResultError


@pytest.fixture(scope="module")
def collected(tmp_path_factory):
    cells = [
        "import numpy as np\nfrom gmtools import expected, scoreboard\nfrom gmtools.data import catalog",
        "scoreboard.record('I-F2.pga.m6.5.r30', np.float32(0.0696), inputs='same', note='all files')",
        "catalog.found.add('iran_kuehn')\nexpected.number('bias', np.float64(0.1234), '.1f', '%')",
        "expected.number('winner', 'the U-Net')\nexpected.number('events', np.int64(1200), ',.0f')",
        "expected.claim('transfer helps', np.float32(-0.5), np.float32(-0.5) < 0)",
        "expected.claim('nobody knows', float('nan'), False, draw=True)",
        "scoreboard.record_many(scoreboard.table('I-F1')['value'] * 1.002, inputs='same')",
        "scoreboard.record('I-P2.rms', float('nan'), inputs='other')",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    notebook.metadata["papermill"] = {"parameters": {"profile": "smoke", "data": "auto", "seed": 3}}
    NotebookClient(notebook, timeout=120).execute()
    path = tmp_path_factory.mktemp("executed") / "13_transfer_to_iran.ipynb"
    nbformat.write(notebook, path)
    return notebook, expected.collect(path)


def test_an_executed_notebook_carries_its_results(collected):
    notebook, found = collected
    results = found["results"]
    assert len(results) == 1 + 96 + 1
    assert (results[0]["lesson"], results[0]["cell"]) == ("13_transfer_to_iran", 1)
    assert results[0]["value"] == pytest.approx(0.0696, rel=1e-6)
    assert (results[-1]["cell"], results[-1]["value"]) == (7, None)
    assert notebook.cells[6].outputs[0].data["text/plain"].startswith("scoreboard: I-F1.pga.m4.5.r1, ")


def test_numbers_and_claims_stand_beside_them(collected):
    _, found = collected
    assert {entry["name"]: entry["value"] for entry in found["numbers"]} == {
        "bias": 0.1234,
        "winner": "the U-Net",
        "events": 1200,
    }
    kept = [(entry["name"], entry["value"], entry["holds"], entry["draw"]) for entry in found["claims"]]
    assert kept == [("transfer helps", -0.5, True, False), ("nobody knows", None, False, True)]


def test_a_run_says_its_settings_and_the_data_that_it_found(collected):
    _, found = collected
    assert (found["profile"], found["data"], found["seed"], found["found"]) == ("smoke", "auto", 3, ["iran_kuehn"])


def test_the_text_gets_the_formatted_number(collected):
    glued = {
        output.metadata["scrapbook"]["name"]: next(iter(output.data.values()))
        for cell in collected[0].cells
        for output in cell.outputs
        if "scrapbook" in output.get("metadata", {})
    }
    assert glued == {"bias": "'0.1 %'", "winner": "'the U-Net'", "events": "'1,200'"}


def test_the_same_name_in_two_cells_is_refused(tmp_path):
    payload = {expected.MIME: {"results": [{"id": "I-P2.rms", "value": 1, "inputs": "other", "note": ""}]}}
    cell = {"cell_type": "code", "outputs": [{"output_type": "display_data", "data": payload}]}
    path = tmp_path / "12_train_ann.ipynb"
    path.write_text(json.dumps({"metadata": {}, "cells": [cell, cell]}))
    message = r"I-P2.rms is recorded twice: 12_train_ann, cell 0, and 12_train_ann, cell 1"
    with pytest.raises(ResultError, match=message):
        expected.collect(path)


@pytest.mark.parametrize("value", [True, [1, 2], np.array([1.0, 2.0]), None, 1j])
def test_what_is_no_number_and_no_word(value):
    with pytest.raises(ResultError, match="rms takes one number or a word, not"):
        expected.number("rms", value)


def test_what_is_neither_true_nor_false():
    with pytest.raises(ResultError, match=r"below 1: holds is 0.5, and must be True or False"):
        expected.claim("below 1", 0.5, holds=0.5)


def test_what_another_cell_has_recorded_is_refused_and_the_same_cell_may_run_again(monkeypatch):
    monkeypatch.setattr(expected, "_recorded", {})

    def record(cell, execution):
        kernel = SimpleNamespace(get_parent=lambda channel: {"metadata": {"cellId": cell} if cell else {}})
        monkeypatch.setattr("IPython.get_ipython", lambda: SimpleNamespace(kernel=kernel, execution_count=execution))
        expected.show_result("claims", [{"name": "it helps"}], "holds")

    record("a", 1)
    record("a", 2)
    for cell, execution in (("a", 2), ("b", 3), (None, 4)):
        with pytest.raises(ResultError, match=r"it helps is recorded twice: this notebook's execution \[2\]"):
            record(cell, execution)
