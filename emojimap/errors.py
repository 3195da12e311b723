"""Every error that emojimap raises on purpose.

The message says what is wrong, with the value, and what to do; the command line prints it as
one line and exits with 1.
"""


class EmojimapError(Exception):
    """Root of all errors that emojimap raises on purpose."""


class ArgumentError(EmojimapError, ValueError):
    """An argument has a wrong type, shape, unit or range."""


class PhotoError(EmojimapError):
    """A photo can't be read, or is too large to be read safely."""


class NoFaceError(EmojimapError):
    """A photo shows no face, or fewer faces than the one asked for."""


class StyleError(EmojimapError):
    """A style, a part, a variant or a colour name is unknown or unusable."""


class ModelError(EmojimapError):
    """A network's file is missing, damaged or of the wrong kind."""


class CacheError(EmojimapError):
    """A cached file is damaged, foreign or of another version."""


class DataError(EmojimapError):
    """A data set for training or measuring can't be used as it is."""


class SettingsError(EmojimapError):
    """A setting is unknown, of a wrong type or unit, or out of its range."""


class VideoError(EmojimapError):
    """A film or a camera can't be read, or PyAV is missing."""


class OutputError(EmojimapError):
    """A result can't be written where it was asked for."""


class WorkerError(EmojimapError):
    """A process that worked on one thing died, or took longer than it may."""


class ClusterError(EmojimapError):
    """A cluster can't be reached, or its workers can't do the job."""


class ServeError(EmojimapError):
    """The server can't start as it was asked to."""
