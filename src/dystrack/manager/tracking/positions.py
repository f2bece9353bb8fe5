"""What is known of each position: its memory, where it has been sent, its failures."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from dystrack.core.caches import copied
from dystrack.core.coordinates import PixelPosition, VoxelSize
from dystrack.core.limits import Offset, Travel

__all__ = ["Position", "Positions"]

_STEPS_KEPT = 6


@dataclass(frozen=True)
class Position:
    """The state of one position between two prescans.

    Attributes
    ----------
    name : str
        Position as image names tell it.
    cache : mapping
        Keyword arguments that the pipeline handed on to its next call.
    previous : PixelPosition or None
        The coordinates that were sent last, fallbacks included.
    n_planes : int or None
        Planes of the last prescan that could be analysed.
    shape : tuple of int
        Its shape.
    failures_in_a_row : int
        Failed analyses since the last good one.
    travel : Travel
        How far the position has been moved from its start.
    steps : tuple of tuple of float
        The last steps along z, y, x in pixels.
    held : str
        Why the position is held where it is; empty if it is not.
    n_answered : int
        Number of prescans that were answered, well or not.
    """

    name: str
    cache: Mapping[str, Any] = field(default_factory=dict)
    previous: PixelPosition | None = None
    n_planes: int | None = None
    shape: tuple[int, ...] = ()
    failures_in_a_row: int = 0
    travel: Travel = field(default_factory=Travel)
    steps: tuple[Offset, ...] = ()
    held: str = ""
    n_answered: int = 0

    def succeeded(
        self, cache: Mapping[str, Any], shape: tuple[int, ...], n_planes: int | None
    ) -> "Position":
        """Return the state after a good answer."""
        return replace(self, cache=cache, shape=shape, n_planes=n_planes, failures_in_a_row=0)

    def failed(self, *, keeps_planes: bool = True) -> "Position":
        """Return the state after a failed analysis; its cache stays as it was.

        An image that never became whole leaves open how many planes the next one has: a user may
        have made the stack smaller.
        """
        return replace(
            self,
            failures_in_a_row=self.failures_in_a_row + 1,
            n_planes=self.n_planes if keeps_planes else None,
        )

    def moved(
        self, to: PixelPosition, step_px: Offset | None, voxel_size: VoxelSize | None
    ) -> "Position":
        """Return the state after coordinates were sent; the step is None where it is not known."""
        if step_px is None:
            return replace(self, previous=to)
        return replace(
            self,
            previous=to,
            travel=self.travel.after(step_px, voxel_size),
            steps=(*self.steps, step_px)[-_STEPS_KEPT:],
        )

    def answered(self) -> "Position":
        """Return the state of a position with one more answer."""
        return replace(self, n_answered=self.n_answered + 1)

    def not_moved_since(self, before: "Position") -> "Position":
        """Return this state if the coordinates that led to it could not be sent."""
        return replace(self, previous=before.previous, travel=before.travel, steps=before.steps)

    def hold(self, reason: str) -> "Position":
        """Return the state of a position that is not to be moved any more."""
        return replace(self, held=reason)


class Positions:
    """The positions of a session; each comes to be with its first prescan.

    Parameters
    ----------
    initial_cache : mapping
        The cache with which each position starts; every one gets a deep copy.
    known : iterable of Position
        Positions of a run that is resumed.
    """

    def __init__(self, initial_cache: Mapping[str, Any], known: Iterable[Position] = ()) -> None:
        self._initial_cache = initial_cache
        self._positions = {position.name: position for position in known}

    def __getitem__(self, name: str) -> Position:
        """Return the state of a position, a fresh one if it is new."""
        if name not in self._positions:
            self._positions[name] = Position(name, copied(self._initial_cache))
        return self._positions[name]

    @property
    def any_answered(self) -> bool:
        """Whether any prescan has been answered."""
        return any(position.n_answered for position in self._positions.values())

    def update(self, position: Position) -> None:
        """Keep the new state of a position."""
        self._positions[position.name] = position
