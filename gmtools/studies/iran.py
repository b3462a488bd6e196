"""Study 1: the records that its lessons share."""

from gmtools import columns
from gmtools.data import datasets
from gmtools.data.readers.iran import TRUNCATION_LN_PGA, TRUNCATION_PGA_G

__all__ = [
    "INPUTS",
    "IRANIAN_EVENTS",
    "PUBLISHED",
    "TRUNCATION_LN_PGA",
    "TRUNCATION_PGA_G",
    "records",
    "source_records",
]

INPUTS = (columns.MAGNITUDE, columns.RJB, columns.VS30)
"""What the networks read: moment magnitude, Joyner-Boore distance (km), VS30 (m/s)."""
ORDINATES = tuple(columns.psa(period) for period in columns.PERIODS)
"""What they answer: the columns of PGA and of PSA at twelve periods, in g."""
FAULTS = (
    "Rrup, or the hypocentral distance, stood in for RJB: within some 10 km of the fault it says too little.",
    "Records below 0.0102 g are missing: where most would be weaker, it rests on its source and on a normal scatter.",
)
"""What is known to be wrong with any network that learned from the Iranian table, the cut accounted for."""
PUBLISHED = "sedaghati_pezeshk_2026_models"
"""Manifest of the thirteen published networks."""
IRANIAN_EVENTS = {"46": "Tabas 1978", "144": "Manjil 1990", "178": "Bam 2003"}
"""PEER's event numbers of the Iranian earthquakes in NGA-West2."""


def source_records(dataset):
    """NGA-West2 records to learn from: M >= 3, RJB <= 300 km, VS30 and PGA known, Iran left out.

    The three Iranian earthquakes are in the Iranian table too, so that the source must not see them. They were found by
    comparing magnitude, Rrup, VS30 and PGA of the two tables; official event numbers name them.

    Parameters
    ----------
    dataset : Dataset
        ``datasets.load("nga_west2")``.

    Returns
    -------
    DataFrame
        Numbered anew.
    """
    frame = datasets.select(dataset.frame)
    number = frame[columns.EVENT].astype(str).str.extract(r"^(?:EQ0*)?(\d+)$", expand=False)
    return frame[~number.isin(IRANIAN_EVENTS)].reset_index(drop=True)


def records(dataset):
    """Iranian records with a distance in ``rjb_km``: Rrup stands in for RJB, and the hypocentral distance for Rrup.

    Parameters
    ----------
    dataset : Dataset
        ``datasets.load("iran")``.

    Returns
    -------
    DataFrame
        Numbered as the table.
    """
    return dataset.frame.assign(**{columns.RJB: datasets.rjb_or_stand_in(dataset.frame)})
