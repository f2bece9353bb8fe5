"""The names in the folder as they were listed last, and whether the folder is there."""

import time
from pathlib import Path

from dystrack.core.protocols import Clock
from dystrack.manager.events import FolderLost, FolderReturned, Listener
from dystrack.manager.watching import folder as folders

__all__ = ["FolderListing"]

_IDLE_SHARE_OF_A_CORE = 0.02
_LONGEST_UNLISTED_S = 2.0


class FolderListing:
    """Lists the folder when that may be worth it, and tells when the folder drops out.

    Parameters
    ----------
    folder : Path
        The folder.
    recurse : bool
        Whether to list subfolders as well.
    tell : Listener
        Takes the events.
    clock : Clock
        The time.
    """

    def __init__(self, folder: Path, *, recurse: bool, tell: Listener, clock: Clock) -> None:
        self._folder = folder
        self._recurse = recurse
        self._tell = tell
        self._clock = clock
        self._listed_s = clock.monotonic()
        self._rest_s = 0.0
        self.names = folders.list_names(folder, recurse=recurse)
        self.is_lost = False

    def is_due(self) -> bool:
        """Return whether to list the folder: not if its time says that its names are the same.

        Clocks of file servers may be wrong, so it is listed every now and then all the same.
        """
        unlisted_s = self._clock.monotonic() - self._listed_s
        if self._recurse or unlisted_s >= max(_LONGEST_UNLISTED_S, self._rest_s):
            return True
        try:
            mtime_s = self._folder.stat().st_mtime
        except OSError:
            return True
        # The folder's time is the system's, whatever clock the session runs on.
        return time.time() - mtime_s < _LONGEST_UNLISTED_S

    def refresh(self) -> set[str] | None:
        """List the folder.

        Returns
        -------
        set of str or None
            The names that are new; None while the folder cannot be listed.
        """
        self._listed_s = self._clock.monotonic()
        try:
            names = folders.list_names(self._folder, recurse=self._recurse)
        except OSError as error:
            self._lose(str(error))
            return None
        self._rest_s = (self._clock.monotonic() - self._listed_s) / _IDLE_SHARE_OF_A_CORE
        if self.names and not names:
            self._lose("it looks empty, as a share does that dropped out")
            return None
        if self.is_lost:
            self.is_lost = False
            self._tell(FolderReturned(folder=str(self._folder)))
        new_names, self.names = names - self.names, names
        return new_names

    def _lose(self, reason: str) -> None:
        if not self.is_lost:
            self.is_lost = True
            self._tell(FolderLost(folder=str(self._folder), reason=reason))
