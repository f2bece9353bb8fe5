"""Watch a folder: a generator of prescans in the order in which they were noticed."""

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from dystrack.core.protocols import Clock
from dystrack.images.folder_habits import FolderHabits
from dystrack.images.outcomes import Aborted, Gone, Ready, Wait
from dystrack.images.readiness import ImageArrival
from dystrack.images.stamps import file_id
from dystrack.manager.events import (
    ImageNoticed,
    ImageRenamed,
    ImageVanished,
    Listener,
    PrescansMissing,
)
from dystrack.manager.watching import folder as folders
from dystrack.manager.watching.answered import AnsweredImages, Change
from dystrack.manager.watching.image_names import NameFilter, PositionPattern, natural_key
from dystrack.manager.watching.intervals import Intervals
from dystrack.manager.watching.listing import FolderListing
from dystrack.manager.watching.naming_advice import NamingAdvice
from dystrack.manager.watching.screening import Screening, with_slashes
from dystrack.manager.watching.waiting_line import ArrivedImage, WaitingImage, WaitingLine

__all__ = ["Watcher"]

_STOP_CHECK_S = 0.1
_LISTING_SHARE_OF_A_CORE = 0.05
_LOOKED_AT = 16  # at the front of the line: files that need rest, rest at the same time
_GONE_AFTER_S = 1.0  # some programs delete a file before they give its name to the new one
_GONE_CHECK_S = 0.1
_NEVER_S = float("inf")


