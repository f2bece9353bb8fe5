"""Pages → a server that guards them."""

import contextlib
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from dystrack.core.errors import ConfigurationError
from dystrack.dashboard.serving.access import Access, Role, is_loopback, own_names
from dystrack.dashboard.serving.guard import ENTRANCE, Guard, Limits, cookie_name
from dystrack.dashboard.settings import DashboardSettings

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute
    from starlette.types import ASGIApp

__all__ = [
    "Lifespan",
    "Server",
    "access_for",
    "check_installed",
    "guarded",
    "open_server",
    "own_address",
    "static_folder",
]

_PORTS_TRIED = 20
_MOST_WAITING = 512
_MISSING = (
    "A page needs a web server, which is not installed ({error}). Type: "
    'pip install "dystrack[dashboard]"'
)
_WELCOME = (
    "<!doctype html><html lang='en'><head><meta charset='utf-8'><title>DySTrack</title>"
    "<link rel='icon' href='data:,'>"
    "<meta http-equiv='refresh' content='0;url=/'></head>"
    "<body><a href='/'>Go on to DySTrack</a></body></html>"
)

Lifespan = Callable[[Any], AbstractAsyncContextManager[None]]


def check_installed() -> None:
    """Raise `ConfigurationError` if there is no web server, before anything is built for it."""
    with _telling_what_is_missing():
        import starlette  # noqa: F401, PLC0415
        import uvicorn  # noqa: F401, PLC0415


def access_for(settings: DashboardSettings, *, local_role: Role = Role.OWNER) -> Access:
    """Return fresh tokens, and the names under which a server of these settings is called."""
    return Access(names=own_names([settings.name, settings.host]), local_role=local_role)


def static_folder(package: str = "dystrack.dashboard") -> Path:
    """Return the folder of a package's own scripts and styles."""
    return Path(str(resources.files(package).joinpath("static")))


def guarded(
    routes: "Sequence[BaseRoute]",
    access: Access,
    *,
    limits: Limits | None = None,
    lifespan: Lifespan | None = None,
) -> "ASGIApp":
    """Return pages behind a guard, with an entrance that turns a token into a cookie.

    Parameters
    ----------
    routes : sequence of BaseRoute
        The pages, as Starlette routes. What is let in has ``request.state.role`` and
        ``request.state.client``.
    access : Access
        Who may do what.
    limits : Limits or None, default None
        How much of it.
    lifespan : callable or None, default None
        Starts and ends what runs beside the pages.

    Returns
    -------
    ASGIApp
        What a server serves.

    Raises
    ------
    ConfigurationError
        If the web server is not installed.
    """
    with _telling_what_is_missing():
        from starlette.applications import Starlette  # noqa: PLC0415 - the one door to it
        from starlette.routing import Route  # noqa: PLC0415

    async def enter(request: "Request") -> "Response":
        return _entrance(request, access)

    app = Starlette(routes=[Route(ENTRANCE, enter), *routes], lifespan=lifespan)
    return Guard(app, access, limits)


def _entrance(request: "Request", access: Access) -> "Response":
    """Let somebody in who has a token.

    The answer is a page that goes on by itself, no redirect: a browser that comes from a mail
    would follow one without its new cookie.
    """
    from starlette.responses import HTMLResponse, PlainTextResponse  # noqa: PLC0415

    token = request.query_params.get("token", "")
    if access.role_for(token) is Role.NOBODY:
        return PlainTextResponse("The token of this link is not, or no longer, the right one.", 401)
    response = HTMLResponse(_WELCOME, headers={"cache-control": "no-store"})
    response.set_cookie(
        cookie_name(request.scope["server"][1]),
        quote(token, safe=""),
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return response


class Server:
    """A server that listens already, and only has to be run.

    Parameters
    ----------
    app : ASGIApp
        What it serves.
    listener : socket
        Where it listens.
    settings : DashboardSettings
        Its address and its certificate.
    """

    def __init__(
        self, app: "ASGIApp", listener: socket.socket, settings: DashboardSettings
    ) -> None:
        with _telling_what_is_missing():
            import uvicorn  # noqa: PLC0415 - the one door to it

            from dystrack.dashboard.serving.connections import PatientProtocol  # noqa: PLC0415
        self._listener = listener
        self._settings = settings
        config = uvicorn.Config(
            app,
            http=PatientProtocol,
            ws="none",
            loop="asyncio",
            log_config=None,
            log_level="critical",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            backlog=_MOST_WAITING,
            timeout_keep_alive=15,
            timeout_graceful_shutdown=1,
            ssl_certfile=settings.certificate or None,
            ssl_keyfile=settings.key or None,
        )
        try:
            config.load()
        except OSError as error:
            msg = f"The certificate {settings.certificate} cannot be used: {error}. Give PEM files."
            raise ConfigurationError(msg) from error
        self._server = uvicorn.Server(config)

    @property
    def port(self) -> int:
        """Return the port where it listens."""
        port: int = self._listener.getsockname()[1]
        return port

    @property
    def links(self) -> list[str]:
        """Return links to it: where it is called from this computer, and from others."""
        host, scheme = self._settings.host, self._settings.scheme
        if is_loopback(host):
            return [f"{scheme}://{_bracketed(host)}:{self.port}"]
        names = [self._settings.name or own_address(host)]
        return [f"{scheme}://{_bracketed(name)}:{self.port}" for name in names]

    def run(self) -> None:
        """Serve until it is told to stop, or until Ctrl-C."""
        self._server.run(sockets=[self._listener])

    def stop(self) -> None:
        """End it, from any thread."""
        self._server.should_exit = True


def open_server(app: "ASGIApp", settings: DashboardSettings) -> Server:
    """Return a server that listens at the port that is wanted, or at the next free one.

    Parameters
    ----------
    app : ASGIApp
        What it serves, as `guarded` returns it.
    settings : DashboardSettings
        Where.

    Returns
    -------
    Server
        The server, to be run.

    Raises
    ------
    ConfigurationError
        If it cannot listen there, or if the web server is not installed.
    """
    listener = _listener(settings)
    try:
        return Server(app, listener, settings)
    except BaseException:
        listener.close()
        raise


def _listener(settings: DashboardSettings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    ports = range(settings.port, settings.port + _PORTS_TRIED) if settings.port else [0]
    for port in ports:
        try:
            return socket.create_server((settings.host, port), family=family, backlog=_MOST_WAITING)
        except OSError as error:
            reason = error
    msg = (
        f"Nothing can be served at {settings.host}, port {settings.port}: {reason}. Choose another "
        "--host or --port."
    )
    raise ConfigurationError(msg)


def own_address(host: str = "0.0.0.0") -> str:  # noqa: S104 - compared, not bound
    """Return an address under which other computers find this one; no packet is sent."""
    if host not in {"0.0.0.0", "::"}:  # noqa: S104 - compared, not bound
        return host
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # an address for examples: nobody has it
            address: str = probe.getsockname()[0]
        except OSError:
            return socket.gethostname()
    return address


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


@contextlib.contextmanager
def _telling_what_is_missing() -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        raise ConfigurationError(_MISSING.format(error=error)) from error
