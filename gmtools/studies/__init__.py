"""What one study's lessons share and no student must write, and the tables of records that each study registers."""

from importlib import import_module

from gmtools.data import catalog, datasets
from gmtools.errors import DataNotFound, DownloadFailed, GmtoolsError

TABLES = {
    "nga_west2": "iran",
    "iran": "iran",
    "kanto": "kanto",
    "kanto_meso": "kanto",
    "italy": "italy",
    "italy_whole": "italy",
}
"""Name of a table -> the study whose module holds it, in its own ``TABLES``."""


def table(name: str) -> datasets.Table:
    """What stands behind a name; GmtoolsError where no study has a table of that name."""
    if name not in TABLES:
        raise GmtoolsError(f"No data set is called {name!r}. Choose among {', '.join(TABLES)}.")
    return import_module(f"{__name__}.{TABLES[name]}").TABLES[name]


def load(name: str, data: str = "auto", seed: int = 0) -> datasets.Dataset:
    """Give a lesson its table, a key of :data:`TABLES`; "italy" takes records of events north of 42° N.

    ``data``: "real" takes the best real data set and never falls back; "simulated" never looks for data; "auto" takes
    real data where they are to be had, and the simulation otherwise: for Kanto the semi-synthetic one where its real
    ingredients are to be had. ``seed`` is the simulation's.

    Raises
    ------
    DataNotFound
        "real" and no data set can be had; the message says for each what to do.
    ChecksumMismatch
        A file is there with the wrong bytes: neither "real" nor "auto" passes over it.
    GmtoolsError
        An unknown ``name`` or ``data``.
    """
    return datasets.take(name, table(name), data, seed)


def real_or_none(data_id: str, data: str):
    """Checked paths of a data set; None for data="simulated", and for "auto" where it cannot be had."""
    if data == "simulated":
        return None
    try:
        return catalog.find(data_id)
    except (DataNotFound, DownloadFailed):
        if data == "real":
            raise
        return None
