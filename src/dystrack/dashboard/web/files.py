"""What a browser gets as it lies: scripts and styles, pictures, downloads.

Names from a browser are looked up in tables; none is ever made a path.
"""

import gzip
import mimetypes
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from dystrack import __version__
from dystrack.charts.colours import colour_styles
from dystrack.charts.script import drawing_script, plotly_script
from dystrack.core.exchange.coords_file import COORDS_FILE_NAME
from dystrack.dashboard.live.session import LiveSession
from dystrack.dashboard.serving.server import static_folder
from dystrack.manager.record.previews import side_path
from dystrack.manager.watching.image_names import JOURNAL_NAME

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

__all__ = ["DOWNLOADS", "download", "own_file", "picture", "static_response"]

DOWNLOADS: Mapping[str, str] = {"journal": JOURNAL_NAME, "coordinates": COORDS_FILE_NAME}
"""What may be downloaded as it lies, by the word for it."""

_LARGEST_PICTURE_BYTES = 2_000_000
_PIECE_BYTES = 1 << 16
_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
_MADE: Mapping[str, Callable[[], bytes]] = {
    "plotly.js": plotly_script,
    "drawing.js": lambda: drawing_script().encode(),
    "colours.css": lambda: colour_styles(by_attribute=True).encode(),
}


@cache
def own_file(name: str) -> bytes | None:
    """Return one of the page's own files, compressed; None if there is no such file."""
    if name in _MADE:
        return gzip.compress(_MADE[name](), mtime=0)
    own = {path.name: path for path in static_folder().iterdir()}
    return gzip.compress(own[name].read_bytes(), mtime=0) if name in own else None


def static_response(request: "Request", name: str) -> "Response":
    """Return one of the page's own files; browsers keep it until the version changes."""
    from starlette.responses import Response  # noqa: PLC0415 - only in a server

    packed = own_file(name)
    if packed is None:
        return Response("There is no such file.\n", 404)
    tag = f'"{__version__}-{len(packed)}"'
    headers = {"etag": tag, "cache-control": "no-cache", "vary": "accept-encoding"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    kind = _TYPES.get(Path(name).suffix) or mimetypes.guess_type(name)[0] or "text/html"
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(packed, media_type=kind, headers={**headers, "content-encoding": "gzip"})
    return Response(gzip.decompress(packed), media_type=kind, headers=headers)


def picture(session: LiveSession, number: int, view: str) -> bytes | None:
    """Return the picture of a prescan from the ``top`` or the ``side``; None if none was kept."""
    found = session.prescan(number)
    if found is None:
        return None
    path = session.picture_of(*found)
    try:
        with (side_path(path) if view == "side" else path).open("rb") as file:
            return file.read(_LARGEST_PICTURE_BYTES)
    except (OSError, ValueError):  # a name of a journal that no file can have
        return None


def download(path: Path) -> "Response":
    """Return a file as it is now; a run may write on while it is sent, so no length is promised."""
    from starlette.responses import StreamingResponse  # noqa: PLC0415 - only in a server

    named = {"content-disposition": f'attachment; filename="{path.name}"'}
    pieces = _pieces(path, path.stat().st_size)
    return StreamingResponse(pieces, media_type="application/octet-stream", headers=named)


def _pieces(path: Path, left: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(min(left, _PIECE_BYTES)):
            yield piece
            left -= len(piece)
