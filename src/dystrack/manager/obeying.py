"""Does what is asked of a session between its prescans, and tells what came of it."""

import math
from collections import deque
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, replace
from typing import Any

from dystrack.core.analysis import Analysis
from dystrack.core.coordinates import PixelPosition
from dystrack.core.errors import ConfigurationError, RefusedMoveError
from dystrack.core.limits import Offset, parse_axis_limits
from dystrack.manager.controls import (
    Command,
    Controls,
    GoOn,
    Hold,
    Nudge,
    Pause,
    Release,
    Retarget,
    SetLimit,
    StopAfterTimePoint,
    Unusable,
)
from dystrack.manager.events import (
    CommandObeyed,
    CommandRefused,
    Listener,
    PositionHeld,
    PositionReleased,
    SessionPaused,
    SessionWentOn,
)
from dystrack.manager.tracking.positions import Position
from dystrack.manager.tracking.rules import TrackingRules
from dystrack.manager.tracking.target import Target

__all__ = ["BY_HAND", "Obedience", "by_hand", "shifted"]

BY_HAND = "MANUAL"
"""Message of an answer that a person gave."""

_LOOKS_KEPT = 24


@dataclass(frozen=True)
class _Look:
    """A prescan in which a person may click: where it was taken."""

    path: str
    centre: PixelPosition
    travel_px: Offset


class Obedience:
    """Obeys commands; knows what of them lasts.

    Parameters
    ----------
    controls : Controls
        Where commands come from.
    rules : TrackingRules
        What may be sent; a command may change its limits.
    fresh_cache : callable
        Returns what the pipeline's memory begins with.
    tell : Listener
        Takes the events.
    """

    def __init__(
        self,
        controls: Controls,
        rules: TrackingRules,
        fresh_cache: Callable[[], Mapping[str, Any]],
        tell: Listener,
    ) -> None:
        self._fresh_cache = fresh_cache
        self.rules = rules
        self.is_paused = False
        self._controls = controls
        self._tell = tell
        self._looks: dict[str, deque[_Look]] = {}
        self._rounds: dict[str, int] = {}
        self._last_round: int | None = None

    def obey(
        self,
        known: Container[str],
        position: Callable[[str], Position],
        store: Callable[[Position], None],
    ) -> bool:
        """Do what was asked for; return whether the session is to end."""
        for command in self._controls.take():
            try:
                _check_known(command, known)
                changed = self._do(command, position)
            except (ConfigurationError, RefusedMoveError) as refusal:
                self._refuse(command, str(refusal))
            else:
                if changed is not None:
                    store(changed)
                self._confirm(command)
        return self._controls.stop_reason is not None

    def note(self, target: Target) -> None:
        """Note that a prescan is being answered: a person may click in it afterwards."""
        if target.centre is not None:
            look = _Look(target.path, target.centre, target.position.travel.px)
            own = self._looks.setdefault(target.position.name, deque(maxlen=_LOOKS_KEPT))
            own.append(look)

    def is_beyond(self, target: Target) -> bool:
        """Return whether a prescan belongs to a time point that is not wanted any more."""
        last = self._last_round
        return last is not None and self._round_of(target) > last

    def answered(self, target: Target) -> None:
        """Note to which time point a position has come; end after the last that is wanted."""
        self._rounds[target.position.name] = self._round_of(target)
        self._stop_if_complete()

    def _round_of(self, target: Target) -> int:
        time_point = target.label.time_point
        return self._rounds.get(target.position.name, 0) + 1 if time_point is None else time_point

    def _stop_if_complete(self) -> None:
        last = self._last_round
        if last is not None and all(now >= last for now in self._rounds.values()):
            self._controls.stop()

    def _do(self, command: Command, position: Callable[[str], Position]) -> Position | None:
        """Do one thing; return the state of the position that it changes."""
        match command:
            case Pause() if not self.is_paused:
                self.is_paused = True
                self._tell(SessionPaused())
            case GoOn() if self.is_paused:
                self.is_paused = False
                self._tell(SessionWentOn())
            case Hold(position=name, reason=reason):
                self._tell(PositionHeld(position=name, reason=reason))
                return position(name).hold(reason)
            case Release(position=name) if position(name).held:
                self._tell(PositionReleased(position=name))
                return position(name).released()
            case Retarget(position=name):
                _check_not_held(position(name))
                return position(name).aimed_at(self._travel_to(command), self._fresh_cache())
            case Nudge(position=name, zyx_px=by_px):
                return position(name).nudged(by_px)
            case SetLimit():
                self.rules = _with_limit(self.rules, command)
            case StopAfterTimePoint():
                self._last_round = max(self._rounds.values(), default=0)
                self._stop_if_complete()
            case Unusable(reason=reason):
                raise ConfigurationError(reason)
        return None

    def _travel_to(self, command: Retarget) -> Offset:
        """Return the travel that leads to a place that was seen in a prescan."""
        for look in reversed(self._looks.get(command.position, ())):
            if look.path == command.path:
                z, y, x = (
                    begin + (0.0 if math.isnan(there) else there - middle)
                    for begin, there, middle in zip(
                        look.travel_px, command.zyx, look.centre, strict=True
                    )
                )
                return z, y, x
        msg = "It is not known any more where that prescan was taken. Click in a newer one."
        raise RefusedMoveError(msg)

    def _confirm(self, command: Command) -> None:
        if command.order is not None:
            limit = command if isinstance(command, SetLimit) else SetLimit("", None)
            self._tell(
                CommandObeyed(
                    id=command.order.id,
                    command=command.words,
                    by=command.order.by,
                    asked_at=command.order.at,
                    position=getattr(command, "position", ""),
                    setting=limit.name,
                    value=limit.value,
                )
            )

    def _refuse(self, command: Command, reason: str) -> None:
        if command.order is not None:
            self._tell(
                CommandRefused(
                    id=command.order.id,
                    command=command.words,
                    by=command.order.by,
                    asked_at=command.order.at,
                    reason=reason,
                    position=getattr(command, "position", ""),
                )
            )


