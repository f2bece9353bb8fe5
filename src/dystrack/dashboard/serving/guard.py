"""Stands before every page: refuses what should not come in, and tells browsers to be strict."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from dystrack.dashboard.serving.access import Access, Role
from dystrack.dashboard.serving.rates import Rates

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["COMMAND_HEADER", "ENTRANCE", "Guard", "Limits", "cookie_name"]

COMMAND_HEADER = "x-dystrack"
"""A header that no form and no foreign page can send without asking first."""

ENTRANCE = "/enter"
"""The one path that is open to everybody, with a token in its query."""

_TOO_LARGE = "The request is too large."
_READING = frozenset({"GET", "HEAD"})
_STRICT: Mapping[str, str] = MappingProxyType(
    {
        "content-security-policy": (
            "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self' data: blob:;"
            " style-src 'self'; style-src-attr 'unsafe-inline'; manifest-src 'self';"
            " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        ),
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cross-origin-resource-policy": "same-origin",
        "cross-origin-opener-policy": "same-origin",
        "permissions-policy": "camera=(), microphone=(), geolocation=()",
    }
)


@dataclass(frozen=True)
class Limits:
    """How much somebody may ask for.

    Attributes
    ----------
    largest_bytes : int
        Largest body of a request.
    requests : Rates
        How many requests an address may make.
    wrong_tokens : Rates
        How often it may come without a right token.
    """

    largest_bytes: int = 64_000
    requests: Rates = field(default_factory=lambda: Rates(per_s=50, most=400))
    wrong_tokens: Rates = field(default_factory=lambda: Rates(per_s=0.2, most=20))


def cookie_name(port: int) -> str:
    """Return the name of the cookie; browsers send the same ones to all ports of a computer."""
    return f"dystrack_{port}"


class Guard:
    """Middleware that lets in only what it knows, and leaves its role in ``state``.

    Parameters
    ----------
    app : ASGIApp
        The pages.
    access : Access
        Who may do what.
    limits : Limits, optional
        How much of it.
    """

    def __init__(self, app: "ASGIApp", access: Access, limits: Limits | None = None) -> None:
        self._app = app
        self._access = access
        self._limits = limits or Limits()

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Answer a request, or hand it on."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in _all(scope)}
        refusal = self._refusal(scope, headers)
        if refusal is not None:
            await _answer(_strict(send), *refusal)
            return
        await self._app(scope, _Limited(receive, self._limits.largest_bytes), _strict(send))

    def _refusal(self, scope: "Scope", headers: Mapping[str, str]) -> tuple[int, str] | None:
        """Return status and reason if a request is not let in."""
        client = (scope.get("client") or ("", 0))[0]
        if not self._access.knows_host(headers.get("host", "")):
            return 421, "This server does not go by that name. Start it with --name to allow it."
        if not self._limits.requests.take(client):
            return 429, "Too many requests. Wait a moment."
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > self._limits.largest_bytes:
            return 413, _TOO_LARGE
        port = (scope.get("server") or ("", 0))[1] or 0
        role = self._access.role_of(client, headers, cookie_name(port))
        scope.setdefault("state", {}).update(role=role, client=client)
        if role is Role.NOBODY:
            return self._stranger(scope, client)
        if scope["method"] not in _READING:
            return _refused_command(role, scope, headers)
        return None

    def _stranger(self, scope: "Scope", client: str) -> tuple[int, str] | None:
        """Return why somebody without a token is not let in; nothing at the entrance."""
        if not self._limits.wrong_tokens.take(client):
            return 429, "Too many attempts without a right token. Wait a minute."
        if scope["path"] == ENTRANCE and scope["method"] in _READING:
            return None
        return 401, "This page needs a token: open the link that DySTrack printed when it started."


def _refused_command(
    role: Role, scope: "Scope", headers: Mapping[str, str]
) -> tuple[int, str] | None:
    origin = headers.get("origin", "")
    own = f"{scope['scheme']}://{headers.get('host', '')}"
    is_foreign = bool(origin) and origin.lower() != own.lower()
    if is_foreign or headers.get("sec-fetch-site", "same-origin") != "same-origin":
        return 403, "Commands are taken from this page only."
    if COMMAND_HEADER not in headers:
        return 403, f"A command needs the header {COMMAND_HEADER}."
    if role < Role.OWNER:
        return 403, "You may look, but not command: for that, open the owner's link."
    return None


class _Limited:
    """Reads a request, but not more than so many bytes of it."""

    def __init__(self, receive: "Receive", most: int) -> None:
        self._receive = receive
        self._left = most

    async def __call__(self) -> "Message":
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            from starlette.exceptions import HTTPException  # noqa: PLC0415 - only in a server

            raise HTTPException(413, _TOO_LARGE)
        return message


def _strict(send: "Send") -> "Send":
    """Return a sender that adds the strict headers."""

    async def strictly(message: "Message") -> None:
        if message["type"] == "http.response.start":
            extra = [(name.encode(), value.encode()) for name, value in _STRICT.items()]
            message = {**message, "headers": [*message.get("headers", ()), *extra]}
        await send(message)

    return strictly


async def _answer(send: "Send", status: int, text: str) -> None:
    from starlette.responses import PlainTextResponse  # noqa: PLC0415 - only in a server

    response = PlainTextResponse(text + "\n", status)
    start = {"type": "http.response.start", "status": status, "headers": response.raw_headers}
    await send(start)
    await send({"type": "http.response.body", "body": response.body})


def _all(scope: "Scope") -> list[tuple[bytes, bytes]]:
    headers: list[tuple[bytes, bytes]] = scope["headers"]
    return headers
