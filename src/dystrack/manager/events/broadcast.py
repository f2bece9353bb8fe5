"""Events reach their listeners."""

import contextlib
from collections.abc import Callable, Iterable

from dystrack.core.error_texts import describe_error
from dystrack.manager.events.base import Event
from dystrack.manager.events.session import Warned

__all__ = ["Broadcast", "Listener"]

Listener = Callable[[Event], None]


class Broadcast:
    """Tells each event to all listeners; none of them can stop a session.

    Parameters
    ----------
    listeners : iterable of Listener
        Who is told, in this order. One that fails is reported to the others, once.
    """

    def __init__(self, listeners: Iterable[Listener]) -> None:
        self._listeners = list(listeners)
        self._reported: set[int] = set()

    def __call__(self, event: Event) -> None:
        """Tell an event."""
        for listener in self._listeners:
            try:
                listener(event)
            except Exception as error:  # noqa: BLE001 - tracking goes on when a listener fails
                self._report(listener, error)

    def _report(self, failed: Listener, error: Exception) -> None:
        if id(failed) in self._reported:
            return
        self._reported.add(id(failed))
        name = getattr(failed, "__name__", type(failed).__name__)
        warning = Warned(message=f"{name} failed, tracking goes on: {describe_error(error)}")
        for listener in self._listeners:
            if listener is not failed:
                with contextlib.suppress(Exception):
                    listener(warning)
