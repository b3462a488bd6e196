"""Study 1: the records that its lessons share."""

import pandas as pd

from gmtools import columns
from gmtools.data import datasets
from gmtools.data.readers.iran import TRUNCATION_LN_PGA, TRUNCATION_PGA_G
from gmtools.data.readers.keras_archive import described
from gmtools.errors import FormatError

__all__ = ["FAULTS", "INPUTS", "IRANIAN_EVENTS", "ORDINATES", "PUBLISHED", "TABLES", "TRUNCATION_LN_PGA"]
__all__ += ["TRUNCATION_PGA_G", "described", "records", "rjb_or_stand_in", "select", "source_records"]

INPUTS = (columns.MAGNITUDE, columns.RJB, columns.VS30)
"""What the networks read: moment magnitude, Joyner-Boore distance (km), VS30 (m/s)."""
ORDINATES = tuple(columns.psa(period) for period in columns.PERIODS)
"""What they answer: the columns of PGA and of PSA at twelve periods, in g."""
FAULTS = (
    "Rrup, or the hypocentral distance, stood in for RJB: within some 10 km of the fault it says too little.",
    "Records below 0.0102 g are missing: where most would be weaker, it rests on its source and on a normal scatter.",
)
"""What is known to be wrong with any network that learned from the Iranian table, the cut accounted for."""
FEWEST = (100, 10)
"""Records and earthquakes that the lessons split into folds."""
PUBLISHED = "sedaghati_pezeshk_2026_models"
"""Manifest of the thirteen published networks."""
IRANIAN_EVENTS = {"46": "Tabas 1978", "144": "Manjil 1990", "178": "Bam 2003"}
"""PEER's event numbers of the Iranian earthquakes in NGA-West2."""


def _drawn(name):
    def draw(seed):
        from gmtools.simulate import records  # here, since it brings OpenQuake

        return getattr(records, name)(seed=seed)

    return draw


TABLES = {
    name: datasets.Table(title, candidates, "a published ground-motion model", _drawn(name), f"records.{name}")
    for name, title, candidates in (
        ("nga_west2", "NGA-West2 records", ("peer_nga_west2", "nga_west2_extract")),
        ("iran", "Iranian records", ("iran_kuehn",)),
    )
}


def select(frame: pd.DataFrame, magnitude: float = 3.0, rjb_km: float = 300.0) -> pd.DataFrame:
    """Make the study's selection of source records, numbered anew: least magnitude, largest RJB, VS30 and PGA known."""
    keep = (
        (frame[columns.MAGNITUDE] >= magnitude)
        & frame[columns.RJB].between(0, rjb_km)
        & (frame[columns.VS30] > 0)
        & (frame[columns.PGA] > 0)
    )
    if not keep.any():
        raise FormatError(
            f"None of the {len(frame):,} records has M >= {magnitude:g}, RJB <= {rjb_km:g} km, known VS30 and PGA: "
            "there is nothing to learn from. Import a flatfile with such records, or take simulated ones."
        )
    return frame[keep].reset_index(drop=True)


def rjb_or_stand_in(frame: pd.DataFrame) -> pd.Series:
    """Joyner-Boore distance (km), else Rrup, else the epicentral one (a point source), else the hypocentral one. The
    Iranian file has Rrup and the last, never shorter than RJB; it matters within a fault depth (some 10 km)."""
    distance = pd.Series(float("nan"), index=frame.index, name=columns.RJB)
    for column in (columns.RJB, columns.RRUP, columns.REPI, columns.RHYP):
        if column in frame:
            distance = distance.fillna(frame[column])
    return distance


def source_records(dataset):
    """NGA-West2 records of ``studies.load("nga_west2")`` to learn from, as :func:`select` takes them, Iran left out.

    The three Iranian earthquakes are in the Iranian table too, so that the source must not see them. They were found by
    comparing magnitude, Rrup, VS30 and PGA of the two tables; official event numbers name them.
    """
    frame = select(dataset.frame)
    number = frame[columns.EVENT].astype(str).str.extract(r"^(?:EQ0*)?(\d+)$", expand=False)
    frame = frame[~number.isin(IRANIAN_EVENTS)].reset_index(drop=True)
    events = frame[columns.EVENT].nunique()
    if len(frame) < FEWEST[0] or events < FEWEST[1]:
        raise FormatError(
            f"{dataset.data_id} leaves {len(frame):,} records of {events} earthquakes to learn from; the lessons need "
            f"{FEWEST[0]} of {FEWEST[1]} at least. Import the whole flatfile, or take simulated records."
        )
    return frame


def records(dataset):
    """Records of ``studies.load("iran")`` with a distance in ``rjb_km``: Rrup, or the hypocentral distance, where RJB
    is missing."""
    return dataset.frame.assign(**{columns.RJB: rjb_or_stand_in(dataset.frame)})
