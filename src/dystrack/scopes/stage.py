"""A simulated stage: how it sits under the sample, how far and how fast it moves."""

import math
from dataclasses import dataclass

from dystrack.core.protocols import Clock
from dystrack.scopes.geometry import Um

__all__ = ["Stage", "StageAxes", "StageSettings", "spread_over_stage"]

_ORIGIN = Um(0.0, 0.0, 0.0)
_LOW = Um(-5_000.0, -50_000.0, -50_000.0)
_HIGH = Um(5_000.0, 50_000.0, 50_000.0)
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
    origin : Um
        Point of the world that is in the middle of the image when the stage reads zero.
    """

    z_sign: int = 1
    y_sign: int = 1
    x_sign: int = 1
    swaps_yx: bool = False
    origin: Um = _ORIGIN

    def to_world(self, stage: Um) -> Um:
        """Return what is in the middle of the image.

        Parameters
        ----------
        stage : Um
            What the stage reads.

        Returns
        -------
        Um
            Point in the world.
        """
        y, x = (stage.x, stage.y) if self.swaps_yx else (stage.y, stage.x)
        return self.origin.plus(Um(self.z_sign * stage.z, self.y_sign * y, self.x_sign * x))

    def to_stage(self, world: Um) -> Um:
        """Return what the stage reads with a point in the middle of the image.

        Parameters
        ----------
        world : Um
            Point in the world.

        Returns
        -------
        Um
            Reading of the stage.
        """
        return self.shift_to_stage(world.minus(self.origin))

    def shift_to_stage(self, shift: Um) -> Um:
        """Return how far the stage has to move.

        Parameters
        ----------
        shift : Um
            Distance in the image.

        Returns
        -------
        Um
            Distance along the stage's axes.
        """
        y, x = self.y_sign * shift.y, self.x_sign * shift.x
        return Um(self.z_sign * shift.z, *((x, y) if self.swaps_yx else (y, x)))


@dataclass(frozen=True)
class StageSettings:
    """What a stage can do.

    Attributes
    ----------
    low, high : Um
        Ends of its travel.
    speed_um_per_s : float
        How fast it moves; the axes move at the same time.
    settling_s : float
        How long it waits after a move.
    """

    low: Um = _LOW
    high: Um = _HIGH
    speed_um_per_s: float = 2000.0
    settling_s: float = 0.1


class Stage:
    """A stage that takes its time and stops at its ends.

    Parameters
    ----------
    settings : StageSettings
        What it can do.
    position : Um
        Where it is.
    """

    def __init__(self, settings: StageSettings, position: Um) -> None:
        self._settings = settings
        self._position = position

    @property
    def position(self) -> Um:
        """What it reads now."""
        return self._position

    def move_to(self, target: Um, clock: Clock) -> bool:
        """Move as far as the ends of the travel allow, and settle.

        Parameters
        ----------
        target : Um
            Where to go.
        clock : Clock
            Sleeps while it moves.

        Returns
        -------
        bool
            Whether it got there; false where it stopped at an end.
        """
        ends = zip(self._settings.low, target, self._settings.high, strict=True)
        reached = Um(*(min(max(low, wanted), high) for low, wanted, high in ends))
        way = reached.minus(self._position)
        if any(way):
            longest_um = max(abs(distance) for distance in way)
            clock.sleep(longest_um / self._settings.speed_um_per_s + self._settings.settling_s)
        self._position = reached
        return reached == target


def spread_over_stage(n_places: int, settings: StageSettings) -> list[Um]:
    """Return places for samples, in a square grid around the middle of the stage's travel.

    Parameters
    ----------
    n_places : int
        How many.
    settings : StageSettings
        Gives the travel; the outermost places keep 10 mm from its ends.

    Returns
    -------
    list of Um
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
        places.append(middle.plus(Um(0.0, *from_middle).times(spacing_um)))
    return places
