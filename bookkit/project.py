"""The project: predict PGA in a simulated world that only its seed's keeper knows; tables are scored, never code."""

from dataclasses import astuple
from pathlib import Path

import numpy as np
import pandas as pd

from gmtools import columns
from gmtools.errors import ColumnMissing, FormatError
from gmtools.simulate import records

INPUTS = [columns.MAGNITUDE, columns.RJB, columns.VS30, columns.RAKE, columns.HYPOCENTRAL_DEPTH]
NUMBER, PART, PREDICTED = "record", "part", "ln_pga"
TRAIN, TEST, SAMPLE, TRUTH = "train.csv", "test.csv", "sample_submission.csv", "truth.csv"


def make(seed: int, students: Path, kept: Path, events: int = 360, count: int = 9_000) -> None:
    """Draw a world: tables ``train``, ``test`` and ``sample_submission`` for the students, ``truth.csv`` to be kept. A
    third of the earthquakes is the test, and half of that counts for the public score."""
    random = np.random.default_rng([seed, 19])
    model = random.choice(["ASK14", "CB14", "CY14"])
    varied = records.Variability(*(random.uniform(0.8, 1.25, 3) * np.array(astuple(records.NGA_WEST2_VARIABILITY))))
    frame = records.nga_west2(seed, events, count, model=model, variability=varied)
    code, _ = pd.factorize(frame[columns.EVENT])
    shuffled = random.permutation(code.max() + 1)[code]
    frame[NUMBER] = np.arange(len(frame))
    frame[PREDICTED] = np.log(frame[columns.PGA])
    third = (code.max() + 1) // 3
    test = frame[shuffled < third]
    train = frame[shuffled >= third]
    named = [NUMBER, columns.EVENT, columns.STATION, *INPUTS]
    for folder in (students, kept):
        folder.mkdir(parents=True, exist_ok=True)
    train[[*named, PREDICTED]].to_csv(students / TRAIN, index=False)
    test[named].to_csv(students / TEST, index=False)
    test[[NUMBER]].assign(**{PREDICTED: train[PREDICTED].mean()}).to_csv(students / SAMPLE, index=False)
    part = np.where(shuffled[shuffled < third] < third // 2, "public", "private")
    test[[NUMBER, columns.EVENT, PREDICTED]].assign(**{PART: part}).to_csv(kept / TRUTH, index=False)


def score(submission: Path, truth: Path) -> dict[str, float]:
    """Root-mean-square error of ln PGA of a table of predictions, on the public and the private earthquakes; a table
    that lacks a column or a record, has one twice, or holds what is no number is refused."""
    said, true = pd.read_csv(submission), pd.read_csv(truth)
    missing = {NUMBER, PREDICTED} - set(said.columns)
    if missing:
        raise ColumnMissing(f"{submission.name} has no column {', '.join(sorted(missing))}; see {SAMPLE}.")
    values = pd.to_numeric(said[PREDICTED], errors="coerce")
    values.index = said[NUMBER]
    if values.index.has_duplicates or set(values.index) != set(true[NUMBER]):
        raise FormatError(f"{submission.name} must name each record of {TEST} once; it has {len(said)} rows.")
    if not np.isfinite(values).all():
        raise FormatError(f"{submission.name}: {(~np.isfinite(values)).sum()} values of {PREDICTED} are no numbers.")
    error = true[PREDICTED].to_numpy() - values.loc[true[NUMBER]].to_numpy()
    return {part: float(np.sqrt(np.mean(error[true[PART] == part] ** 2))) for part in ("public", "private")}


def board(folder: Path, truth: Path, final: bool = False) -> pd.DataFrame:
    """Scores of all tables in a folder, best first: the public ones, at the end of the course the private ones too."""
    rows = {}
    for path in sorted(folder.glob("*.csv")):
        try:
            rows[path.stem] = score(path, truth) | {"remark": ""}
        except (ColumnMissing, FormatError, ValueError) as error:  # ValueError: what pandas calls no table
            rows[path.stem] = {"public": np.nan, "private": np.nan, "remark": str(error)}
    made = pd.DataFrame.from_dict(rows, orient="index", columns=["public", "private", "remark"])
    made = made.sort_values("private" if final else "public")
    return made if final else made.drop(columns="private")
