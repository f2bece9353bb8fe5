"""Asks pages without a network: requests in, answers out."""

import asyncio
from contextlib import asynccontextmanager

import httpx

from dystrack.dashboard.live.watch import Watch
from dystrack.dashboard.serving.access import Access, Role
from dystrack.dashboard.web.app import make_app
from dystrack.dashboard.web.feed import Feed

OWNER = {"authorization": "Bearer owner"}
GUEST = {"authorization": "Bearer guest"}
COMMAND = {"x-dystrack": "1"}


class Pages:
    """The page of some folders; sessions are read before each question."""

    def __init__(self, *folders, owned=True, local_role=Role.OWNER, **more):
        self.watch = Watch(folders, has_owner=lambda _: owned, free_bytes=lambda _: 10**9)
        self.access = Access(owner="owner", guest="guest", local_role=local_role)
        self._more = more

    @property
    def session(self):
        return next(iter(self.watch.sessions.values()))

    @asynccontextmanager
    async def browser(self, client="127.0.0.1"):
        app = make_app(Feed(self.watch), self.access, **self._more)
        transport = httpx.ASGITransport(app=app, client=(client, 4321))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8765") as web:
            yield web

    def ask(self, path, *, method="GET", client="127.0.0.1", **more):
        async def asked():
            async with self.browser(client) as web:
                return await web.request(method, path.format(id=self.session.id), **more)

        self.watch.look()
        return asyncio.run(asked())
