"""Watch a folder: a generator of whole images in the order in which they were written."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from dystrack.core.protocols import Clock
from dystrack.images.readiness import Aborted, Gone, ImageArrival, Ready, Wait
from dystrack.manager.events import (
    FolderLost,
    FolderReturned,
    ImageNoticed,
    ImageVanished,
    Listener,
)
from dystrack.manager.watching import folder as folders
from dystrack.manager.watching.image_names import OWN_NAMES, natural_key

__all__ = ["ArrivedImage", "Watcher"]

_STOP_CHECK_S = 0.1
_MOST_OF_A_CORE = 0.05
_IDLE_SHARE_OF_A_CORE = 0.02
_LONGEST_UNLISTED_S = 2.0


@dataclass(frozen=True, slots=True)
class ArrivedImage:
    """A prescan for which the waiting is over.

    Attributes
    ----------
    path : Path
        The file, or the folder of an OME-Zarr image.
    outcome : Ready or Aborted
        That it is whole, with what its header says, or why it never became so.
    noticed_s : float
        When its name was noticed, on the monotonic clock.
    attempt : int
        How often it has become ready: more than once if it was changed while it was read.
    relative_name : str
        Its path within the watched folder, with slashes; its name, where that is not given.
    """

    path: Path
    outcome: Ready | Aborted
    noticed_s: float
    attempt: int = 1
    relative_name: str = ""

    def __post_init__(self) -> None:
        if not self.relative_name:
            object.__setattr__(self, "relative_name", self.path.name)

    @property
    def order(self) -> tuple[int, tuple[tuple[int, int | str], ...]]:
        """Return what sorts images by the time of writing, then by name."""
        written_ns = self.outcome.stamp.mtime_ns if isinstance(self.outcome, Ready) else 0
        return written_ns, natural_key(self.path.name)


@dataclass(slots=True)
class _Pending:
    path: Path
    arrival: ImageArrival
    noticed_s: float
    next_look_s: float
    attempt: int = 1


class Watcher:
    """Yields each new prescan once it is whole.

    The listing of the folder is the truth; events of the operating system only save time. Files
    that lie in the folder at the start are not prescans of this session.

    Parameters
    ----------
    folder : Path
        The folder to watch.
    is_target : callable
        Says whether a file name is that of a prescan.
    recurse : bool
        Whether to watch subfolders as well.
    delay_s : float
        Longest time between two checks of the folder in s; more where listing it takes over 5 %
        of a core.
    max_checks : int or None
        Number of such checks after which to end, once all that was noticed is dealt with. Looks
        that an event of the operating system causes in between do not count.
    new_arrival : callable
        Makes the readiness rule for a path.
    should_stop : callable
        Says whether to end now.
    tell : Listener
        Takes the events.
    clock : Clock
        The time.
    wait : folder.Wait
        The way to rest.
    """

    def __init__(
        self,
        folder: Path,
        *,
        is_target: Callable[[str], bool],
        recurse: bool,
        delay_s: float,
        max_checks: int | None,
        new_arrival: Callable[[Path], ImageArrival],
        should_stop: Callable[[], bool],
        tell: Listener,
        clock: Clock,
        wait: folders.Wait,
    ) -> None:
        self._folder = folder
        self._is_target = is_target
        self._recurse = recurse
        self._delay_s = delay_s
        self._max_checks = max_checks
        self._new_arrival = new_arrival
        self._should_stop = should_stop
        self._tell = tell
        self._clock = clock
        self._wait = wait
        self._known = folders.list_names(folder, recurse=recurse)
        self._pending: list[_Pending] = []
        self._next_check_s = self._listed_s = clock.monotonic()
        self._rest_after_listing_s = 0.0
        self._folder_is_lost = False
        self.check_counter = 0
        self.found_counter = 0

    def __iter__(self) -> Iterator[ArrivedImage]:
        """Yield images until a condition to end is met."""
        while not self._should_stop():
            self._check_folder_if_due()
            yield from self._whole_images()
            if self._has_ended():
                return
            self._rest()

    def look_again(self, image: ArrivedImage) -> None:
        """Wait once more for an image that was changed while it was read."""
        self._expect(image.path, image.noticed_s, image.attempt + 1)

    def existing_targets(self) -> list[Path]:
        """Return the files of the folder, as it was listed last, whose names are prescans'."""
        names = (name for name in self._known if self._is_target(Path(name).name))
        return [self._folder / name for name in sorted(names, key=natural_key)]

    def expect(self, paths: Iterable[Path]) -> None:
        """Yield images that lie in the folder already, as if they were new."""
        for path in paths:
            self._notice(path)

    def _expect(self, path: Path, noticed_s: float, attempt: int = 1) -> None:
        now_s = self._clock.monotonic()
        self._pending.append(_Pending(path, self._new_arrival(path), noticed_s, now_s, attempt))

    def _has_ended(self) -> bool:
        return self._checks_are_over() and not self._pending

    def _check_folder_if_due(self) -> None:
        started_s = self._clock.monotonic()
        if started_s < self._next_check_s or self._checks_are_over():
            return
        if self._may_have_changed():
            self._look_into_folder()
        self.check_counter += 1
        cost_s = self._clock.monotonic() - started_s
        self._next_check_s = started_s + max(self._delay_s, cost_s / _MOST_OF_A_CORE)

    def _may_have_changed(self) -> bool:
        """Return whether to list the folder: not if its time says that its names are the same.

        Clocks of file servers may be wrong, so it is listed every now and then all the same.
        """
        unlisted_s = self._clock.monotonic() - self._listed_s
        if self._recurse or unlisted_s >= max(_LONGEST_UNLISTED_S, self._rest_after_listing_s):
            return True
        try:
            mtime_s = self._folder.stat().st_mtime
        except OSError:
            return True
        # The folder's time is the system's, whatever clock the session runs on.
        return time.time() - mtime_s < _LONGEST_UNLISTED_S

    def _checks_are_over(self) -> bool:
        return self._max_checks is not None and self.check_counter >= self._max_checks

    def _look_into_folder(self) -> None:
        """Notice the names that are new."""
        self._listed_s = self._clock.monotonic()
        try:
            names = folders.list_names(self._folder, recurse=self._recurse)
        except OSError as error:
            self._lose_folder(str(error))
            return
        cost_s = self._clock.monotonic() - self._listed_s
        self._rest_after_listing_s = cost_s / _IDLE_SHARE_OF_A_CORE
        if self._known and not names:
            self._lose_folder("it looks empty, as a share does that dropped out")
            return
        if self._folder_is_lost:
            self._folder_is_lost = False
            self._tell(FolderReturned(folder=str(self._folder)))
        new_names = names - self._known
        unreadable = {name for name in new_names if not (self._folder / name).exists()}
        names -= unreadable
        self._known = names
        for name in sorted(new_names - unreadable, key=natural_key):
            self._notice(self._folder / name)

    def _look_at_changed(self, path: Path) -> None:
        """Notice a path that the operating system reports, if it is new."""
        try:
            relative = path.relative_to(self._folder)
        except ValueError:  # reported by another name of the folder
            self._look_into_folder()
            return
        if str(relative) in self._known or folders.is_inside_image(relative):
            return
        if folders.is_image(path):
            self._known.add(str(relative))
            self._notice(path)
        elif self._recurse and path.is_dir():
            self._look_into_folder()

    def _lose_folder(self, reason: str) -> None:
        if not self._folder_is_lost:
            self._folder_is_lost = True
            self._tell(FolderLost(folder=str(self._folder), reason=reason))

    def _notice(self, path: Path) -> None:
        if path.name in OWN_NAMES or not folders.is_image(path):
            return
        self.found_counter += 1
        if self._is_target(path.name):
            self._tell(ImageNoticed(path=str(path)))
            self._expect(path, self._clock.monotonic())

    def _whole_images(self) -> Iterator[ArrivedImage]:
        """Yield the images that are whole by now.

        When one is due, all are looked at, so that no image overtakes an older one.
        """
        now_s = self._clock.monotonic()
        if all(pending.next_look_s > now_s for pending in self._pending):
            return
        arrived = []
        for pending in list(self._pending):
            outcome = self._look_at(pending)
            if outcome is not None:
                image = ArrivedImage(
                    pending.path,
                    outcome,
                    pending.noticed_s,
                    pending.attempt,
                    pending.path.relative_to(self._folder).as_posix(),
                )
                arrived.append((image, pending))
        for image, pending in sorted(arrived, key=lambda pair: pair[0].order):
            if self._should_stop():
                return
            self._pending.remove(pending)
            yield image

    def _look_at(self, pending: _Pending) -> Ready | Aborted | None:
        match pending.arrival.look():
            case Wait(retry_s=retry_s):
                pending.next_look_s = self._clock.monotonic() + retry_s
            case Gone():
                self._pending.remove(pending)
                self._known.discard(str(pending.path.relative_to(self._folder)))
                self._tell(ImageVanished(path=str(pending.path)))
            case outcome:
                return outcome
        return None

    def _rest(self) -> None:
        """Rest until something is due or the folder changes."""
        next_s = min((p.next_look_s for p in self._pending), default=self._next_check_s)
        if not self._checks_are_over():
            next_s = min(next_s, self._next_check_s)
        rest_s = min(max(next_s - self._clock.monotonic(), 0.0), _STOP_CHECK_S)
        changed = self._wait(rest_s)
        if not self._checks_are_over():
            for path in sorted(changed):
                self._look_at_changed(path)
        if changed:
            for pending in self._pending:
                pending.next_look_s = self._clock.monotonic()
