"""Events in the words of a person: what console, demo and rehearsal say of them."""

import functools
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Protocol, runtime_checkable

from dystrack.manager.events import (
    AnalysisFailed,
    AnsweredLate,
    AnsweredTooEarly,
    Event,
    FolderLost,
    FolderReturned,
    ImageRenamed,
    ImagesIgnored,
    ImageVanished,
    PositionHeld,
    PositionReleased,
    PrescansMissing,
    SessionEnded,
    SessionPaused,
    SessionWentOn,
    TransmissionFailed,
    TransmissionRecovered,
    Warned,
)

__all__ = [
    "LONGEST_MESSAGE",
    "Told",
    "count",
    "describe_end",
    "duration",
    "sentence",
    "shortened",
    "trouble",
]

LONGEST_MESSAGE = 200
"""How many characters of a pipeline's message are shown; the journal has it complete."""

_LONGEST_ERROR = 600  # ours end with what to do
_STOPS = (".", "!", "?", "…")
_ENDINGS: Mapping[str, str] = MappingProxyType(
    {
        "esc": "Esc",
        "ctrl_c": "Ctrl-C",
        "terminated": "the system asked the program to end",
        "asked": "it was asked to stop",
        "max_checks": "{checks} of the folder, as asked",
        "max_triggers": "{prescans}, as asked",
    }
)
_BY_ERROR = "an error"
_CODE_PLACE = re.compile(r"(?P<file>.+?):(?P<rest>\d+, in .*)")


@runtime_checkable
class Told(Protocol):
    """An event that brings its own sentence."""

    @property
    def message(self) -> str:
        """What a person is told."""
        ...


@functools.singledispatch
def trouble(event: Event) -> str:
    """Return what is to be said of an event that needs attention; nothing of any other."""
    return _limited(event.message) if isinstance(event, Told) else ""


@trouble.register
def _(event: AnalysisFailed) -> str:
    return _with_name(event.path, event.position, failure(event))


@trouble.register
def _(event: PositionHeld) -> str:
    return f"Position {event.position} is held where it is: {_limited(event.reason)}"


@trouble.register
def _(event: TransmissionFailed) -> str:
    then = "No more attempts." if event.final else "Trying again."
    return f"The coordinates could not be sent: {_limited(event.error)} {then}"


@trouble.register
def _(event: FolderLost) -> str:
    return f"{event.folder} cannot be read: {_limited(event.reason)} Waiting for it."


@trouble.register
def _(event: FolderReturned) -> str:
    return f"{event.folder} can be read again."


@trouble.register
def _(event: ImageVanished) -> str:
    return _with_name(event.path, "", "It was renamed or deleted before it was complete.")


@trouble.register
def _(event: ImageRenamed) -> str:
    return f"{Path(event.former_path).name} is called {Path(event.path).name} now."


@trouble.register
def _(event: ImagesIgnored) -> str:
    names = shortened(", ".join(event.names))
    return f"New files that {event.reason} are ignored: {names} ({event.count} so far)."


@trouble.register
def _(event: PrescansMissing) -> str:
    return (
        f"No prescan has come for {duration(event.silent_s)}; usually one comes every "
        f"{duration(event.usual_s)}. Does the microscope still run?"
    )


@trouble.register
def _(event: AnsweredTooEarly) -> str:
    text = (
        f"It went on growing after it was read ({event.planes_read} planes then, "
        f"{event.planes_now} now), so its answer came from an unfinished image. From now on "
        "files of this folder are waited for until they rest."
    )
    return _with_name(event.path, event.position, text)


@trouble.register
def _(event: TransmissionRecovered) -> str:
    return f"The coordinates could be sent at attempt {event.attempt}."


@trouble.register
def _(event: AnsweredLate) -> str:
    return _with_name(event.path, event.position, f"Answered {duration(event.late_s)} late.")


@trouble.register
def _(event: PositionReleased) -> str:
    return f"Position {event.position} is tracked again."


@trouble.register
def _(event: SessionPaused) -> str:  # noqa: ARG001 - the event says it all
    return "Paused: prescans wait until it goes on."


@trouble.register
def _(event: SessionWentOn) -> str:  # noqa: ARG001
    return "Going on."


@trouble.register
def _(event: Warned) -> str:
    names_it = f"osition {event.position}" in event.message
    about = "" if names_it or not event.position else f"Position {event.position}: "
    return f"{about}{_limited(event.message)}"


def failure(event: AnalysisFailed) -> str:
    """Return why an analysis failed and what follows, without the prescan's name."""
    error = event.error
    if event.error_type and not error.startswith(event.error_type):
        error = f"{event.error_type}: {error}"
    nothing = event.fallback.startswith("nothing")
    then = (
        "Nothing is sent, the session ends."
        if nothing
        else f"Sent instead: {sentence(event.fallback)}"
    )
    return f"{_limited(error)} {then}{_place_in_code(event.traceback)}"


def describe_end(event: SessionEnded) -> str:
    """Return what ended a session, in the user's words; not the error, which was said before."""
    words = _ENDINGS.get(event.reason, _BY_ERROR).format(
        checks=count(event.stats["check_counter"], "check"),
        prescans=count(event.stats["target_counter"], "prescan"),
    )
    return f"Session ended: {words}."


def duration(seconds: float) -> str:
    """Return a time in its two greatest units, such as ``2 h 5 min``."""
    total = round(seconds)
    days, rest = divmod(total, 86_400)
    hours, rest = divmod(rest, 3_600)
    minutes, left = divmod(rest, 60)
    units = [(days, "d"), (hours, "h"), (minutes, "min"), (left, "s")]
    while len(units) > 1 and not units[0][0]:
        units.pop(0)
    return " ".join(f"{number} {unit}" for number, unit in units[:2] if number or len(units) == 1)


def count(number: int, noun: str) -> str:
    """Return a number with its noun, such as ``1 prescan`` or ``2 prescans``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def sentence(text: str) -> str:
    """Return a text with exactly one stop at its end."""
    text = text.rstrip()
    return text if text.endswith(_STOPS) else f"{text}."


def shortened(text: str, longest: int = LONGEST_MESSAGE) -> str:
    """Return a text with no more than so many characters."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _limited(text: str) -> str:
    return sentence(shortened(text, _LONGEST_ERROR))


def _with_name(path: str, position: str, text: str) -> str:
    """Return what happened to a prescan, with its name unless the text has it."""
    name = Path(path).name
    parts = [] if name in text else [name]
    if position:
        parts.append(f"position {position}" if parts else f"Position {position}")
    return f"{', '.join(parts)}: {text}" if parts else text


def _place_in_code(traceback: str) -> str:
    """Return the last of the pipeline's own lines of a traceback, without its folder."""
    last = traceback.strip().rpartition("\n")[2].strip()
    if not last:
        return ""
    found = _CODE_PLACE.fullmatch(last)
    if found is not None:
        name = re.split(r"[\\/]", found["file"])[-1]
        last = f"{name}:{found['rest']}"
    return f" In {shortened(last)}"
