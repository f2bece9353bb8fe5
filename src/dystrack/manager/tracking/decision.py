"""From a pipeline's answer to what may be sent, position by position: checks and fallbacks."""

from dataclasses import dataclass, field

from dystrack.core.coordinates import PixelPosition
from dystrack.core.error_texts import describe_error
from dystrack.core.errors import IncompleteImageError, RefusedMoveError
from dystrack.core.limits import Limits, Offset
from dystrack.core.protocols import AnalysisResult
from dystrack.manager.events import AnalysisFailed, Listener, PositionHeld, Warned
from dystrack.manager.tracking.answers import check_inside_image
from dystrack.manager.tracking.positions import Position, Positions
from dystrack.manager.tracking.runaway import wrong_axes
from dystrack.manager.tracking.target import Answer, Target

__all__ = ["FAILURE_MESSAGE", "Tracker", "TrackingRules"]

FAILURE_MESSAGE = "Image analysis failed!"


@dataclass(frozen=True)
class TrackingRules:
    """What a user allows.

    Attributes
    ----------
    fallback : {"previous", "stay"} or None
        What to send when an analysis fails; None: end the session.
    frame_margin_px : float
        How far outside its image a target may lie.
    limits : Limits
        Greatest steps and travels.
    max_failures : int or None
        Number of failures in a row at one position that is tolerated.
    on_max_failures : {"hold", "stop"}
        What to do beyond: hold the position where it is, or end the session.
    on_runaway : {"warn", "hold"}
        What to do when the stage runs away from the sample.
    """

    fallback: str | None = "previous"
    frame_margin_px: float = 0.0
    limits: Limits = field(default_factory=Limits)
    max_failures: int | None = None
    on_max_failures: str = "hold"
    on_runaway: str = "warn"


class Tracker:
    """Decides what is sent for a prescan.

    ::

        answer ──► inside the image? ──► within the limits? ──► no runaway? ──► send it
                        └───────────────────────┴────────────────────┴─► a failed analysis

        failed analysis ──► very first, or no fallback ──► end
                        ├─► too many in a row ──► hold the position, or end
                        └─► previous coordinates, if they are within the limits ──► send them
                            else the centre of the image: stay

    Parameters
    ----------
    positions : Positions
        The state of each position.
    rules : TrackingRules
        What the user allows.
    tell : Listener
        Takes the events.
    """

    def __init__(self, positions: Positions, rules: TrackingRules, tell: Listener) -> None:
        self._positions = positions
        self._rules = rules
        self._tell = tell

    def answer(self, target: Target, outcome: AnalysisResult | Exception) -> Answer:
        """Return what is to be sent for a prescan.

        Parameters
        ----------
        target : Target
            The prescan.
        outcome : AnalysisResult or Exception
            The pipeline's answer, or why there is none.

        Returns
        -------
        Answer
            The answer if it may be sent, else the fallback.

        Raises
        ------
        Exception
            Why there is no answer, if that ends the session.
        """
        if isinstance(outcome, AnalysisResult):
            try:
                return self._accept(target, outcome)
            except RefusedMoveError as refusal:
                outcome = refusal
        return self._fall_back(target, outcome)

    def _accept(self, target: Target, result: AnalysisResult) -> Answer:
        coordinates = PixelPosition(*result[:3])
        check_inside_image(coordinates, target.shape_zyx, self._rules.frame_margin_px)
        step = self._checked_step(target, coordinates)
        position = target.position.succeeded(result.img_cache, target.shape, target.n_planes)
        position = position.moved(coordinates, step, target.voxel_size)
        self._check_runaway(position)
        return Answer(coordinates, position.answered(), result.img_msg)

    def _checked_step(self, target: Target, coordinates: PixelPosition) -> Offset | None:
        """Return the step from the centre of the image, if it is within the limits."""
        limits = self._rules.limits
        if target.centre is None:
            if limits != Limits():
                msg = "The limits cannot be judged: the prescan does not tell its size."
                raise RefusedMoveError(msg)
            return None
        z, y, x = (a - b for a, b in zip(coordinates, target.centre, strict=True))
        limits.check((z, y, x), target.position.travel, target.voxel_size)
        return z, y, x

    def _check_runaway(self, position: Position) -> None:
        """Warn where the stage moves away from the sample, or hold the position before the move."""
        wrong = wrong_axes(position.steps)
        if not wrong:
            return
        message = (
            f"The corrections of position {position.name} grow, the stage runs away from the "
            f"sample: {wrong}. Check the signs and the order of the axes in the microscope's "
            "macro."
        )
        if self._rules.on_runaway == "hold":
            self._hold(self._positions[position.name], message)
            raise RefusedMoveError(message)
        self._tell(Warned(message=message, position=position.name))

    def _fall_back(self, target: Target, error: Exception) -> Answer:
        position = self._positions[target.position.name]
        if self._rules.fallback is None or not self._positions.any_answered:
            self._tell_failure(target, error, "nothing, the session ends")
            raise error
        if not position.held:
            position = self._count_failure(target, position, error)
        coordinates, description = self._fallback_coordinates(target, position)
        self._tell_failure(target, error, description)
        if coordinates is not None and target.centre is not None:
            z, y, x = (a - b for a, b in zip(coordinates, target.centre, strict=True))
            position = position.moved(coordinates, (z, y, x), target.voxel_size)
        elif coordinates is not None:
            position = position.moved(coordinates, None, None)
        stays = coordinates is None or coordinates == target.centre
        return Answer(coordinates, position.answered(), FAILURE_MESSAGE, error, stays=stays)

    def _count_failure(self, target: Target, position: Position, error: Exception) -> Position:
        """Return the position after one more failure, held if there were too many."""
        position = position.failed(keeps_planes=not isinstance(error, IncompleteImageError))
        most = self._rules.max_failures
        if most is None or position.failures_in_a_row <= most:
            return position
        if self._rules.on_max_failures == "stop":
            self._tell_failure(target, error, "nothing, the session ends")
            error.add_note(f"It was failure {position.failures_in_a_row} in a row.")
            raise error
        reason = f"{position.failures_in_a_row} analyses in a row failed, {most} are allowed."
        return self._hold(position, reason)

    def _hold(self, position: Position, reason: str) -> Position:
        position = position.hold(reason)
        self._positions.update(position)
        self._tell(PositionHeld(position=position.name, reason=reason))
        return position

    def _fallback_coordinates(
        self, target: Target, position: Position
    ) -> tuple[PixelPosition | None, str]:
        """Return the previous coordinates if they may be sent again, else the centre."""
        previous = position.previous
        if self._rules.fallback == "previous" and previous is not None and not position.held:
            try:
                check_inside_image(previous, target.shape_zyx, self._rules.frame_margin_px)
                self._checked_step(target, previous)
            except RefusedMoveError:
                pass
            else:
                return previous, f"the previous coordinates of position {position.name}"
        if target.centre is None:
            return None, "no coordinates (nan)"
        return target.centre, "the centre of the image"

    def _tell_failure(self, target: Target, error: Exception, fallback: str) -> None:
        text = describe_error(error)
        self._tell(
            AnalysisFailed(
                path=target.path,
                position=target.label.position,
                error=str(text),
                fallback=fallback,
                error_type=text.type_name,
                traceback=text.traceback,
            )
        )
