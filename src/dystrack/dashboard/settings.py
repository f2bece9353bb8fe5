"""What a person decides about a page."""

import attrs

from dystrack.core.errors import ConfigurationError
from dystrack.manager.setting_rules import Kind, Parsed, refusal, setting

__all__ = ["DEFAULT_PORT", "LOOPBACK", "DashboardSettings"]

LOOPBACK = "127.0.0.1"
DEFAULT_PORT = 8765
_LAST_PORT = 65_535


def _check_port(name: str, value: object) -> None:
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    if not (is_whole and 0 <= value <= _LAST_PORT):  # type: ignore[operator]
        raise refusal(name, value, _PORTS)


_PORTS = f"a whole number from 0 to {_LAST_PORT}, 0 for any free one"
_TEXT = Kind(str, "a text")
_SWITCH = Kind(bool, "True or False")


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

    host: str = setting(LOOPBACK, _TEXT)
    port: int = setting(DEFAULT_PORT, Parsed(_check_port, _PORTS))
    name: str = setting("", _TEXT)
    certificate: str = setting("", _TEXT)
    key: str = setting("", _TEXT)
    control: bool = setting(False, _SWITCH)

    def __attrs_post_init__(self) -> None:
        if self.key and not self.certificate:
            msg = f"There is a key, {self.key}, but no certificate. Give both, or neither."
            raise ConfigurationError(msg)

    @property
    def scheme(self) -> str:
        """Return how a link to it begins."""
        return "https" if self.certificate else "http"
