"""The page on which prescans are marked, for whatever is made of the marks."""

import contextlib
import functools
import webbrowser
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from dystrack.charts.colours import colour_styles
from dystrack.core.errors import DyStrackError
from dystrack.dashboard.serving.greeting import greeting
from dystrack.dashboard.serving.server import (
    access_for,
    check_installed,
    guarded,
    open_server,
    static_folder,
)
from dystrack.dashboard.settings import DashboardSettings

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

__all__ = ["Marking", "marking_routes", "serve_marking"]

_TYPES = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".html": "text/html",
    ".svg": "image/svg+xml",
}


class Marking(Protocol):
    """What is marked, and what becomes of it. All methods are called in threads, one at a time."""

    @property
    def about(self) -> Mapping[str, Any]:
        """Title, ``paints`` (strokes, or single clicks), and ``prescans``: name, depth, size."""
        ...

    def plane(self, name: str, z: int) -> bytes:
        """Return a plane of a prescan as PNG; -1 for the brightest along z."""
        ...

    def overlay(self, name: str, z: int) -> bytes | None:
        """Return what was learnt of a plane as a PNG with transparency, if anything was."""
        ...

    def marks(self, name: str) -> Sequence[Mapping[str, Any]]:
        """Return the marks of a prescan."""
        ...

    def mark(self, name: str, mark: Mapping[str, Any] | None) -> str:
        """Keep one more mark, or with None forget the last one, and return a sentence."""
        ...

    def act(self, action: str) -> Sequence[str]:
        """Do what a button asks for, and return what is to be said."""
        ...


def serve_marking(marking: Marking, port: int, tell: Callable[[str], object]) -> None:
    """Serve the page until Ctrl-C, on the next free port; `tell` is told where it is."""
    check_installed()
    settings = DashboardSettings(port=port)
    access = access_for(settings)
    server = open_server(guarded(marking_routes(marking), access), settings)
    tell(greeting(settings, access, server.links, shows_code=False))
    tell("Press Ctrl-C here when you are done.")
    webbrowser.open(server.links[0])
    with contextlib.suppress(KeyboardInterrupt):  # the server ends in order, and hands it on
        server.run()


def marking_routes(marking: Marking) -> "list[BaseRoute]":
    """Return the routes of the page.

    Parameters
    ----------
    marking : Marking
        What is marked.

    Returns
    -------
    list of BaseRoute
        For `guarded`.
    """
    from starlette.routing import Route  # noqa: PLC0415 - only in a server

    pages = _Pages(marking)
    return [
        Route("/", pages.own_file),
        Route("/static/{file}", pages.own_file),
        Route("/api/about", pages.about),
        Route("/api/{number:int}/plane", pages.plane),
        Route("/api/{number:int}/overlay", pages.overlay),
        Route("/api/{number:int}/marks", pages.marks),
        Route("/api/{number:int}/mark", pages.mark, methods=["POST"]),
        Route("/api/act/{action}", pages.act, methods=["POST"]),
    ]


class _Pages:
    """Answers requests; a prescan is named by its number."""

    def __init__(self, marking: Marking) -> None:
        self._marking = marking
        self._names = [one["name"] for one in marking.about["prescans"]]
        folder = Path(__file__).with_name("static")
        self._files = {path.name: path.read_bytes() for path in folder.iterdir()}
        self._files["colours.css"] = colour_styles().encode()
        self._files["icon.svg"] = (static_folder() / "icon.svg").read_bytes()

    async def own_file(self, request: "Request") -> "Response":
        from starlette.responses import Response  # noqa: PLC0415

        name = request.path_params.get("file", "marking.html")
        if name not in self._files:
            return Response("There is no such file.\n", 404)
        kind = _TYPES[Path(name).suffix]
        return Response(self._files[name], media_type=kind, headers={"cache-control": "no-cache"})

    async def about(self, _: "Request") -> "Response":
        return await self._said(lambda: self._marking.about)

    async def plane(self, request: "Request") -> "Response":
        return await self._picture(request, self._marking.plane)

    async def overlay(self, request: "Request") -> "Response":
        return await self._picture(request, self._marking.overlay)

    async def marks(self, request: "Request") -> "Response":
        name = self._name(request)
        return await self._said(lambda: list(self._marking.marks(name)))

    async def mark(self, request: "Request") -> "Response":
        name, mark = self._name(request), await request.json()
        return await self._said(lambda: [self._marking.mark(name, mark)])

    async def act(self, request: "Request") -> "Response":
        action = request.path_params["action"]
        return await self._said(lambda: list(self._marking.act(action)))

    def _name(self, request: "Request") -> str:
        from starlette.exceptions import HTTPException  # noqa: PLC0415

        number = request.path_params["number"]
        if not 0 <= number < len(self._names):
            raise HTTPException(404, "There is no such prescan.")
        return str(self._names[number])

    async def _picture(
        self, request: "Request", draw: Callable[[str, int], bytes | None]
    ) -> "Response":
        from starlette.concurrency import run_in_threadpool  # noqa: PLC0415
        from starlette.responses import Response  # noqa: PLC0415

        text = request.query_params.get("z", "-1")
        z = int(text) if text.lstrip("-").isdecimal() else -1
        png = await run_in_threadpool(functools.partial(draw, self._name(request), z))
        headers = {"cache-control": "no-store"}
        if png is None:
            return Response(status_code=204, headers=headers)
        return Response(png, media_type="image/png", headers=headers)

    async def _said(self, answer: Callable[[], Any]) -> "Response":
        """Return an answer as JSON, or the message of one of our errors."""
        from starlette.concurrency import run_in_threadpool  # noqa: PLC0415
        from starlette.responses import JSONResponse  # noqa: PLC0415

        try:
            return JSONResponse(await run_in_threadpool(answer))
        except DyStrackError as error:
            return JSONResponse([str(error)], 409)
