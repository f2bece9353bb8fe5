"""What is known of a position: its memory, where it has been sent, its failures."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from dystrack.core.coordinates import PixelPosition, VoxelSize
from dystrack.core.limits import Offset, Travel
from dystrack.manager.tracking.stage import LOOKS_KEPT

if TYPE_CHECKING:  # the tracker is loaded where one runs
    from dystrack.manager.tracking.tracker.looks import TrackState

__all__ = ["Position", "UsualSize"]

UsualSize = tuple[str, float, float, float]
"""Unit of lengths, and sizes along z, y, x; 0.0 along an axis that was not measured."""

_STEPS_KEPT = 6
_LEAST_SHARE_OF_EVIDENCE = 0.5
_WEIGHT_OF_THE_NEWEST = 0.1


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
    seen : tuple of tuple of float
        Where the pipeline saw the sample at the last looks, from the middle of the image in pixels.
    held : str
        Why the position is held where it is; empty if it is not.
    usual_evidence : float or None
        What its prescans have usually shown, where the pipeline does not say how sure it is.
    usual_size : UsualSize or None
        The usual size of what the pipeline finds, if it says it.
    track : TrackState or None
        What the tracker knows; None before its first look.
    moves : tuple of tuple of float
        How the stage was moved since that look along z, y, x, in its unit.
    aim : tuple of float or None
        Where a person wants the next answer to lead, as a travel in pixels.
    shift : tuple of float
        How far from what the pipeline finds a person wants to be, along z, y, x in pixels.
    """

    name: str
    cache: Mapping[str, Any] = field(default_factory=dict)
    previous: PixelPosition | None = None
    n_planes: int | None = None
    shape: tuple[int, ...] = ()
    failures_in_a_row: int = 0
    travel: Travel = field(default_factory=Travel)
    steps: tuple[Offset, ...] = ()
    seen: tuple[Offset, ...] = ()
    held: str = ""
    usual_evidence: float | None = None
    usual_size: UsualSize | None = None
    track: "TrackState | None" = None
    moves: tuple[Offset, ...] = ()
    aim: Offset | None = None
    shift: Offset = (0.0, 0.0, 0.0)

    def succeeded(
        self, cache: Mapping[str, Any], shape: tuple[int, ...], n_planes: int | None
    ) -> "Position":
        """Return the state after a good answer."""
        return replace(self, cache=cache, shape=shape, n_planes=n_planes, failures_in_a_row=0)

    def is_usual(self, evidence: float | None) -> bool:
        """Return whether an image shows about as much as those before it; so does the first one."""
        if evidence is None or self.usual_evidence is None:
            return True
        return evidence >= _LEAST_SHARE_OF_EVIDENCE * self.usual_evidence

    def having_seen(self, evidence: float | None) -> "Position":
        """Return the state after an image that shows so much."""
        if evidence is None:
            return self
        usual = evidence if self.usual_evidence is None else self.usual_evidence
        return replace(self, usual_evidence=usual + _WEIGHT_OF_THE_NEWEST * (evidence - usual))

    def failed(self, *, keeps_planes: bool = True) -> "Position":
        """Return the state after a failed analysis; its cache stays as it was.

        An image that never became complete leaves open how many planes the next one has: a user may
        have made the stack smaller.
        """
        return replace(
            self,
            failures_in_a_row=self.failures_in_a_row + 1,
            n_planes=self.n_planes if keeps_planes else None,
        )

    def looked(self, seen_px: Offset) -> "Position":
        """Return the state after a look at which the sample was seen there."""
        return replace(self, seen=(*self.seen, seen_px)[-LOOKS_KEPT:])

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
        has_looked = self.track != before.track
        return replace(
            self,
            previous=before.previous,
            travel=before.travel,
            steps=before.steps,
            moves=() if has_looked else before.moves,
        )

    def hold(self, reason: str) -> "Position":
        """Return the state of a position that is not to be moved any more, nor to a click."""
        return replace(self, held=reason, aim=None)

    def released(self) -> "Position":
        """Return the state of a position that is tracked again; what led to the hold is over.

        A person may have moved it, so the tracker begins anew.
        """
        begins_anew = replace(self, steps=(), seen=(), track=None, moves=())
        return replace(begins_anew, held="", failures_in_a_row=0)

    def aimed_at(self, travel_px: Offset, cache: Mapping[str, Any]) -> "Position":
        """Return the state of a position whose next answer is a person's; memories begin anew."""
        return replace(self.released(), aim=travel_px, cache=cache)

    def nudged(self, by_px: Offset) -> "Position":
        """Return the state of a position that is followed a bit further aside."""
        z, y, x = (a + b for a, b in zip(self.shift, by_px, strict=True))
        return replace(self, shift=(z, y, x), track=None, moves=())  # for it is no jump

    def as_asked_of(self, other: "Position") -> "Position":
        """Return this state with what persons have asked of another, later one."""
        return replace(self, held=other.held, aim=other.aim, shift=other.shift)
