"""Recipes of the ensembles that predict maps: which records, maps and settings a study trains them with."""

from collections.abc import Callable

ENSEMBLES: dict[str, Callable] = {}
"""Name of an ensemble -> function (profile, data, seed) that returns what :func:`gmtools.ensembles.train` takes: name,
architecture, static maps, members, settings."""