def _check_known(command: Command, known: Container[str]) -> None:
    """Refuse what a person asks of a position that has had no prescan; a program may be early."""
    name = getattr(command, "position", None)
    if name is not None and command.order is not None and name not in known:
        msg = f"There has been no prescan of a position {name}."
        raise ConfigurationError(msg)


def _check_not_held(position: Position) -> None:
    if position.held:
        msg = f"Position {position.name} is held. Release it first."
        raise RefusedMoveError(msg)


def by_hand(target: Target) -> Analysis | None:
    """Return the answer that a person gave for the next prescan of a position; None if none did.

    Raises
    ------
    RefusedMoveError
        If it cannot be said in pixels of this prescan.
    """
    aim = target.position.aim
    if aim is None:
        return None
    if target.centre is None:
        msg = "The place that was clicked cannot be found: the prescan does not tell its size."
        raise RefusedMoveError(msg)
    parts = zip(target.centre, aim, target.position.travel.px, strict=True)
    z, y, x = (middle + there - here for middle, there, here in parts)
    return Analysis(z, y, x, BY_HAND, target.position.cache)


def shifted(result: Analysis, by_px: Offset) -> Analysis:
    """Return a pipeline's answer, moved as a person wants it."""
    dz, dy, dx = by_px
    return result._replace(
        z_pos=result.z_pos + dz, y_pos=result.y_pos + dy, x_pos=result.x_pos + dx
    )


def _with_limit(rules: TrackingRules, command: SetLimit) -> TrackingRules:
    name, value = command.name, command.value
    if name == "max_failures":
        if isinstance(value, str):
            msg = f"max_failures is {value!r}. Give a whole number, or nothing for no limit."
            raise ConfigurationError(msg)
        return replace(rules, max_failures=value)
    limit = {name.removeprefix("max_"): parse_axis_limits(name, value)}
    return replace(rules, limits=replace(rules.limits, **limit))
