"""What a network that reads records is trained on: batches of windows and their targets."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import keras
import numpy as np
import pandas as pd

from gmtools import columns
from gmtools.site.record_store import Stream


@dataclass(frozen=True)
class Target:
    """A column, its logarithm taken and standardized: what the repaired network learns.

    Attributes
    ----------
    mean, sd : float
        Of ln of the training records' values.
    column : str
        VS30, or a distance for the task that is transferred from.

    Examples
    --------
    >>> frame = pd.DataFrame({"vs30_m_s": [200.0, 400.0, 800.0]})
    >>> target = Target.of(frame)
    >>> [round(float(value), 3) for value in target(frame)[:, 0]], target.back(target(frame)).round(3).tolist()
    ([-1.225, 0.0, 1.225], [200.0, 400.0, 800.0])
    """

    mean: float
    sd: float
    column: str = columns.VS30

    @classmethod
    def of(cls, frame: pd.DataFrame, column: str = columns.VS30) -> "Target":
        """Take mean and standard deviation over a table of training records."""
        ln = np.log(frame[column].to_numpy(float))
        return cls(float(ln.mean()), float(ln.std()), column)

    def __call__(self, frame: pd.DataFrame) -> np.ndarray:
        """Return the targets of a table's rows, (n, 1)."""
        return ((np.log(frame[[self.column]].to_numpy(float)) - self.mean) / self.sd).astype(np.float32)

    def back(self, outputs: np.ndarray) -> np.ndarray:
        """Turn a network's outputs, (n, 1), into the column's unit, (n,)."""
        return np.exp(np.asarray(outputs, float)[:, 0] * self.sd + self.mean)


def raw_vs30(frame: pd.DataFrame) -> np.ndarray:
    """Return VS30 in m/s, (n, 1): the published network's target."""
    return frame[[columns.VS30]].to_numpy(np.float32)


class Batches(keras.utils.PyDataset):
    """A stream of windows as ``model.fit`` takes it.

    ``fit`` shuffles the batches by default; ``fit(..., shuffle=False)`` and a stream without seed keep the order, as
    the study's training did.

    Parameters
    ----------
    stream : Stream
        One with a seed gets the next seed after every epoch, so that each epoch has another order.
    target : callable
        Turns rows of the records' frame into targets (n, 1): a :class:`Target`, or :func:`raw_vs30`.
    channels : int
        The first so many of each window; 3 leave out the P-S mask.
    """

    def __init__(self, stream: Stream, target: Callable[[pd.DataFrame], np.ndarray], channels: int = 4, **kwargs):
        super().__init__(**kwargs)
        self.stream, self.target, self.channels = stream, target, channels

    def __len__(self):
        """Count the batches."""
        return len(self.stream)

    def __getitem__(self, number):
        """Return inputs (n, n_samples, channels) and targets (n, 1)."""
        windows, rows = self.stream[number]
        return windows[..., : self.channels], self.target(rows)

    def on_epoch_end(self):
        """Shuffle anew."""
        if self.stream.seed is not None:
            self.stream = replace(self.stream, seed=self.stream.seed + 1)
