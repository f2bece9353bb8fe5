"""The record of a run: its events, one JSON object a line, only ever appended."""

import dataclasses
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from dystrack.core.errors import JournalError
from dystrack.core.protocols import Clock
from dystrack.manager.events import Event
from dystrack.manager.image_names import JOURNAL_NAME

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
            self._file = self.path.open("ab+", buffering=0)
            self._end_torn_line()
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

    def _end_torn_line(self) -> None:
        """Set a line apart that a crash or a power cut left unfinished."""
        if self._file.seek(0, os.SEEK_END):
            self._file.seek(-1, os.SEEK_END)
            self._is_torn = self._file.read(1) != b"\n"


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
