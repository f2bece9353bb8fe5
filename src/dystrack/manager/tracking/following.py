"""A session's prescan as the tracker sees it, and where the tracker wants to go after it."""

from dataclasses import dataclass, replace

from dystrack.core.analysis import Analysis
from dystrack.core.coordinates import PixelPosition
from dystrack.core.errors import ImageError, RefusedMoveError, TargetNotFoundError
from dystrack.manager.tracking.positions import Position
from dystrack.manager.tracking.target import Failure, Target
from dystrack.manager.tracking.tracker import looks
from dystrack.manager.tracking.tracker.looks import Look, Tracked, TrackState
from dystrack.manager.tracking.tracker.motion import Axes
from dystrack.manager.tracking.tracker.prediction import step

__all__ = ["Course", "course_of"]

_BRIDGED = "TRACKER:GAP"


@dataclass(frozen=True)
class Course:
    """Where the tracker wants to go after a prescan, in its pixels.

    Attributes
    ----------
    look : Look
        The prescan as the tracker has seen it.
    state : TrackState
        What it has come to know.
    place : PixelPosition or None
        Where to take the main scan, or where to go at all; None if nothing is known.
    then : PixelPosition or None
        Where to take the next prescan, if that is another place.
    next_in_s : float or None
        When to take it after this one, 0 for at once; None for as usual.
    predicted : PixelPosition or None
        Where the sample was expected in this image.
    sd_px : tuple of float or None
        Standard deviation of its place along z, y, x; None where nothing was known before.
    messages : tuple of str
        What was done.
    """

    look: Look
    state: TrackState
    place: PixelPosition | None
    then: PixelPosition | None = None
    next_in_s: float | None = None
    predicted: PixelPosition | None = None
    sd_px: Axes | None = None
    messages: tuple[str, ...] = ()

    def within_frame(self, margin_px: float) -> "Course":
        """Return the course as far as it stays in the image, or in a margin about it."""
        return replace(
            self, place=self._inside(self.place, margin_px), then=self._inside(self.then, margin_px)
        )

    def _inside(self, place: PixelPosition | None, margin_px: float) -> PixelPosition | None:
        if place is None:
            return None
        ends = zip(place, self.look.shape, strict=True)
        return PixelPosition(*(min(max(at, -margin_px), size - 1 + margin_px) for at, size in ends))

    def message_with(self, own: str) -> str:
        """Return the pipeline's own message, followed by what the tracker did."""
        return " ".join((own, *self.messages))

    @property
    def message(self) -> str:
        """The message where the pipeline has none: what bridges its failure."""
        return " ".join(self.messages) or _BRIDGED

    def seen_by(self, position: Position) -> Position:
        """Return the state of a position after the look; nothing has been moved since."""
        return replace(position, track=self.state, moves=())

    def moved(self, position: Position, to: PixelPosition) -> Position:
        """Return the state of a position that is sent on from the look."""
        return replace(position, moves=(*position.moves, self.look.offset_of(to)))


def course_of(
    target: Target,
    outcome: Analysis | Failure,
    message: str,
    mode: str,
    *,
    has_two_targets: bool,
) -> Course | None:
    """Return where the tracker wants to go after a prescan.

    Parameters
    ----------
    target : Target
        The prescan, with what is known of its position.
    outcome : Analysis or Failure
        A checked answer, or why there is none.
    message : str
        The message of the answer, as it is to be sent.
    mode : {"smooth", "auto", "lead"}
        How far it leads.
    has_two_targets : bool
        Whether the microscope takes the next prescan elsewhere than the main scan.

    Returns
    -------
    Course or None
        None where the prescan does not tell its size. One that failed is taken to be as large as
        the one before.
    """
    before = target.position.track or TrackState()
    is_answer = isinstance(outcome, Analysis)
    shape, voxel_size = target.shape_zyx, target.voxel_size
    if shape is None and not is_answer:
        shape, voxel_size = before.shape, before.voxel_size
    if shape is None:
        return None
    look = Look(
        target.time_s,
        shape,
        voxel_size,
        PixelPosition(*outcome[:3]) if isinstance(outcome, Analysis) else None,
        message if is_answer else "",
        _kind_of(outcome) if isinstance(outcome, Failure) else None,
        target.position.moves,
    )
    tracked = step(replace(before, mode=mode), look)
    place = tracked.main if has_two_targets else tracked.only
    return Course(
        look,
        replace(tracked.state, shape=shape, voxel_size=voxel_size),
        place,
        tracked.next if has_two_targets else None,
        tracked.next_in_s,
        tracked.predicted,
        _sd_px(tracked, look),
        tracked.messages,
    )


def _kind_of(failure: Failure) -> looks.Failure:
    """Return what a failed analysis tells about where the sample is."""
    match failure.error:
        case TargetNotFoundError() if failure.is_black:
            return looks.Failure.BLACK
        case TargetNotFoundError():
            return looks.Failure.NO_TARGET
        case RefusedMoveError():
            return looks.Failure.REFUSED
        case ImageError() | OSError():
            return looks.Failure.UNREADABLE
    return looks.Failure.WRONG


def _sd_px(tracked: Tracked, look: Look) -> Axes | None:
    if tracked.state.bank is None:
        return None
    z, y, x = (sd / size for sd, size in zip(tracked.sd, look.scale, strict=True))
    return z, y, x
