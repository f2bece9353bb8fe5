"""Connections that may not stay open for nothing."""

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

__all__ = ["PatientProtocol"]

_LONGEST_SILENCE_S = 10.0
_MOST_FROM_ONE_ADDRESS = 100


class PatientProtocol(H11Protocol):
    """HTTP that closes a connection whose request does not come, or one too many.

    Whoever opens connections and sends nothing, or a byte a minute, keeps nobody else out.
    """

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Take a connection, unless its address has too many."""
        super().connection_made(transport)
        own = self.client and self.client[0]
        others = [one for one in self.connections if _address(one) == own]
        if len(others) > _MOST_FROM_ONE_ADDRESS:
            transport.abort()
            return
        self._deadline = self.loop.call_later(_LONGEST_SILENCE_S, self._close_if_silent)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the deadline."""
        super().connection_lost(exc)
        if self._deadline is not None:
            self._deadline.cancel()

    def _close_if_silent(self) -> None:
        has_asked: Any = self.scope  # set once the headers of a request are complete
        if has_asked is None:
            self.transport.abort()


def _address(connection: Any) -> str | None:
    client = connection.client
    return client[0] if client else None
