"""Hand answers to the microscope, with retries, and record what was sent."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from dystrack.core.coords_file import COORDS_FILE_NAME
from dystrack.core.protocols import Clock, Transmitter
from dystrack.manager.events import Answered, Answering, Listener, TransmissionFailed, Warned
from dystrack.manager.record.states import position_record
from dystrack.manager.tracking.target import Answer, Target

__all__ = ["Sender"]

_ATTEMPTS = 3
_FIRST_PAUSE_S = 0.1
_PAUSE_GROWTH = 3


class Sender:
    """Sends each answer by the user's way, and keeps it in the text file where that is another.

    Parameters
    ----------
    transmit : Transmitter
        The way to the microscope; tried three times with a growing pause.
    records : sequence of Transmitter
        Where to record what was sent.
    target_dir : str
        The folder, as an absolute path.
    tra_kwargs : mapping
        Keyword arguments for `transmit`.
    says_stay : bool
        Whether `transmit` is told to stay by coordinates that are None.
    resume : bool
        Whether a failure is only told; otherwise it is raised.
    tell : Listener
        Takes the events.
    clock : Clock
        The time.
    """

    def __init__(
        self,
        transmit: Transmitter,
        records: Sequence[Transmitter],
        *,
        target_dir: str,
        tra_kwargs: Mapping[str, Any],
        says_stay: bool,
        resume: bool,
        tell: Listener,
        clock: Clock,
    ) -> None:
        self._transmit = transmit
        self._records = records
        self._target_dir = target_dir
        self._tra_kwargs = tra_kwargs
        self._says_stay = says_stay
        self._resume = resume
        self._tell = tell
        self._clock = clock
        self.tra_success_counter = 0

    def send(self, target: Target, answer: Answer) -> bool:
        """Send an answer; tell before and after.

        Parameters
        ----------
        target : Target
            The prescan that is answered.
        answer : Answer
            What to send.

        Returns
        -------
        bool
            Whether the microscope was reached.

        Raises
        ------
        Exception
            What the last attempt raised, unless failures are only told.
        """
        z, y, x = answer.zyx
        self._tell(
            Answering(
                path=target.path,
                position=target.label.position,
                target=target.number,
                z=z,
                y=y,
                x=x,
                msg=answer.message,
                state=position_record(answer.position),
                coords_size=self._size_of_coords_file(),
            )
        )
        is_sent = self._is_sent(target, answer)
        if is_sent:
            self.tra_success_counter += 1
            self._record(answer)
        self._tell(
            Answered(
                path=target.path,
                position=target.label.position,
                time_point=target.label.time_point,
                target=target.number,
                z=z,
                y=y,
                x=x,
                msg=answer.message,
                outcome="ok" if answer.error is None else "fallback",
                sent=is_sent,
                total_s=self._clock.monotonic() - target.image.noticed_s,
                step_um=_step_um(target, answer),
            )
        )
        return is_sent

    def _is_sent(self, target: Target, answer: Answer) -> bool:
        """Return whether one of the attempts reached the microscope."""
        pause_s = _FIRST_PAUSE_S
        for attempt in range(1, _ATTEMPTS):
            try:
                self._hand_over_to_microscope(answer)
            except Exception as error:  # noqa: BLE001 - a boundary with the user's code
                self._tell_failure(target, attempt, error)
            else:
                return True
            self._clock.sleep(pause_s)
            pause_s *= _PAUSE_GROWTH
        try:
            self._hand_over_to_microscope(answer)
        except Exception as error:
            self._tell_failure(target, _ATTEMPTS, error)
            if not self._resume:
                raise
            return False
        return True

    def _hand_over_to_microscope(self, answer: Answer) -> None:
        if answer.stays and self._says_stay:
            answer = replace(answer, coordinates=None)
        self._hand_over(self._transmit, answer, self._tra_kwargs)

    def _tell_failure(self, target: Target, attempt: int, error: Exception) -> None:
        self._tell(
            TransmissionFailed(
                path=target.path,
                attempt=attempt,
                error=f"{type(error).__name__}: {error}",
                final=attempt == _ATTEMPTS,
            )
        )

    def _record(self, answer: Answer) -> None:
        """Keep what was sent; the microscope has it already, so a failure is only told."""
        for record in self._records:
            try:
                self._hand_over(record, answer, {})
            except OSError as error:
                message = f"The coordinates were sent but could not be recorded: {error}"
                self._tell(Warned(message=message))

    def _size_of_coords_file(self) -> int | None:
        try:
            return Path(self._target_dir, COORDS_FILE_NAME).stat().st_size
        except OSError:
            return None

    def _hand_over(self, to: Transmitter, answer: Answer, kwargs: Mapping[str, Any]) -> None:
        z, y, x = answer.zyx
        to(z, y, x, answer.message, answer.position.cache, answer.error, self._target_dir, **kwargs)


def _step_um(target: Target, answer: Answer) -> tuple[float, float, float] | None:
    """Return how far the target lies from the centre of its image; None where nobody knows."""
    centre, voxel_size = target.centre, target.voxel_size
    if answer.coordinates is None or centre is None or voxel_size is None:
        return None
    z, y, x = (a - b for a, b in zip(answer.coordinates, centre, strict=True))
    return z * voxel_size.z_um, y * voxel_size.y_um, x * voxel_size.x_um
