"""What is known of a position: its memory, where it has been sent, its failures."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from dystrack.core.coordinates import PixelPosition, VoxelSize
from dystrack.core.limits import Offset, Travel

__all__ = ["Position"]

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

    def not_moved_since(self, before: "Position") -> "Position":
        """Return this state if the coordinates that led to it could not be sent."""
        return replace(self, previous=before.previous, travel=before.travel, steps=before.steps)

    def hold(self, reason: str) -> "Position":
        """Return the state of a position that is not to be moved any more."""
        return replace(self, held=reason)

    def released(self) -> "Position":
        """Return the state of a position that is tracked again; what led to the hold is over."""
        return replace(self, held="", failures_in_a_row=0, steps=())
