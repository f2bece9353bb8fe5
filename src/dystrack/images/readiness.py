"""When a prescan may be read: the readiness rule, as a state machine that never sleeps.

Each look takes the stamp of the file, its verdict (`image_file`) and, once its structure looks
whole, the answer to whether anyone still writes it (`write_lock`). *Quiet* means that the stamp has
not changed for `quiet_s`; *as many planes* means as many as the last good prescan had::

                nobody writes   nobody can say                 someone writes
    COMPLETE    read            read (closely), or if quiet    read if quiet (closely)
    OPEN        read            read with as many planes       read if quiet and with as many
                                (closely), or if quiet         planes (closely)
    SUSPECT     read            read if quiet                  wait
    UNKNOWN     read            read if quiet                  wait
    INCOMPLETE  wait            wait                           wait

    OPEN or SUSPECT with fewer planes: wait

*Closely* means that a look at every page of the pixels finds none that seems unwritten. What is
unchanged for `limit_s` and may still not be read is aborted. Wrong is worse than late:

- Some vendor software keeps its prescans open. A file that is whole, quiet, and without a page that
  seems unwritten is read all the same; one that might go on is not.
- Quiet is judged by the monotonic clock from our own first look on. Only a file that is more than
  an hour old then is quiet at once: the clocks of a file server and of this computer may differ by
  more than `quiet_s`, and any of them may be set.
- On Windows the question who writes disturbs a program that opens the file for writing just then,
  which is why it comes after the structure.
- Where nobody can say who writes, a file that ends with a black pixel waits until it is quiet: it
  looks like one that was allocated in advance. A gap of less than 8 KiB in the midst of such a
  file, between pages that are already written, is not seen.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISDIR
from typing import Final, TypeAlias

from dystrack.core.errors import IncompleteImageError
from dystrack.core.protocols import SYSTEM_CLOCK, Clock
from dystrack.images import write_lock
from dystrack.images.image_file import ImageStatus, Verdict, inspect_image, inspect_image_closely

__all__ = [
    "Aborted",
    "FileStamp",
    "Gone",
    "ImageArrival",
    "Outcome",
    "Ready",
    "Wait",
    "wait_until_whole",
]

_SHORTEST_WAIT_S: Final = 0.005
_LONGEST_WAIT_S: Final = 0.04
_LONGEST_HELD_WAIT_S: Final = 0.02
_WAIT_SHARE: Final = 0.1  # of the time for which nothing has changed
_OLD_S: Final = 3600.0
_NS_PER_S: Final = 1e9


@dataclass(frozen=True)
class FileStamp:
    """What tells that a file has changed.

    Attributes
    ----------
    size : int
        Bytes; of a folder, those of all files in it.
    mtime_ns : int
        Time of the last change in ns since the epoch; of a folder, the latest in it.
    """

    size: int
    mtime_ns: int

    @classmethod
    def of(cls, path: Path) -> "FileStamp":
        """Take the stamp of a file, or of a folder with all that is in it.

        Parameters
        ----------
        path : Path
            The file or folder.

        Returns
        -------
        FileStamp
            Its stamp now; from the file itself, as listings of folders may be out of date.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        """
        found = path.stat()
        if not S_ISDIR(found.st_mode):
            return cls(found.st_size, found.st_mtime_ns)
        stamps = list(_stamps_below(path))
        return cls(
            sum(stamp.size for stamp in stamps),
            max([found.st_mtime_ns, *(stamp.mtime_ns for stamp in stamps)]),
        )


@dataclass(frozen=True)
class Ready:
    """The image is whole: read it now, then compare its stamp.

    Attributes
    ----------
    status : ImageStatus
        What its header says.
    stamp : FileStamp
        Its stamp; if it is another one after reading, what was read does not count.
    """

    status: ImageStatus
    stamp: FileStamp


@dataclass(frozen=True)
class Wait:
    """The image may not be read yet.

    Attributes
    ----------
    retry_s : float
        When to look again, in s from now.
    reason : str
        What is missing.
    """

    retry_s: float
    reason: str


@dataclass(frozen=True)
class Aborted:
    """The image has not changed for long and may still not be read.

    Attributes
    ----------
    reason : str
        What is missing.
    """

    reason: str


@dataclass(frozen=True)
class Gone:
    """There is no such file any more: deleted, or renamed."""


Outcome: TypeAlias = Ready | Wait | Aborted | Gone
"""What a look can end with."""


class ImageArrival:
    """Says, look by look, whether a prescan may be read.

    Parameters
    ----------
    path : Path
        The file, or the folder of an OME-Zarr image.
    quiet_s : float, optional, default 2.0
        How long nothing must change before an image is read of which neither the format nor the
        system tells that it is finished.
    limit_s : float, optional, default 30.0
        How long an image may stay unreadable without any change; at least `quiet_s`.
    expected_planes : int, optional, default None
        Number of planes of the last good prescan of the same position.
    clock : Clock, optional
        The time.
    inspect : callable, optional
        Says whether a file is whole.
    is_being_written : callable, optional
        Says whether anyone writes a file; None if that cannot be known.
    inspect_closely : callable, optional, default None
        Like `inspect`, with a look at every page of the pixels. By default the one that belongs to
        `inspect_image`, or `inspect` itself if that is another function.
    """

    def __init__(
        self,
        path: Path,
        *,
        quiet_s: float = 2.0,
        limit_s: float = 30.0,
        expected_planes: int | None = None,
        clock: Clock = SYSTEM_CLOCK,
        inspect: Callable[[Path], ImageStatus] = inspect_image,
        is_being_written: Callable[[Path], bool | None] = write_lock.is_being_written,
        inspect_closely: Callable[[Path], ImageStatus] | None = None,
    ) -> None:
        own = inspect_image_closely if inspect is inspect_image else inspect
        self._path = path
        self._quiet_s = quiet_s
        self._limit_s = max(limit_s, quiet_s)
        self._expected_planes = expected_planes
        self._clock = clock
        self._inspect = inspect
        self._inspect_closely = inspect_closely or own
        self._is_being_written = is_being_written
        self._stamp: FileStamp | None = None
        self._unchanged_since_s: float | None = None
        self._is_old = False
        self._suspicion: tuple[FileStamp, ImageStatus] | None = None

    def look(self) -> Outcome:
        """Look at the file once.

        Returns
        -------
        Ready, Wait, Aborted or Gone
            Whether it may be read now, later, never, or is not there.
        """
        try:
            stamp = FileStamp.of(self._path)
            self._notice(stamp)
            return self._judge(stamp)
        except FileNotFoundError:
            return Gone()
        except OSError as error:
            self._notice(None)
            return self._refuse(f"it cannot be reached ({error.strerror or error})")

    def _notice(self, stamp: FileStamp | None) -> None:
        """Remember when the stamp last changed."""
        now_s = self._clock.monotonic()
        if self._unchanged_since_s is None:
            self._unchanged_since_s = now_s
            age_s = self._clock.time() - stamp.mtime_ns / _NS_PER_S if stamp else 0.0
            self._is_old = age_s > max(self._quiet_s, _OLD_S)
        elif stamp != self._stamp:
            self._unchanged_since_s = now_s
            self._is_old = False
        self._stamp = stamp

    def _judge(self, stamp: FileStamp) -> Outcome:
        """Return the outcome for a file that is there."""
        status = self._inspect(self._path)
        if status.verdict is Verdict.INCOMPLETE:
            return self._refuse(status.reason)
        is_held = self._is_being_written(self._path)
        is_quiet = self._is_quiet(is_held=bool(is_held))
        # Only a page that is not written yet can stand against reading: before the image is quiet
        # where nobody can say who writes, and after that where someone does.
        if is_held is not False and is_quiet == bool(is_held) and self._is_whole(status):
            status = self._close_look(stamp)
        if not self._may_be_read(status, is_held=is_held, is_quiet=is_quiet):
            return self._refuse(self._reason(status, is_held=bool(is_held)), is_held=bool(is_held))
        if FileStamp.of(self._path) != stamp:
            return Wait(_SHORTEST_WAIT_S, "it changed while it was looked at")
        return Ready(status, stamp)

    def _close_look(self, stamp: FileStamp) -> ImageStatus:
        """Look at every page; a suspicion holds until the stamp changes."""
        if self._suspicion is None or self._suspicion[0] != stamp:
            self._suspicion = (stamp, self._inspect_closely(self._path))
        _, status = self._suspicion
        if status.verdict is not Verdict.SUSPECT:
            self._suspicion = None
        return status

    def _may_be_read(self, status: ImageStatus, *, is_held: bool | None, is_quiet: bool) -> bool:
        """Apply the table of the module's docstring."""
        if status.verdict is Verdict.INCOMPLETE or self._has_too_few_planes(status):
            return False
        if is_held is None:
            return is_quiet or self._is_whole(status)
        return not is_held or (is_quiet and self._is_whole(status))

    def _is_whole(self, status: ImageStatus) -> bool:
        """Say whether all planes are there, as the file says or as the last good prescan had."""
        if status.verdict is Verdict.OPEN and self._expected_planes is not None:
            return status.n_planes == self._expected_planes
        return status.verdict is Verdict.COMPLETE

    def _has_too_few_planes(self, status: ImageStatus) -> bool:
        if self._expected_planes is None or status.n_planes is None:
            return False
        may_grow = status.verdict in {Verdict.OPEN, Verdict.SUSPECT}
        return may_grow and status.n_planes < self._expected_planes

    def _reason(self, status: ImageStatus, *, is_held: bool) -> str:
        """Say why the file may not be read yet."""
        reasons = ["a program has it open for writing"] if is_held else []
        if self._has_too_few_planes(status):
            reasons.append(
                f"it has {status.n_planes} planes, while the last good prescan had "
                f"{self._expected_planes}"
            )
        elif status.reason:
            reasons.append(status.reason)
        return "; ".join(reasons) or f"it is {status.verdict}"

    def _unchanged_s(self) -> float:
        since_s = self._unchanged_since_s
        return 0.0 if since_s is None else self._clock.monotonic() - since_s

    def _is_quiet(self, *, is_held: bool) -> bool:
        """Say whether nothing changed for long; of a held file only our own eyes can tell."""
        return self._unchanged_s() >= self._quiet_s or (self._is_old and not is_held)

    def _refuse(self, reason: str, *, is_held: bool = False) -> Wait | Aborted:
        """Wait a share of the time for which nothing has changed, or give up."""
        unchanged_s = self._unchanged_s()
        if unchanged_s >= self._limit_s:
            return Aborted(f"{reason}; nothing has changed for {unchanged_s:.0f} s")
        longest_s = _LONGEST_HELD_WAIT_S if is_held else _LONGEST_WAIT_S
        retry_s = min(max(unchanged_s * _WAIT_SHARE, _SHORTEST_WAIT_S), longest_s)
        until_quiet_s = self._quiet_s - unchanged_s
        if until_quiet_s > 0.0:
            retry_s = min(retry_s, max(until_quiet_s, _SHORTEST_WAIT_S))
        return Wait(retry_s, reason)


