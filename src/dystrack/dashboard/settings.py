"""What a person decides about a page."""

from typing import Any

import attrs

from dystrack.core.errors import ConfigurationError

__all__ = ["DEFAULT_PORT", "LOOPBACK", "DashboardSettings"]

LOOPBACK = "127.0.0.1"
DEFAULT_PORT = 8765
_LAST_PORT = 65_535


def _check_port(_: object, __: "attrs.Attribute[Any]", value: object) -> None:
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    if not (is_whole and 0 <= value <= _LAST_PORT):  # type: ignore[operator]
        msg = f"port is {value!r}. Give a whole number from 0 to {_LAST_PORT}, 0 for any free one."
        raise ConfigurationError(msg)


def _check_text(_: object, field: "attrs.Attribute[Any]", value: object) -> None:
    if not isinstance(value, str):
        msg = f"{field.name} is {value!r}. Give a text."
        raise ConfigurationError(msg)


def _check_switch(_: object, field: "attrs.Attribute[Any]", value: object) -> None:
    if not isinstance(value, bool):
        msg = f"{field.name} is {value!r}. Give True or False."
        raise ConfigurationError(msg)


@attrs.frozen(kw_only=True)
class DashboardSettings:
    """Where a page is served, and to whom.

    Attributes
    ----------
    host : str
        Address that it listens at; ``0.0.0.0`` for other computers, too, which then need a token.
    port : int
        Port; the next free one where it is taken, any free one where it is 0.
    name : str
        Name under which other computers call this one, if it is not its own.
    certificate, key : str
        Files of a TLS certificate and its key; empty for none.
    control : bool
        Whether commands are taken from it.

    Raises
    ------
    ConfigurationError
        If one of them cannot be.
    """

    host: str = attrs.field(default=LOOPBACK, validator=_check_text)
    port: int = attrs.field(default=DEFAULT_PORT, validator=_check_port)
    name: str = attrs.field(default="", validator=_check_text)
    certificate: str = attrs.field(default="", validator=_check_text)
    key: str = attrs.field(default="", validator=_check_text)
    control: bool = attrs.field(default=False, validator=_check_switch)

    def __attrs_post_init__(self) -> None:
        if self.key and not self.certificate:
            msg = f"There is a key, {self.key}, but no certificate. Give both, or neither."
            raise ConfigurationError(msg)

    @property
    def scheme(self) -> str:
        """Return how a link to it begins."""
        return "https" if self.certificate else "http"
