"""What most bridges have in common: software that tells little, and returns when a move is done."""

from collections.abc import Sequence

from dystrack.core.protocols import Clock
from dystrack.scopes.box import Box
from dystrack.scopes.geometry import PositionUm

__all__ = ["Bridge"]


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
