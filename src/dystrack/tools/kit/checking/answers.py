"""What a pipeline answers to the prescans of a folder, one after the other as in a session."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from dystrack.core.analysis import Analysis
from dystrack.core.coordinates import PixelPosition, centre_of, offset_from_centre_um
from dystrack.core.error_texts import safe_text
from dystrack.core.errors import ConfigurationError, RefusedMoveError
from dystrack.core.limits import Travel
from dystrack.core.protocols import SYSTEM_CLOCK, Clock, Pipeline
from dystrack.images.stack_axes import depth_of_stack
from dystrack.manager.settings import Settings
from dystrack.manager.tracking.answers import check_inside_image
from dystrack.manager.wording import count
from dystrack.manager.workers.isolated import IsolatedWorker
from dystrack.tools.kit.checking.prescans import FoundPrescan
from dystrack.tools.kit.remarks import Remark, good, note, problem

__all__ = ["AnsweredPrescan", "answer_prescans", "answer_remarks"]

_NAMES_SHOWN = 3
_FINE = "OK"


@dataclass(frozen=True)
class AnsweredPrescan:
    """What came of a prescan.

    Attributes
    ----------
    prescan : FoundPrescan
        The file.
    analysis : Analysis or None
        The answer; None if the analysis failed.
    failure : str
        Why it failed, or why its answer would not be sent; empty if neither.
    duration_s : float
        How long the analysis took.
    """

    prescan: FoundPrescan
    analysis: Analysis | None = None
    failure: str = ""
    duration_s: float = 0.0

    @property
    def target(self) -> PixelPosition | None:
        """Where to go next, in pixels."""
        return None if self.analysis is None else PixelPosition(*self.analysis[:3])

    @property
    def message(self) -> str:
        """What the microscope would be told."""
        return self.failure or ("" if self.analysis is None else self.analysis.img_msg)


def answer_prescans(
    prescans: Iterable[FoundPrescan],
    pipeline: Pipeline,
    settings: Settings,
    options: Mapping[str, Any],
    cache: Mapping[str, Any],
    clock: Clock = SYSTEM_CLOCK,
) -> Iterator[AnsweredPrescan]:
    """Have prescans analysed in a process of its own.

    Parameters
    ----------
    prescans : iterable of FoundPrescan
        The files, in the order in which they came.
    pipeline : callable
        The pipeline.
    settings : Settings
        The deadline, and what may be sent.
    options, cache : mapping
        Its keyword arguments, always and for the first call at each position.
    clock : Clock, optional
        The time.

    Yields
    ------
    AnsweredPrescan
        What came of each.

    Raises
    ------
    ConfigurationError
        If the pipeline cannot run at all.
    """
    worker = IsolatedWorker(pipeline, settings.timeout_s, n_processes=1)
    caches: dict[str, Mapping[str, Any]] = {}
    try:
        for prescan in prescans:
            before = caches.get(prescan.label.position, cache)
            began_s = clock.monotonic()
            try:
                analysis = worker.run(str(prescan.path), options, before)
            except ConfigurationError:
                raise
            except Exception as error:  # noqa: BLE001 - what a pipeline raises is an outcome
                failure = f"{type(error).__name__}: {safe_text(error)}"
                yield AnsweredPrescan(prescan, None, failure, clock.monotonic() - began_s)
                continue
            duration_s = clock.monotonic() - began_s
            caches[prescan.label.position] = analysis.img_cache
            refusal = _refusal(prescan, analysis, settings, options)
            yield AnsweredPrescan(prescan, analysis, refusal, duration_s)
    finally:
        worker.close()


def _refusal(
    prescan: FoundPrescan, analysis: Analysis, settings: Settings, options: Mapping[str, Any]
) -> str:
    """Return why an answer would not be sent; empty if it would."""
    rules, status = settings.tracking_rules, prescan.status
    sizes = dict(zip(status.axes, status.shape, strict=False))
    if not {"Y", "X"} <= sizes.keys():
        return ""
    has_channel = isinstance(options.get("channel"), int)
    depth = depth_of_stack(sizes, axes_known=status.axes_known, has_channel=has_channel)
    shape = (depth, sizes["Y"], sizes["X"])
    target = PixelPosition(*analysis[:3])
    z, y, x = (a - b for a, b in zip(target, centre_of(shape), strict=True))
    try:
        check_inside_image(target, shape, rules.frame_margin_px)
        rules.limits.check((z, y, x), Travel(), status.voxel_size)
    except RefusedMoveError as error:
        return f"Refused: {error}"
    return ""


def answer_remarks(
    answered: Sequence[AnsweredPrescan], interval_s: float | None
) -> Iterator[Remark]:
    """Yield what is to be said of answers.

    Parameters
    ----------
    answered : sequence of AnsweredPrescan
        What came of the prescans.
    interval_s : float or None
        Time from one prescan to the next; None if that is not known.

    Yields
    ------
    Remark
        How many would be sent, which not and why, and how long they took.
    """
    if not answered:
        return
    failed = [one for one in answered if one.failure]
    doubted = [one for one in answered if not one.failure and one.message != _FINE]
    n_fine = len(answered) - len(failed)
    if n_fine:
        yield good(f"{n_fine} of {count(len(answered), 'prescan')} got an answer that may be sent.")
    for reason, names in _grouped(failed).items():
        # A run ends where the first analysis of all fails, and goes on where a later one does.
        is_first = answered[0].prescan.name in names
        weight = problem if is_first or not n_fine else note
        ends = " A run would end there." if is_first else ""
        yield weight(f"{_some(names)}: {reason}{ends}")
    for reason, names in _grouped(doubted).items():
        yield note(f"{_some(names)}: answered with the message {reason}.")
    yield from _about_steps(answered)
    yield from _about_time(answered, interval_s)


def _grouped(answered: Iterable[AnsweredPrescan]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for one in answered:
        groups.setdefault(one.message, []).append(one.prescan.name)
    return groups


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
    return f"{', '.join(names[:_NAMES_SHOWN])}{more}"


def _about_steps(answered: Iterable[AnsweredPrescan]) -> Iterator[Remark]:
    """Yield how far the stage would go, which is what limits are chosen from."""
    steps = [
        tuple(map(abs, offset_from_centre_um(one.target, status.shape, status.voxel_size)))
        for one in answered
        if one.target is not None
        and not one.failure
        and (status := one.prescan.status).voxel_size is not None
        and set(status.axes) <= set("ZYX")
    ]
    if steps:
        most = [max(along) for along in zip(*steps, strict=True)]
        said = ", ".join(f"{axis} {um:.3g}" for axis, um in zip("zyx", most, strict=True))
        yield good(f"Greatest step from the middle of a prescan in µm: {said}.")


def _about_time(answered: Sequence[AnsweredPrescan], interval_s: float | None) -> Iterator[Remark]:
    first, *later = (one.duration_s for one in answered)
    usual = median(later) if later else first
    took = f"An analysis takes {usual:.2g} s, the first one {first:.2g} s with its start"
    if interval_s is None:
        yield good(f"{took}.")
    elif usual > interval_s:
        yield problem(
            f"{took}: more than the {interval_s:g} s between prescans. Answers would come later"
            " and later. Take smaller prescans, or more time between them."
        )
    else:
        yield good(f"{took}; there are {interval_s:g} s between prescans.")
