"""The pages: which request leads to what."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dystrack import __version__
from dystrack.core.errors import DyStrackError
from dystrack.dashboard.live.plain import dumped
from dystrack.dashboard.live.session import LiveSession
from dystrack.dashboard.live.views import prescan_view
from dystrack.dashboard.serving.access import Access, Role
from dystrack.dashboard.serving.guard import Limits
from dystrack.dashboard.serving.server import Lifespan, guarded
from dystrack.dashboard.web import answers
from dystrack.dashboard.web.commands import command
from dystrack.dashboard.web.feed import Feed
from dystrack.dashboard.web.files import DOWNLOADS, download, picture, static_response
from dystrack.dashboard.web.metrics import health, metrics
from dystrack.dashboard.web.openapi import openapi

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route
    from starlette.types import ASGIApp

__all__ = ["make_app"]

MakeReport = Callable[[Path], bytes]
"""Writes the report of the run in a folder, for a download."""


def make_app(
    feed: Feed,
    access: Access,
    *,
    make_report: MakeReport | None = None,
    limits: Limits | None = None,
    beside: Lifespan | None = None,
    takes_commands: bool = False,
) -> "ASGIApp":
    """Return the page of sessions, guarded.

    Parameters
    ----------
    feed : Feed
        The sessions, and what changes of them.
    access : Access
        Who may see and do what.
    make_report : callable or None, default None
        Makes a report for a download.
    limits : Limits or None, default None
        How much somebody may ask for.
    beside : callable or None, default None
        What else runs while it is served.
    takes_commands : bool, default False
        Whether sessions may be commanded from here.

    Returns
    -------
    ASGIApp
        What a server serves.
    """
    pages = _Pages(feed, make_report, takes_commands=takes_commands)

    @asynccontextmanager
    async def running(app: Any) -> AsyncIterator[None]:
        async with feed.running(), beside(app) if beside else nullcontext():
            yield

    return guarded(pages.routes(), access, limits=limits, lifespan=running)


class _Pages:
    """Answers requests."""

    def __init__(self, feed: Feed, make_report: MakeReport | None, *, takes_commands: bool) -> None:
        self._takes_commands = takes_commands
        self._feed = feed
        self._watch = feed.watch
        self._make_report = make_report

    def routes(self) -> "list[Route]":
        from starlette.routing import Route  # noqa: PLC0415 - only in a server

        one = "/api/sessions/{session}"
        table = {
            "/": self._page,
            "/static/{name}": self._static,
            "/feed": self._stream,
            "/health": self._health,
            "/metrics": self._metrics,
            "/api/openapi.json": self._openapi,
            "/api/sessions": self._sessions,
            one: self._of_session(lambda s, _: answers.session(self._watch, s)),
            f"{one}/about": self._of_session(lambda s, _: answers.about(s)),
            f"{one}/messages": self._of_session(lambda s, r: answers.messages(s, r.query_params)),
            f"{one}/prescans": self._of_session(
                lambda s, r: answers.prescans(s, r.query_params.get("position", ""))
            ),
            f"{one}/charts": self._of_session(_charts),
            f"{one}/prescans/{{number:int}}": self._of_session(
                lambda s, r: prescan_view(s, r.path_params["number"])
            ),
            f"{one}/prescans/{{number:int}}/{{view}}.png": self._picture,
            f"{one}/files/{{name}}": self._download,
        }
        routes = [Route(path, answer) for path, answer in table.items()]
        if self._takes_commands:
            routes.append(Route(f"{one}/commands", self._command, methods=["POST"]))
        return routes

    async def _page(self, request: "Request") -> "Response":
        return static_response(request, "index.html")

    async def _static(self, request: "Request") -> "Response":
        return static_response(request, request.path_params["name"])

    async def _stream(self, request: "Request") -> "Response":
        from sse_starlette import EventSourceResponse  # noqa: PLC0415 - the one door to it

        role: Role = request.state.role
        return EventSourceResponse(self._told(role), ping=15, headers={"cache-control": "no-store"})

    async def _told(self, role: Role) -> AsyncIterator[str]:
        sessions = list(self._watch.sessions)
        may_command = self._takes_commands and role is Role.OWNER
        hello = {"version": __version__, "may_command": may_command, "sessions": sessions}
        yield dumped({"hello": hello})
        async for text in self._feed.messages():
            yield text

    async def _sessions(self, _: "Request") -> "Response":
        def all_of_them() -> list[dict[str, Any]]:
            return [answers.session(self._watch, one) for one in self._watch.sessions.values()]

        return _json(await self._feed.ask(all_of_them))

    async def _health(self, _: "Request") -> "Response":
        found = await self._feed.ask(health, self._watch)
        return _json(found, 200 if found["ok"] else 503)

    async def _metrics(self, _: "Request") -> "Response":
        from starlette.responses import PlainTextResponse  # noqa: PLC0415 - only in a server

        text = await self._feed.ask(metrics, self._watch)
        return PlainTextResponse(text, media_type="text/plain; version=0.0.4")

    async def _openapi(self, _: "Request") -> "Response":
        return _json(openapi())

    def _of_session(
        self, answer: "Callable[[LiveSession, Request], dict[str, Any] | None]"
    ) -> "Callable[[Request], Any]":
        """Return what answers with something that is known of the session in the path."""

        async def answered(request: "Request") -> "Response":
            session = self._watch.sessions.get(request.path_params["session"])
            if session is None:
                return _missing()
            found = await self._feed.ask(answer, session, request)
            return _missing() if found is None else _json(found)

        return answered

    async def _picture(self, request: "Request") -> "Response":
        from starlette.responses import Response  # noqa: PLC0415 - only in a server

        session = self._watch.sessions.get(request.path_params["session"])
        if session is None:
            return _missing()
        number, view = request.path_params["number"], request.path_params["view"]
        data = await self._feed.ask(picture, session, number, view)
        if data is None:  # perhaps it is about to be made: no error for a browser to complain of
            return Response(status_code=204, headers={"cache-control": "no-store"})
        return Response(
            data, media_type="image/png", headers={"cache-control": "private, max-age=600"}
        )

    async def _command(self, request: "Request") -> "Response":
        session = self._watch.sessions.get(request.path_params["session"])
        if session is None:
            return _missing()
        data = await request.body()
        status, told = await self._feed.ask(command, session, data, request.state.client)
        return _json(told, status)

    async def _download(self, request: "Request") -> "Response":
        from starlette.responses import Response  # noqa: PLC0415 - only in a server

        session = self._watch.sessions.get(request.path_params["session"])
        what = request.path_params["name"]
        if session is None:
            return _missing()
        if what in DOWNLOADS and (path := session.folder / DOWNLOADS[what]).is_file():
            return download(path)
        if what == "report" and self._make_report is not None:
            try:
                page = await asyncio.to_thread(self._make_report, session.folder)
            except DyStrackError as error:
                return _json({"error": str(error)}, 404)
            named = {"content-disposition": 'attachment; filename="dystrack_report.html"'}
            return Response(page, media_type="text/html", headers=named)
        return _missing()


def _charts(session: LiveSession, request: "Request") -> dict[str, Any] | None:
    given = request.query_params
    begin, end = (_number(given.get(name)) for name in ("from", "to"))
    return answers.charts(session, given.get("position", ""), begin, end)


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None


def _json(value: Any, status: int = 200) -> "Response":
    from starlette.responses import Response  # noqa: PLC0415 - only in a server

    return Response(
        dumped(value),
        status,
        media_type="application/json",
        headers={"cache-control": "no-store"},
    )


def _missing() -> "Response":
    return _json({"error": "There is no such thing."}, 404)
