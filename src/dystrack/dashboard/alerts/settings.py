"""What a person decides about alerts; what is secret stands elsewhere."""

import os
import re
from datetime import time

import attrs

from dystrack.core.errors import ConfigurationError
from dystrack.manager.setting_rules import Kind, Number, Parsed, setting

__all__ = ["SERVICES_VARIABLE", "AlertSettings", "secret"]

SERVICES_VARIABLE = "DYSTRACK_ALERTS"
"""Environment variable with the addresses of services, apart by spaces."""

_KEYRING_SERVICE = "dystrack"
_SOURCE = re.compile(r"(env|keyring):([\w.-]+)")
_QUIET = re.compile(r"(\d{1,2}):(\d\d)\s*-\s*(\d{1,2}):(\d\d)")
_WRONG_SOURCE = (
    "{name} is not env:NAME or keyring:NAME. The address of a service holds its password, so it "
    "stands in an environment variable or in the keyring of this computer, never in a file of the "
    "experiment or on a command line."
)


def _check_source(name: str, value: object) -> None:
    if value and not (isinstance(value, str) and _SOURCE.fullmatch(value)):
        raise ConfigurationError(_WRONG_SOURCE.format(name=name))  # the value may be secret


def _check_quiet(_: str, value: object) -> None:
    if value:
        quiet_hours(value)


_PLACE = Parsed(_check_source, "env:NAME or keyring:NAME, '' for none")
_HOURS = Parsed(_check_quiet, "two times of the day, such as '22:00-07:00', '' for none")


@attrs.frozen(kw_only=True)
class AlertSettings:
    """When to tell somebody, and how.

    Attributes
    ----------
    services : str
        Where the addresses of services stand: ``env:NAME``, an environment variable, or
        ``keyring:NAME``, an entry of the keyring; each is what `apprise` takes, several apart by
        spaces. Empty for no alerts.
    quiet : str
        Hours without alerts that can wait, such as ``22:00-07:00``; what came is told at their end.
    failures : int
        After how many failed analyses in a row to tell.
    disk_gb, disk_h : float
        Below how much room on the disk to tell, in GB; before how many hours until it is full.
    summary_min : float
        After how many minutes further troubles of a kind are told, in one summary.
    heartbeat : str
        Where the address stands that is called as long as all is well, like ``services``.
    heartbeat_min : float
        How often it is called, in minutes.
    pictures : bool
        Whether the picture of the prescan goes with it.

    Raises
    ------
    ConfigurationError
        If one of them cannot be.
    """

    services: str = setting(f"env:{SERVICES_VARIABLE}", _PLACE)
    quiet: str = setting("", _HOURS)
    failures: int = setting(3, Number(low=1, whole=True))
    disk_gb: float = setting(5.0, Number(), "GB")
    disk_h: float = setting(2.0, Number(), "h")
    summary_min: float = setting(30.0, Number(), "min")
    heartbeat: str = setting("", _PLACE)
    heartbeat_min: float = setting(5.0, Number(above=True), "min")
    pictures: bool = setting(True, Kind(bool, "True or False"))

    def is_quiet(self, at: time) -> bool:
        """Return whether alerts that can wait have to."""
        if not self.quiet:
            return False
        begin, end = quiet_hours(self.quiet)
        return begin <= at < end if begin <= end else at >= begin or at < end


def quiet_hours(value: object) -> tuple[time, time]:
    """Return when quiet hours begin and end.

    Raises
    ------
    ConfigurationError
        If a text does not tell.
    """
    found = _QUIET.fullmatch(value.strip()) if isinstance(value, str) else None
    try:
        begin_h, begin_min, end_h, end_min = map(int, found.groups() if found else ())
        return time(begin_h, begin_min), time(end_h, end_min)
    except (TypeError, ValueError):
        msg = f"quiet is {value!r}. Give two times of the day, such as '22:00-07:00'."
        raise ConfigurationError(msg) from None


def secret(source: str) -> str:
    """Return what stands at a source, ``env:NAME`` or ``keyring:NAME``; empty if nothing does.

    Raises
    ------
    ConfigurationError
        If there is no keyring.
    """
    kind, _, name = source.partition(":")
    if kind == "env":
        return os.environ.get(name, "")
    if kind != "keyring":
        return ""
    import keyring  # noqa: PLC0415 - only where it is used
    from keyring.errors import KeyringError  # noqa: PLC0415

    try:
        return keyring.get_password(_KEYRING_SERVICE, name) or ""
    except KeyringError as error:
        msg = f"The keyring cannot be read: {error}. Use an environment variable, env:NAME."
        raise ConfigurationError(msg) from error
