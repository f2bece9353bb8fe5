"""Writes recorded prescans once more, as a microscope would, and notes what came of them."""

import math
import shutil
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dystrack.core.protocols import SYSTEM_CLOCK
from dystrack.manager.events import (
    AnalysisFailed,
    AnalysisStarted,
    Answered,
    Event,
    PositionHeld,
    Warned,
)
from dystrack.manager.wording import failure, trouble
from dystrack.scopes.writing.behaviours import WriteBehaviour
from dystrack.tools.rehearsal.recordings import Recording

__all__ = ["Outcomes", "Player", "Replayed"]

_STOP_CHECK_S = 0.2


@dataclass(frozen=True)
class Replayed:
    """What came of a prescan.

    Attributes
    ----------
    name : str
        Its name.
    answer : Answered or None
        The answer; None if the session ended before.
    latency_s : float
        From the last byte of the prescan to the answer in s; NaN if there was none.
    notes : tuple of str
        Why its analysis failed, and warnings.
    """

    name: str
    answer: Answered | None = None
    latency_s: float = math.nan
    notes: tuple[str, ...] = ()

    @property
    def is_tracked(self) -> bool:
        """Whether the answer comes from this prescan."""
        return self.answer is not None and self.answer.outcome == "ok"


class Outcomes:
    """Listens to a session, and notes for each prescan what came of it.

    Parameters
    ----------
    folder : Path
        The folder of the session.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._current = ""
        self._written_s: dict[str, float] = {}
        self._answers: dict[str, tuple[Answered, float]] = {}
        self._notes: dict[str, list[str]] = {}
        self._answered = threading.Condition()

    def hear(self, event: Event) -> None:
        """Take an event of the session.

        Parameters
        ----------
        event : Event
            What happened.
        """
        match event:
            case AnalysisStarted(path=path):
                self._current = path
            case AnalysisFailed(path=path):
                self._current = path
                self.note(failure(event))
            case PositionHeld() | Warned():
                self.note(trouble(event))
            case Answered(path=path):
                with self._answered:
                    self._answers[path] = (event, time.monotonic())
                    self._answered.notify_all()

    def note(self, text: str) -> None:
        """Note something about the prescan that is being dealt with, such as a warning."""
        self._notes.setdefault(self._current, []).append(text)

    def note_writing(self, name: str) -> None:
        """Note that a prescan has just been closed."""
        self._written_s[self._path(name)] = time.monotonic()

    def wait_for_answer(self, name: str, timeout_s: float) -> bool:
        """Wait until a prescan is answered, and return whether it is."""
        with self._answered:
            return self._answered.wait_for(lambda: self._path(name) in self._answers, timeout_s)

    def outcome_of(self, name: str) -> Replayed:
        """Return what came of a prescan: answer, time and notes."""
        path = self._path(name)
        notes = tuple(self._notes.get(path, ()))
        if path not in self._answers:
            return Replayed(name, notes=notes)
        answer, answered_s = self._answers[path]
        latency_s = max(0.0, answered_s - self._written_s.get(path, answered_s))
        return Replayed(name, answer, latency_s, notes)

    def _path(self, name: str) -> str:
        return str(self._folder / name)


class Player(threading.Thread):
    """Plays the microscope: writes prescan after prescan, each once the last is answered.

    Parameters
    ----------
    recordings : sequence of Recording
        In their order.
    pauses_s : sequence of float
        From the beginning of the one before to the beginning of each.
    behaviour : WriteBehaviour
        How they get on the disk.
    folder : Path
        Where they go.
    minutes : Outcomes
        Is told when a prescan is written, and says when it is answered.
    """

    def __init__(
        self,
        recordings: Sequence[Recording],
        pauses_s: Sequence[float],
        behaviour: WriteBehaviour,
        folder: Path,
        minutes: Outcomes,
    ) -> None:
        super().__init__(name="replayed microscope", daemon=True)
        self._recordings = recordings
        self._pauses_s = pauses_s
        self._behaviour = behaviour
        self._folder = folder
        self._minutes = minutes
        self._stopped = threading.Event()
        self._failure: OSError | None = None

    def run(self) -> None:
        """Write all prescans, or as many as there are until it is told to stop."""
        next_s = time.monotonic()
        try:
            for recording, pause_s in zip(self._recordings, self._pauses_s, strict=True):
                next_s += pause_s
                if self._stopped.wait(max(0.0, next_s - time.monotonic())):
                    return
                next_s = time.monotonic()
                self._write(recording)
                while not self._minutes.wait_for_answer(recording.name, _STOP_CHECK_S):
                    if self._stopped.is_set():
                        return
        except OSError as error:  # raised again where the rehearsal was called
            self._failure = error
        finally:
            self._stopped.set()

    def is_over(self) -> bool:
        """Return whether nothing more will come."""
        return self._stopped.is_set()

    def stop(self) -> None:
        """End it, and raise the `OSError` that kept it from reading or writing, if one did."""
        self._stopped.set()
        if self.ident is not None:
            self.join()
        if self._failure is not None:
            raise self._failure

    def _write(self, recording: Recording) -> None:
        path = self._folder / recording.name
        path.parent.mkdir(parents=True, exist_ok=True)
        if recording.path.is_dir():
            shutil.copytree(recording.path, path)
        else:
            self._behaviour.write(recording.path.read_bytes(), path, SYSTEM_CLOCK)
        self._minutes.note_writing(recording.name)
