"""What most bridges have in common: software that tells little, and returns when a move is done."""

from collections.abc import Sequence
from pathlib import Path

from dystrack.core.protocols import Clock
from dystrack.images.outcomes import Ready
from dystrack.images.waiting import wait_until_all_complete
from dystrack.scopes.box import Box
from dystrack.scopes.geometry import PositionUm

__all__ = ["Bridge", "complete_files"]

_QUIET_S = 0.25


def complete_files(paths: Sequence[Path], clock: Clock) -> list[Ready]:
    """Wait until files are complete that the microscope's software has called finished.

    A dark end is then hardly a sign of an unfinished file: it costs half a second, once for all.

    Parameters
    ----------
    paths : sequence of Path
        The files.
    clock : Clock
        The time.

    Returns
    -------
    list of Ready
        One for each.

    Raises
    ------
    IncompleteImageError
        If one of them does not become complete.
    FileNotFoundError
        If one of them is not there.
    """
    return wait_until_all_complete(paths, quiet_s=_QUIET_S, clock=clock)


class Bridge:
    """A microscope whose software has no list of positions, tells no limits, and waits by itself.

    Parameters
    ----------
    clock : Clock
        The time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    @property
    def clock(self) -> Clock:
        """Time in which the microscope lives."""
        return self._clock

    def marked_um(self) -> Sequence[PositionUm]:
        """Return none: they cannot be asked for."""
        return ()

    def limits_um(self) -> Box | None:
        """Return None: they cannot be asked for."""
        return None

    def settle(self) -> None:
        """Do nothing: a move returns when the stage rests."""
