"""A folder as prescans come into it: rights, speed, free space, events, clock."""

import contextlib
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from dystrack.core.errors import FolderError
from dystrack.core.protocols import SYSTEM_CLOCK, Clock
from dystrack.manager.settings import check_folder
from dystrack.manager.watching.folder import ClockWait, watch_for_changes
from dystrack.tools.kit.checking.prescans import size_words
from dystrack.tools.kit.remarks import Remark, good, note, problem

__all__ = ["folder_remarks"]

_TEST_BYTES = 20_000_000
_LEAST_FREE = 10_000_000_000
_SLOW_BYTES_PER_S = 10_000_000
_EVENT_LIMIT_S = 2.0
_LATE_S = 0.5
_CLOCK_TOLERANCE_S = 2.0
_LONG_PATH = 180  # characters: a prescan's name still fits into the 260 of Windows


def folder_remarks(folder: Path, clock: Clock = SYSTEM_CLOCK) -> Iterator[Remark]:
    """Yield what is to be said of a folder; what is written there for that is deleted again.

    Parameters
    ----------
    folder : Path
        The folder.
    clock : Clock, optional
        The time.

    Yields
    ------
    Remark
        Whether it can be written, how fast it is, how it tells of new files.
    """
    try:
        check_folder(folder)
    except FolderError as error:
        yield problem(str(error))
        return
    yield good(f"{folder} can be read and written.")
    yield from _about_space(folder)
    with (
        contextlib.suppress(OSError),
        tempfile.TemporaryDirectory(
            prefix="dystrack_doctor_", dir=folder, ignore_cleanup_errors=True
        ) as inside,
    ):
        yield from _about_speed(Path(inside), clock)
        yield from _about_events(Path(inside), clock)
        yield from _about_clock(Path(inside), clock)
    if len(str(folder)) > _LONG_PATH:
        yield note(
            f"Its path has {len(str(folder))} characters. Windows programs often end at 260,"
            " with the name of the file: take a shorter one."
        )


def _about_space(folder: Path) -> Iterator[Remark]:
    free = shutil.disk_usage(folder).free
    weight = good if free >= _LEAST_FREE else problem
    hint = "" if free >= _LEAST_FREE else " Make room: a night of main scans needs more."
    yield weight(f"{size_words(free)} are free.{hint}")


def _about_speed(folder: Path, clock: Clock) -> Iterator[Remark]:
    path, data = folder / "speed.bin", bytes(_TEST_BYTES)
    began_s = clock.monotonic()
    path.write_bytes(data)
    written_s = clock.monotonic() - began_s
    path.read_bytes()
    read_s = clock.monotonic() - began_s - written_s
    slowest = _TEST_BYTES / max(written_s, read_s, 1e-9)
    told = f"{size_words(_TEST_BYTES)} are written in {written_s:.2g} s and read in {read_s:.2g} s"
    if slowest < _SLOW_BYTES_PER_S:
        yield note(f"{told}: slow. A local disk answers sooner than a network share.")
    else:
        yield good(f"{told}.")


def _about_events(folder: Path, clock: Clock) -> Iterator[Remark]:
    with watch_for_changes(folder, clock, recurse=False) as wait:
        if isinstance(wait, ClockWait):
            yield note(
                "The system tells nothing of new files here, so DySTrack looks every delay (1 s)."
                " That is safe, and up to a second later."
            )
            return
        began_s = clock.monotonic()
        (folder / "event.tif").write_bytes(b"x")
        changed = wait(_EVENT_LIMIT_S)
        took_s = clock.monotonic() - began_s
    if not changed:
        yield note(
            "No event came for a new file, as on many network shares. DySTrack looks every delay"
            " (1 s) instead: safe, and up to a second later."
        )
    elif took_s > _LATE_S:
        yield note(f"The event of a new file came after {took_s:.2g} s, which is late.")
    else:
        yield good(f"A new file is told by an event after {took_s * 1000:.0f} ms.")


def _about_clock(folder: Path, clock: Clock) -> Iterator[Remark]:
    path = folder / "clock.tif"
    path.write_bytes(b"x")
    off_s = path.stat().st_mtime - clock.time()
    if abs(off_s) > _CLOCK_TOLERANCE_S:
        yield note(
            f"The clock of that disk is {off_s:+.1f} s off this computer's. DySTrack does not rely"
            " on it; times in names and reports may seem wrong. Synchronise both."
        )
    else:
        yield good(f"Its clock agrees with this computer's ({time.strftime('%H:%M')}).")
