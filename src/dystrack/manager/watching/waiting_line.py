"""The line in which prescans wait for their turn, and what is known once the waiting is over."""

import os
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from dystrack.core.errors import ImageError, IncompleteImageError
from dystrack.images.outcomes import Aborted, Gone, Ready
from dystrack.images.readiness import ImageArrival
from dystrack.images.stamps import FileId, FileStamp, file_id

__all__ = ["ArrivedImage", "WaitingImage", "WaitingLine"]

_MOST_READING_ATTEMPTS = 5


@dataclass(slots=True, eq=False)
class WaitingImage:
    """A prescan that was noticed and has no answer yet.

    Attributes
    ----------
    name : str
        Its path within the watched folder.
    noticed_s : float
        When it was noticed, on the monotonic clock.
    file_id : FileId or None
        What stays the same when it is renamed; None once it is known to be deleted.
    stamp : FileStamp or None
        Its stamp, if it was complete already; a new name does not change it.
    is_new : bool
        Whether it appeared under our eyes.
    attempt : int
        How often it has come into the line.
    is_told : bool
        Whether it was told that it was noticed.
    arrival : ImageArrival or None
        What looks at it; None while it is far from the front.
    next_look_s : float
        When to look at it again.
    gone_since_s : float or None
        Since when there is no such file.
    """

    name: str
    noticed_s: float
    file_id: FileId | None
    stamp: FileStamp | None = None
    is_new: bool = True
    attempt: int = 1
    is_told: bool = False
    arrival: ImageArrival | None = None
    next_look_s: float = 0.0
    gone_since_s: float | None = None

    def start_anew(self, name: str) -> None:
        """Look at it from the beginning, perhaps under another name."""
        self.name, self.arrival = name, None
        self.next_look_s, self.gone_since_s = 0.0, None

    def path_in(self, folder: Path) -> Path:
        """Return its path."""
        return folder / self.name


@dataclass(frozen=True, slots=True)
class ArrivedImage:
    """A prescan for which the waiting is over.

    Attributes
    ----------
    path : Path
        The file, or the folder of an OME-Zarr image.
    outcome : Ready, Aborted or Gone
        That it is complete, with what its header says, or why it never became so.
    noticed_s : float
        When its name was noticed, on the monotonic clock.
    attempt : int
        How often it has become ready: more than once if it was changed while it was read.
    relative_name : str
        Its path within the watched folder, with slashes; its name, where that is not given.
    """

    path: Path
    outcome: Ready | Aborted | Gone
    noticed_s: float
    attempt: int = 1
    relative_name: str = ""

    def __post_init__(self) -> None:
        if not self.relative_name:
            object.__setattr__(self, "relative_name", self.path.name)

    @property
    def may_be_read_again(self) -> bool:
        """Whether it was complete, and did not change too often while it was read."""
        return isinstance(self.outcome, Ready) and self.attempt <= _MOST_READING_ATTEMPTS

    def check_readable(self) -> None:
        """Raise an `ImageError` if it never became complete, never rested, or is gone."""
        match self.outcome:
            case Aborted(reason=reason):
                raise IncompleteImageError(reason)
            case Gone():
                msg = f"{self.path.name} was deleted or renamed before it was analysed."
                raise ImageError(msg)
        if self.attempt > _MOST_READING_ATTEMPTS:
            msg = (
                f"{self.path.name} was changed {_MOST_READING_ATTEMPTS} times while it was read. "
                "Let the microscope write each prescan once, or under a new name."
            )
            raise IncompleteImageError(msg)

    def was_changed(self) -> bool:
        """Return whether the file is another one than when it was found to be complete."""
        try:
            return isinstance(self.outcome, Ready) and FileStamp.of(self.path) != self.outcome.stamp
        except OSError:  # deleted since, or out of reach: what was read was complete
            return False


class WaitingLine:
    """Prescans in order; whatever its length, only those at the front cost time."""

    def __init__(self) -> None:
        self._line: deque[WaitingImage] = deque()
        self._by_id: dict[FileId, WaitingImage] = {}
        self._names: set[str] = set()

    def __len__(self) -> int:
        """Return how many are waiting."""
        return len(self._line)

    def __contains__(self, name: object) -> bool:
        """Return whether one of this name is waiting."""
        return name in self._names

    def append(self, image: WaitingImage) -> None:
        """Put a prescan at the end."""
        self._line.append(image)
        self._register(image)

    def put_first(self, image: WaitingImage) -> None:
        """Put a prescan at the front, whose turn it was already."""
        self._line.appendleft(image)
        self._register(image)

    def pop_first(self) -> WaitingImage:
        """Take the first one out; the next one is then due at once."""
        image = self._line.popleft()
        self._names.discard(image.name)
        if image.file_id is not None:
            self._by_id.pop(image.file_id, None)
        if self._line:
            self._line[0].next_look_s = 0.0
        return image

    def front(self, count: int) -> Iterator[WaitingImage]:
        """Return the first ones in order."""
        return islice(self._line, count)

    def former(self, about: os.stat_result) -> WaitingImage | None:
        """Return the one that is this file, if that may have got a new name."""
        known_as = file_id(about)
        image = self._by_id.get(known_as) if known_as is not None else None
        if image is None or image.stamp is None:
            return image
        return image if image.stamp == FileStamp(about.st_size, about.st_mtime_ns) else None

    def take_for_deleted(self, image: WaitingImage) -> None:
        """Do not look for another name any more: systems use the numbers of deleted files again."""
        if image.file_id is not None:
            self._by_id.pop(image.file_id, None)
            image.file_id = None

    def rename(self, image: WaitingImage, name: str) -> None:
        """Go on with the same file under another name."""
        self._names.discard(image.name)
        image.start_anew(name)
        self._names.add(name)

    def _register(self, image: WaitingImage) -> None:
        self._names.add(image.name)
        if image.file_id is not None:
            self._by_id[image.file_id] = image
