"""From a pipeline's answer to what may be sent: checks and fallbacks. A pure function.

::

    answer ──► inside the image? ──► within the limits? ──► no runaway? ──► send it
                        └───────────────────────┴────────────────────┴─► a failed analysis

    failed analysis ──► very first, or no fallback ──► end
                    ├─► too many in a row ──► hold the position, or end
                    └─► previous coordinates, if they are within the limits ──► send them
                        else the centre of the image: stay

    not analysed (its position is held, or it is skipped) ──► stay
"""

from dataclasses import dataclass, field, replace

from dystrack.core.coordinates import PixelPosition
from dystrack.core.coords_file import FAILURE_MESSAGE
from dystrack.core.errors import IncompleteImageError, RefusedMoveError
from dystrack.core.limits import Limits, Offset
from dystrack.core.protocols import AnalysisResult
from dystrack.manager.events import AnalysisFailed, PositionHeld, Warned
from dystrack.manager.tracking.answers import check_inside_image
from dystrack.manager.tracking.positions import Position
from dystrack.manager.tracking.runaway import wrong_axes
from dystrack.manager.tracking.target import (
    Answer,
    Ending,
    Failure,
    NotAnalysed,
    Outcome,
    Target,
)

__all__ = ["TrackingRules", "decide"]


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


def decide(target: Target, outcome: Outcome, rules: TrackingRules) -> Answer | Ending:
    """Return what follows from a prescan.

    Parameters
    ----------
    target : Target
        The prescan, with the state of its position.
    outcome : AnalysisResult, Failure or NotAnalysed
        What came of it.
    rules : TrackingRules
        What the user allows.

    Returns
    -------
    Answer or Ending
        What is to be sent, with the new state of the position; or that the session ends.
    """
    match outcome:
        case NotAnalysed(reason=reason):
            return _answer_failure(target, None, Failure.of(RefusedMoveError(reason)))
        case Failure():
            return _fall_back(target, outcome, rules)
    try:
        return _accept(target, outcome, rules)
    except RefusedMoveError as refusal:
        return _fall_back(target, Failure.of(refusal), rules)


def _accept(target: Target, result: AnalysisResult, rules: TrackingRules) -> Answer | Ending:
    coordinates = PixelPosition(*result[:3])
    step = _checked_step(target, coordinates, rules)
    position = target.position.succeeded(result.img_cache, target.shape, target.n_planes)
    answer = Answer(
        coordinates, position.moved(coordinates, step, target.voxel_size), result.img_msg
    )
    wrong = wrong_axes(answer.position.steps)
    if not wrong:
        return answer
    message = (
        f"The corrections of position {position.name} grow, the stage runs away from the sample: "
        f"{wrong}. Check the signs and the order of the axes in the microscope's macro."
    )
    if rules.on_runaway == "hold":  # before the stage moves once more
        return _hold(target, target.position, message, Failure.of(RefusedMoveError(message)))
    return replace(answer, events=(Warned(message=message, position=position.name),))


def _checked_step(
    target: Target, coordinates: PixelPosition, rules: TrackingRules
) -> Offset | None:
    """Return the step from the centre of the image; None where that is not known.

    Raises
    ------
    RefusedMoveError
        If the coordinates lie outside the image, or the step beyond a limit.
    """
    check_inside_image(coordinates, target.shape_zyx, rules.frame_margin_px)
    step = _step(target, coordinates)
    if step is not None:
        rules.limits.check(step, target.position.travel, target.voxel_size)
    elif rules.limits != Limits():
        msg = "The limits cannot be judged: the prescan does not tell its size."
        raise RefusedMoveError(msg)
    return step


def _step(target: Target, coordinates: PixelPosition) -> Offset | None:
    if target.centre is None:
        return None
    z, y, x = (a - b for a, b in zip(coordinates, target.centre, strict=True))
    return z, y, x


def _fall_back(target: Target, failure: Failure, rules: TrackingRules) -> Answer | Ending:
    """Return what a failed analysis leads to; a file that is gone never ends a session."""
    if not target.is_gone and (target.is_first or rules.fallback is None):
        return _end(target, failure)
    position = target.position.failed(
        keeps_planes=not isinstance(failure.error, IncompleteImageError)
    )
    n_failures = position.failures_in_a_row
    if rules.max_failures is None or n_failures <= rules.max_failures:
        failed = replace(target, position=position)
        return _answer_failure(failed, _previous(failed, rules), failure)
    if rules.on_max_failures == "stop":
        return _end(target, failure, f"It was failure {n_failures} in a row.")
    reason = f"{n_failures} analyses in a row failed, {rules.max_failures} are allowed."
    return _hold(target, position, reason, failure)


def _end(target: Target, failure: Failure, note: str = "") -> Ending:
    return Ending(failure.error, (_failed(target, failure, "nothing, the session ends"),), note)


def _hold(target: Target, position: Position, reason: str, failure: Failure) -> Answer:
    """Return the answer that keeps a position where it is, from now on."""
    held = replace(target, position=position.hold(reason))
    answer = _answer_failure(held, None, failure)
    event = PositionHeld(position=position.name, reason=reason)
    return replace(answer, events=(event, *answer.events))


def _previous(target: Target, rules: TrackingRules) -> PixelPosition | None:
    """Return the previous coordinates of the position, if they may be sent again."""
    previous = target.position.previous
    if rules.fallback != "previous" or previous is None:
        return None
    try:
        _checked_step(target, previous, rules)
    except RefusedMoveError:
        return None
    return previous


def _answer_failure(target: Target, previous: PixelPosition | None, failure: Failure) -> Answer:
    """Return an answer with previous coordinates; without them, one that says *stay*."""
    coordinates, position = previous or target.centre, target.position
    if previous is not None:
        sent = f"the previous coordinates of position {position.name}"
    else:
        sent = "no coordinates (nan)" if coordinates is None else "the centre of the image"
    if coordinates is not None:
        position = position.moved(coordinates, _step(target, coordinates), target.voxel_size)
    return Answer(
        coordinates,
        position,
        FAILURE_MESSAGE,
        failure.error,
        stays=coordinates in {None, target.centre},
        events=(_failed(target, failure, sent),),
    )


def _failed(target: Target, failure: Failure, fallback: str) -> AnalysisFailed:
    return AnalysisFailed(
        path=target.path,
        position=target.label.position,
        error=f"{failure.error_type}: {failure.message}",
        fallback=fallback,
        error_type=failure.error_type,
        traceback=failure.traceback,
    )