class Watcher:
    """Yields each new prescan once, in the order in which they were noticed.

    The listing of the folder is the truth; events of the operating system only save time. Files
    that lie in the folder at the start are not prescans of this session. Those that one listing
    finds are in the order of the time of writing, then of their names. A prescan that is waited
    for holds up those behind it, until it is complete, given up, or gone; one that is renamed
    meanwhile is still the same one. ::

        listing, events ──► ignored, told once for each reason
               └──► line ──► complete, aborted or gone ──► yielded ──► answered ──► another image by
                      └─ renamed: same place ─┘                            │        that name: line
                                                                           └─► goes on growing: told

    Parameters
    ----------
    folder : Path
        The folder to watch.
    name_filter : NameFilter
        Says which file names are those of prescans.
    naming : PositionPattern
        Tells a name's position.
    recurse : bool
        Whether to watch subfolders as well.
    delay_s : float
        Longest time between two checks of the folder in s; more where listing it takes over 5 %
        of a core.
    max_checks : int or None
        Number of such checks after which to end, once all that was noticed is dealt with. Looks
        that an event of the operating system causes in between do not count.
    new_arrival : callable
        Makes the readiness rule for a path, from the path and from whether it appeared under our
        eyes.
    habits : FolderHabits
        What the folder has shown, as the rule knows it.
    should_stop : callable
        Says whether to end now.
    tell : Listener
        Takes the events.
    clock : Clock
        The time.
    wait : folder.Wait
        The way to rest.
    keep_lock : callable, optional
        Takes the lock of the folder again where it was deleted.
    """

    def __init__(
        self,
        folder: Path,
        *,
        name_filter: NameFilter,
        naming: PositionPattern,
        recurse: bool,
        delay_s: float,
        max_checks: int | None,
        new_arrival: Callable[[Path, bool], ImageArrival],
        habits: FolderHabits,
        should_stop: Callable[[], bool],
        tell: Listener,
        clock: Clock,
        wait: folders.Wait,
        keep_lock: Callable[[], None] = lambda: None,
    ) -> None:
        self._folder = folder
        self._name_filter = name_filter
        self._naming = naming
        self._recurse = recurse
        self._delay_s = delay_s
        self._max_checks = max_checks
        self._new_arrival = new_arrival
        self._should_stop = should_stop
        self._tell = tell
        self._clock = clock
        self._wait = wait
        self._keep_lock = keep_lock
        self._listing = FolderListing(folder, recurse=recurse, tell=tell, clock=clock)
        self._line = WaitingLine()
        self._in_hand: WaitingImage | None = None
        self._answered = AnsweredImages(folder, habits, self._position_of, tell, clock)
        self._screening = Screening(
            folder,
            name_filter,
            recurse=recurse,
            was_answered=self._answered.knows_under_another_name,
            tell=tell,
        )
        self._advice = NamingAdvice(naming, tell)
        self._intervals = Intervals()
        self._next_check_s = clock.monotonic()
        self.check_counter = 0

    def __iter__(self) -> Iterator[ArrivedImage]:
        """Yield images until a condition to end is met."""
        while not self._should_stop():
            self._check_folder_if_due()
            image = self._next_image()
            if image is not None:
                yield image
                self._put_down(image)
            elif self._checks_are_over() and not self._line:
                return
            else:
                self._rest()

    @property
    def found_counter(self) -> int:
        """Return how many new files have been found, prescans or not."""
        return self._screening.found_counter

    @property
    def is_idle(self) -> bool:
        """Whether no prescan is waited for."""
        return not self._line

    def look_again(self, image: ArrivedImage) -> None:
        """Wait once more for an image that was changed or renamed while it was read."""
        waiting, self._in_hand = self._in_hand, None
        if waiting is not None:
            waiting.start_anew(waiting.name)
            waiting.stamp = image.outcome.stamp if isinstance(image.outcome, Ready) else None
            waiting.attempt = image.attempt + 1
            self._line.put_first(waiting)

    def note_written(self, paths: Iterable[str]) -> None:
        """Take no file for a prescan that the pipeline itself has written."""
        for path in paths:
            with contextlib.suppress(ValueError):  # beside the folder
                relative = Path(path).relative_to(self._folder)
                self._screening.own_outputs.note_written(relative)

    def existing_names(self) -> list[str]:
        """Return which names in the folder, as it was listed last, are prescans', the oldest first.

        Those that were written at the same time are in their natural order.
        """
        matches = self._name_filter.matches
        listed = [n for n in self._listing.names if matches(os.path.basename(n))]  # noqa: PTH119
        written_ns = {n: folders.written_ns(f"{self._folder}{os.sep}{n}") for n in listed}
        there = sorted((name for name in listed if written_ns[name]), key=natural_key)
        return [with_slashes(name) for name in sorted(there, key=written_ns.__getitem__)]

    def expect(self, names: Iterable[str]) -> None:
        """Yield images that lie in the folder already as if they were new, in the order given."""
        now_s = self._clock.monotonic()
        for name in names:
            image = WaitingImage(name.replace("/", os.sep), now_s, None, is_new=False)
            self._line.append(image)
            self._screening.found_counter += 1

    def _position_of(self, name: str) -> str:
        return self._naming.label(with_slashes(name)).position

    def _check_folder_if_due(self) -> None:
        started_s = self._clock.monotonic()
        if started_s < self._next_check_s or self._checks_are_over():
            return
        if self._listing.is_due():
            self._look_into_folder()
        for name in self._answered.recent():
            self._look_at_answered(name)
        self._tell_if_overdue()
        self.check_counter += 1
        cost_s = self._clock.monotonic() - started_s
        self._next_check_s = started_s + max(self._delay_s, cost_s / _LISTING_SHARE_OF_A_CORE)

    def _checks_are_over(self) -> bool:
        return self._max_checks is not None and self.check_counter >= self._max_checks

    def _tell_if_overdue(self) -> None:
        overdue = None if self._line else self._intervals.overdue(self._clock.monotonic())
        if overdue is not None:
            self._tell(PrescansMissing(silent_s=overdue[0], usual_s=overdue[1]))

    def _look_into_folder(self) -> None:
        """Notice the names that are new."""
        new_names = self._listing.refresh()
        if new_names is not None:
            self._notice(new_names)
            self._screening.own_outputs.note_listed()
            self._keep_lock()

    def _look_at_changed(self, path: Path) -> None:
        """Notice a path that the operating system reports, if it is new."""
        try:
            relative = path.relative_to(self._folder)
        except ValueError:  # reported by another name of the folder
            self._look_into_folder()
            return
        name = str(relative)
        if name in self._listing.names:
            self._look_at_answered(name)
        elif self._recurse and path.is_dir() and not folders.is_folder_image(name):
            self._look_into_folder()
        elif not folders.is_inside_image(relative):
            self._listing.names.add(name)
            self._notice({name})

    def _notice(self, names: set[str]) -> None:
        """Put the new prescans among new names into the line."""
        now_s = self._clock.monotonic()
        forget = self._listing.names.discard
        for name, about in self._screening.prescans(names, self._is_waiting, forget):
            self._intervals.note(self._position_of(name), now_s)
            self._line.append(WaitingImage(name, now_s, file_id(about)))

    def _is_waiting(self, name: str, about: os.stat_result) -> bool:
        """Return whether a file is waited for; if it was renamed, go on with its new name."""
        if name in self._line:
            return True
        waiting = self._line.former(about)
        is_renamed = waiting is not None and not waiting.path_in(self._folder).exists()
        if waiting is None or not is_renamed or not self._name_filter.matches(Path(name).name):
            return False
        former_path = str(waiting.path_in(self._folder))
        self._line.rename(waiting, name)
        self._tell(ImageRenamed(path=str(self._folder / name), former_path=former_path))
        return True

    def _look_at_answered(self, name: str) -> None:
        """Look whether a prescan that was answered is still the same."""
        match self._answered.look_at(name):
            case Change.SAME_IMAGE:
                self._screening.tell_touched(name)
            case Change.OTHER_IMAGE:
                self._answered.forget(name)
                self._notice({name})

    def _next_image(self) -> ArrivedImage | None:
        """Return the first in the line if its waiting is over; look at some of those behind it."""
        if not self._line:
            return None
        now_s = self._clock.monotonic()
        first, *others = self._line.front(_LOOKED_AT)
        outcome = self._look_at(first) if first.next_look_s <= now_s else None
        if outcome is not None:
            self._in_hand = self._line.pop_first()
            return self._arrived(first, outcome)
        for waiting in others:
            if waiting.next_look_s <= now_s and self._look_at(waiting) is not None:
                waiting.next_look_s = _NEVER_S  # until it is the first
        return None

    def _arrived(self, waiting: WaitingImage, outcome: Ready | Aborted | Gone) -> ArrivedImage:
        path = waiting.path_in(self._folder)
        self._listing.names.add(waiting.name)
        if isinstance(outcome, Gone):
            self._listing.names.discard(waiting.name)
            self._tell(ImageVanished(path=str(path)))
        name = with_slashes(waiting.name)
        return ArrivedImage(path, outcome, waiting.noticed_s, waiting.attempt, name)

    def _put_down(self, image: ArrivedImage) -> None:
        """Remember an image that was dealt with, unless it is looked at again."""
        waiting, self._in_hand = self._in_hand, None
        if waiting is not None:
            self._screening.own_outputs.note_analysed(image.path.name)
            if isinstance(image.outcome, Ready):
                self._answered.add(waiting.name, image.outcome, waiting.file_id)

    def _look_at(self, waiting: WaitingImage) -> Ready | Aborted | Gone | None:
        if waiting.arrival is None:
            waiting.arrival = self._begin_to_look_at(waiting)
        match waiting.arrival.look():
            case Wait(retry_s=retry_s):
                waiting.gone_since_s = None
                waiting.next_look_s = self._clock.monotonic() + retry_s
            case Gone():
                return self._look_for(waiting)
            case outcome:
                return outcome
        return None

    def _begin_to_look_at(self, waiting: WaitingImage) -> ImageArrival:
        path = waiting.path_in(self._folder)
        if not waiting.is_told:
            waiting.is_told = True
            self._tell(ImageNoticed(path=str(path)))
            self._advice.note(with_slashes(waiting.name))
        return self._new_arrival(path, waiting.is_new)

    def _look_for(self, waiting: WaitingImage) -> Gone | None:
        """Look under which name a file goes on that is not there; give it up after a while."""
        now_s, name = self._clock.monotonic(), waiting.name
        if waiting.gone_since_s is None:
            waiting.gone_since_s = now_s
            self._look_into_folder()
            if waiting.name != name:
                return None
            self._line.take_for_deleted(waiting)
        if self._listing.is_lost:
            waiting.gone_since_s = now_s
        elif now_s - waiting.gone_since_s >= _GONE_AFTER_S:
            return Gone()
        waiting.next_look_s = now_s + _GONE_CHECK_S
        return None

    def _rest(self) -> None:
        """Rest until something is due or the folder changes."""
        front = list(self._line.front(_LOOKED_AT))
        next_s = min((waiting.next_look_s for waiting in front), default=self._next_check_s)
        if not self._checks_are_over():
            next_s = min(next_s, self._next_check_s)
        rest_s = min(max(next_s - self._clock.monotonic(), 0.0), _STOP_CHECK_S)
        changed = self._wait(rest_s)
        if not self._checks_are_over():
            for path in sorted(changed):
                self._look_at_changed(path)
        if changed:
            for waiting in front:
                waiting.next_look_s = min(waiting.next_look_s, self._clock.monotonic())
