"""When a prescan may be read: the readiness rule, as a state machine that never sleeps.

Each look takes the stamp of the file, its verdict (`image_file`) and, once its structure looks
complete, the answer to whether anyone still writes it (`write_lock`). *Quiet* means that the stamp
has not changed for `quiet_s`, *at rest* that it has not for twice as long; *as many planes* means
as many as the last good prescan had::

                nobody writes       nobody can say                 someone writes
    COMPLETE    read                read                           read if quiet
    OPEN        read                read with as many planes,      read if quiet and with as many
                                    or if quiet                    planes
    SUSPECT     read if at rest     read if at rest                wait
    UNKNOWN     read                read if quiet                  wait
    INCOMPLETE  wait                wait                           wait

    OPEN or SUSPECT with fewer planes: wait

Before COMPLETE or OPEN is read, a look at every page of the pixels must find none that seems
unwritten; otherwise it is SUSPECT. So is a file that ends with zeros while someone writes it. What
is unchanged for `limit_s` and may still not be read is aborted. What the folder has shown
(`folder_habits`) changes this:

- Three SUSPECT files that were the same 10 s after they had been read, and none that was filled
  later: where nobody writes, SUSPECT is read without rest. Dark prescans are common.
- Three other files that were: where nobody writes, the look at every page is left out.
- A file that has grown after it was read: where nobody writes, OPEN and UNKNOWN are read if quiet.
- An OPEN file that was read, or has grown since: at a position of which no number of planes is
  known, one with fewer than any other position's waits for `limit_s`.

Wrong is worse than late:

- Some vendor software keeps its prescans open. A file that is complete, quiet, and without a page
  that seems unwritten is read all the same; one that might go on is not.
- Quiet is judged by the monotonic clock from our own first look on. Only a file that is more than
  an hour old then is quiet at once: the clocks of a file server and of this computer may differ by
  more than `quiet_s`, and any of them may be set. Not even that one, if it appeared under our eyes
  or has changed since.
- On Windows the question who writes disturbs a program that opens the file for writing just then,
  which is why it comes after the structure.
- Where nobody can say who writes, a file that ends with a black pixel waits until it is at rest: it
  looks like one that was allocated in advance. A gap of less than 8 KiB in the midst of such a
  file, between pages that are already written, is not seen.
"""

from collections.abc import Callable
from dataclasses import replace
from os import SEEK_END
from pathlib import Path
from typing import Final

from dystrack.core.protocols import SYSTEM_CLOCK, Clock
from dystrack.images import write_lock
from dystrack.images.folder_habits import FolderHabits
from dystrack.images.image_file import ImageStatus, Verdict, inspect_image, inspect_image_closely
from dystrack.images.outcomes import Aborted, Gone, Outcome, Ready, Wait
from dystrack.images.stamps import FileStamp

__all__ = ["ImageArrival"]

