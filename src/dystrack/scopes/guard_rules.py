"""What a stage may do, as a person has decided it."""

import math
from dataclasses import dataclass

from dystrack.core.errors import ConfigurationError
from dystrack.scopes.box import Box
from dystrack.scopes.geometry import PositionUm

__all__ = ["GuardRules"]

_FREE = PositionUm(math.inf, math.inf, math.inf)
_NO_APPROACH = PositionUm(0.0, 0.0, 0.0)


@dataclass(frozen=True)
class GuardRules:
    """What a stage may do.

    Attributes
    ----------
    box : Box
        Where it may be; a scan's own reach and the microscope's own limits make it smaller.
    max_step_um : PositionUm
        Greatest step after an answer, along each axis. The travel from one marked position to the
        next is not a step.
    approach_um : PositionUm
        How far before a target the last part of a move begins, always on the same side, against
        backlash: the lower one if positive, the higher one if negative; 0 for straight moves.
    least_move_um : float
        Nearer than this it is there already, and is not moved: some stages hang otherwise.
    arrival_um : float
        How far from the target it may read after a move.

    Raises
    ------
    ConfigurationError
        If one of them cannot be.
    """

    box: Box
    max_step_um: PositionUm = _FREE
    approach_um: PositionUm = _NO_APPROACH
    least_move_um: float = 0.05
    arrival_um: float = 1.0

    def __post_init__(self) -> None:
        """Refuse what is no distance."""
        for name in ("least_move_um", "arrival_um"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                msg = f"{name} is {value!r}. Give a number of µm above 0."
                raise ConfigurationError(msg)
        if not all(step >= 0 for step in self.max_step_um):
            msg = f"max_step_um is {tuple(self.max_step_um)}. Give numbers of 0 or more."
            raise ConfigurationError(msg)
        if not all(map(math.isfinite, self.approach_um)):
            msg = f"approach_um is {tuple(self.approach_um)}. Give finite numbers, 0 for none."
            raise ConfigurationError(msg)
