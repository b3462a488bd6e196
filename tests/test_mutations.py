"""The list of ``benchmarks/mutations.yml`` does not rot: each text stands once in its file, each test is there."""

import importlib.util
from collections import Counter

import pytest

from gmtools.cache import PROJECT

SPEC = importlib.util.spec_from_file_location("mutations", PROJECT / "benchmarks" / "mutations.py")
benchmark = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(benchmark)
LIST = benchmark.mutations()


@pytest.mark.parametrize("mutation", LIST, ids=lambda mutation: f"{mutation.file}-{mutation.old}")
def test_the_line_that_it_changes_is_there(mutation):
    assert mutation.text() and mutation.old != mutation.new
    for test in mutation.tests:
        assert (PROJECT / test.partition("::")[0]).is_file()


def test_there_are_many_and_they_are_spread_over_the_rooms():
    rooms = Counter(mutation.file.rpartition("/")[0] for mutation in LIST)
    assert rooms.total() >= 60 and len(rooms) >= 12
    assert len({(mutation.file, mutation.old, mutation.new) for mutation in LIST}) == rooms.total()
