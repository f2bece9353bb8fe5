"""Everything that can happen in a session, one frozen dataclass for each.

The session tells them to listeners: the journal records them, the console shows them. Times in
seconds are durations; when an event happened is written beside it by the journal.
"""

import contextlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from dystrack.core.error_texts import describe_error

__all__ = [
    "AnalysisFailed",
    "AnalysisStarted",
    "AnalysisSucceeded",
    "Answered",
    "AnsweredLate",
    "AnsweredTooEarly",
    "Answering",
    "Broadcast",
    "Event",
    "FolderLost",
    "FolderReturned",
    "ImageNoticed",
    "ImageRenamed",
    "ImageVanished",
    "ImagesIgnored",
    "JournalRenewed",
    "Listener",
    "PositionHeld",
    "PositionReleased",
    "PrescansFound",
    "PrescansMissing",
    "RunResumed",
    "SessionEnded",
    "SessionPaused",
    "SessionStarted",
    "SessionWentOn",
    "StopReason",
    "TransmissionFailed",
    "TransmissionRecovered",
    "Warned",
]


class StopReason(StrEnum):
    """Why a session ended."""

    ESC = "esc"
    CTRL_C = "ctrl_c"
    ASKED = "asked"  # by the program that called it, or through its controls
    MAX_CHECKS = "max_checks"
    MAX_TRIGGERS = "max_triggers"
    ERROR = "error"


_NAMES_SHOWN = 3


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
        Prescans that were there before, by their paths within the folder.
    resumed : bool
        Whether it goes on with the run before.
    pipeline_path : str
        File of a pipeline of the user's own; empty for one that is imported by name.
    not_kept : list of str
        Settings that a journal cannot keep, such as functions: ``tra_method``,
        ``img_kwargs.model``.
    coords_size : int or None
        Size of the coordinates file in bytes; None where there is none.
    """

    folder: str
    pipeline: str
    settings: dict[str, Any]
    versions: dict[str, str]
    existing: list[str]
    resumed: bool
    pipeline_path: str = ""
    not_kept: list[str] = field(default_factory=list)
    coords_size: int | None = None


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
class AnsweredTooEarly(Event):
    """A prescan went on growing after it was read: its answer comes from an unfinished image.

    Attributes
    ----------
    path : str
        The prescan.
    position : str
        Position to which it belongs.
    planes_read, planes_now : int or None
        Its number of planes when it was read, and by now; None where it is not known.
    """

    path: str
    position: str
    planes_read: int | None
    planes_now: int | None


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
    """A complete prescan goes to the pipeline.

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
        Time from the notice of its name until it was complete, in s.
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
    """The pipeline answered in time and in form; whether its target may be sent is judged next.

    Attributes
    ----------
    path : str
        The prescan.
    position : str
        Position to which it belongs.
    analysis_s : float
        How long it took in s.
    findings : dict
        What the pipeline found besides, see `dystrack.core.findings.Findings`.
    """

    path: str
    position: str
    analysis_s: float
    findings: dict[str, Any] = field(default_factory=dict)


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
class PositionReleased(Event):
    """A person has looked at a position that was held; it is tracked again."""

    position: str


@dataclass(frozen=True, kw_only=True)
class SessionPaused(Event):
    """No prescan is answered until the session is told to go on."""


@dataclass(frozen=True, kw_only=True)
class SessionWentOn(Event):
    """Prescans are answered again, those of the pause first."""


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
    own : tuple of float or None
        The pipeline's own answer, where a tracker runs.
    predicted : tuple of float or None
        Where the tracker expected the sample in this image, along z, y, x in pixels.
    sd_px : tuple of float or None
        Standard deviation of its place after this look.
    next_zyx : tuple of float or None
        Where to take the next prescan, if that is another place.
    next_in_s : float or None
        When to take it after this one, 0 for at once; None for as usual.
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
    own: tuple[float, float, float] | None = None
    predicted: tuple[float, float, float] | None = None
    sd_px: tuple[float, float, float] | None = None
    next_zyx: tuple[float, float, float] | None = None
    next_in_s: float | None = None


@dataclass(frozen=True, kw_only=True)
class TransmissionFailed(Event):
    """Coordinates could not be sent: told at the first attempt, and when it is given up.

    Attributes
    ----------
    path : str
        The prescan.
    attempt : int
        Which attempt it was, from 1.
    error : str
        Type and message of what went wrong.
    final : bool
        Whether it was the last attempt for now.
    """

    path: str
    attempt: int
    error: str
    final: bool


