"""Listens to the sessions of a page, and has people told."""

from datetime import datetime
from typing import TYPE_CHECKING

from dystrack.core.protocols import SYSTEM_CLOCK, Clock
from dystrack.dashboard.alerts.digest import Digest
from dystrack.dashboard.alerts.post import Post
from dystrack.dashboard.alerts.settings import AlertSettings
from dystrack.dashboard.alerts.troubles import troubles_of
from dystrack.dashboard.live.session import LiveSession
from dystrack.dashboard.live.watch import Watch

if TYPE_CHECKING:
    from dystrack.history.entries import Record

__all__ = ["AlertWatch"]

_S_PER_MIN = 60.0


class AlertWatch:
    """Tells of the troubles of all sessions that run, or ran when it first saw them.

    Parameters
    ----------
    watch : Watch
        The sessions.
    settings : AlertSettings
        When to tell.
    post : Post
        How.
    clock : Clock, optional
        The time.
    is_for_one_run : bool, default False
        Whether nothing is told of runs that follow, or resume, one that is over.
    """

    def __init__(
        self,
        watch: Watch,
        settings: AlertSettings,
        post: Post,
        clock: Clock = SYSTEM_CLOCK,
        *,
        is_for_one_run: bool = False,
    ) -> None:
        self._is_for_one_run = is_for_one_run
        self._watch = watch
        self._settings = settings
        self._post = post
        self._clock = clock
        self._digests: dict[str, tuple[Record, Digest]] = {}
        self._next_beat_s = clock.monotonic()
        watch.hearers.append(self.hear)

    def hear(self, session: LiveSession) -> None:
        """Look at a session; called again and again, whether there is anything new or not."""
        digest = self._digest_of(session)
        if digest is None:
            return
        now_s = self._clock.time()
        troubles = troubles_of(session, self._watch.disks[session.id], self._settings, now_s)
        is_quiet = self._settings.is_quiet(datetime.fromtimestamp(now_s).astimezone().time())
        for message in digest.take(troubles, self._clock.monotonic(), is_quiet=is_quiet):
            self._post.put(message)
        self._beat()

    def _digest_of(self, session: LiveSession) -> Digest | None:
        """Return what decides about a run; none of a run that was over when it was first seen."""
        start, digest = self._digests.get(session.id, ({}, None))
        is_another = bool(session.start) and start is not session.start
        if digest is not None and digest.is_over:
            is_another = not self._is_for_one_run and (is_another or not session.is_over)
        if digest is None or is_another:
            if session.is_over or not session.start:
                return None
            digest = Digest(session.folder.absolute().name, self._settings)
            self._digests[session.id] = session.start, digest
        return digest

    def _beat(self) -> None:
        """Call the address of the dead man's switch while no session has died."""
        now_s = self._clock.monotonic()
        sessions = self._watch.sessions.values()
        if now_s >= self._next_beat_s and not any(one.is_owned is False for one in sessions):
            self._next_beat_s = now_s + self._settings.heartbeat_min * _S_PER_MIN
            self._post.beat()
