"""A box of positions in µm: what a stage and its focus may reach."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from dystrack.core.errors import ConfigurationError
from dystrack.scopes.geometry import PositionUm

__all__ = ["Box"]


@dataclass(frozen=True)
class Box:
    """Positions between two corners, which belong to it.

    Attributes
    ----------
    low, high : PositionUm
        Opposite corners; infinite where an axis is free.

    Raises
    ------
    ConfigurationError
        If a corner is not a number, or if nothing lies between them.
    """

    low: PositionUm
    high: PositionUm

    def __post_init__(self) -> None:
        """Refuse a box that holds nothing."""
        for axis, low, high in zip("zyx", self.low, self.high, strict=True):
            if math.isnan(low) or math.isnan(high) or low > high:
                msg = (
                    f"No position is allowed along {axis}: from {low:g} to {high:g} µm. Give the "
                    "lower limit first, and limits that the marked positions lie between."
                )
                raise ConfigurationError(msg)

    @classmethod
    def around(cls, positions: Iterable[PositionUm], margin_um: PositionUm) -> "Box":
        """Return the smallest box around at least one position, and a margin on each side."""
        by_axis = list(zip(*positions, strict=True))
        low, high = PositionUm(*map(min, by_axis)), PositionUm(*map(max, by_axis))
        return cls(low.minus(margin_um), high.plus(margin_um))

    def contains(self, position: PositionUm) -> bool:
        """Return whether a position lies inside; one that is not a number never does."""
        sides = zip(self.low, position, self.high, strict=True)
        return all(low <= value <= high for low, value, high in sides)

    def nearest(self, position: PositionUm) -> PositionUm:
        """Return the position inside that is nearest."""
        sides = zip(self.low, position, self.high, strict=True)
        return PositionUm(*(min(max(low, value), high) for low, value, high in sides))

    def common(self, other: "Box") -> "Box":
        """Return what lies in both.

        Raises
        ------
        ConfigurationError
            If nothing does.
        """
        return Box(
            PositionUm(*map(max, zip(self.low, other.low, strict=True))),
            PositionUm(*map(min, zip(self.high, other.high, strict=True))),
        )

    def within(self, reach_um: PositionUm) -> "Box":
        """Return from where one may go so far to either side without leaving it.

        Raises
        ------
        ConfigurationError
            If from nowhere, or if that is no distance.
        """
        if not all(0 <= reach < math.inf for reach in reach_um):
            msg = f"A scan reaches {reach_um} µm to either side. Give distances of 0 or more."
            raise ConfigurationError(msg)
        return Box(self.low.plus(reach_um), self.high.minus(reach_um))
