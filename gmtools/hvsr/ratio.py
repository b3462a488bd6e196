"""Spectra to H/V: the curve with its spread, and its peaks."""

import numpy as np
import pandas as pd
from scipy.signal import find_peaks

from gmtools.data.hv_curve import Curve
from gmtools.errors import NoPeak
from gmtools.hvsr.criteria import passes, sesame
from gmtools.hvsr.windows import Spectra

PROMINENCE_RATIO = 0.7
"""Least prominence over the largest one for a peak to be classified (Di Donato & Castellaro 2024)."""
# SESAME asks for a peak above 2 that falls to half, so for 1; one of its clarity criteria may fail.
LEAST_PROMINENCE, MOST_PEAKS = 0.5, 3


def curve(windows: Spectra) -> Curve:
    """H/V of the kept windows, two at least."""
    ratio = (windows.horizontal / windows.component("vt"))[windows.kept]
    logarithm = np.log(ratio)
    mean, sigma_ln = np.exp(logarithm.mean(axis=0)), logarithm.std(axis=0, ddof=1)
    length = windows.settings.window_length_s
    return Curve(windows.frequency_hz, mean, sigma_ln, len(ratio), length, ratio, name=windows.name)


def peaks(curve: Curve, *, require_sesame: bool = True) -> pd.DataFrame:
    """Peaks worth classifying, three at most, the most prominent first, where [f0/2, 2 f0] lies on the curve.

    The prominence is the topographic one, on the linear H/V axis; below 0.5 a curve counts as flat.

    Parameters
    ----------
    curve : Curve
    require_sesame : bool
        Keep only those that pass SESAME's criteria, see :func:`gmtools.hvsr.passes`.

    Returns
    -------
    DataFrame
        ``f0_hz``, ``amplitude`` (H/V there), ``prominence``, ``f0_sd_hz``, ``sesame`` (bool).

    Raises
    ------
    NoPeak
        No peak is prominent enough, or none of them passes SESAME's criteria; the message names what failed.
    """
    index, prominence = (values[:MOST_PEAKS] for values in _prominent(curve))
    f0_hz = curve.frequency_hz[index]
    tables = [sesame(curve, f0) for f0 in f0_hz]
    table = pd.DataFrame(
        {
            "f0_hz": f0_hz,
            "amplitude": curve.mean[index],
            "prominence": prominence,
            "f0_sd_hz": [curve.peak_sd_hz(f0) for f0 in f0_hz],
            "sesame": [passes(one) for one in tables],
        }
    )
    if not require_sesame:
        return table
    if not table["sesame"].any():
        failed = ", ".join(tables[0].index[~tables[0]["passed"]])
        raise NoPeak(
            f"{curve.name}: none of {len(table)} peaks passes SESAME's criteria; the one at {table['f0_hz'][0]:.3g} Hz "
            f"fails {failed}. Look at the table of sesame(), or ask for require_sesame=False."
        )
    return table[table["sesame"]].reset_index(drop=True)


def _prominent(curve: Curve) -> tuple[np.ndarray, np.ndarray]:
    """Places and prominences of the peaks that compare with the most prominent one, which comes first."""
    frequency_hz = curve.frequency_hz
    index, found = find_peaks(curve.mean, prominence=LEAST_PROMINENCE)
    inside = (frequency_hz[index] >= 2 * frequency_hz[0]) & (frequency_hz[index] <= frequency_hz[-1] / 2)
    index, prominence = index[inside], found["prominences"][inside]
    if not index.size:
        raise NoPeak(
            f"{curve.name}: no peak between {2 * frequency_hz[0]:.3g} and {frequency_hz[-1] / 2:.3g} Hz is more "
            f"prominent than {LEAST_PROMINENCE:g}; H/V is {curve.mean.min():.2f} to {curve.mean.max():.2f}. "
            "A flat curve is what rock gives: there is nothing to classify."
        )
    order = np.argsort(-prominence, kind="stable")
    order = order[prominence[order] >= PROMINENCE_RATIO * prominence[order[0]]]
    return index[order], prominence[order]
