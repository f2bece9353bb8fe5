"""What a look at a prescan can end with: it may be read now, later, never, or is not there."""

from dataclasses import dataclass
from typing import TypeAlias

from dystrack.images.image_file import ImageStatus
from dystrack.images.stamps import FileStamp

__all__ = ["Aborted", "Gone", "Outcome", "Ready", "Wait"]


@dataclass(frozen=True)
class Ready:
    """The image is complete: read it now, then compare its stamp.

    Attributes
    ----------
    status : ImageStatus
        What its header says.
    stamp : FileStamp
        Its stamp; if it is another one after reading, what was read does not count.
    """

    status: ImageStatus
    stamp: FileStamp


@dataclass(frozen=True)
class Wait:
    """The image may not be read yet.

    Attributes
    ----------
    retry_s : float
        When to look again, in s from now.
    reason : str
        What is missing.
    """

    retry_s: float
    reason: str


@dataclass(frozen=True)
class Aborted:
    """The image has not changed for long and may still not be read.

    Attributes
    ----------
    reason : str
        What is missing.
    """

    reason: str


@dataclass(frozen=True)
class Gone:
    """There is no such file any more: deleted, or renamed."""


Outcome: TypeAlias = Ready | Wait | Aborted | Gone
"""What a look can end with."""
