"""Everything that can happen in a session, one frozen dataclass for each.

The session tells them to listeners: the journal records them, the console shows them. Times in
seconds are durations; when an event happened is written beside it by the journal.
"""

import contextlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from dystrack.core.error_texts import describe_error

__all__ = [
    "AnalysisFailed",
    "AnalysisStarted",
    "AnalysisSucceeded",
    "Answered",
    "Answering",
    "Broadcast",
    "Event",
    "FolderLost",
    "FolderReturned",
    "ImageNoticed",
    "ImageSkipped",
    "ImageVanished",
    "ImagesIgnored",
    "Listener",
    "PositionHeld",
    "SessionEnded",
    "SessionStarted",
    "TransmissionFailed",
    "Warned",
]


@dataclass(frozen=True, kw_only=True)
class Event:
    """Base of all events."""


@dataclass(frozen=True, kw_only=True)
class SessionStarted(Event):
    """A session begins to watch its folder.

    Attributes
    ----------
    folder : str
        The folder that is watched.
    pipeline : str
        Name of the pipeline, as ``module.function``.
    settings : dict
        Keyword arguments of the session.
    versions : dict
        Versions of DySTrack, Python and numpy, and the system.
    existing : list of str
        Files that were there before and might be taken for prescans.
    resumed : bool
        Whether it goes on with the run before.
    """

    folder: str
    pipeline: str
    settings: dict[str, Any]
    versions: dict[str, str]
    existing: list[str]
    resumed: bool


@dataclass(frozen=True, kw_only=True)
class ImageNoticed(Event):
    """A new name that may be a prescan appeared in the folder."""

    path: str


@dataclass(frozen=True, kw_only=True)
class ImageVanished(Event):
    """A prescan was renamed or deleted before it was whole."""

    path: str


@dataclass(frozen=True, kw_only=True)
class ImageSkipped(Event):
    """A prescan that came while DySTrack was down is left out, because a newer one came too."""

    path: str


@dataclass(frozen=True, kw_only=True)
class ImagesIgnored(Event):
    """New files that are not taken for prescans, told once for each kind of reason.

    Attributes
    ----------
    reason : str
        What is so of them, such as ``do not end with .tif``.
    names : tuple of str
        Names of the first.
    count : int
        How many there are.
    """

    reason: str
    names: tuple[str, ...]
    count: int


@dataclass(frozen=True, kw_only=True)
class FolderLost(Event):
    """The folder cannot be listed at the moment."""

    folder: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class FolderReturned(Event):
    """The folder can be listed again."""

    folder: str


@dataclass(frozen=True, kw_only=True)
class AnalysisStarted(Event):
    """A whole prescan goes to the pipeline.

    Attributes
    ----------
    path : str
        The prescan.
    position : str
        Position to which it belongs.
    time_point : int or None
        Time point that its name gives.
    shape : tuple of int
        Shape of the image; empty when the file does not tell.
    wait_s : float
        Time from the notice of its name until it was whole, in s.
    axes : str
        Names of the image's axes, as its file calls them.
    centre : tuple of float or None
        Its centre along z, y, x in pixels; None when the file does not tell.
    voxel_size : tuple of float or None
        Its voxel size along z, y, x in µm; None when the file does not tell.
    """

    path: str
    position: str
    time_point: int | None
    shape: tuple[int, ...]
    wait_s: float
    axes: str = ""
    centre: tuple[float, float, float] | None = None
    voxel_size: tuple[float, float, float] | None = None


@dataclass(frozen=True, kw_only=True)
class AnalysisSucceeded(Event):
    """The pipeline answered in time and in form; whether its target may be sent is judged next."""

    path: str
    position: str
    analysis_s: float