def wait_until_whole(
    path: Path,
    *,
    quiet_s: float = 2.0,
    limit_s: float = 30.0,
    clock: Clock = SYSTEM_CLOCK,
) -> Ready:
    """Wait until an image may be read.

    Parameters
    ----------
    path : Path
        The file, or the folder of an OME-Zarr image.
    quiet_s : float, optional, default 2.0
        How long nothing must change before an image is read of which neither the format nor the
        system tells that it is finished.
    limit_s : float, optional, default 30.0
        How long it may stay unreadable without any change.
    clock : Clock, optional
        The time.

    Returns
    -------
    Ready
        What the header says, and the stamp to compare after reading.

    Raises
    ------
    IncompleteImageError
        If the image has not become whole.
    FileNotFoundError
        If there is no such file, or it vanishes meanwhile.
    """
    arrival = ImageArrival(path, quiet_s=quiet_s, limit_s=limit_s, clock=clock)
    while True:
        match arrival.look():
            case Ready() as ready:
                return ready
            case Wait(retry_s=retry_s):
                clock.sleep(retry_s)
            case Aborted(reason=reason):
                raise IncompleteImageError(
                    f"The image {path.name} is not whole: {reason}. It was not read. Check that "
                    "the microscope finishes writing it, or allow more time."
                )
            case Gone():
                raise FileNotFoundError(
                    f"There is no image {path}. Check the path, and whether it was renamed."
                )


def _stamps_below(folder: Path) -> Iterator[FileStamp]:
    """Yield the stamps of all files and folders below a folder; folders have no size."""
    for parent, folders, files in os.walk(folder):
        for name in [*folders, *files]:
            try:
                found = Path(parent, name).stat()
            except FileNotFoundError:
                continue
            size = 0 if S_ISDIR(found.st_mode) else found.st_size
            yield FileStamp(size, found.st_mtime_ns)
