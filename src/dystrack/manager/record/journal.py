"""The record of a run: its events, one JSON object a line, only ever appended."""

import contextlib
import dataclasses
import io
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from dystrack.core.errors import JournalError
from dystrack.core.protocols import Clock
from dystrack.manager.events import (
    Event,
    FolderReturned,
    JournalRenewed,
    Listener,
    SessionEnded,
    Warned,
)
from dystrack.manager.record.replay import Replay
from dystrack.manager.watching.image_names import JOURNAL_NAME

__all__ = ["JournalWriter", "read_journal"]

_LOOK_EVERY_S = 1.0
_ENCODING = ("utf-8", "backslashreplace")
_LOST = (
    f"{JOURNAL_NAME} was deleted or replaced while the session runs. It is begun anew, with what "
    "a resume needs; the record of what happened before is lost."
)


class JournalWriter:
    """Writes each event as one line, as soon as it happens.

    A journal that is deleted or replaced while the session runs is begun anew, with what a resume
    needs.

    Parameters
    ----------
    folder : Path
        The folder that is watched; the journal lies in it.
    clock : Clock
        Says when an event happened.
    replay : Replay, optional
        What the journal holds already.
    tell : Listener, optional
        Is told when the journal was lost.

    Raises
    ------
    JournalError
        If the journal cannot be opened.
    """

    def __init__(
        self,
        folder: Path,
        clock: Clock,
        replay: Replay | None = None,
        tell: Listener | None = None,
    ) -> None:
        self.path = folder / JOURNAL_NAME
        self._clock = clock
        self._replay = replay or Replay()
        self._tell = tell
        self._next_look_s = clock.monotonic() + _LOOK_EVERY_S
        self._is_torn = False
        try:
            self._file = self._open()
        except OSError as error:
            msg = f"The journal {self.path} cannot be written: {error}. Check the folder's rights."
            raise JournalError(msg) from error

    def __enter__(self) -> Self:
        """Return the writer."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the file."""
        self._file.close()

    def __call__(self, event: Event) -> None:
        """Append an event.

        Raises
        ------
        OSError
            If the disk is full or the folder has gone; later events are written all the same.
        """
        self._look_after_file(at_once=isinstance(event, FolderReturned | SessionEnded))
        line = self._line(event)
        self._replay.take(line)
        try:
            self._write(line)
        except OSError:  # the share dropped out and came back, or the disk is full
            self._reopen()
            self._write(line)

    def _look_after_file(self, *, at_once: bool) -> None:
        """Begin the journal anew if it was deleted, or another file stands in its place."""
        now_s = self._clock.monotonic()
        if now_s < self._next_look_s and not at_once:
            return
        self._next_look_s = now_s + _LOOK_EVERY_S
        if not self._is_lost():
            return
        self._reopen()
        if (kept := self._replay.kept()) is not None:
            start, handled, states = kept
            self._write(json.dumps(start, ensure_ascii=False).encode(*_ENCODING) + b"\n")
            self._write(self._line(JournalRenewed(handled=handled, states=states)))
        if self._tell is not None:
            self._tell(Warned(message=_LOST))

    def _is_lost(self) -> bool:
        """Return whether the path leads to another file than the one that is open."""
        try:
            there = self.path.stat()
        except FileNotFoundError:
            return self.path.parent.is_dir()  # else the folder is away, and its files with it
        except OSError:
            return False
        return not os.path.samestat(there, os.fstat(self._file.fileno()))

    def _write(self, line: bytes) -> None:
        data = b"\n" + line if self._is_torn else line
        self._is_torn = True
        if self._file.write(data) != len(data):
            raise OSError(0, "the line was written in part; is the disk full?", str(self.path))
        self._is_torn = False

    def _line(self, event: Event) -> bytes:
        at = datetime.fromtimestamp(self._clock.time(), UTC)
        record = {
            "at": at.isoformat(timespec="milliseconds"),
            "event": type(event).__name__,
            **{f.name: getattr(event, f.name) for f in dataclasses.fields(event)},
        }
        text = json.dumps(record, default=repr, ensure_ascii=False)
        return text.encode(*_ENCODING) + b"\n"

    def _open(self) -> io.FileIO:
        """Open the file, and note whether a crash or a power cut left its last line unfinished."""
        file = self.path.open("ab+", buffering=0)
        self._is_torn = False
        if file.seek(0, os.SEEK_END):
            file.seek(-1, os.SEEK_END)
            self._is_torn = file.read(1) != b"\n"
        return file

    def _reopen(self) -> None:
        """Open the file again by its path: another one may stand there now."""
        file = self._open()
        with contextlib.suppress(OSError):
            self._file.close()
        self._file = file


def read_journal(path: Path) -> tuple[list[dict[str, Any]], int]:
    """Return the events of a journal.

    Parameters
    ----------
    path : Path
        The journal.

    Returns
    -------
    records : list of dict
        One for each event, with ``at``, ``event`` and the event's own fields.
    n_torn : int
        How many lines could not be read: what a crash or a power cut tore.

    Raises
    ------
    JournalError
        If there is no such file or it cannot be opened.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        msg = f"The journal {path} cannot be read: {error}."
        raise JournalError(msg) from error
    records, n_torn = [], 0
    for line in content.split(b"\n"):
        if line.strip():
            try:
                record = json.loads(line)
            except ValueError:
                record = None
            if isinstance(record, dict) and "event" in record:
                records.append(record)
            else:
                n_torn += 1
    return records, n_torn
