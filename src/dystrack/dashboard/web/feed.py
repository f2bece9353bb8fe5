"""What changes, to every page that is open, as it happens."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

from dystrack.dashboard.live.watch import Watch

__all__ = ["Feed"]

_LOOK_EVERY_S = 0.25
_MOST_WAITING = 500

_T = TypeVar("_T")


class Feed:
    """Looks at the sessions a few times a second, and tells all pages what changed.

    All that reads or changes what is known of sessions runs in one thread, one after the other, so
    that a slow share never keeps the server from answering.

    Parameters
    ----------
    watch : Watch
        The sessions.
    """

    def __init__(self, watch: Watch) -> None:
        self.watch = watch
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sessions")
        self._listeners: set[asyncio.Queue[str | None]] = set()

    @property
    def n_viewers(self) -> int:
        """Return how many pages are open."""
        return len(self._listeners)

    async def ask(self, function: Callable[..., _T], *arguments: Any) -> _T:
        """Return what a function returns that is called where the sessions are known."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, function, *arguments)

    @asynccontextmanager
    async def running(self, _: Any = None) -> AsyncIterator[None]:
        """Look and tell for as long as the server runs."""
        looking = asyncio.create_task(self._look_on())
        try:
            yield
        finally:
            looking.cancel()
            with suppress(asyncio.CancelledError):
                await looking
            self._end()
            self._thread.shutdown(wait=False, cancel_futures=True)

    async def messages(self) -> AsyncIterator[str]:
        """Yield all that there is to show, then each change, until the server ends."""
        waiting: asyncio.Queue[str | None] = asyncio.Queue(_MOST_WAITING)
        self._listeners.add(waiting)
        try:
            for text in await self.ask(self.watch.everything):
                yield text
            while (message := await waiting.get()) is not None:
                yield message
        finally:
            self._listeners.discard(waiting)

    async def _look_on(self) -> None:
        while True:
            for text in await self.ask(self.watch.look):
                self._tell(text)
            await asyncio.sleep(_LOOK_EVERY_S)

    def _tell(self, text: str) -> None:
        for waiting in list(self._listeners):
            if waiting.full():  # a page that does not keep up connects anew, and gets all at once
                self._listeners.discard(waiting)
                waiting.get_nowait()
                waiting.put_nowait(None)
            else:
                waiting.put_nowait(text)

    def _end(self) -> None:
        for waiting in list(self._listeners):
            with suppress(asyncio.QueueFull):
                waiting.put_nowait(None)
