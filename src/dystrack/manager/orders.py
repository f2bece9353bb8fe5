"""What a page asks of a session that runs in another process: one small file an order.

::

    page ──► dystrack_commands/….json ──► session, between prescans ──► journal ──► page
"""

import contextlib
import json
import math
import secrets
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from dystrack.core.errors import ConfigurationError
from dystrack.core.protocols import Clock
from dystrack.manager.controls import (
    Command,
    GoOn,
    Hold,
    Nudge,
    Order,
    Pause,
    Release,
    Retarget,
    SetLimit,
    StopAfterTimePoint,
    Unusable,
)
from dystrack.manager.watching.image_names import COMMANDS_NAME

__all__ = ["LIMITS", "Orders", "command_of", "place_order"]

LIMITS = ("max_step_px", "max_step_um", "max_travel_px", "max_travel_um", "max_failures")
"""Settings that may be changed while a session runs."""

_LOOK_EVERY_S = 0.3
_MOST_AT_ONCE = 50
_LARGEST_BYTES = 10_000
_LONGEST_TEXT = 300
_N_AXES = 3
_FURTHEST_PX = 1e6  # no image is so large, and no sum of such steps is infinite


def place_order(folder: Path, words: Mapping[str, Any], *, by: str, at: str) -> str:
    """Ask something of the session that watches a folder.

    Parameters
    ----------
    folder : Path
        The folder.
    words : mapping
        ``command`` and what it needs, as `command_of` takes it.
    by, at : str
        Who asks, and when.

    Returns
    -------
    str
        What tells the order from others, in the event that says what came of it.

    Raises
    ------
    ConfigurationError
        If there is no such command, or if it lacks something.
    OSError
        If the folder cannot be written.
    """
    id_ = secrets.token_hex(8)
    command_of(words, None)
    place = folder / COMMANDS_NAME
    place.mkdir(exist_ok=True)
    path = place / f"{time.time_ns():020d}_{id_}.json"
    part = path.with_suffix(".part")
    part.write_text(json.dumps({**words, "id": id_, "by": by, "at": at}), "utf-8")
    part.replace(path)
    return id_


class Orders:
    """The orders that come while a session runs; those from before it are thrown away.

    Parameters
    ----------
    folder : Path
        The folder that is watched.
    clock : Clock
        The time.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._place = folder / COMMANDS_NAME
        self._clock = clock
        self._next_look_s = clock.monotonic()
        for path in self._waiting():
            path.unlink(missing_ok=True)

    def take(self) -> list[Command]:
        """Return what has been asked since the last look, oldest first."""
        if self._clock.monotonic() < self._next_look_s:
            return []
        self._next_look_s = self._clock.monotonic() + _LOOK_EVERY_S
        return [command for path in self._waiting()[:_MOST_AT_ONCE] for command in self._read(path)]

    def _waiting(self) -> list[Path]:
        try:
            return sorted(path for path in self._place.iterdir() if path.suffix == ".json")
        except OSError:  # nobody has asked anything yet, or the share is away
            return []

    def _read(self, path: Path) -> list[Command]:
        """Return the order of a file that is taken away, so that it is obeyed once at most."""
        try:
            with path.open("rb") as file:
                data = file.read(_LARGEST_BYTES)
            path.unlink()
        except OSError:
            return []
        order = Order("", "somebody", "")
        with contextlib.suppress(ValueError, RecursionError, TypeError):
            words = dict(json.loads(data))
            order = Order(*(_text(words, name) for name in ("id", "by", "at")))
            try:
                return [command_of(words, order)]
            except ConfigurationError as error:
                return [Unusable(str(error), order=order)]
        return [Unusable("The order cannot be read.", order=order)]


def command_of(words: Mapping[str, Any], order: Order | None) -> Command:
    """Return the command that words stand for.

    Parameters
    ----------
    words : mapping
        ``command``, one of pause, go on, stop, hold, release, retarget, nudge, limit; with
        ``position``, ``reason``, ``path``, ``zyx`` (pixels), ``name`` and ``value`` where it needs
        them.
    order : Order or None
        Who asks.

    Returns
    -------
    Command
        The command.

    Raises
    ------
    ConfigurationError
        If there is no such command, or if it lacks something.
    """
    make = _COMMANDS.get(_text(words, "command"))
    if make is None:
        msg = f"There is no command {words.get('command')!r:.60}. Give {', '.join(_COMMANDS)}."
        raise ConfigurationError(msg)
    return make(words, order)


def _hold(words: Mapping[str, Any], order: Order | None) -> Command:
    by = order.by if order else ""
    return Hold(_position(words), _text(words, "reason") or f"{by} asked for it.", order=order)


def _retarget(words: Mapping[str, Any], order: Order | None) -> Command:
    path = str(words.get("path", ""))
    return Retarget(_position(words), path, _zyx(words, may_lack_z=True), order=order)


def _limit(words: Mapping[str, Any], order: Order | None) -> Command:
    name = _text(words, "name")
    if name not in LIMITS:
        msg = f"{name!r} is no limit that can be changed. Give {', '.join(LIMITS)}."
        raise ConfigurationError(msg)
    value = words.get("value")
    if type(value) not in {str, int, float}:
        msg = f"value is {value!r:.60}. Give a text such as '5,20,20'; '' for no limit."
        raise ConfigurationError(msg)
    return SetLimit(name, _limit_value(name, _text({"value": str(value)}, "value")), order=order)


def _limit_value(name: str, text: str) -> str | int | None:
    """Return a limit as its setting takes it; where every axis is left free, there is none."""
    parts = [part.strip().lower() for part in text.split(",")]
    if set(parts) <= {"", "inf", "infinity"}:
        return None
    return int(text) if name == "max_failures" and text.isdecimal() else text


_COMMANDS: Mapping[str, Callable[[Mapping[str, Any], Order | None], Command]] = MappingProxyType(
    {
        "pause": lambda _, order: Pause(order=order),
        "go on": lambda _, order: GoOn(order=order),
        "stop": lambda _, order: StopAfterTimePoint(order=order),
        "hold": _hold,
        "release": lambda words, order: Release(_position(words), order=order),
        "retarget": _retarget,
        "nudge": lambda words, order: Nudge(_position(words), _zyx(words), order=order),
        "limit": _limit,
    }
)


def _position(words: Mapping[str, Any]) -> str:
    name = _text(words, "position")
    if not name:
        msg = "The command lacks the position that it is about."
        raise ConfigurationError(msg)
    return name


def _zyx(words: Mapping[str, Any], *, may_lack_z: bool = False) -> tuple[float, float, float]:
    given = words.get("zyx")
    parts: list[Any] = given if isinstance(given, list) and len(given) == _N_AXES else [""]
    lacks_z = may_lack_z and parts[0] is None
    numbers = [float(n) for n in parts if type(n) in {int, float} and abs(n) <= _FURTHEST_PX]
    if len(numbers) != _N_AXES - lacks_z:
        msg = (
            f"zyx is {given!r:.60}. Give three finite numbers, in pixels along z, y, x, of "
            f"{_FURTHEST_PX:,.0f} at most."
        )
        raise ConfigurationError(msg)
    z, y, x = [math.nan, *numbers] if lacks_z else numbers
    return z, y, x


def _text(words: Mapping[str, Any], name: str) -> str:
    value = words.get(name, "")
    return "".join(filter(str.isprintable, value))[:_LONGEST_TEXT] if isinstance(value, str) else ""
