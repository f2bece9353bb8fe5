"""Every error that DySTrack raises on purpose.

::

    DyStrackError
    ├── ConfigurationError      what was asked for cannot be done; raised before the watch starts
    │   └── FolderError         the folder is missing, no folder, or not writable
    ├── ImageError              the prescan cannot be used
    │   ├── IncompleteImageError    it never became complete
    │   └── UnsupportedImageError   its format, dimensions or colours are not what a pipeline takes
    ├── AnalysisError           a pipeline gave no usable answer
    │   ├── TargetNotFoundError     it found no target in the image
    │   ├── InvalidAnswerError      its answer breaks the contract of a pipeline
    │   ├── RefusedMoveError        its answer lies outside what may be sent
    │   ├── PipelineError           it raised an error of a type of its own, in another process
    │   └── WorkerError             its process hung or died
    ├── TransmissionError       coordinates could not be handed to the microscope
    │   └── OvertakenError          the microscope waits for the answer to another prescan
    ├── ScopeError              a microscope cannot be reached, or did not do what it was asked
    │   ├── ForbiddenMoveError      a move leads out of what is allowed; the stage stays where it is
    │   └── CalibrationError        it is not known how the stage lies to the image, or it is wrong
    ├── CoordsFileError         dystrack_coords.txt is not ours, or cannot be written
    └── JournalError            the journal cannot be read, or belongs to another run

Each message says what happened, the value, and what to do. All of them take one message, so that
they can be made again from the text that comes from a worker process.
"""

__all__ = [
    "AnalysisError",
    "CalibrationError",
    "ConfigurationError",
    "CoordsFileError",
    "DyStrackError",
    "FolderError",
    "ForbiddenMoveError",
    "ImageError",
    "IncompleteImageError",
    "InvalidAnswerError",
    "JournalError",
    "OvertakenError",
    "PipelineError",
    "RefusedMoveError",
    "ScopeError",
    "TargetNotFoundError",
    "TransmissionError",
    "UnsupportedImageError",
    "WorkerError",
]


class DyStrackError(Exception):
    """Base of every error that DySTrack raises on purpose."""


class ConfigurationError(DyStrackError, ValueError):
    """What was asked for cannot be done; raised before the watch starts."""


class FolderError(ConfigurationError, OSError):
    """The folder to watch is missing, is no folder, or cannot be written."""


class ImageError(DyStrackError):
    """The prescan cannot be used."""


class IncompleteImageError(ImageError):
    """The prescan never became complete."""


class UnsupportedImageError(ImageError, ValueError):
    """The prescan's format, dimensions or colours are not what a pipeline takes."""


class AnalysisError(DyStrackError):
    """A pipeline gave no usable answer."""


class TargetNotFoundError(AnalysisError):
    """A pipeline found no target in the image."""


class InvalidAnswerError(AnalysisError, ValueError):
    """A pipeline's answer breaks the contract: five values, three of them finite numbers."""


class RefusedMoveError(AnalysisError):
    """A pipeline's answer lies outside what may be sent to the microscope."""


class PipelineError(AnalysisError):
    """A pipeline raised an error of a type of its own in another process; the message names it."""


class WorkerError(AnalysisError):
    """The process in which a pipeline ran hung or died."""


class TransmissionError(DyStrackError, OSError):
    """Coordinates could not be handed to the microscope; its cause says why."""


class OvertakenError(TransmissionError):
    """The microscope waits for the answer to another prescan; this one was not sent."""


class ScopeError(DyStrackError):
    """A microscope cannot be reached, or did not do what it was asked."""


class ForbiddenMoveError(ScopeError):
    """A move leads out of what is allowed; the stage stays where it is."""


class CalibrationError(ScopeError):
    """How the stage lies to the image is not known, or what was measured or stored is wrong."""


class CoordsFileError(DyStrackError):
    """``dystrack_coords.txt`` is not one of ours, or cannot be written."""


class JournalError(DyStrackError):
    """The journal cannot be read, or belongs to another run."""
