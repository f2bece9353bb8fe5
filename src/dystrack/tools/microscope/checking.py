"""`dystrack scope check`: is the connection right? First reading, then 10 µm there and back."""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from dystrack.core.errors import ForbiddenMoveError, ScopeError
from dystrack.scopes.box import Box
from dystrack.scopes.catalogue import Opener
from dystrack.scopes.geometry import PositionUm
from dystrack.scopes.guard import Guard, GuardRules, box_text, place_text
from dystrack.scopes.protocols import Scope, ZOwner
from dystrack.tools.microscope.transcript import TranscribedScope, Transcript

__all__ = ["check_scope"]

_STEP_UM = 10.0
_ROOM_UM = PositionUm(15.0, 15.0, 15.0)
_FAR = PositionUm(math.inf, math.inf, math.inf)
_EVERYWHERE = Box(_FAR.times(-1), _FAR)
_N_READINGS = 3
_MOST_RESTLESS_UM = 1.0


def check_scope(
    opener: Opener,
    given: Mapping[str, Any],
    transcript_path: Path,
    ask: Callable[[str], bool],
    say: Callable[[str], object],
) -> bool:
    """Try the connection to a microscope, without a sample.

    Parameters
    ----------
    opener : Opener
        Connects to it.
    given : mapping
        The opener's keywords.
    transcript_path : Path
        Where the transcript goes, also if there is no connection.
    ask : callable
        Asks a question and returns whether the answer was yes.
    say : callable
        Takes what a person should read.

    Returns
    -------
    bool
        Whether all was well.

    Raises
    ------
    FolderError
        If the transcript cannot be saved; then nothing is asked.
    DyStrackError
        If there is no connection.
    """
    transcript = Transcript()
    transcript.save(transcript_path)
    try:
        with transcript.opened(opener, given) as scope:
            return _is_well(scope, transcript, ask, say)
    finally:
        transcript.save(transcript_path)
        say(f"The transcript is {transcript_path.resolve()}: send it to whoever helps you.")


def _is_well(
    scope: TranscribedScope,
    transcript: Transcript,
    ask: Callable[[str], bool],
    say: Callable[[str], object],
) -> bool:
    traits = transcript.ask("traits", lambda: scope.traits)
    say(f"{traits.name}: {traits.status}.")
    try:
        start = _read(scope, say)
        if ask(f"Move stage and focus by {_STEP_UM:g} µm and back now? Nothing may be in the way."):
            _move(scope, start, say)
        else:
            say("Nothing was moved.")
    except ScopeError as error:
        say(f"FAILED: {error}")
        return False
    return True


def _read(scope: Scope, say: Callable[[str], object]) -> PositionUm:
    """Ask for everything that can be asked without a change, and return where the stage is."""
    reader = Guard(scope, GuardRules(_EVERYWHERE), say)
    facts = reader.facts()
    say(f"Microscope: {facts.microscope}, {facts.version}")
    objective, size_um = facts.objective or "not told", facts.pixel_size_um or "not told"
    say(f"Objective: {objective}; pixel size in µm: {size_um}")
    readings = [reader.position_um() for _ in range(_N_READINGS)]
    say(f"Position: {place_text(readings[-1])}")
    say(f"The middle of a scan may be at {box_text(reader.box)}, as far as the microscope tells.")
    say(f"Marked positions: {len(reader.marked_um())}")
    say(f"z belongs to {scope.traits.z_owner}.")
    restless = max(readings[-1].minus(reading).length() for reading in readings)
    if restless > _MOST_RESTLESS_UM:
        msg = f"The position changed by {restless:.1f} µm between readings: something moves it."
        raise ScopeError(msg)
    return readings[-1]


def _move(scope: Scope, start: PositionUm, say: Callable[[str], object]) -> None:
    """Move each axis there and back, inside a box that is hardly larger than that."""
    reach = scope.traits.reach_um
    guard = Guard(scope, GuardRules(Box.around([start], _ROOM_UM.plus(reach))), say)
    axes = "yx" if scope.traits.z_owner is ZOwner.FOCUS_LOCK else "yxz"
    for axis in axes:
        for sign in (1, -1):
            there = start._replace(**{axis: getattr(start, axis) + sign * _STEP_UM})
            try:
                reads = guard.visit(there)
            except ForbiddenMoveError:
                continue  # an end of the travel is near: the other side will do
            back = guard.visit(start)
            way_um, off_um = reads.minus(start).length(), back.minus(start).length()
            say(f"{axis}: {_STEP_UM:g} µm asked, {way_um:.2f} reached, {off_um:.2f} off when back")
            break
        else:
            msg = f"There is no room for {_STEP_UM:g} µm along {axis}. Move it away from its end."
            raise ScopeError(msg)
