"""What becomes of prescans after their answer: most stay, some go on growing, some are replaced."""

import os
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum, auto
from itertools import islice
from pathlib import Path

from dystrack.core.protocols import Clock
from dystrack.images.folder_habits import FolderHabits
from dystrack.images.image_file import ImageStatus, Verdict, inspect_image
from dystrack.images.outcomes import Ready
from dystrack.images.stamps import (
    FileId,
    FileStamp,
    PixelSamples,
    file_id,
    sample,
    shows_same_image,
)
from dystrack.manager.events import AnsweredTooEarly, Listener

__all__ = ["AnsweredImages", "Change"]

_WATCHED = 32
_PROVED_AFTER_S = 10.0


class Change(Enum):
    """What has become of a file that was answered."""

    NONE = auto()
    SAME_IMAGE = auto()  # written to again, with the pixels that were there
    WENT_ON = auto()
    OTHER_IMAGE = auto()


@dataclass(frozen=True, slots=True)
class _Answered:
    name: str
    stamp: FileStamp
    file_id: FileId | None
    status: ImageStatus
    samples: PixelSamples | None
    answered_s: float
    is_proved: bool = False
    is_told: bool = False


class AnsweredImages:
    """Looks again at prescans that were answered, and teaches the folder's habits.

    Parameters
    ----------
    folder : Path
        The folder.
    habits : FolderHabits
        What the folder has shown.
    position_of : callable
        Says to which position a name belongs.
    tell : Listener
        Takes the events.
    clock : Clock
        The time.
    """

    def __init__(
        self,
        folder: Path,
        habits: FolderHabits,
        position_of: Callable[[str], str],
        tell: Listener,
        clock: Clock,
    ) -> None:
        self._folder = folder
        self._habits = habits
        self._position_of = position_of
        self._tell = tell
        self._clock = clock
        self._images: OrderedDict[str, _Answered] = OrderedDict()
        self._names: dict[FileId, str] = {}

    def add(self, name: str, ready: Ready, noticed_as: FileId | None) -> None:
        """Remember a prescan as it was when it was read.

        Parameters
        ----------
        name : str
            Its path within the folder.
        ready : Ready
            What it was when it was read.
        noticed_as : FileId or None
            What stays the same when it is renamed, as far as that was known before.
        """
        path = self._folder / name
        try:
            known_as = file_id(path.stat())
        except OSError:  # renamed or deleted meanwhile
            known_as = noticed_as
        self._images[name] = _Answered(
            name, ready.stamp, known_as, ready.status, sample(path), self._clock.monotonic()
        )
        self._images.move_to_end(name)
        if ready.status.verdict is Verdict.OPEN:
            self._habits.note_planes(self._position_of(name), ready.status.n_planes)
        if known_as is not None:
            self._names[known_as] = name

    def recent(self) -> list[str]:
        """Return the names that were answered last; only they are looked at without a reason."""
        return list(islice(reversed(self._images), _WATCHED))

    def knows_under_another_name(self, about: os.stat_result) -> bool:
        """Return whether a file is a prescan that was answered and then renamed."""
        known_as = file_id(about)
        answered = self._images.get(self._names.get(known_as, "")) if known_as else None
        if answered is None or (self._folder / answered.name).exists():
            return False
        return answered.stamp == FileStamp(about.st_size, about.st_mtime_ns)

    def forget(self, name: str) -> None:
        """Forget a prescan; another one has its name now."""
        answered = self._images.pop(name, None)
        if answered is not None and answered.file_id is not None:
            self._names.pop(answered.file_id, None)

    def look_at(self, name: str) -> Change:
        """Look at a prescan again.

        Parameters
        ----------
        name : str
            Its name.

        Returns
        -------
        Change
            What has become of it. Where it went on, the folder's habits know it, and it was told.
        """
        answered = self._images.get(name)
        if answered is None:
            return Change.NONE
        path = self._folder / name
        try:
            stamp = FileStamp.of(path)
            if stamp == answered.stamp:
                self._prove(answered)
                return Change.NONE
            return self._judge(answered, path, stamp)
        except OSError:  # deleted, or out of reach
            return Change.NONE

    def _prove(self, answered: _Answered) -> None:
        """Let a file that has stayed as it was speak for its folder."""
        age_s = self._clock.monotonic() - answered.answered_s
        if age_s >= _PROVED_AFTER_S and not answered.is_proved:
            self._habits.note_unchanged(answered.status.verdict)
            self._images[answered.name] = replace(answered, is_proved=True)

    def _judge(self, answered: _Answered, path: Path, stamp: FileStamp) -> Change:
        if file_id(path.stat()) != answered.file_id:
            return Change.OTHER_IMAGE
        if answered.samples is not None and shows_same_image(path, answered.samples) is False:
            return Change.OTHER_IMAGE
        status = inspect_image(path)
        if status.verdict is Verdict.INCOMPLETE:  # someone is at it; it will be looked at again
            return Change.NONE
        self._images[answered.name] = replace(answered, stamp=stamp)
        could_be_read = answered.status.verdict in {Verdict.COMPLETE, Verdict.OPEN}
        if could_be_read and not _has_more_planes(answered, status):
            return Change.SAME_IMAGE
        self._learn(answered, status)
        return Change.WENT_ON

    def _learn(self, answered: _Answered, status: ImageStatus) -> None:
        """Correct what is expected in this folder, and say so once for each file."""
        position = self._position_of(answered.name)
        if answered.status.verdict is Verdict.SUSPECT:
            self._habits.note_filled()
        if answered.status.verdict is Verdict.UNKNOWN or _has_more_planes(answered, status):
            self._habits.note_growth(position, status.n_planes)
        if not answered.is_told:
            self._tell(
                AnsweredTooEarly(
                    path=str(self._folder / answered.name),
                    position=position,
                    planes_read=answered.status.n_planes,
                    planes_now=status.n_planes,
                )
            )
            self._images[answered.name] = replace(self._images[answered.name], is_told=True)


def _has_more_planes(answered: _Answered, status: ImageStatus) -> bool:
    before, now = answered.status.n_planes, status.n_planes
    return before is not None and now is not None and now > before
