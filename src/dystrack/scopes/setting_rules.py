"""What the settings of a bridge may be; an attrs validator each."""

import math
from typing import Any

from dystrack.core.errors import ConfigurationError

__all__ = ["is_above_zero", "is_host", "is_not_negative", "is_port"]

_LAST_PORT = 65_535


def is_above_zero(_: object, field: Any, value: float) -> None:
    """Refuse anything but a finite number above 0."""
    if not (value > 0 and math.isfinite(value)):
        msg = f"{field.name} is {value!r}. Give a number above 0."
        raise ConfigurationError(msg)


def is_not_negative(_: object, field: Any, value: float) -> None:
    """Refuse anything but a finite number from 0 on."""
    if not (value >= 0 and math.isfinite(value)):
        msg = f"{field.name} is {value!r}. Give 0 or more."
        raise ConfigurationError(msg)


def is_port(_: object, field: Any, value: int) -> None:
    """Refuse what is no port."""
    if not 0 < value <= _LAST_PORT:
        msg = f"{field.name} is {value!r}. Give a number from 1 to {_LAST_PORT}."
        raise ConfigurationError(msg)


def is_host(_: object, field: Any, value: str) -> None:
    """Refuse what cannot be the name of a computer."""
    if not value or value != "".join(value.split()) or "/" in value:
        msg = f"{field.name} is {value!r}. Give a computer's name or address, such as 192.168.1.7."
        raise ConfigurationError(msg)
