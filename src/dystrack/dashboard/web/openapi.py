"""The interface for programs, described for programs."""

from typing import Any

from dystrack import __version__

__all__ = ["openapi"]

_ABOUT = (
    "What a page of sessions shows, to be read. Lengths are in the unit that is given beside them, "
    "times in s since 1970, coordinates in pixels along z, y, x."
)
_SESSION = {"name": "session", "in": "path", "required": True, "schema": {"type": "string"}}
_NUMBER = {"name": "number", "in": "path", "required": True, "schema": {"type": "integer"}}


def openapi() -> dict[str, Any]:
    """Return the description of what can be read, in the form of OpenAPI 3.1."""
    one = "/api/sessions/{session}"
    position = _query("position", "Name of the position.", required=True)
    spans = [_query("from", "Begin, in the unit of the answer."), _query("to", "End.")]
    filters = [
        _query("level", "bad, warn, good or info."),
        _query("position", "Name of a position."),
        _query("text", "What the message has to contain."),
        _query("before", "Only messages with a smaller number."),
    ]
    view = {
        "name": "view",
        "in": "path",
        "required": True,
        "schema": {"type": "string", "enum": ["top", "side"]},
    }
    file = {
        "name": "file",
        "in": "path",
        "required": True,
        "schema": {"type": "string", "enum": ["journal", "coordinates", "report"]},
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "DySTrack",
            "version": __version__,
            "description": _ABOUT,
        },
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}, {}],
        "paths": {
            "/health": _get("Whether all sessions are well; status 503 if one is not."),
            "/metrics": _get("Figures in the text form of Prometheus.", kind="text/plain"),
            "/feed": _get("Changes as server-sent events.", kind="text/event-stream"),
            "/api/sessions": _get("All sessions with their positions."),
            one: _get("A session with its positions.", _SESSION),
            f"{one}/about": _get("Settings and versions.", _SESSION),
            f"{one}/messages": _get("What was told, the newest first.", _SESSION, *filters),
            f"{one}/prescans": _get("The prescans of a position in brief.", _SESSION, position),
            f"{one}/prescans/{{number}}": _get("All about a prescan.", _SESSION, _NUMBER),
            f"{one}/prescans/{{number}}/{{view}}.png": _get(
                "Its picture.", _SESSION, _NUMBER, view, kind="image/png"
            ),
            f"{one}/charts": _get("Charts of a position.", _SESSION, position, *spans),
            f"{one}/files/{{file}}": _get(
                "A download.", _SESSION, file, kind="application/octet-stream"
            ),
        },
    }


def _query(name: str, description: str, *, required: bool = False) -> dict[str, Any]:
    return {
        "name": name,
        "in": "query",
        "required": required,
        "description": description,
        "schema": {"type": "string"},
    }


def _get(
    summary: str, *parameters: dict[str, Any], kind: str = "application/json"
) -> dict[str, Any]:
    shape = {"type": "object"} if kind == "application/json" else {"type": "string"}
    responses = {
        "200": {"description": "As asked.", "content": {kind: {"schema": shape}}},
        "401": {"description": "A token is needed."},
    }
    return {"get": {"summary": summary, "parameters": list(parameters), "responses": responses}}