@dataclass(frozen=True, kw_only=True)
class TransmissionRecovered(Event):
    """Coordinates could be sent after all.

    Attributes
    ----------
    path : str
        The prescan.
    attempt : int
        Which attempt it was, from 1.
    after_s : float
        Time since the first attempt in s.
    """

    path: str
    attempt: int
    after_s: float


@dataclass(frozen=True, kw_only=True)
class AnsweredLate(Event):
    """An answer that had been given up has left: as it was, or as *stay* if it was overtaken.

    Attributes
    ----------
    path : str
        The prescan.
    position : str
        Position to which it belongs.
    target : int
        Number of the prescan in this session, from 1.
    z, y, x : float or None
        What was sent, in pixels.
    msg : str
        Message that went with it.
    state : dict or None
        State of the position, if the coordinates of its analysis were sent.
    late_s : float
        Time since the first attempt in s.
    """

    path: str
    position: str
    target: int
    z: float | None
    y: float | None
    x: float | None
    msg: str
    state: dict[str, Any] | None
    late_s: float


@dataclass(frozen=True, kw_only=True)
class Answered(Event):
    """A prescan has been dealt with; each has one line of the coordinates file.

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
    own : tuple of float or None
        The pipeline's own answer, where a tracker runs.
    predicted : tuple of float or None
        Where the tracker expected the sample in this image, along z, y, x in pixels.
    sd_px : tuple of float or None
        Standard deviation of its place after this look.
    next_zyx : tuple of float or None
        Where to take the next prescan, if that is another place.
    next_in_s : float or None
        When to take it after this one, 0 for at once; None for as usual.
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
    own: tuple[float, float, float] | None = None
    predicted: tuple[float, float, float] | None = None
    sd_px: tuple[float, float, float] | None = None
    next_zyx: tuple[float, float, float] | None = None
    next_in_s: float | None = None


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
    reason : StopReason
        Why it ended.
    stats : dict
        The counters that the session returns.
    error : str
        Type and message of the error that ended it, if one did.
    """

    reason: StopReason
    stats: dict[str, int]
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class PrescansFound(Event):
    """Prescans lay in the folder at the start and are left alone.

    Attributes
    ----------
    names : list of str
        Their paths within the folder, the first few.
    count : int
        How many there are.
    unanswered : bool
        Whether an earlier run of this pipeline should have answered them.
    """

    names: list[str]
    count: int
    unanswered: bool

    @property
    def message(self) -> str:
        """What a person is told."""
        if self.unanswered:
            return (
                f"An earlier run in this folder left {_counted(self.count, self.names)} "
                "unanswered. To have them answered, end this run and add --resume."
            )
        return f"There at the start, and left alone: {_counted(self.count, self.names)}."


@dataclass(frozen=True, kw_only=True)
class RunResumed(Event):
    """A session goes on with the run before.

    Attributes
    ----------
    started : str
        When that run was started, as its journal says.
    settings : dict
        Settings that are taken over from it, because they are not given now; those of the
        pipeline by their own names.
    positions : list of str
        Positions that go on where they were.
    waiting : list of str
        Prescans that are to be answered now, the first few.
    n_waiting : int
        How many there are.
    left_out : list of str
        Prescans that get a line without coordinates: those of which only newer ones are wanted,
        and those that ended the run before.
    """

    started: str
    settings: dict[str, Any]
    positions: list[str]
    waiting: list[str]
    n_waiting: int
    left_out: list[str]

    @property
    def message(self) -> str:
        """What a person is told."""
        settings = ", ".join(f"{name} {value!r}" for name, value in self.settings.items())
        parts = [
            f"The run of {self.started[:16].replace('T', ' ')} UTC goes on",
            f"positions: {', '.join(self.positions) or 'none yet'}",
            f"settings taken over: {settings or 'none'}",
            f"to be answered: {_counted(self.n_waiting, self.waiting)}",
        ]
        if self.left_out:
            parts.append(f"not analysed: {_counted(len(self.left_out), self.left_out)}")
        return f"{'; '.join(parts)}."


@dataclass(frozen=True, kw_only=True)
class JournalRenewed(Event):
    """The journal was deleted or replaced while the session ran, and is begun anew.

    Attributes
    ----------
    handled : list of str
        Prescans that need no answer any more, by their paths within the folder.
    states : dict
        Record of each position after its last answer.
    """

    handled: list[str]
    states: dict[str, dict[str, Any]]


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


def _counted(count: int, names: Sequence[str]) -> str:
    """Return how many prescans there are, with the names of the first."""
    if not count:
        return "no prescan"
    shown = ", ".join(names[:_NAMES_SHOWN])
    more = ", …" if count > len(names[:_NAMES_SHOWN]) else ""
    return f"{count} {'prescan' if count == 1 else 'prescans'} ({shown}{more})"
