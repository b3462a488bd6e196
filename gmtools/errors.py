"""Typed errors. Each message says what was wrong, with the value, and what to do next."""


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
