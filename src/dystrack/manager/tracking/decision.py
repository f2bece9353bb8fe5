"""From a pipeline's answer to what may be sent: checks and fallbacks. A pure function.

::

    answer ──► inside the image? ──► within the limits? ──► no runaway? ──► send it
                        └───────────────────────┴────────────────────┴─► a failed analysis

    failed analysis ──► very first, or no fallback ──► end
                    ├─► too many in a row ──► hold the position, or end
                    └─► previous coordinates, if they are within the limits ──► send them
                        else the centre of the image: stay

    not analysed (its position is held, or it is skipped) ──► stay

With a tracker, its place takes the place of the answer, and of the previous coordinates.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from dystrack.core.analysis import Analysis
from dystrack.core.coordinates import PixelPosition
from dystrack.core.errors import IncompleteImageError, RefusedMoveError
from dystrack.core.exchange.coords_file import FAILURE_MESSAGE
from dystrack.core.findings import graded
from dystrack.core.limits import Limits, Offset
from dystrack.manager.events import AnalysisFailed, PositionHeld, Warned
from dystrack.manager.tracking.answers import check_inside_image
from dystrack.manager.tracking.extra_targets import allowed_targets
from dystrack.manager.tracking.positions import Position
from dystrack.manager.tracking.rules import TrackingRules
from dystrack.manager.tracking.runaway import wrong_axes
from dystrack.manager.tracking.sizes import is_usual_size, usual_size_after
from dystrack.manager.tracking.stage import NOT_SEEN, does_not_follow
from dystrack.manager.tracking.target import (
    Answer,
    Ending,
    Failure,
    NotAnalysed,
    Outcome,
    Target,
)

if TYPE_CHECKING:  # the tracker is loaded where one runs
    from dystrack.manager.tracking.following import Course

__all__ = ["decide"]


def decide(target: Target, outcome: Outcome, rules: TrackingRules) -> Answer | Ending:
    """Return what follows from a prescan.

    Parameters
    ----------
    target : Target
        The prescan, with the state of its position.
    outcome : Analysis, Failure or NotAnalysed
        What came of it.
    rules : TrackingRules
        What the user allows.

    Returns
    -------
    Answer or Ending
        What is to be sent, with the new state of the position; or that the session ends.
    """
    rules = rules.in_phase(target.label.phase)
    if isinstance(outcome, NotAnalysed):
        return _answer_failure(target, None, Failure.of(RefusedMoveError(outcome.reason)))
    outcome = _judged(target, outcome, rules)
    course = _course(target, outcome, rules)
    if course is not None:
        target = replace(target, position=course.seen_by(target.position))
    if isinstance(outcome, Failure):
        return _fall_back(target, outcome, rules, course)
    try:
        return _accept(target, outcome, rules, course)
    except RefusedMoveError as refusal:  # of where the tracker wants to go
        return _fall_back(target, Failure.of(refusal), rules, course)


def _judged(
    target: Target, outcome: Analysis | Failure, rules: TrackingRules
) -> Analysis | Failure:
    """Return an answer if it may be sent; otherwise it is a failure."""
    if isinstance(outcome, Failure):
        return outcome
    try:
        _checked_step(target, PixelPosition(*outcome[:3]), rules)
    except RefusedMoveError as refusal:
        return Failure.of(refusal)
    return outcome


def _course(target: Target, outcome: Analysis | Failure, rules: TrackingRules) -> "Course | None":
    """Return where the tracker wants to go, if there is one."""
    if not rules.has_tracker:
        return None
    from dystrack.manager.tracking.following import course_of  # noqa: PLC0415 - only where wanted

    message = _message(target, outcome) if isinstance(outcome, Analysis) else ""
    mode = rules.track if rules.is_tracked else "smooth"
    two = rules.is_tracked and rules.has_two_targets
    course = course_of(target, outcome, message, mode, has_two_targets=two)
    return course and course.within_frame(rules.frame_margin_px)


def _accept(
    target: Target, result: Analysis, rules: TrackingRules, course: "Course | None"
) -> Answer | Ending:
    coordinates, message = PixelPosition(*result[:3]), _message(target, result)
    position = target.position.succeeded(result.img_cache, target.shape, target.n_planes)
    position = replace(position, usual_size=usual_size_after(target, result))
    position = position.having_seen(result.evidence).looked(_seen(target, result))
    seen = replace(target, position=position)
    if course is None:
        answer = _sending(seen, coordinates, message, rules)
    elif rules.is_tracked and course.place is not None:
        answer = _following(seen, course, course.place, course.message_with(message), rules)
    else:
        plain = replace(course, then=None, next_in_s=None)
        answer = _following(seen, plain, coordinates, message, rules)
    answer = replace(answer, own=coordinates if course else None)
    return _unless_running_away(target, _with_targets(target, answer, result, rules), rules)


def _with_targets(target: Target, answer: Answer, result: Analysis, rules: TrackingRules) -> Answer:
    """Return an answer with the further places to which the microscope may go."""
    allowed, refused = allowed_targets(
        result.findings.targets,
        lambda place: _checked_step(target, place, rules),
        lambda corner: check_inside_image(corner, target.shape_zyx, rules.frame_margin_px),
    )
    refused = [*result.findings.refused_targets, *refused]
    warnings = (Warned(message=why, position=target.position.name) for why in refused)
    return replace(answer, targets=allowed, events=(*answer.events, *warnings))


def _sending(target: Target, to: PixelPosition, message: str, rules: TrackingRules) -> Answer:
    """Return the answer that sends a position somewhere, if that is allowed."""
    step = _checked_step(target, to, rules)
    return Answer(to, target.position.moved(to, step, target.voxel_size), message)


def _following(
    target: Target, course: "Course", to: PixelPosition, message: str, rules: TrackingRules
) -> Answer:
    """Return the answer that goes where the tracker wants, if that is allowed."""
    answer = _sending(target, to, message, rules)
    then = _allowed(target, course.then, rules)
    if then is not None:  # the stage is there before the next prescan
        moved = target.position.moved(then, _step(target, then), target.voxel_size)
        answer = replace(answer, position=replace(moved, previous=to))
    return replace(
        answer,
        position=course.moved(answer.position, then or to),
        next_coordinates=then,
        next_in_s=course.next_in_s,
        predicted=course.predicted,
        sd_px=course.sd_px,
    )


def _unless_running_away(target: Target, answer: Answer, rules: TrackingRules) -> Answer:
    """Return an answer with a warning, or that the position is held, where the stage runs away."""
    position = target.position
    kind, message = _what_runs_away(answer.position)
    if not message:
        return answer
    if rules.on_runaway == "hold":  # before the stage moves once more
        return _hold(target, target.position, message, Failure.of(RefusedMoveError(message)))
    warning = Warned(message=message, position=position.name, kind=kind)
    return replace(answer, events=(*answer.events, warning))


def _what_runs_away(position: Position) -> tuple[str, str]:
    """Return the kind of trouble and what to say of it; both are empty where there is none."""
    if wrong := wrong_axes(position.steps):
        return "runaway", (
            f"The corrections of position {position.name} grow, the stage runs away from the "
            f"sample: {wrong}. Check the signs and the order of the axes in the microscope's macro."
        )
    if does_not_follow(position.seen, position.steps):
        return "stage", (
            f"Three prescans of position {position.name} show the same although the stage was sent "
            "on in between: the stage does not follow. Check that the microscope's macro moves it, "
            "and that each prescan is a new image."
        )
    return "", ""


def _seen(target: Target, result: Analysis) -> Offset:
    """Return where the pipeline saw the sample, if it says so plainly."""
    step = _step(target, PixelPosition(*result[:3]))
    return step if step is not None and result.img_msg == "OK" else NOT_SEEN


def _message(target: Target, result: Analysis) -> str:
    """Return the pipeline's message, or a warning where it is OK with next to nothing to see.

    Or with something else: what is found is of another size than at this position before.
    """
    position, confidence = target.position, result.findings.confidence
    if confidence is None and not position.is_usual(result.evidence):
        confidence = 0.0
    if not is_usual_size(target, result):
        confidence = 0.0
    return graded(result.img_msg, confidence)


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


def _allowed(
    target: Target, coordinates: PixelPosition | None, rules: TrackingRules
) -> PixelPosition | None:
    """Return coordinates if they may be sent."""
    if coordinates is None:
        return None
    try:
        _checked_step(target, coordinates, rules)
    except RefusedMoveError:
        return None
    return coordinates


def _fall_back(
    target: Target, failure: Failure, rules: TrackingRules, course: "Course | None"
) -> Answer | Ending:
    """Return what a failed analysis leads to; a file that is gone never ends a session."""
    if not target.is_gone and (target.is_first or rules.fallback is None):
        return _end(target, failure)
    position = target.position.failed(
        keeps_planes=not isinstance(failure.error, IncompleteImageError)
    )
    n_failures = position.failures_in_a_row
    if rules.max_failures is None or n_failures <= rules.max_failures:
        failed = replace(target, position=position)
        return _instead(failed, failure, rules, course)
    if rules.on_max_failures == "stop":
        return _end(target, failure, f"It was failure {n_failures} in a row.")
    reason = f"{n_failures} analyses in a row failed, {rules.max_failures} are allowed."
    return _hold(target, position, reason, failure)


def _instead(
    target: Target, failure: Failure, rules: TrackingRules, course: "Course | None"
) -> Answer:
    """Return what is sent instead of an answer: where the tracker expects the sample, if it does.

    Where it wants to go further than is allowed, or no image has told its size, the position stays:
    what was sent last is not where a tracked sample is.
    """
    if course is None and target.position.track is not None:
        return _answer_failure(target, None, failure)
    if course is None or course.place is None or rules.fallback == "stay":
        return _answer_failure(target, _previous(target, rules), failure)
    try:
        answer = _following(target, course, course.place, course.message, rules)
    except RefusedMoveError:
        return _answer_failure(target, None, failure)
    event = _failed(target, failure, f"where the sample is expected ({course.message})")
    return replace(answer, error=failure.error, events=(event,))


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
    is_wanted = rules.fallback in {"previous", "predict"}
    return _allowed(target, target.position.previous, rules) if is_wanted else None


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
