"""Sends messages by whatever service a person named; one that is down holds up nobody."""

import logging
import queue
import threading
import time
import urllib.request
from collections.abc import Callable
from typing import Any

from dystrack.core.errors import ConfigurationError
from dystrack.dashboard.alerts.digest import Message
from dystrack.dashboard.alerts.settings import AlertSettings, secret

__all__ = ["Post", "open_service"]

_PAUSES_S = (0.0, 10.0, 60.0)
_MOST_WAITING = 100
_LOOKS_FOR_PICTURE, _PICTURE_PAUSE_S = 10, 0.3
_HEARTBEAT_TIMEOUT_S = 10.0
_MISSING = 'Alerts need apprise, which is not installed. Type: pip install "dystrack[dashboard]"'

Send = Callable[[Message], bool]


class Post:
    """Sends messages from a thread of its own, each up to three times.

    Parameters
    ----------
    send : callable
        Sends a message; returns whether it was taken.
    heartbeat : str
        Address that is called as long as all is well; empty for none.
    pauses_s : tuple of float, optional
        How long to wait before each attempt, in s.
    """

    def __init__(
        self, send: Send, heartbeat: str = "", pauses_s: tuple[float, ...] = _PAUSES_S
    ) -> None:
        self.n_sent = 0
        self.n_failed = 0
        self._send = send
        self._heartbeat = heartbeat
        self._pauses_s = pauses_s
        self._waiting: queue.Queue[Message | None] = queue.Queue(_MOST_WAITING)
        self._thread = threading.Thread(target=self._work, name="alerts", daemon=True)
        self._thread.start()

    def put(self, message: Message) -> None:
        """Have a message sent; the newest is left out where very many wait."""
        try:
            self._waiting.put_nowait(message)
        except queue.Full:
            self.n_failed += 1

    def beat(self) -> None:
        """Tell whoever waits for it that all is well."""
        if self._heartbeat:
            threading.Thread(target=self._call, name="heartbeat", daemon=True).start()

    def close(self, timeout_s: float = 30.0) -> None:
        """Send what waits, and end."""
        self._waiting.put(None)
        self._thread.join(timeout_s)

    def _work(self) -> None:
        while (message := self._waiting.get()) is not None:
            _await_picture(message)
            if any(self._try(message, pause_s) for pause_s in self._pauses_s):
                self.n_sent += 1
            else:
                self.n_failed += 1

    def _try(self, message: Message, pause_s: float) -> bool:
        time.sleep(pause_s)
        try:
            return self._send(message)
        except Exception:  # noqa: BLE001 - no service may end the others
            return False

    def _call(self) -> None:
        try:
            urllib.request.urlopen(self._heartbeat, timeout=_HEARTBEAT_TIMEOUT_S).close()  # noqa: S310 - a person's own address
        except (OSError, ValueError):
            self.n_failed += 1


def _await_picture(message: Message) -> None:
    """Wait a little for a picture: it is made after the answer, when there is time."""
    for _ in range(_LOOKS_FOR_PICTURE):
        if message.picture is None or message.picture.is_file():
            return
        time.sleep(_PICTURE_PAUSE_S)


def open_service(settings: AlertSettings) -> tuple[Send, int]:
    """Return what sends a message to all services that a person named, and how many these are.

    Raises
    ------
    ConfigurationError
        If there is none, if one is none that is known, or if the library is missing.
    """
    try:
        import apprise  # noqa: PLC0415 - the one door to it
    except ImportError as error:
        raise ConfigurationError(_MISSING) from error
    logging.getLogger("apprise").setLevel(logging.CRITICAL)  # it would log addresses
    addresses = secret(settings.services).split()
    if not addresses:
        msg = (
            f"There is no service to send alerts to: {settings.services} is empty. Set it to "
            "addresses as apprise takes them, such as mailto://user:password@example.org, apart by "
            "spaces."
        )
        raise ConfigurationError(msg)
    service = apprise.Apprise()
    for number, address in enumerate(addresses, 1):
        if not service.add(address):
            msg = (
                f"Address {number} of {settings.services} is none that is known. See the list of "
                "apprise for how addresses are written."
            )
            raise ConfigurationError(msg)

    def send(message: Message) -> bool:
        kind = apprise.NotifyType.WARNING if message.is_bad else apprise.NotifyType.SUCCESS
        has_picture = message.picture is not None and message.picture.is_file()
        more: dict[str, Any] = {"attach": str(message.picture)} if has_picture else {}
        return bool(
            service.notify(title=message.title, body=message.body, notify_type=kind, **more)
        )

    return send, len(addresses)
