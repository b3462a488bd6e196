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
    """At least one lesson stopped with an error."""


class OutOfRange(UserWarning):
    """A model is asked for a value outside the range that it was trained on."""


class CopyNotPossible(GmtoolsError):
    """A working copy of a lesson cannot be made or opened there."""


class LessonNotFound(GmtoolsError):
    """A lesson is asked for that is not below ``notebooks/``."""


class BookFailed(GmtoolsError):
    """Sphinx stopped, or warned: in this book a warning is an error."""


class PackageUnreachable(GmtoolsError):
    """A JavaScript package of the book is neither cached nor to be had from npm."""


class BrowserNotFound(GmtoolsError):
    """There is no Chromium, or nothing that drives it."""


class UnknownModel(GmtoolsError):
    """A model key that the book does not know."""


class CacheNotWritable(DownloadFailed):
    """The cache folder cannot be written to."""


class ResultError(GmtoolsError):
    """A result names no row of the paper targets, names one twice, or does not fit it."""


class OutsideGrid(GmtoolsError):
    """A place lies outside the map grid."""


class LayerIncomplete(GmtoolsError):
    """A map layer has pixels without a value."""


class RepeatedRecord(GmtoolsError):
    """A station has more than one record of an event."""


class UnsuitableSize(GmtoolsError):
    """A map has a size that the network cannot take."""


class ClusterUnreachable(GmtoolsError):
    """No Dask scheduler answers, or none that has workers."""


class WorkerLost(GmtoolsError):
    """Processes that were training a member of an ensemble died again and again."""


class ComponentMissing(GmtoolsError):
    """A recording lacks one of its three components, or has one twice."""


class RecordingGap(GmtoolsError):
    """A recording has a gap, or samples that are no numbers."""


class RecordingTooShort(GmtoolsError):
    """A recording is shorter than the processing needs."""


class DeadChannel(GmtoolsError):
    """A component does not move."""


class SamplingRateMismatch(GmtoolsError):
    """The components have different sampling rates, or the rate is too low for what is asked."""


class NoPeak(GmtoolsError):
    """An H/V curve has no peak to be classified."""


class UnitsUnknown(GmtoolsError):
    """A recording does not say in which unit its samples are, or is no acceleration."""


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
    limits = f"{low:g} and above" if high == np.inf else f"{low:g} to {high:g}"
    message = f"{model}: {quantity} {span} ({outside.size} of {values.size} values) is outside {limits} ({source})"
    warnings.warn(f"{message}; read these predictions as extrapolation.", OutOfRange, stacklevel=stacklevel)
