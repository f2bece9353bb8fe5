"""How a microscope that is driven gets its coordinates: through a folder, or from a function."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from dystrack.core.coordinates import PixelPosition
from dystrack.core.exchange.answer_file import NextPrescan, answer_path, read_answer, read_next
from dystrack.core.exchange.coords_file import (
    COORDS_FILE_NAME,
    FAILURE_MESSAGE,
    CoordsLine,
    read_lines,
    wait_for,
    wait_for_line,
)
from dystrack.core.protocols import SYSTEM_CLOCK, Clock
from dystrack.scopes.clocks import SimulatedClock

__all__ = ["NO_ANSWER", "FolderHandOff", "HandOff", "InProcessHandOff", "NextPrescan", "Reply"]
__all__ += ["WritePrescan"]

NO_ANSWER = "no answer in time"
"""Message where no line came in time."""

_POLL_S = 0.01

WritePrescan = Callable[[Clock], Path]
"""Writes a prescan, taking the time it takes by a clock, and returns its path."""


@dataclass(frozen=True)
class Reply:
    """What came back for a prescan.

    Attributes
    ----------
    line : CoordsLine
        Coordinates and message; without coordinates, and with `NO_ANSWER`, if none came in time.
    path : Path
        The prescan.
    writing_s : float
        From the first byte of the prescan to the last.
    latency_s : float
        From the last byte of the prescan to the answer.
    next_prescan : NextPrescan or None
        Where the stage goes after the main scan; None to leave it there.
    """

    line: CoordsLine
    path: Path
    writing_s: float
    latency_s: float
    next_prescan: NextPrescan | None = None

    @property
    def target(self) -> PixelPosition | None:
        """Where to go; None to stay, as after a failure or without coordinates."""
        place = PixelPosition(self.line.z, self.line.y, self.line.x)
        failed = self.line.msg == FAILURE_MESSAGE or not all(map(math.isfinite, place))
        return None if failed else place

    @property
    def is_searching(self) -> bool:
        """Whether the next prescan is wanted at once, so that a main scan would be in vain."""
        return self.next_prescan is not None and self.next_prescan.in_s == 0


class HandOff(Protocol):
    """Hands prescans over and brings back coordinates."""

    def exchange(self, write_prescan: WritePrescan) -> Reply:
        """Have a prescan written and return what came back for it."""
        ...


@dataclass(frozen=True)
class FolderHandOff:
    """Waits for an answer file, or for one more line in ``dystrack_coords.txt``, as macros do.

    Attributes
    ----------
    folder : Path
        Folder of the prescans.
    timeout_s : float
        How long to wait for an answer.
    clock : Clock
        Time in which the other program lives: usually the computer's own.
    answer_files : bool
        Whether to wait for the answer file of the prescan, whose name must be a new one.
    """

    folder: Path
    timeout_s: float = 60.0
    clock: Clock = SYSTEM_CLOCK
    answer_files: bool = False

    def exchange(self, write_prescan: WritePrescan) -> Reply:
        """Write a prescan and wait for its answer.

        Parameters
        ----------
        write_prescan : callable
            Writes the prescan by a clock and returns its path.

        Returns
        -------
        Reply
            The line, or one without coordinates if none came in time.
        """
        coords_path = self.folder / COORDS_FILE_NAME
        n_before = 0 if self.answer_files else len(read_lines(coords_path))
        began_s = self.clock.monotonic()
        path = write_prescan(self.clock)
        written_s = self.clock.monotonic()
        try:
            if self.answer_files:
                line = self._wait_for_answer(path)
            else:
                line = wait_for_line(
                    coords_path,
                    n_before,
                    timeout_s=self.timeout_s,
                    clock=self.clock,
                    poll_s=_POLL_S,
                )
        except TimeoutError:
            line = CoordsLine(math.nan, math.nan, math.nan, NO_ANSWER)
        then = read_next(path) if self.answer_files else None
        return Reply(line, path, written_s - began_s, self.clock.monotonic() - written_s, then)

    def _wait_for_answer(self, prescan: Path) -> CoordsLine:
        return wait_for(
            lambda: read_answer(prescan),
            answer_path(prescan),
            timeout_s=self.timeout_s,
            clock=self.clock,
            poll_s=_POLL_S,
        )


@dataclass(frozen=True)
class InProcessHandOff:
    """Asks a function.

    Attributes
    ----------
    answer : callable
        Takes the path of a prescan and returns its line, or its line and the next prescan.
    clock : Clock
        Time that writing and answering take: by default none for the answer, so that a run is the
        same on any computer.
    """

    answer: Callable[[Path], CoordsLine | tuple[CoordsLine, NextPrescan | None]]
    clock: Clock = field(default_factory=SimulatedClock)

    def exchange(self, write_prescan: WritePrescan) -> Reply:
        """Write a prescan and ask for its line.

        Parameters
        ----------
        write_prescan : callable
            Writes the prescan by a clock and returns its path.

        Returns
        -------
        Reply
            What the function said.
        """
        began_s = self.clock.monotonic()
        path = write_prescan(self.clock)
        written_s = self.clock.monotonic()
        answer = self.answer(path)
        line, then = (answer, None) if isinstance(answer, CoordsLine) else answer
        return Reply(line, path, written_s - began_s, self.clock.monotonic() - written_s, then)
