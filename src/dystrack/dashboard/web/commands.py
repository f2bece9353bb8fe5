"""What a person asks of a session, on its path to that session."""

import json
from datetime import UTC, datetime
from typing import Any

from dystrack.core.errors import ConfigurationError
from dystrack.dashboard.live.session import LiveSession
from dystrack.manager.controls import Order
from dystrack.manager.orders import command_of, place_order

__all__ = ["command"]

_LONGEST_NAME = 40


def command(session: LiveSession, data: bytes, client: str) -> tuple[int, dict[str, Any]]:
    """Pass an order on to a session.

    Parameters
    ----------
    session : LiveSession
        The session.
    data : bytes
        The order as JSON, as `dystrack.manager.orders.command_of` takes it; of a place, with the
        number of the prescan in which it was clicked. ``by`` is the name of who asks.
    client : str
        Address of who asks.

    Returns
    -------
    status : int
        202 if it was passed on; what came of it is seen in the session.
    told : dict
        ``id`` of the order, or why there is none.
    """
    if session.is_over or not session.settings.get("control"):
        return 409, {"error": "This session takes no commands: it was started without --control."}
    try:
        words = json.loads(data)
    except (ValueError, RecursionError):
        words = None
    if not isinstance(words, dict):
        return 400, {"error": "Give a JSON object."}
    now, by = datetime.now(UTC), f"{_name(words.pop('by', ''))} at {client}"
    try:
        words = _with_path(session, words)
        asked = command_of(words, Order("", by, ""))
        id_ = place_order(session.folder, words, by=by, at=now.isoformat())
    except ConfigurationError as error:
        return 400, {"error": str(error)}
    except OSError as error:
        return 503, {"error": f"The folder cannot be written: {error}"}
    position = str(words.get("position", ""))
    session.note_asked(id_, asked.words, by, now.timestamp(), position)
    return 202, {"id": id_}


def _with_path(session: LiveSession, words: dict[str, Any]) -> dict[str, Any]:
    """Return an order with the prescan that its number means, as the session calls it."""
    number = words.pop("number", None)
    words.pop("path", None)
    found = session.prescan(number) if type(number) is int else None
    if found is None:
        return words
    return {**words, "path": str(session.entry_of(*found).answered.get("path", ""))}


def _name(value: object) -> str:
    text = "".join(filter(str.isprintable, value))[:_LONGEST_NAME] if isinstance(value, str) else ""
    return text.strip() or "somebody"
