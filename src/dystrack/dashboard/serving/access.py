"""Who a request comes from, and what that one may do."""

import hmac
import os
import secrets
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from ipaddress import ip_address
from urllib.parse import unquote

__all__ = ["Access", "Role", "is_loopback", "own_names"]

OWNER_VARIABLE = "DYSTRACK_DASHBOARD_TOKEN"
GUEST_VARIABLE = "DYSTRACK_DASHBOARD_GUEST_TOKEN"

_TOKEN_BYTES = 24
_BEARER = "bearer "
_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")


class Role(IntEnum):
    """What a visitor may do; the higher may do all that the lower may."""

    NOBODY = 0
    GUEST = 1
    OWNER = 2


def _token_from(variable: str) -> str:
    return os.environ.get(variable, "") or secrets.token_urlsafe(_TOKEN_BYTES)


@dataclass(frozen=True, kw_only=True)
class Access:
    """The two tokens, and the names under which the server is called.

    Attributes
    ----------
    owner, guest : str
        What lets in everywhere, and what only lets look. They are random, unless environment
        variables give them.
    names : frozenset of str
        Host names that requests may be addressed to; addresses always may.
    local_role : Role
        What somebody at this very computer may do without a token.
    """

    owner: str = field(default_factory=lambda: _token_from(OWNER_VARIABLE), repr=False)
    guest: str = field(default_factory=lambda: _token_from(GUEST_VARIABLE), repr=False)
    names: frozenset[str] = frozenset({"localhost"})
    local_role: Role = Role.OWNER

    def role_of(self, client: str, headers: Mapping[str, str], cookie: str) -> Role:
        """Return the highest role that address, headers (in lower case) and cookie allow."""
        given = [_cookie_of(headers.get("cookie", ""), cookie)]
        authorization = headers.get("authorization", "")
        if authorization.lower().startswith(_BEARER):
            given.append(authorization[len(_BEARER) :].strip())
        is_here = is_loopback(client) and not any(name in headers for name in _FORWARDED)
        return max([self.local_role if is_here else Role.NOBODY, *map(self.role_for, given)])

    def role_for(self, token: str) -> Role:
        """Return what a token allows, if both are the same the less; each comparison is made."""
        role = Role.NOBODY
        for known, allowed in ((self.owner, Role.OWNER), (self.guest, Role.GUEST)):
            if hmac.compare_digest(token.encode(), known.encode()):
                role = allowed
        return role

    def knows_host(self, host: str) -> bool:
        """Return whether a request is addressed to this server.

        A foreign site can give its own name our address (DNS rebinding), but not a number.
        """
        name = _without_port(host).lower().rstrip(".")
        return name in self.names or _is_address(name)


def is_loopback(address: str) -> bool:
    """Return whether an address is this very computer."""
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


def own_names(more: Iterable[str] = ()) -> frozenset[str]:
    """Return the names under which this computer may be called, and some more."""
    own = socket.gethostname().lower()
    extra = {name.lower() for name in more if name}
    return frozenset({"localhost", own, f"{own}.local", *extra})


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _cookie_of(header: str, name: str) -> str:
    """Return a cookie; what other programs of this computer have set beside it does not matter."""
    for part in header.split(";"):
        key, _, value = part.strip().partition("=")
        if key == name:
            return unquote(value)
    return ""
