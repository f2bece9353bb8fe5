"""Starts the page of a run beside it, in a process of its own."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import attrs

from dystrack.dashboard.alerts.settings import AlertSettings
from dystrack.dashboard.settings import DashboardSettings
from dystrack.manager.events import Event, Listener, SessionStarted

__all__ = ["page_beside"]


@contextmanager
def page_beside(
    manager_kwargs: Mapping[str, Any],
    settings: DashboardSettings,
    alerts: AlertSettings | None = None,
) -> Iterator[dict[str, Any]]:
    """Start a page once a session starts; a page that fails never touches the session.

    Parameters
    ----------
    manager_kwargs : mapping
        Keyword arguments of the session.
    settings : DashboardSettings
        Where it is served, and to whom.
    alerts : AlertSettings or None, default None
        When and how people are told of troubles; not at all if not given.

    Yields
    ------
    dict
        The keyword arguments to start the session with.
    """
    pages: list[subprocess.Popen[bytes]] = []
    users_listener: Listener | None = manager_kwargs.get("on_event")

    def listen(event: Event) -> None:
        if isinstance(event, SessionStarted):
            control = bool(event.settings.get("control"))
            own = attrs.evolve(settings, control=control)
            told = ["--alerts", *_words(alerts)] if alerts is not None else []
            pages.append(_start([event.folder, *_words(own), *told]))
        if users_listener is not None:
            users_listener(event)

    try:
        yield {**manager_kwargs, "on_event": listen}
    finally:
        for page in pages:  # it sees that the run is over, and ends once nobody looks any more
            if page.stdin is not None:
                page.stdin.close()


def _words(settings: DashboardSettings | AlertSettings) -> list[str]:
    """Return settings as options of ``dystrack dashboard``."""
    words = []
    for name, value in attrs.asdict(settings).items():
        option = name.replace("_", "-")
        if isinstance(value, bool):
            words.append(f"--{option}" if value else f"--no-{option}")
        elif value != "":
            words.append(f"--{option}={value}")
    return words


def _start(words: Sequence[str]) -> "subprocess.Popen[bytes]":
    """Start a page, whose input ends with this process; Ctrl-C here is not meant for it."""
    own_group: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        own_group = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    page = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", "dystrack", "dashboard", *words, "--beside-a-run"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},  # the code has characters of its own
        **own_group,
    )
    threading.Thread(target=_pass_on, args=(page,), name="page", daemon=True).start()
    return page


def _pass_on(page: "subprocess.Popen[bytes]") -> None:
    """Write what the page says, between what the terminal shows of the run."""
    encoding = sys.stdout.encoding or "utf-8"
    for line in page.stdout or ():
        text = line.decode("utf-8", "replace")
        sys.stdout.write(text.encode(encoding, "replace").decode(encoding))
        sys.stdout.flush()