_SHORTEST_WAIT_S: Final = 0.005
_LONGEST_WAIT_S: Final = 0.04
_LONGEST_HELD_WAIT_S: Final = 0.02
_WAIT_SHARE: Final = 0.1  # of the time for which nothing has changed
_OLD_S: Final = 3600.0
_REST: Final = 2.0  # how many times longer than others a file rests that seems unwritten in part
_TAIL_BYTES: Final = 16
_NS_PER_S: Final = 1e9


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
        How long an image may stay unreadable without any change; at least twice `quiet_s`.
    expected_planes : int, optional, default None
        Number of planes of the last good prescan of the same position.
    position : str, optional
        Its position, to which what the folder has shown belongs.
    habits : FolderHabits, optional
        What the folder has shown so far. By default nothing.
    is_new : bool, optional, default False
        Whether the file appeared under our eyes, so that it cannot be old whatever its time says.
    clock : Clock, optional
        The time.
    inspect : callable, optional
        Says whether a file is complete.
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
        position: str = "",
        habits: FolderHabits | None = None,
        is_new: bool = False,
        clock: Clock = SYSTEM_CLOCK,
        inspect: Callable[[Path], ImageStatus] = inspect_image,
        is_being_written: Callable[[Path], bool | None] = write_lock.is_being_written,
        inspect_closely: Callable[[Path], ImageStatus] | None = None,
    ) -> None:
        own = inspect_image_closely if inspect is inspect_image else inspect
        self._path = path
        self._quiet_s = quiet_s
        self._limit_s = max(limit_s, _REST * quiet_s)
        self._last_good_planes = expected_planes
        self._position = position
        self._habits = habits or FolderHabits()
        self._is_new = is_new
        self._clock = clock
        self._inspect = inspect
        self._inspect_closely = inspect_closely or own
        self._is_being_written = is_being_written
        self._stamp: FileStamp | None = None
        self._unchanged_since_s: float | None = None
        self._is_old = False
        self._suspicion: tuple[FileStamp, ImageStatus] | None = None
        self._is_suspect = False

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
            self._is_old = not self._is_new and age_s > max(self._quiet_s, _OLD_S)
        elif stamp != self._stamp:
            self._unchanged_since_s = now_s
            self._is_old = False
            self._notice_filling(stamp)
        self._stamp = stamp

    def _notice_filling(self, stamp: FileStamp | None) -> None:
        """Tell the folder's habits where a file of its final size is written to."""
        if self._is_suspect and stamp and self._stamp and stamp.size == self._stamp.size:
            self._habits.note_filled()
        self._is_suspect = False

    def _judge(self, stamp: FileStamp) -> Outcome:
        """Return the outcome for a file that is there."""
        status = self._inspect(self._path)
        if status.verdict is Verdict.INCOMPLETE:
            return self._refuse(status.reason)
        is_held = self._is_being_written(self._path)
        if self._may_be_read(status, is_held=is_held):
            status = self._look_closer(status, stamp, is_held=is_held)
        self._is_suspect = status.verdict is Verdict.SUSPECT
        if not self._may_be_read(status, is_held=is_held):
            return self._refuse(self._reason(status, is_held=bool(is_held)), is_held=bool(is_held))
        if FileStamp.of(self._path) != stamp:
            return Wait(_SHORTEST_WAIT_S, "it changed while it was looked at")
        return Ready(status, stamp)

    def _look_closer(
        self, status: ImageStatus, stamp: FileStamp, *, is_held: bool | None
    ) -> ImageStatus:
        """Look at every page, unless nobody writes and the folder has shown that files stay."""
        if status.verdict not in {Verdict.COMPLETE, Verdict.OPEN}:
            return status
        if is_held is False and self._habits.files_stay:
            return status
        if is_held and _ends_blank(self._path):
            return replace(status, verdict=Verdict.SUSPECT, reason="it ends with zeros")
        return self._close_look(stamp)

    def _close_look(self, stamp: FileStamp) -> ImageStatus:
        """Look at every page; a suspicion holds until the stamp changes."""
        if self._suspicion is None or self._suspicion[0] != stamp:
            self._suspicion = (stamp, self._inspect_closely(self._path))
        _, status = self._suspicion
        if status.verdict is not Verdict.SUSPECT:
            self._suspicion = None
        return status

    def _may_be_read(self, status: ImageStatus, *, is_held: bool | None) -> bool:
        """Apply the table of the module's docstring."""
        is_quiet = self._has_rested(self._quiet_s, is_held=is_held)
        match status.verdict:
            case Verdict.COMPLETE:
                return not is_held or is_quiet
            case Verdict.SUSPECT:
                return not (is_held or self._has_too_few_planes(status)) and (
                    (is_held is False and self._habits.suspects_stay)
                    or self._has_rested(_REST * self._quiet_s, is_held=is_held)
                )
            case Verdict.OPEN | Verdict.UNKNOWN:
                return not self._has_too_few_planes(status) and self._may_end_here(
                    status, is_held=is_held, is_quiet=is_quiet
                )
        return False

    def _may_end_here(self, status: ImageStatus, *, is_held: bool | None, is_quiet: bool) -> bool:
        """Say whether an image may be read of which nothing says that it ends here."""
        has_as_many = (
            status.verdict is Verdict.OPEN
            and status.n_planes is not None
            and status.n_planes == self._expected_planes
        )
        if is_held:
            return is_quiet and has_as_many
        if self._habits.files_grow or is_held is None:
            return is_quiet or (has_as_many and not self._habits.files_grow)
        return True

    @property
    def _expected_planes(self) -> int | None:
        return self._habits.expected_planes(self._position, self._last_good_planes)

    def _has_too_few_planes(self, status: ImageStatus) -> bool:
        """Say whether planes are missing; where that is only likely, until the limit."""
        n_planes, expected = status.n_planes, self._expected_planes
        if n_planes is None or not status.may_grow:
            return False
        if expected is None:
            is_likely = n_planes < self._habits.most_planes
            return is_likely and self._unchanged_s() < self._limit_s
        return n_planes < expected

    def _reason(self, status: ImageStatus, *, is_held: bool) -> str:
        """Say why the file may not be read yet."""
        reasons = ["a program has it open for writing"] if is_held else []
        may_grow = status.verdict is not Verdict.COMPLETE
        if may_grow and self._has_too_few_planes(status):
            expected = self._expected_planes
            reasons.append(
                f"it has {status.n_planes} planes, while "
                + (f"the last good prescan had {expected}" if expected else "others have more")
            )
        elif status.reason:
            reasons.append(status.reason)
        return "; ".join(reasons) or f"it is {status.verdict}"

    def _unchanged_s(self) -> float:
        since_s = self._unchanged_since_s
        return 0.0 if since_s is None else self._clock.monotonic() - since_s

    def _has_rested(self, for_s: float, *, is_held: bool | None) -> bool:
        """Say whether nothing changed for long; of a held file only our own eyes can tell."""
        return self._unchanged_s() >= for_s or (self._is_old and not is_held)

    def _refuse(self, reason: str, *, is_held: bool = False) -> Wait | Aborted:
        """Wait a share of the time for which nothing has changed, or give up."""
        unchanged_s = self._unchanged_s()
        if unchanged_s >= self._limit_s:
            self._habits.forget_planes(self._position)
            return Aborted(f"{reason}; nothing has changed for {unchanged_s:.0f} s")
        longest_s = _LONGEST_HELD_WAIT_S if is_held else _LONGEST_WAIT_S
        retry_s = min(max(unchanged_s * _WAIT_SHARE, _SHORTEST_WAIT_S), longest_s)
        for rest_s in (self._quiet_s, _REST * self._quiet_s):
            if unchanged_s < rest_s:
                retry_s = min(retry_s, max(rest_s - unchanged_s, _SHORTEST_WAIT_S))
        return Wait(retry_s, reason)


def _ends_blank(path: Path) -> bool:
    """Return whether the last bytes of a file are zero."""
    if path.is_dir():
        return False
    with path.open("rb", buffering=0) as file:
        file.seek(-min(_TAIL_BYTES, file.seek(0, SEEK_END)), SEEK_END)
        return not any(file.read(_TAIL_BYTES))
