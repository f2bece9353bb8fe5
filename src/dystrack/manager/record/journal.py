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
from dystrack.manager.events import Event, FolderReturned
from dystrack.manager.watching.image_names import JOURNAL_NAME

__all__ = ["JournalWriter", "read_journal"]


class JournalWriter:
    """Writes each event as one line, as soon as it happens.

    Parameters
    ----------
    folder : Path
        The folder that is watched; the journal lies in it.
    clock : Clock
        Says when an event happened.

    Raises
    ------
    JournalError
        If the journal cannot be opened.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        self.path = folder / JOURNAL_NAME
        self._clock = clock
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
        line = (json.dumps(self._record(event), default=repr, ensure_ascii=False) + "\n").encode(
            "utf-8", "backslashreplace"
        )
        if isinstance(event, FolderReturned):
            self._reopen()
        try:
            self._write(line)
        except OSError:  # the share dropped out and came back, or the disk is full
            self._reopen()
            self._write(line)

    def _write(self, line: bytes) -> None:
        data = b"\n" + line if self._is_torn else line
        self._is_torn = True
        if self._file.write(data) != len(data):
            raise OSError(0, "the line was written in part; is the disk full?", str(self.path))
        self._is_torn = False

    def _record(self, event: Event) -> dict[str, Any]:
        at = datetime.fromtimestamp(self._clock.time(), UTC)
        fields = {f.name: getattr(event, f.name) for f in dataclasses.fields(event)}
        return {
            "at": at.isoformat(timespec="milliseconds"),
            "event": type(event).__name__,
            **fields,
        }

    def _open(self) -> io.FileIO:
        """Open the file, and note whether a crash or a power cut left its last line unfinished."""
        file = self.path.open("ab+", buffering=0)
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
