"""The loop: a complete prescan → the pipeline → a decision → the microscope."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from dystrack.core.analysis import Analysis
from dystrack.core.caches import ClosedCache, copied
from dystrack.core.errors import TargetNotFoundError
from dystrack.core.protocols import Clock
from dystrack.manager.controls import Controls, SessionState
from dystrack.manager.events import (
    AnalysisStarted,
    AnalysisSucceeded,
    Listener,
    StopReason,
    Warned,
)
from dystrack.manager.obeying import Obedience, by_hand, shifted
from dystrack.manager.sender import Sender
from dystrack.manager.tracking.decision import decide
from dystrack.manager.tracking.positions import Position
from dystrack.manager.tracking.rules import TrackingRules
from dystrack.manager.tracking.target import Answer, Ending, Failure, NotAnalysed, Outcome, Target
from dystrack.manager.tracking.times import TrackingTimes, is_black_image
from dystrack.manager.watching.image_names import PositionPattern
from dystrack.manager.watching.waiting_line import ArrivedImage
from dystrack.manager.workers.in_process import Worker

__all__ = ["ImageSource", "Session"]

_CONTROLS_CHECK_S = 0.1


class ImageSource(Protocol):
    """Where a session gets its prescans from: the watcher."""

    def __iter__(self) -> Iterator[ArrivedImage]:
        """Iterate over images that are complete, that never became so, or that are gone."""
        ...

    def look_again(self, image: ArrivedImage) -> None:
        """Wait once more for an image that was changed or renamed while it was read."""
        ...

    def note_written(self, paths: Iterable[str]) -> None:
        """Take no file for a prescan that the pipeline itself has written."""
        ...

    @property
    def is_idle(self) -> bool:
        """Whether no prescan is waited for."""
        ...


class Session:
    """One run of the manager; the only one that stores the state of positions and tells of it.

    ::

        watch ──► image ──► analyse ──► decide ──► send ──► store ──► watch
          │         │          │          │          └─► not sent: kept, or the end
          │         │          └─ raised ─┤
          │         └── never complete, ──┤
          │             gone, held        └─► the end
          └─► between prescans: obey the controls, send what was kept

    Parameters
    ----------
    worker : Worker
        Where the pipeline runs.
    sender : Sender
        The way to the microscope.
    rules : TrackingRules
        What may be sent.
    naming : PositionPattern
        Tells a name's position and time point.
    img_kwargs, img_cache : mapping
        Keyword arguments for the pipeline; those of the cache it hands on, for each position.
    known : iterable of Position
        Positions of a run that is resumed.
    max_triggers : int or None
        Number of prescans after which to end.
    controls : Controls
        The way in for others, and their view of the session.
    tell : Listener
        Takes the events.
    clock : Clock
        The time.
    """

    def __init__(
        self,
        *,
        worker: Worker,
        sender: Sender,
        rules: TrackingRules,
        naming: PositionPattern,
        img_kwargs: Mapping[str, Any],
        img_cache: Mapping[str, Any],
        known: Iterable[Position] = (),
        max_triggers: int | None,
        controls: Controls,
        tell: Listener,
        clock: Clock,
    ) -> None:
        self._worker = worker
        self._sender = sender
        self._asked = Obedience(controls, rules, self._fresh_cache, tell)
        self._naming = naming
        self._img_kwargs = img_kwargs
        self._img_cache = img_cache
        self._positions = {position.name: position for position in known}
        self._is_first = not self._positions
        self._max_triggers = max_triggers
        self._controls = controls
        self._tell = tell
        self._clock = clock
        self._times = TrackingTimes(clock, self._positions.values())
        self._source: ImageSource | None = None
        self._skipped: set[Path] = set()
        self.coordinates: list[list[float | None]] = []

    def position(self, name: str) -> Position:
        """Return the state of a position, a fresh one if it is new."""
        if name not in self._positions:
            self._positions[name] = Position(name, self._fresh_cache())
        return self._positions[name]

    def _fresh_cache(self) -> Mapping[str, Any]:
        return copied(self._img_cache)

    def skip(self, path: Path) -> None:
        """Answer a prescan without looking at it, when its turn comes."""
        self._skipped.add(path)

    def run(self, source: ImageSource) -> StopReason:
        """Answer prescans until a condition to end is met.

        Parameters
        ----------
        source : ImageSource
            Where prescans come from.

        Returns
        -------
        StopReason
            Why the session ended.
        """
        self._source = source
        images = iter(source)
        while not self._has_enough():
            self._show(SessionState.WAITING)
            image = next(images, None)
            if image is None or self._is_stopped_by_then():
                return self._controls.stop_reason or StopReason.MAX_CHECKS
            self._handle(image)
        return StopReason.MAX_TRIGGERS

    def attend(self) -> bool:
        """Do what is due between prescans; return whether the session is to end."""
        is_to_end = self._obey()
        for parcel in self._sender.catch_up(self._may_still_move):
            if not parcel.is_overtaken:
                now = self.position(parcel.answer.position.name)
                self._store(parcel.answer.position.as_asked_of(now))
                self._count(n_sent=1)
        return is_to_end

    def _has_enough(self) -> bool:
        wanted = self._max_triggers
        return wanted is not None and self._controls.status.n_targets >= wanted

    def _is_stopped_by_then(self) -> bool:
        """Wait while the session is paused; return whether it is to end."""
        while not (is_to_end := self._obey()) and self._asked.is_paused:
            self._clock.sleep(_CONTROLS_CHECK_S)
        return is_to_end

    def _handle(self, image: ArrivedImage) -> None:
        """Take a prescan from the folder to the microscope."""
        label = self._naming.label(image.relative_name)
        number = self._controls.status.n_targets + 1
        position = self.position(label.position)
        has_channel = _asks_for_channel(self._img_kwargs, position.cache)
        time_s = self._times.of(image)
        target = Target(image, label, position, number, has_channel, self._is_first, time_s)
        if self._asked.is_beyond(target):
            self._controls.stop()
            return
        outcome = self._outcome_of(target)
        if self._is_looked_at_again(image, outcome):
            return
        self._count(n_targets=1)
        self._asked.note(target)
        if not isinstance(outcome, NotAnalysed):
            target = replace(target, position=replace(target.position, aim=None))
        decision = decide(target, outcome, self._asked.rules)
        for event in decision.events:
            self._tell(event)
        match decision:
            case Ending(error=error, note=note):
                if note:
                    error.add_note(note)
                raise error
            case Answer():
                self._send(target, decision)
        self._asked.answered(target)
        is_analysed = not (target.is_gone or isinstance(outcome, NotAnalysed))
        self._is_first = self._is_first and not is_analysed

    def _send(self, target: Target, answer: Answer) -> None:
        """Send an answer, and store what the position has come to."""
        self._count(n_analysed=answer.error is None)
        self.coordinates.append(list(answer.zyx))
        self._show(SessionState.SENDING, target.path)
        is_sent = self._sender.send(target, answer)
        self._count(n_sent=is_sent)
        position = answer.position
        self._store(position if is_sent else position.not_moved_since(target.position))

    def _outcome_of(self, target: Target) -> Outcome:
        """Return a checked answer, or why there is none."""
        name, position = target.image.path.name, target.position
        if target.image.path in self._skipped:
            return NotAnalysed(f"{name} was skipped for a newer prescan.")
        if position.held:
            return NotAnalysed(f"Position {position.name} is held: {position.held}")
        try:
            return self._analyse(target)
        except Exception as error:  # noqa: BLE001 - the one boundary with the user's pipeline
            return self._failure(target, error)

    def _failure(self, target: Target, error: Exception) -> Failure:
        """Return why there is no answer; a tracker has to know whether it was dark."""
        failure = Failure.of(error)
        if self._asked.rules.has_tracker and isinstance(error, TargetNotFoundError):
            return replace(failure, is_black=is_black_image(target.image.path))
        return failure

    def _analyse(self, target: Target) -> Analysis:
        target.image.check_readable()
        started_s = self._clock.monotonic()
        self._show(SessionState.ANALYSING, target.path)
        self._tell(
            AnalysisStarted(
                path=target.path,
                position=target.label.position,
                time_point=target.label.time_point,
                shape=target.shape,
                wait_s=started_s - target.image.noticed_s,
                axes=target.axes,
                centre=target.centre,
                voxel_size=target.voxel_size,
            )
        )
        self._warn_of_another_shape(target)
        result = by_hand(target) or self._found(target)
        if self._source is not None:
            self._source.note_written(result.written)
        analysis_s = self._clock.monotonic() - started_s
        self._tell(
            AnalysisSucceeded(
                path=target.path,
                position=target.label.position,
                analysis_s=analysis_s,
                findings=result.findings.as_data(),
            )
        )
        return result

    def _found(self, target: Target) -> Analysis:
        """Return what the pipeline finds, moved as a person wants it."""
        found = self._worker.run(target.path, self._img_kwargs, target.position.cache)
        return shifted(found, target.position.shift)

    def _warn_of_another_shape(self, target: Target) -> None:
        before = target.position.shape
        if before and target.shape and before != target.shape:
            name, position = target.image.path.name, target.label.position
            message = (
                f"{name} has the shape {target.shape}, the prescan before it at position "
                f"{position} had {before}. Were the prescan's settings changed?"
            )
            self._tell(Warned(message=message, position=position))

    def _is_looked_at_again(self, image: ArrivedImage, outcome: Outcome) -> bool:
        """Have an image looked at once more that was changed, renamed or deleted meanwhile."""
        may_be = image.may_be_read_again and not isinstance(outcome, NotAnalysed)
        if self._source is None or not may_be:
            return False
        if image.was_changed():
            position = self._naming.label(image.relative_name).position
            message = f"{image.path.name} was changed while it was read. It is read once more."
            self._tell(Warned(message=message, position=position))
        elif image.path.exists() or not isinstance(outcome, Failure):
            return False  # as it was; or gone since, and what was read was complete
        self._source.look_again(image)
        return True

    def _obey(self) -> bool:
        """Do what was asked for; return whether the session is to end."""
        is_to_end = self._asked.obey(self._positions, self.position, self._store)
        if self._controls.status.state in {SessionState.WAITING, SessionState.PAUSED}:
            self._show(SessionState.WAITING)
        return is_to_end

    def _may_still_move(self, target: Target) -> bool:
        """Return whether a late answer may still be followed: not once a newer prescan is there."""
        is_idle = self._source is not None and self._source.is_idle
        return (
            is_idle and not self._asked.is_paused and not self.position(target.position.name).held
        )

    def _store(self, position: Position) -> None:
        self._positions[position.name] = position
        held = {name: one.held for name, one in self._positions.items() if one.held}
        self._controls.status = replace(self._controls.status, held=held)

    def _show(self, state: SessionState, path: str = "") -> None:
        if state is SessionState.WAITING and self._asked.is_paused:
            state = SessionState.PAUSED
        self._controls.status = replace(self._controls.status, state=state, path=path)

    def _count(self, **more: int) -> None:
        status = self._controls.status
        counts = {name: getattr(status, name) + n for name, n in more.items()}
        self._controls.status = replace(status, **counts)


def _asks_for_channel(img_kwargs: Mapping[str, Any], cache: Mapping[str, Any]) -> bool:
    """Return whether the pipeline is asked for one channel; a closed cache is not looked into."""
    given = img_kwargs if isinstance(cache, ClosedCache) else {**img_kwargs, **cache}
    return given.get("channel") is not None
