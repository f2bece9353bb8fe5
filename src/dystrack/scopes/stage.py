"""A simulated stage: how it sits under the sample, how far and how fast it moves."""

import math
from dataclasses import dataclass

from dystrack.core.protocols import Clock
from dystrack.scopes.geometry import PositionUm

__all__ = ["Stage", "StageAxes", "StageSettings", "spread_over_stage"]

_ORIGIN = PositionUm(0.0, 0.0, 0.0)
_LOW = PositionUm(-5_000.0, -50_000.0, -50_000.0)
_HIGH = PositionUm(5_000.0, 50_000.0, 50_000.0)
_WIDEST_SPACING_UM = 5_000.0
_ROOM_TO_MOVE_UM = 10_000.0  # between the outermost places and the ends of the travel


@dataclass(frozen=True)
class StageAxes:
    """How a stage's axes lie to those of the image.

    Attributes
    ----------
    z_sign, y_sign, x_sign : {1, -1}
        -1 where the stage counts against the image's axis.
    swaps_yx : bool
        Whether the stage's y runs along the image's x.
    origin : PositionUm
        Point of the world that is in the middle of the image when the stage reads zero.
    """

    z_sign: int = 1
    y_sign: int = 1
    x_sign: int = 1
    swaps_yx: bool = False
    origin: PositionUm = _ORIGIN

    def to_world(self, stage: PositionUm) -> PositionUm:
        """Return the point of the world in the middle of the image, from what the stage reads."""
        y, x = (stage.x, stage.y) if self.swaps_yx else (stage.y, stage.x)
        return self.origin.plus(PositionUm(self.z_sign * stage.z, self.y_sign * y, self.x_sign * x))

    def to_stage(self, world: PositionUm) -> PositionUm:
        """Return what the stage reads with a point of the world in the middle of the image."""
        return self.shift_to_stage(world.minus(self.origin))

    def shift_to_stage(self, shift: PositionUm) -> PositionUm:
        """Return how far the stage has to move along its own axes for a distance in the image."""
        y, x = self.y_sign * shift.y, self.x_sign * shift.x
        return PositionUm(self.z_sign * shift.z, *((x, y) if self.swaps_yx else (y, x)))


@dataclass(frozen=True)
class StageSettings:
    """What a stage can do.

    Attributes
    ----------
    low, high : PositionUm
        Ends of its travel.
    speed_um_per_s : float
        How fast it moves; the axes move at the same time.
    settling_s : float
        How long it waits after a move.
    """

    low: PositionUm = _LOW
    high: PositionUm = _HIGH
    speed_um_per_s: float = 2000.0
    settling_s: float = 0.1


class Stage:
    """A stage that takes its time and stops at its ends.

    Parameters
    ----------
    settings : StageSettings
        What it can do.
    position : PositionUm
        Where it is.
    """

    def __init__(self, settings: StageSettings, position: PositionUm) -> None:
        self._settings = settings
        self._position = position

    @property
    def position(self) -> PositionUm:
        """What it reads now."""
        return self._position

    def move_to(self, target: PositionUm, clock: Clock) -> bool:
        """Move as far as the ends of the travel allow, and settle; return whether it got there."""
        ends = zip(self._settings.low, target, self._settings.high, strict=True)
        reached = PositionUm(*(min(max(low, wanted), high) for low, wanted, high in ends))
        step_um = reached.minus(self._position)
        if any(step_um):
            longest_um = max(map(abs, step_um))
            clock.sleep(longest_um / self._settings.speed_um_per_s + self._settings.settling_s)
        self._position = reached
        return reached == target


def spread_over_stage(n_places: int, settings: StageSettings) -> list[PositionUm]:
    """Return places for samples, in a square grid around the middle of the stage's travel.

    Parameters
    ----------
    n_places : int
        How many.
    settings : StageSettings
        Gives the travel; the outermost places keep 10 mm from its ends.

    Returns
    -------
    list of PositionUm
        Row by row and back again, 5 mm apart, or closer where that is too wide.
    """
    n_columns = math.ceil(math.sqrt(n_places))
    n_rows = math.ceil(n_places / n_columns)
    middle = settings.low.plus(settings.high).times(0.5)
    room = settings.high.minus(middle)
    half_um = min(room.y, room.x) - _ROOM_TO_MOVE_UM
    spacing_um = min(_WIDEST_SPACING_UM, 2 * half_um / max(1, n_columns - 1))
    places = []
    for number in range(n_places):
        row, column = divmod(number, n_columns)
        if row % 2:
            column = n_columns - 1 - column
        from_middle = (row - (n_rows - 1) / 2, column - (n_columns - 1) / 2)
        places.append(middle.plus(PositionUm(0.0, *from_middle).times(spacing_um)))
    return places
