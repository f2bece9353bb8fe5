"""What happens in the watched folder."""

from dataclasses import dataclass

from dystrack.manager.events.base import Event

__all__ = [
    "FolderLost",
    "FolderReturned",
    "ImageNoticed",
    "ImageRenamed",
    "ImageVanished",
    "ImagesIgnored",
    "PrescansMissing",
]


@dataclass(frozen=True, kw_only=True)
class ImageNoticed(Event):
    """A new name that may be a prescan appeared in the folder."""

    path: str


@dataclass(frozen=True, kw_only=True)
class ImageVanished(Event):
    """A prescan was renamed or deleted before it was complete."""

    path: str


@dataclass(frozen=True, kw_only=True)
class ImageRenamed(Event):
    """A prescan that is waited for has another name now; it is still the same prescan.

    Attributes
    ----------
    path : str
        Its path now.
    former_path : str
        Its path before.
    """

    path: str
    former_path: str


@dataclass(frozen=True, kw_only=True)
class ImagesIgnored(Event):
    """New files are not taken for prescans; told at once, and once for each kind of reason.

    Attributes
    ----------
    reason : str
        What is so of them, in the plural: ``"do not end with .tif"``.
    names : tuple of str
        Some of those that led to this event, as paths within the watched folder.
    count : int
        How many there have been by now; it is told again at 10, 100, ….
    """

    reason: str
    names: tuple[str, ...]
    count: int


@dataclass(frozen=True, kw_only=True)
class PrescansMissing(Event):
    """No prescan has come for three usual intervals, at least for 30 s.

    Attributes
    ----------
    silent_s : float
        Time since the last one in s.
    usual_s : float
        Usual time between two prescans of the same position in s.
    """

    silent_s: float
    usual_s: float


@dataclass(frozen=True, kw_only=True)
class FolderLost(Event):
    """The folder cannot be listed at the moment."""

    folder: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class FolderReturned(Event):
    """The folder can be listed again."""

    folder: str
