"""Warn when a model is asked for a value outside the range that it was made for."""

import warnings

import numpy as np

from gmtools.errors import OutOfRange


def warn_outside(model, quantity, values, low, high, source, stacklevel=3):
    """Warn once if any of ``values`` lies outside ``low`` to ``high`` (both belong to the range).

    Parameters
    ----------
    model, quantity : str
        What is asked, and for which quantity (a column name, so that the unit is in it).
    values : array_like
        Values of the quantity; missing values (NaN) are not outside.
    low, high : float or None
        The range; None leaves that side open.
    source : str
        Where the range comes from.
    stacklevel : int
        Passed to :func:`warnings.warn`; 3 is the caller of the caller.

    Warns
    -----
    OutOfRange
        With the farthest values, how many there are, the range and its source.
    """
    values = np.asarray(values, float).ravel()
    low, high = (-np.inf if low is None else low), (np.inf if high is None else high)
    outside = values[(values < low) | (values > high)]
    if outside.size == 0:
        return
    span = f"{outside.min():g}" if outside.min() == outside.max() else f"{outside.min():g} to {outside.max():g}"
    limits = f"{low:g} and above" if high == np.inf else f"{low:g} to {high:g}"
    message = f"{model}: {quantity} {span} ({outside.size} of {values.size} values) is outside {limits} ({source})"
    warnings.warn(f"{message}; read these predictions as extrapolation.", OutOfRange, stacklevel=stacklevel)
