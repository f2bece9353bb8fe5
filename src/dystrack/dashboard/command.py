"""From folders to a page that is served until it is ended."""

import asyncio
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from dystrack.core.errors import ConfigurationError, FolderError
from dystrack.dashboard.alerts.post import Post, open_service
from dystrack.dashboard.alerts.settings import AlertSettings, secret
from dystrack.dashboard.alerts.watch import AlertWatch
from dystrack.dashboard.live.watch import Watch
from dystrack.dashboard.serving.access import Role
from dystrack.dashboard.serving.greeting import greeting
from dystrack.dashboard.serving.server import Server, access_for, check_installed, open_server
from dystrack.dashboard.settings import DashboardSettings
from dystrack.dashboard.web.app import MakeReport, make_app
from dystrack.dashboard.web.feed import Feed
from dystrack.manager.wording import count

__all__ = ["show_sessions"]

_LINGERS_S = 3600.0
_LOOKS_EVERY_S = 5.0


def show_sessions(
    folders: Sequence[Path],
    settings: DashboardSettings,
    *,
    make_report: MakeReport | None = None,
    say: Callable[[str], object] = print,
    alerts: AlertSettings | None = None,
    is_beside_a_run: bool = False,
) -> None:
    """Serve the page of one or several sessions until Ctrl-C.

    Parameters
    ----------
    folders : sequence of Path
        Their folders.
    settings : DashboardSettings
        Where it is served, and to whom.
    make_report : callable or None, default None
        Makes a report for a download.
    say : callable, default print
        Takes the links.
    alerts : AlertSettings or None, default None
        When and how people are told of troubles; not at all if not given.
    is_beside_a_run : bool, default False
        Whether it ends by itself, once the run that started it has ended and nobody has looked for
        an hour.

    Raises
    ------
    ConfigurationError
        If there is no folder, if nothing can be served there, or if alerts cannot be sent.
    FolderError
        If one of them is not there.
    """
    if not folders:
        msg = "Give the folders of the sessions to show: dystrack dashboard FOLDER [FOLDER ...]."
        raise ConfigurationError(msg)
    for folder in folders:
        if not folder.is_dir():
            msg = f"{folder} is not a folder. Give folders that are or were watched."
            raise FolderError(msg)
    check_installed()
    access = access_for(settings, local_role=Role.GUEST if settings.control else Role.OWNER)
    watch = Watch(folders)
    feed = Feed(watch)
    if alerts is not None:
        say(_start_alerts(watch, alerts, is_for_one_run=is_beside_a_run))
    ending = _Ending(feed) if is_beside_a_run else None
    app = make_app(
        feed,
        access,
        make_report=make_report,
        beside=ending.running if ending else None,
        takes_commands=settings.control,
    )
    server = open_server(app, settings)
    if ending is not None:
        ending.server = server
    shows_code = is_beside_a_run or sys.stdout.isatty()
    say(greeting(settings, access, server.links, shows_code=shows_code))
    server.run()


def _start_alerts(watch: Watch, alerts: AlertSettings, *, is_for_one_run: bool) -> str:
    """Have people told of troubles, and return by how many services."""
    send, n_services = open_service(alerts)
    heartbeat = secret(alerts.heartbeat) if alerts.heartbeat else ""
    AlertWatch(watch, alerts, Post(send, heartbeat), is_for_one_run=is_for_one_run)
    return f"Alerts go to {count(n_services, 'service')}. Try them: dystrack alert test"


class _Ending:
    """Ends a page beside a run, once that has ended and nobody has looked for an hour."""

    def __init__(self, feed: Feed) -> None:
        self.server: Server | None = None
        self._feed = feed
        self._has_ended = threading.Event()
        threading.Thread(target=self._wait_for_run, daemon=True).start()

    def _wait_for_run(self) -> None:
        """Wait for the end of our input, which the run holds open for as long as it lives."""
        sys.stdin.buffer.read()
        self._has_ended.set()

    @asynccontextmanager
    async def running(self, _: Any = None) -> AsyncIterator[None]:
        looking = asyncio.create_task(self._look_on())
        try:
            yield
        finally:
            looking.cancel()

    async def _look_on(self) -> None:
        last_look_s = time.monotonic()
        while time.monotonic() - last_look_s < _LINGERS_S:
            if self._feed.n_viewers or not self._has_ended.is_set():
                last_look_s = time.monotonic()
            await asyncio.sleep(_LOOKS_EVERY_S)
        if self.server is not None:
            self.server.stop()
