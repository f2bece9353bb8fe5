"""Looks at the folders of all sessions, again and again, and says what has changed."""

import shutil
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from dystrack.core.protocols import SYSTEM_CLOCK, Clock
from dystrack.dashboard.live.disk import DiskPace
from dystrack.dashboard.live.plain import dumped
from dystrack.dashboard.live.session import LiveSession
from dystrack.dashboard.live.views import natural, position_view, session_view, signs_of
from dystrack.manager.watching.folder_lock import is_owned

__all__ = ["Watch"]

_REFRESH_S = 1.0
_DISK_EVERY_S = 15.0
_OWNER_EVERY_S = 5.0

View = dict[str, Any]
Hearer = Callable[[LiveSession], None]
"""Is told of a session after each look at it, whether there is anything new or not."""


class Watch:
    """All sessions of a page.

    Parameters
    ----------
    folders : iterable of Path
        Their folders, in the order in which they are shown.
    clock : Clock, optional
        The time.
    has_owner : callable, optional
        Returns whether a session watches a folder.
    free_bytes : callable, optional
        Returns how much room there is at a folder.
    """

    def __init__(
        self,
        folders: Iterable[Path],
        *,
        clock: Clock = SYSTEM_CLOCK,
        has_owner: Callable[[Path], bool] = is_owned,
        free_bytes: Callable[[Path], int] | None = None,
    ) -> None:
        self.sessions = {one.id: one for one in map(LiveSession, folders)}
        self.disks = {id_: DiskPace() for id_ in self.sessions}
        self._clock = clock
        self._has_owner = has_owner
        self._free_bytes = free_bytes or _free_bytes
        self._shown: dict[str, dict[str, str]] = {id_: {} for id_ in self.sessions}
        self._due: dict[str, float] = {}
        self.hearers: list[Hearer] = []

    def look(self) -> list[str]:
        """Read what is new, and return what changed on the page, as JSON texts."""
        changes = []
        for session in self.sessions.values():
            is_new = session.update()
            self._look_around(session)
            for hear in self.hearers:
                hear(session)
            if is_new or self._is_due(f"view {session.id}", _REFRESH_S):
                changes += self._changes(session)
        return changes

    def everything(self) -> list[str]:
        """Return all that a page shows, for one that has just been opened."""
        return [
            _message(self.view(session), self.tiles(session), self._clock.time(), is_all=True)
            for session in self.sessions.values()
        ]

    def view(self, session: LiveSession) -> View:
        """Return how a session is doing, without its positions."""
        return session_view(session, self.disks[session.id])

    def tiles(self, session: LiveSession) -> dict[str, View]:
        """Return how the positions of a session are doing, by name."""
        now_s = self._clock.time()
        return {
            name: position_view(session, session.positions[name], now_s)
            for name in sorted(session.positions, key=natural)
        }

    def _changes(self, session: LiveSession) -> list[str]:
        """Return a message on what changed; what cannot have changed is not even looked at."""
        shown, now_s = self._shown[session.id], self._clock.time()
        view, signs = self.view(session), signs_of(session, now_s)
        is_all = not signs.keys() >= shown.keys() - {""}  # another run has begun
        names = [name for name in sorted(signs, key=natural) if shown.get(name) != signs[name]]
        signs[""] = dumped(view)
        is_same = not names and shown.get("") == signs[""]
        self._shown[session.id] = signs
        if is_same:
            return []
        wanted = sorted(session.positions, key=natural) if is_all else names
        tiles = {name: position_view(session, session.positions[name], now_s) for name in wanted}
        return [_message(view, tiles, now_s, is_all=is_all)]

    def _look_around(self, session: LiveSession) -> None:
        """Note what the journal does not tell: room on the disk, and a manager that died."""
        if self._is_due(f"disk {session.id}", _DISK_EVERY_S):
            with suppress(OSError):
                self.disks[session.id].note(
                    self._clock.monotonic(), self._free_bytes(session.folder)
                )
        if session.end or not session.start:
            session.is_owned = None
        elif session.is_in_reach and self._is_due(f"owner {session.id}", _OWNER_EVERY_S):
            session.is_owned = self._has_owner(session.folder)

    def _is_due(self, what: str, every_s: float) -> bool:
        now_s = self._clock.monotonic()
        if now_s < self._due.get(what, now_s):
            return False
        self._due[what] = now_s + every_s
        return True


def _message(view: View, tiles: Mapping[str, View], now_s: float, *, is_all: bool) -> str:
    return dumped({"session": view, "tiles": tiles, "all": is_all, "now": now_s})


def _free_bytes(folder: Path) -> int:
    return shutil.disk_usage(folder).free