@dataclass(frozen=True, kw_only=True)
class AnalysisFailed(Event):
    """No answer that may be sent came of a prescan.

    Attributes
    ----------
    path : str
        The prescan.
    position : str
        Position to which it belongs.
    error : str
        Type and message of what went wrong.
    fallback : str
        What is sent instead; ``"nothing"`` when the session ends.
    error_type : str
        Its type alone.
    traceback : str
        The lines of the user's own code that led to it, outermost first; empty if it was not
        raised there.
    """

    path: str
    position: str
    error: str
    fallback: str
    error_type: str = ""
    traceback: str = ""


@dataclass(frozen=True, kw_only=True)
class PositionHeld(Event):
    """A position is not moved any more until a person has looked at it."""

    position: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Answering(Event):
    """Coordinates are about to be sent; lets a resumed session tell sent from unsent.

    Attributes
    ----------
    path : str
        The prescan.
    position : str
        Position to which it belongs.
    target : int
        Number of the prescan in this session, from 1.
    z, y, x : float or None
        What is to be sent, in pixels.
    msg : str
        Message that goes with it.
    state : dict
        State of the position once this is sent.
    coords_size : int or None
        Size of the coordinates file in bytes; None where there is none.
    """

    path: str
    position: str
    target: int
    z: float | None
    y: float | None
    x: float | None
    msg: str
    state: dict[str, Any]
    coords_size: int | None


@dataclass(frozen=True, kw_only=True)
class TransmissionFailed(Event):
    """One attempt to send coordinates failed."""

    path: str
    attempt: int
    error: str
    final: bool


@dataclass(frozen=True, kw_only=True)
class Answered(Event):
    """A prescan has been dealt with; one for each line of the coordinates file.

    Attributes
    ----------
    path : str
        The prescan.
    position : str
        Position to which it belongs.
    time_point : int or None
        Time point that its name gives.
    target : int
        Number of the prescan in this session, from 1.
    z, y, x : float or None
        What was sent, in pixels.
    msg : str
        Message that went with it.
    outcome : {"ok", "fallback"}
        Whether the coordinates come from this image.
    sent : bool
        Whether the microscope was reached.
    total_s : float
        Time from the notice of the prescan's name until now, in s.
    step_um : tuple of float or None
        From the centre of the image to the coordinates along z, y, x in µm; None where the file
        does not tell its voxel size.
    """

    path: str
    position: str
    time_point: int | None
    target: int
    z: float | None
    y: float | None
    x: float | None
    msg: str
    outcome: str
    sent: bool
    total_s: float
    step_um: tuple[float, float, float] | None = None


@dataclass(frozen=True, kw_only=True)
class Warned(Event):
    """Something that a person should know, but that changes nothing.

    Attributes
    ----------
    message : str
        What to say.
    position : str
        Position that it is about; empty if about none or all.
    """

    message: str
    position: str = ""


@dataclass(frozen=True, kw_only=True)
class SessionEnded(Event):
    """The session is over.

    Attributes
    ----------
    reason : str
        Why it ended.
    stats : dict
        The counters that the session returns.
    """

    reason: str
    stats: dict[str, int]


Listener = Callable[[Event], None]


class Broadcast:
    """Tells each event to all listeners; none of them can stop a session.

    Parameters
    ----------
    listeners : iterable of Listener
        Who is told, in this order. One that fails is reported to the others, once.
    """

    def __init__(self, listeners: Iterable[Listener]) -> None:
        self._listeners = list(listeners)
        self._reported: set[int] = set()

    def __call__(self, event: Event) -> None:
        """Tell an event."""
        for listener in self._listeners:
            try:
                listener(event)
            except Exception as error:  # noqa: BLE001 - tracking goes on when a listener fails
                self._report(listener, error)

    def _report(self, failed: Listener, error: Exception) -> None:
        if id(failed) in self._reported:
            return
        self._reported.add(id(failed))
        name = getattr(failed, "__name__", type(failed).__name__)
        warning = Warned(message=f"{name} failed, tracking goes on: {describe_error(error)}")
        for listener in self._listeners:
            if listener is not failed:
                with contextlib.suppress(Exception):
                    listener(warning)
