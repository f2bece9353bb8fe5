"""A program that answers in lines of JSON, once or again and again.

::

    STARTING ──{"ready": true}──► READY ──► asked ──a line of JSON──► READY
        └───────── took too long, printed too much, ended ─────────────► GONE

Everything else that it prints is kept, as far as it helps to tell why it failed.
"""

import contextlib
import json
import queue
import subprocess
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from typing import IO, Any

from dystrack.core.errors import AnalysisError
from dystrack.pipelines.utilities.programs.groups import ProgramGroup

__all__ = ["Program"]

_MOST_BYTES = 16_000_000  # of what is no answer, for one prescan
_LONGEST_LINE = 1_000_000
_KEPT_LINES = 15
_KEPT_CHARACTERS = 300
_CLOSED: dict[str, Any] = {}
_LAST_WORDS_S = 0.5


class Program:
    """A running program.

    Parameters
    ----------
    words : sequence of str
        The program and its arguments.

    Raises
    ------
    AnalysisError
        If it cannot be started.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self._name = words[0]
        try:
            self._group = ProgramGroup(words)
        except (OSError, ValueError) as error:
            msg = f"The program {self._name} cannot be started: {error}. Check `command`."
            raise AnalysisError(msg) from error
        self.started_s = time.monotonic()
        self.is_ready = False
        self._printed: deque[str] = deque(maxlen=_KEPT_LINES)
        self._answers: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._n_bytes = 0
        self._readers = [
            threading.Thread(target=self._read, args=(pipe, takes), daemon=True, name=name)
            for pipe, takes, name in (
                (self._group.process.stdout, True, "dystrack-program-answers"),
                (self._group.process.stderr, False, "dystrack-program-errors"),
            )
        ]
        for thread in (*self._readers, threading.Thread(target=self._note_end, daemon=True)):
            thread.start()

    @property
    def is_running(self) -> bool:
        """Return whether it has not ended."""
        return self._group.process.poll() is None

    def wait_until_ready(self, deadline_s: float) -> bool:
        """Return whether it has said ``{"ready": true}`` before a time.

        Raises
        ------
        AnalysisError
            If it ended, or printed too much.
        """
        while not self.is_ready:
            answer = self._next(deadline_s)
            if answer is None:
                return False
            self.is_ready = answer.get("ready") is True
        return True

    def ask(self, request: Mapping[str, Any]) -> None:
        """Send one line.

        Raises
        ------
        AnalysisError
            If it does not take it.
        """
        self._n_bytes = 0
        self._printed.clear()
        self._forget_late_answers()
        line = json.dumps(dict(request)).encode() + b"\n"
        stdin = self._group.process.stdin
        try:
            if stdin is not None:
                stdin.write(line)
                stdin.flush()
        except OSError as error:
            raise self.failure(f"took no prescan ({error})") from error

    def _forget_late_answers(self) -> None:
        """Drop what was said since the last answer: it belongs to no prescan."""
        while not self._answers.empty():
            if self._answers.get() is _CLOSED:
                self._answers.put(_CLOSED)
                return

    def answer(self, deadline_s: float) -> dict[str, Any]:
        """Return the next answer.

        Raises
        ------
        AnalysisError
            If there is none in time, or it ended, or printed too much.
        """
        answer = self._next(deadline_s)
        if answer is None:
            raise self.failure("did not answer in time and was ended. Raise `timeout_s`, if it may")
        return answer

    def failure(self, what: str) -> AnalysisError:
        """Return an error that says what the program did, and what it printed last."""
        printed = " | ".join(self._printed)
        told = f" It printed: {printed}" if printed else " It printed nothing."
        return AnalysisError(f"The program {self._name} {what}.{told}")

    def end(self) -> None:
        """End it, with everything that it started."""
        self._group.end()
        for reader in self._readers:
            reader.join(_LAST_WORDS_S)

    def _next(self, deadline_s: float) -> dict[str, Any] | None:
        """Return the next line that is JSON; None when it is too late."""
        try:
            answer = self._answers.get(timeout=max(0.0, deadline_s - time.monotonic()))
        except queue.Empty:
            return None
        if answer is not _CLOSED:
            return answer
        self._answers.put(_CLOSED)  # whoever asks again is told again
        if self._n_bytes > _MOST_BYTES:
            raise self.failure(f"printed more than {_MOST_BYTES // 1_000_000} MB without an answer")
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._group.process.wait(_LAST_WORDS_S)
        self._readers[1].join(_LAST_WORDS_S)
        code = self._group.process.poll()
        ended = "closed its output" if code is None else f"ended with exit code {code}"
        raise self.failure(f"{ended} without an answer")

    def _note_end(self) -> None:
        """Note that the program has ended, even if what it started holds its pipes open."""
        self._group.process.wait()
        for reader in self._readers:
            reader.join(_LAST_WORDS_S)
        self._answers.put(_CLOSED)

    def _read(self, pipe: IO[bytes] | None, takes_answers: bool) -> None:
        """Read what it prints, as long as that is not too much."""
        with contextlib.suppress(OSError, ValueError):  # it was ended meanwhile
            while pipe is not None and self._n_bytes <= _MOST_BYTES:
                line = pipe.readline(_LONGEST_LINE)
                if not line:
                    break
                self._n_bytes += len(line)
                answer = _answer_in(line) if takes_answers else None
                if answer is not None:
                    self._answers.put(answer)
                elif text := line.decode("utf-8", "replace").strip():
                    self._printed.append(text[:_KEPT_CHARACTERS])
        if takes_answers or self._n_bytes > _MOST_BYTES:
            self._answers.put(_CLOSED)


def _answer_in(line: bytes) -> dict[str, Any] | None:
    """Return the JSON object in a line; None where it is something else."""
    if not line.lstrip().startswith(b"{"):
        return None
    try:
        answer = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) else None
