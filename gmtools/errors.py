"""Typed errors. Each message says what was wrong, with the value, and what to do next."""

import warnings

import numpy as np


class GmtoolsError(Exception):
    """Base of every error that gmtools raises on purpose."""


class ManifestError(GmtoolsError):
    """A data manifest or a paper-target file breaks its schema."""


class DataNotFound(GmtoolsError):
    """A data set is in no named folder, not in the cache and not downloadable."""


class ChecksumMismatch(GmtoolsError):
    """A file has the right name and the wrong bytes."""


class DownloadFailed(GmtoolsError):
    """No address of a file answered with the file."""


class ColumnMissing(GmtoolsError):
    """A table lacks columns that its format promises."""


class FormatError(GmtoolsError):
    """A file is not what its format says (a web page, a truncated archive, a wrong unit)."""


class LessonFailed(GmtoolsError):
    """A lesson is not below ``notebooks/``, or stopped with an error."""


class OutOfRange(UserWarning):
    """A model is asked for a value outside the range that it was trained on."""


class BookFailed(GmtoolsError):
    """The book, or a working copy of a lesson, cannot be made: in this book a warning is an error."""


class PackageUnreachable(GmtoolsError):
    """A program or package that the book needs is not here and not to be had: npm's, a Chromium."""


class UnknownModel(GmtoolsError):
    """A model key that the book does not know."""


class CacheNotWritable(DownloadFailed):
    """The cache folder cannot be written to."""


class ResultError(GmtoolsError):
    """A result names no row of the paper targets, names one twice, or does not fit it."""


class GridError(GmtoolsError):
    """Stations, records, layers or a size do not go onto a map grid, or not into the network that reads it."""


class RecordingUnusable(GmtoolsError):
    """A recording lacks a component or its unit, has a gap, a dead channel or two sampling rates, or is too short;
    ``reason`` says which, in the words of a table of what was left out."""

    def __init__(self, reason, message):
        super().__init__(message)
        self.reason = reason


class NoPeak(GmtoolsError):
    """An H/V curve has no peak to be classified."""


class SettingRefused(GmtoolsError):
    """An explorer is set to a value that it cannot show."""


class KnownFault(UserWarning):
    """A network is asked that is known to be wrong somewhere."""


def warn_outside(model, quantity, values, low, high, source, stacklevel=3):
    """Warn once (OutOfRange) if any of ``values``, NaN aside, lies outside ``low`` to ``high`` (None leaves a side
    open). ``quantity`` is a column name, with its unit; ``source`` says where the range comes from; ``stacklevel`` 3
    is the caller of the caller."""
    values = np.asarray(values, float).ravel()
    low, high = (-np.inf if low is None else low), (np.inf if high is None else high)
    outside = values[(values < low) | (values > high)]
    if outside.size == 0:
        return
    span = f"{outside.min():g}" if outside.min() == outside.max() else f"{outside.min():g} to {outside.max():g}"
    limits = f"{low:g} and above" if high == np.inf else f"{low:g} to {high:g}" if low > -np.inf else f"up to {high:g}"
    message = f"{model}: {quantity} {span} ({outside.size} of {values.size} values) is outside {limits} ({source})"
    warnings.warn(f"{message}; read these predictions as extrapolation.", OutOfRange, stacklevel=stacklevel)
