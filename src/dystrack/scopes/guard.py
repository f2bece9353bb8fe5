"""The guard: the only way from DySTrack to a stage, for every bridge.

::

    target ──► finite? in the box? step allowed? ──no──► ForbiddenMoveError, the stage stays
                     │ yes
    read the position ──► not where it was left: a person moved it, which is told
                     │
    already there? ──yes──► no move
                     │ no
    from one side ──► drive ──► settle ──► read ──► not there: stop, ScopeError

The box, the greatest step and the approach are settled here, once. A bridge only does what it is
told (`dystrack.scopes.protocols`).
"""

import contextlib
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from dystrack.core.error_texts import describe_error
from dystrack.core.errors import ConfigurationError, ForbiddenMoveError, ScopeError
from dystrack.scopes.box import Box
from dystrack.scopes.geometry import PositionUm
from dystrack.scopes.guard_rules import GuardRules
from dystrack.scopes.protocols import Prescan, Scope, ScopeFacts, ScopeTraits, ZOwner

__all__ = ["Guard", "GuardRules", "box_text", "place_text", "placed"]


_Drive = tuple[int, ...]
_STAGE: _Drive = (1, 2)  # the axes, of z, y, x, that move together
_FOCUS: _Drive = (0,)


class Guard:
    """A microscope that moves only where it may.

    Parameters
    ----------
    scope : Scope
        The bridge.
    rules : GuardRules
        What the stage may do.
    tell : callable
        Takes what a person should know, as a sentence.

    Raises
    ------
    ConfigurationError
        If the box, the microscope's own limits and the reach of its scans leave no position.
    ScopeError
        If the microscope cannot be asked for its limits.
    """

    def __init__(self, scope: Scope, rules: GuardRules, tell: Callable[[str], object]) -> None:
        self._scope = scope
        self._rules = rules
        self._tell = tell
        self._moves_z = scope.traits.z_owner is not ZOwner.FOCUS_LOCK
        with _asking("tell its limits"):
            own = scope.limits_um()
        self._box = (rules.box.common(own) if own else rules.box).within(scope.traits.reach_um)
        self._left_um: PositionUm | None = None
        self._commanded: dict[_Drive, PositionUm] = {}

    @property
    def box(self) -> Box:
        """Where the stage may be: what was allowed, less what the microscope cannot do."""
        return self._box

    @property
    def traits(self) -> ScopeTraits:
        """What the bridge can do."""
        return self._scope.traits

    def facts(self) -> ScopeFacts:
        """Return what the microscope says of itself."""
        with _asking("tell about itself"):
            return self._scope.facts()

    def position_um(self) -> PositionUm:
        """Return what stage and focus read; tell if a person has moved them.

        Returns
        -------
        PositionUm
            In the coordinates of the stage.

        Raises
        ------
        ScopeError
            If they cannot be read.
        """
        here = self._read()
        left, self._left_um = self._left_um, here
        if left is not None and not self._is_at(here, left):
            self._commanded.clear()
            self._tell(
                f"The stage was left at {place_text(left)} and is at {place_text(here)}: somebody "
                "or something else has moved it. DySTrack goes on from there, inside its limits."
            )
        return here

    def marked_um(self) -> Sequence[PositionUm]:
        """Return the positions that a person has marked in the microscope's software."""
        with _asking("tell its marked positions"):
            return self._scope.marked_um()

    def visit(self, place: PositionUm) -> PositionUm:
        """Go to a place that is known: a marked position, or where the stage was before.

        Raises
        ------
        ForbiddenMoveError
            If that is not allowed; the stage is where it was.
        ScopeError
            If it did not get there.
        """
        self._check_target(place)
        here = self._checked_start()
        return self._move(here, self._reachable(here, place))

    def follow(self, target: PositionUm) -> PositionUm:
        """Go to where an answer leads, which is not further than one step.

        Parameters
        ----------
        target : PositionUm
            In the coordinates of the stage.

        Returns
        -------
        PositionUm
            What the stage reads there.

        Raises
        ------
        ForbiddenMoveError
            If that is not allowed, or too far at once; the stage is where it was.
        ScopeError
            If it did not get there.
        """
        self._check_target(target)
        here = self._checked_start()
        target = self._reachable(here, target)
        step = target.minus(here)
        for axis, by_um, most in zip("zyx", step, self._rules.max_step_um, strict=True):
            if abs(by_um) > most:
                msg = (
                    f"The step along {axis} would be {by_um:.2f} µm, from {place_text(here)}; the "
                    f"greatest step is {most:g} µm. The stage stays where it is. Check the image, "
                    "the calibration and the greatest step."
                )
                raise ForbiddenMoveError(msg)
        return self._move(here, target)

    def prescan(self, stem: Path) -> Prescan:
        """Take a prescan where the stage is, and return it with that position.

        Raises
        ------
        ForbiddenMoveError
            If the stage is outside of its limits, where a scan must not move it.
        ScopeError
            If it failed.
        """
        with self.scanning() as here, _asking("take the prescan"):
            taken = self._scope.prescan(stem)
        return placed(taken, here)

    def main_scan(self, stem: Path) -> Path | None:
        """Take the main scan where the stage is; return its file, where that is known.

        Raises
        ------
        ForbiddenMoveError
            If the stage is outside of its limits, where a scan must not move it.
        ScopeError
            If it failed.
        """
        with self.scanning(), _asking("take the main scan"):
            return self._scope.main_scan(stem)

    @contextlib.contextmanager
    def scanning(self) -> Iterator[PositionUm]:
        """Look where the stage is before a scan, which is yielded, and after it, whoever takes it.

        Raises
        ------
        ForbiddenMoveError
            If the stage is outside of its limits, where a scan must not move it.
        """
        yield self._checked_start()
        self.position_um()

    def stop(self) -> None:
        """Stop what moves or scans."""
        with _asking("stop"):
            self._scope.stop()

    def _check_target(self, target: PositionUm) -> None:
        """Refuse what lies outside; z counts only where DySTrack moves it."""
        wanted = target if self._moves_z else target._replace(z=self._box.nearest(target).z)
        if not (all(map(math.isfinite, target)) and self._box.contains(wanted)):
            msg = (
                f"{place_text(target)} lies outside of where the stage may go, "
                f"{box_text(self._box)}. The stage stays where it is. Check the answer and the "
                "calibration; if that place is safe, allow more room."
            )
            raise ForbiddenMoveError(msg)

    def _checked_start(self) -> PositionUm:
        """Return where the stage is, if it may be there."""
        here = self.position_um()
        counted = here if self._moves_z else here._replace(z=self._box.nearest(here).z)
        if not self._box.contains(self._without_noise(counted)):
            msg = (
                f"The stage is at {place_text(here)}, outside of where it may be, "
                f"{box_text(self._box)}. It stays there. Bring it back by hand, or allow more "
                "room."
            )
            raise ForbiddenMoveError(msg)
        return here

    def _without_noise(self, here: PositionUm) -> PositionUm:
        """Return the nearest allowed position if that is as near as an arrival may be."""
        nearest = self._box.nearest(here)
        return nearest if here.minus(nearest).length() <= self._rules.arrival_um else here

    def _reachable(self, here: PositionUm, target: PositionUm) -> PositionUm:
        return target if self._moves_z else target._replace(z=here.z)

    def _move(self, here: PositionUm, target: PositionUm) -> PositionUm:
        """Move, from one side, and return what the stage reads then."""
        for point in self._path(here, target):
            if self._drive(here, point):
                here = self._arrived(point)
        return here

    def _path(self, here: PositionUm, target: PositionUm) -> list[PositionUm]:
        """Return where to go; first to where the approach begins, unless it is on the path."""
        begin, is_behind = list(here), False
        before = self._box.nearest(target.minus(self._rules.approach_um))
        for drive in (_STAGE, _FOCUS):
            if self._has_to_move(drive, here, target):
                for axis in drive:
                    begin[axis] = before[axis]
                    is_behind |= (before[axis] - here[axis]) * self._rules.approach_um[axis] < 0
        return [PositionUm(*begin), target] if is_behind else [target]

    def _drive(self, here: PositionUm, to: PositionUm) -> bool:
        """Move what is not there already; return whether anything was."""
        drives = [drive for drive in (_STAGE, _FOCUS) if self._has_to_move(drive, here, to)]
        left, self._left_um = self._left_um, None  # not known while it moves
        try:
            with _asking(f"move to {place_text(to)}"):
                for drive in drives:
                    self._commanded.pop(drive, None)
                    if drive == _STAGE:
                        self._scope.drive_stage(to.y, to.x)
                    else:
                        self._scope.drive_focus(to.z)
                    self._commanded[drive] = to
                if drives:
                    self._scope.settle()
        except BaseException:  # Ctrl-C too
            self._stop_quietly()
            raise
        self._left_um = left
        return bool(drives)

    def _has_to_move(self, drive: _Drive, here: PositionUm, to: PositionUm) -> bool:
        """Return whether a drive is neither there already nor as near as it came last time."""
        away_um = _distance(drive, here, to)
        if away_um <= self._rules.least_move_um or (drive == _FOCUS and not self._moves_z):
            return False
        last = self._commanded.get(drive)
        is_last = last is not None and _distance(drive, last, to) <= self._rules.least_move_um
        return not is_last or away_um > self._rules.arrival_um

    def _arrived(self, target: PositionUm) -> PositionUm:
        """Return what the stage reads after a move, if that is where it was sent."""
        here = self._left_um = self._read()
        if self._is_at(here, target):
            return here
        self._commanded.clear()
        self._stop_quietly()
        msg = (
            f"The stage was sent to {place_text(target)} and reads {place_text(here)} afterwards. "
            "It was stopped. Look whether something blocks it, and whether it moves in its own "
            "software."
        )
        raise ScopeError(msg)

    def _is_at(self, here: PositionUm, place: PositionUm) -> bool:
        drives = (_STAGE, _FOCUS) if self._moves_z else (_STAGE,)
        return all(_distance(drive, here, place) <= self._rules.arrival_um for drive in drives)

    def _read(self) -> PositionUm:
        with _asking("read the position of the stage"):
            here = self._scope.position_um()
        if not all(map(math.isfinite, here)):
            msg = (
                f"The stage reads {place_text(here)}, which is no position. It is not moved. Look "
                "at it in its own software."
            )
            raise ScopeError(msg)
        return here

    def _stop_quietly(self) -> None:
        with contextlib.suppress(Exception):  # the error that follows says more
            self._scope.stop()


def placed(prescan: Prescan, here: PositionUm) -> Prescan:
    """Return a prescan with its position, which is where the stage was if it does not tell."""
    return prescan if prescan.stage_um is not None else replace(prescan, stage_um=here)


def place_text(place: PositionUm) -> str:
    """Return a position for a message."""
    return f"z {place.z:.2f}, y {place.y:.2f}, x {place.x:.2f} µm"


def box_text(box: Box) -> str:
    """Return a box for a message."""
    sides = zip("zyx", box.low, box.high, strict=True)
    return ", ".join(f"{axis} {low:g} to {high:g}" for axis, low, high in sides) + " µm"


def _distance(drive: _Drive, one: PositionUm, other: PositionUm) -> float:
    return math.hypot(*(one[axis] - other[axis] for axis in drive))


@contextlib.contextmanager
def _asking(what: str) -> Iterator[None]:
    """Turn whatever a bridge raises into one error that says what was asked."""
    try:
        yield
    except (ScopeError, ConfigurationError):
        raise
    except Exception as error:
        why = str(describe_error(error)).rstrip(".")
        msg = f"The microscope could not {what}: {why}. Nothing more was done."
        raise ScopeError(msg) from error
