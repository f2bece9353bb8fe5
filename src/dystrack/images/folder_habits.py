"""What a folder has shown about how its files are written; its arrivals share this."""

from typing import Final

from dystrack.images.image_file import Verdict

__all__ = ["FolderHabits"]

_ENOUGH_FILES: Final = 3


class FolderHabits:
    """What was learned from the files of a folder, from nothing on.

    Only what was seen counts: a file that was read and is still the same later speaks for its
    folder, one that was filled or has grown after it looked finished speaks against it for good.

    Attributes
    ----------
    files_grow : bool
        Whether a file has gone on growing after it was closed and read.
    """

    def __init__(self) -> None:
        self.files_grow = False
        self._are_filled_later = False
        self._n_stayed = {False: 0, True: 0}  # by whether they looked suspect
        self._planes: dict[str, int] = {}

    @property
    def files_stay(self) -> bool:
        """Return whether what looks finished and is held by nobody has proved to be so."""
        return self._n_stayed[False] >= _ENOUGH_FILES and not self._has_broken_trust

    @property
    def suspects_stay(self) -> bool:
        """Return whether files that look unwritten in part have proved to be finished."""
        return self._n_stayed[True] >= _ENOUGH_FILES and not self._has_broken_trust

    @property
    def most_planes(self) -> int:
        """Return the greatest number of planes of a file that did not say how many it has."""
        return max(self._planes.values(), default=0)

    @property
    def _has_broken_trust(self) -> bool:
        return self._are_filled_later or self.files_grow

    def note_unchanged(self, verdict: Verdict) -> None:
        """Take note of a file that is the same some time after it was read."""
        self._n_stayed[verdict is Verdict.SUSPECT] += 1

    def note_filled(self) -> None:
        """Take note of a file that looked unwritten in part and was written to later."""
        self._are_filled_later = True

    def note_growth(self, position: str, n_planes: int | None) -> None:
        """Take note of a file that has grown after it was read, and of its planes by now."""
        self.files_grow = True
        self.note_planes(position, n_planes)

    def note_planes(self, position: str, n_planes: int | None) -> None:
        """Take note of how many planes a file had that does not say itself; the most count."""
        if n_planes is not None:
            self._planes[position] = max(n_planes, self._planes.get(position, 0))

    def expected_planes(self, position: str, last_good: int | None) -> int | None:
        """Return how many planes the next prescan of a position has at least, if that is known."""
        noted = self._planes.get(position)
        return max((n for n in (last_good, noted) if n is not None), default=None)

    def forget_planes(self, position: str) -> None:
        """Expect nothing of a position any more: its stack may have been made smaller."""
        self._planes.pop(position, None)
