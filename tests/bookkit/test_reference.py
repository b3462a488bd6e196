from importlib import import_module

import nbformat
import pytest

from bookkit import reference
from gmtools import networks


def test_what_a_lesson_calls_is_found():
    code = "from gmtools import gmms, columns\nfrom gmtools.response import response_spectrum\ngmms.predict(1).mean"
    cells = [nbformat.v4.new_code_cell(code)]
    found = reference.names(nbformat.v4.new_notebook(cells=cells))
    assert found == {"gmtools.gmms.predict", "gmtools.response.response_spectrum"}


def test_each_entry_exists_and_says_what_it_does():
    entries = [line.partition(":: ")[2] for line in reference.page().splitlines() if line.startswith(".. auto")]
    assert len(entries) > 60
    silent = []
    for entry in entries:
        module, _, name = entry.rpartition(".")
        silent += [entry] if not getattr(import_module(module), name).__doc__ else []
    assert silent == []


@pytest.mark.parametrize("name", networks.names())
def test_each_network_is_named(name):
    assert f"| `{name}` |" in reference.page()


def test_the_line_that_loads_a_network_stands_at_the_top():
    assert 'networks.load("ann_nga_west2")' in reference.page().split("\n## ")[0]
