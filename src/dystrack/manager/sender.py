"""Hand answers to the microscope, however long that takes, and record what was sent."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dystrack.core.coordinates import offset_from_centre_um
from dystrack.core.error_texts import describe_error
from dystrack.core.errors import OvertakenError, TransmissionError
from dystrack.core.exchange.answer_file import write_answer
from dystrack.core.exchange.coords_file import COORDS_FILE_NAME, CoordsLine
from dystrack.core.exchange.targets_file import write_targets
from dystrack.core.protocols import Clock, Transmitter
from dystrack.manager.controls import Controls
from dystrack.manager.events import (
    Answered,
    AnsweredLate,
    Answering,
    Listener,
    TransmissionFailed,
    TransmissionRecovered,
    Warned,
)
from dystrack.manager.record.states import position_record
from dystrack.manager.tracking.target import Answer, Target
from dystrack.manager.transmitters import Traits

__all__ = ["Parcel", "Sender"]

_LEAST_ATTEMPTS = 3
_FIRST_PAUSE_S = 0.1
_PAUSE_GROWTH = 3
_LONGEST_PAUSE_S = 5.0
_STOP_CHECK_S = 0.1
_CATCH_UP_EVERY_S = 2.0


@dataclass(frozen=True)
class Parcel:
    """An answer on its way out.

    Attributes
    ----------
    target : Target
        The prescan that is answered.
    answer : Answer
        What to send.
    began_s : float
        When it was first tried, on the monotonic clock.
    is_late : bool
        Whether it was given up before.
    is_overtaken : bool
        Whether a newer prescan has come since: the microscope is elsewhere, so it says *stay*.
    """

    target: Target
    answer: Answer
    began_s: float
    is_late: bool = False
    is_overtaken: bool = False

    def late(self) -> "Parcel":
        """Return this parcel, marked as late."""
        return replace(self, answer=self.answer.late(), is_late=True)

    def overtaken(self) -> "Parcel":
        """Return what is left of it once a newer prescan is there."""
        return replace(self, answer=self.answer.overtaken(self.target.centre), is_overtaken=True)


class Sender:
    """Sends each answer by the user's way, and keeps it in the text file where that is another.

    ::

        answer ──► try ──► sent ──► recorded
                   ▲  │
            pause ─┘  └─► time over, or stop ──► error, or: kept ──► tried again between prescans
                                                             └─► overtaken: it says stay

    Parameters
    ----------
    transmit : Transmitter
        The way to the microscope.
    records : sequence of Transmitter
        Where to record what was sent.
    traits : Traits
        What `transmit` can do.
    target_dir : str
        The folder, as an absolute path.
    tra_kwargs : mapping
        Keyword arguments for `transmit`.
    answer_files : bool
        Whether each prescan gets an answer file, before anything else is sent.
    send_limit_s : float
        How long to try in s; at least three times.
    resume : bool
        Whether a failure is only told; otherwise it is raised.
    controls : Controls
        Says whether the session is to end, which ends the trying.
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
        traits: Traits,
        target_dir: str,
        tra_kwargs: Mapping[str, Any],
        answer_files: bool,
        send_limit_s: float,
        resume: bool,
        controls: Controls,
        tell: Listener,
        clock: Clock,
    ) -> None:
        self._transmit = transmit
        self._records = records
        self._traits = traits
        self._target_dir = target_dir
        self._tra_kwargs = tra_kwargs
        self._answer_files = answer_files
        self._send_limit_s = send_limit_s
        self._resume = resume
        self._controls = controls
        self._tell = tell
        self._clock = clock
        self._waiting: list[Parcel] = []
        self._unrecorded: list[Parcel] = []
        self._next_catch_up_s = 0.0

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
        TransmissionError
            If it could not be sent, unless failures are only told.
        """
        self._waiting = [parcel.overtaken() for parcel in self._waiting]
        self._send_waiting()
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
                **answer.besides,
            )
        )
        is_sent = self._is_sent(Parcel(target, answer, self._clock.monotonic()))
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
                **answer.besides,
            )
        )
        return is_sent

    def catch_up(self, may_move: Callable[[Target], bool]) -> list[Parcel]:
        """Try once more to send what was given up, if it is time for that.

        Parameters
        ----------
        may_move : callable
            Says whether the answer to a prescan may still be followed.

        Returns
        -------
        list of Parcel
            What was sent.
        """
        now_s = self._clock.monotonic()
        if not (self._waiting or self._unrecorded) or now_s < self._next_catch_up_s:
            return []
        self._next_catch_up_s = now_s + _CATCH_UP_EVERY_S
        self._waiting = [
            parcel if may_move(parcel.target) else parcel.overtaken() for parcel in self._waiting
        ]
        waiting = list(self._waiting)
        self._send_waiting()
        self._record()
        return waiting[: len(waiting) - len(self._waiting)]

    def _is_sent(self, parcel: Parcel) -> bool:
        """Try until it is sent, until the time for that is over, or until the session is to end."""
        limit_s = 0.0 if self._waiting else self._send_limit_s  # the way is known to be blocked
        self._waiting.append(parcel)
        attempt, pause_s = 1, _FIRST_PAUSE_S
        while (error := self._send_waiting()) is not None:
            left_s = parcel.began_s + limit_s - self._clock.monotonic()
            is_over = attempt >= _LEAST_ATTEMPTS and left_s <= 0
            is_last = is_over or self._controls.stop_reason is not None
            if attempt == 1 or is_last:
                self._tell_failure(parcel, attempt, error, is_last=is_last)
            if is_last:
                self._waiting[-1] = parcel.late()
                if is_over and not self._resume:
                    raise _given_up(parcel, attempt, error) from error
                return False
            self._rest(pause_s if attempt < _LEAST_ATTEMPTS else min(pause_s, left_s))
            attempt, pause_s = attempt + 1, min(pause_s * _PAUSE_GROWTH, _LONGEST_PAUSE_S)
        if attempt > 1:
            path, after_s = parcel.target.path, self._clock.monotonic() - parcel.began_s
            self._tell(TransmissionRecovered(path=path, attempt=attempt, after_s=after_s))
        return True

    def _rest(self, seconds: float) -> None:
        """Rest in short pieces, so that Esc ends it."""
        end_s = self._clock.monotonic() + seconds
        while (left_s := end_s - self._clock.monotonic()) > 0:
            if self._controls.stop_reason is not None:
                return
            self._clock.sleep(min(left_s, _STOP_CHECK_S))

    def _send_waiting(self) -> Exception | None:
        """Send what waits, in its order; return what stopped it."""
        while self._waiting:
            parcel = self._waiting[0]
            try:
                self._send_once(parcel)
            except Exception as error:  # noqa: BLE001 - a boundary with the user's code
                return error
            del self._waiting[0]
            if parcel.is_late:
                self._tell_late(parcel)
            if self._records:
                self._unrecorded.append(parcel)
                self._record()
        return None

    def _send_once(self, parcel: Parcel) -> None:
        target, answer = parcel.target, parcel.answer
        self._write_beside(target, answer)
        if parcel.is_overtaken and not self._traits.leaves_lines:
            return  # the microscope would take it for the answer to the newer prescan
        if answer.stays and self._traits.says_stay:
            answer = replace(answer, coordinates=None)
        wanted = self._traits.wanted(
            next_prescan=answer.next_prescan, targets=answer.targets, prescan=target.image.path
        )
        try:
            self._hand_over(self._transmit, answer, {**self._tra_kwargs, **wanted})
        except OvertakenError as error:
            self._tell(Warned(message=str(error)))

    def _write_beside(self, target: Target, answer: Answer) -> None:
        path = target.image.path
        if not path.parent.exists() and Path(self._target_dir).exists():
            return  # its subfolder was deleted: nobody can wait in there
        write_targets(path, answer.targets, target.shape_zyx, target.voxel_size)
        if self._answer_files:
            z, y, x = (math.nan if value is None else value for value in answer.zyx)
            write_answer(path, CoordsLine(z, y, x, answer.message), answer.next_prescan)

    def _record(self) -> None:
        """Keep what was sent; the microscope has it already, so a failure is only told."""
        while self._unrecorded:
            try:
                for record in self._records:
                    self._hand_over(record, self._unrecorded[0].answer, {})
            except OSError as error:
                message = (
                    "The coordinates were sent but could not be recorded yet, which is tried "
                    f"again: {error}"
                )
                self._tell(Warned(message=message))
                return
            del self._unrecorded[0]

    def _hand_over(self, to: Transmitter, answer: Answer, kwargs: Mapping[str, Any]) -> None:
        z, y, x = answer.zyx
        to(z, y, x, answer.message, answer.position.cache, answer.error, self._target_dir, **kwargs)

    def _tell_failure(
        self, parcel: Parcel, attempt: int, error: Exception, *, is_last: bool
    ) -> None:
        self._tell(
            TransmissionFailed(
                path=parcel.target.path,
                attempt=attempt,
                error=str(describe_error(error)),
                final=is_last,
            )
        )

    def _tell_late(self, parcel: Parcel) -> None:
        target, answer = parcel.target, parcel.answer
        z, y, x = answer.zyx
        self._tell(
            AnsweredLate(
                path=target.path,
                position=target.label.position,
                target=target.number,
                z=z,
                y=y,
                x=x,
                msg=answer.message,
                state=None if parcel.is_overtaken else position_record(answer.position),
                late_s=self._clock.monotonic() - parcel.began_s,
            )
        )

    def _size_of_coords_file(self) -> int | None:
        try:
            return Path(self._target_dir, COORDS_FILE_NAME).stat().st_size
        except OSError:
            return None


def _given_up(parcel: Parcel, n_attempts: int, error: Exception) -> TransmissionError:
    return TransmissionError(
        f"The coordinates for {parcel.target.image.path.name} could not be sent in {n_attempts} "
        f"attempts: {describe_error(error)}. Once the way to the microscope is free, --resume goes "
        "on where this run was; --tra_err_resume keeps a run going meanwhile."
    )


def _step_um(target: Target, answer: Answer) -> tuple[float, float, float] | None:
    """Return how far the target lies from the centre of its image; None where nobody knows."""
    shape, voxel_size = target.shape_zyx, target.voxel_size
    if answer.coordinates is None or shape is None or voxel_size is None:
        return None
    return offset_from_centre_um(answer.coordinates, shape, voxel_size)
