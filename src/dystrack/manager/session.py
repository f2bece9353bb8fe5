"""The loop: a whole prescan → the pipeline → checks → the microscope."""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from dystrack.core.errors import IncompleteImageError, RefusedMoveError
from dystrack.core.protocols import AnalysisResult, Clock
from dystrack.images.readiness import Aborted, FileStamp
from dystrack.manager.events import (
    AnalysisStarted,
    AnalysisSucceeded,
    ImageVanished,
    Listener,
    Warned,
)
from dystrack.manager.sender import Sender
from dystrack.manager.tracking.decision import Tracker
from dystrack.manager.tracking.positions import Positions
from dystrack.manager.tracking.target import Target
from dystrack.manager.watching.image_names import PositionPattern
from dystrack.manager.watching.watcher import ArrivedImage
from dystrack.manager.workers.in_process import Worker

__all__ = ["ImageSource", "Session"]

_MOST_READING_ATTEMPTS = 5


class ImageSource(Protocol):
    """Where a session gets its prescans from: the watcher."""

    def __iter__(self) -> Iterator[ArrivedImage]:
        """Iterate over images that are whole, or that never became so."""
        ...

    def look_again(self, image: ArrivedImage) -> None:
        """Wait once more for an image that was changed while it was read."""
        ...


class Session:
    """One run of the manager.

    ::

        watch ──► whole image ──► analyse ──► track ──► send ──► watch
                      │              │          │         └─► not sent: try again ──► end or go on
                      └─ never whole ┴─ raised ─┘

    Parameters
    ----------
    source : ImageSource
        Where prescans come from.
    worker : Worker
        Where the pipeline runs.
    sender : Sender
        The way to the microscope.
    positions : Positions
        The state of each position.
    tracker : Tracker
        Decides what is sent.
    naming : PositionPattern
        Tells a name's position and time point.
    img_kwargs : mapping
        Keyword arguments for the pipeline.
    max_triggers : int or None
        Number of prescans after which to end.
    tell : Listener
        Takes the events.
    clock : Clock
        The time.
    """

    def __init__(
        self,
        source: ImageSource,
        *,
        worker: Worker,
        sender: Sender,
        positions: Positions,
        tracker: Tracker,
        naming: PositionPattern,
        img_kwargs: Mapping[str, Any],
        max_triggers: int | None,
        tell: Listener,
        clock: Clock,
    ) -> None:
        self._source = source
        self._worker = worker
        self._sender = sender
        self._positions = positions
        self._tracker = tracker
        self._naming = naming
        self._img_kwargs = img_kwargs
        self._max_triggers = max_triggers
        self._tell = tell
        self._clock = clock
        self.coordinates: list[list[float | None]] = []
        self.target_counter = 0
        self.img_success_counter = 0

    def run(self) -> str:
        """Answer prescans until a condition to end is met.

        Returns
        -------
        str
            Why the session ended.
        """
        images = iter(self._source)
        while not self._has_enough():
            image = next(images, None)
            if image is None:
                return "the watch is over"
            self._handle(image)
        return "max_triggers is reached"

    def _has_enough(self) -> bool:
        wanted = self._max_triggers
        return wanted is not None and self.target_counter >= wanted

    def _handle(self, image: ArrivedImage) -> None:
        """Take a prescan from the folder to the microscope."""
        label = self._naming.label(image.relative_name)
        position = self._positions[label.position]
        has_channel = {**self._img_kwargs, **position.cache}.get("channel") is not None
        target = Target(image, label, position, self.target_counter + 1, has_channel)
        outcome = self._try_to_analyse(target)
        if isinstance(outcome, Exception) and _has_vanished(image):
            self._tell(ImageVanished(path=target.path))
            return
        if _was_changed(image):
            message = f"{image.path.name} was changed while it was read. It is read once more."
            self._tell(Warned(message=message, position=label.position))
            self._source.look_again(image)
            return
        self.target_counter += 1
        answer = self._tracker.answer(target, outcome)
        self.img_success_counter += answer.error is None
        self.coordinates.append(list(answer.zyx))
        is_sent = self._sender.send(target, answer)
        position = answer.position
        self._positions.update(position if is_sent else position.not_moved_since(target.position))

    def _try_to_analyse(self, target: Target) -> AnalysisResult | Exception:
        """Return a checked answer, or why there is none."""
        try:
            return self._analyse(target)
        except Exception as error:  # noqa: BLE001 - the one boundary with the user's pipeline
            return error

    def _analyse(self, target: Target) -> AnalysisResult:
        _check_readable(target.image)
        if target.position.held:
            msg = f"Position {target.position.name} is held: {target.position.held}"
            raise RefusedMoveError(msg)
        started_s = self._clock.monotonic()
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
        result = self._worker.run(target.path, self._img_kwargs, target.position.cache)
        analysis_s = self._clock.monotonic() - started_s
        self._tell(
            AnalysisSucceeded(
                path=target.path, position=target.label.position, analysis_s=analysis_s
            )
        )
        return result

    def _warn_of_another_shape(self, target: Target) -> None:
        before = target.position.shape
        if before and target.shape and before != target.shape:
            name, position = target.image.path.name, target.label.position
            message = (
                f"{name} has the shape {target.shape}, the prescan before it at position "
                f"{position} had {before}. Were the prescan's settings changed?"
            )
            self._tell(Warned(message=message, position=position))


def _check_readable(image: ArrivedImage) -> None:
    """Raise if an image never became whole, or never rested."""
    if isinstance(image.outcome, Aborted):
        raise IncompleteImageError(image.outcome.reason)
    if image.attempt > _MOST_READING_ATTEMPTS:
        msg = (
            f"{image.path.name} was changed {_MOST_READING_ATTEMPTS} times while it was read. "
            "Let the microscope write each prescan once, or under a new name."
        )
        raise IncompleteImageError(msg)


def _has_vanished(image: ArrivedImage) -> bool:
    """Return whether a file was renamed or deleted after it was found to be whole."""
    return not isinstance(image.outcome, Aborted) and not image.path.exists()


def _was_changed(image: ArrivedImage) -> bool:
    """Return whether a file is another one than when it was found to be whole."""
    if isinstance(image.outcome, Aborted) or image.attempt > _MOST_READING_ATTEMPTS:
        return False
    try:
        return FileStamp.of(image.path) != image.outcome.stamp
    except OSError:  # deleted since, or out of reach: what was read was whole
        return False
