"""What a setting may be: rules that check a value, and say in words what they allow."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, Protocol

import attrs

from dystrack.core.errors import ConfigurationError

__all__ = ["Choice", "Kind", "Number", "Parsed", "Rule", "setting"]


class Rule(Protocol):
    """What one setting allows."""

    @property
    def wanted(self) -> str:
        """What may be given, in words, such as ``a number above 0``."""
        ...

    def check(self, name: str, value: object) -> None:
        """Raise `ConfigurationError` with the name of the setting if the value is not allowed."""
        ...


@dataclass(frozen=True)
class Number:
    """A number from a range.

    Attributes
    ----------
    low : float
        The least that is allowed.
    above : bool
        Whether it has to be more than `low`.
    whole, or_none, or_infinite : bool
        Whether it has to be an integer; whether None, whether infinity is allowed.
    """

    low: float = 0
    above: bool = False
    whole: bool = False
    or_none: bool = False
    or_infinite: bool = False

    @property
    def wanted(self) -> str:
        """What may be given, in words."""
        kind = "a whole number" if self.whole else "a number"
        span = f"above {self.low:g}" if self.above else f"of {self.low:g} or more"
        return f"{kind} {span}{', or None' if self.or_none else ''}"

    def check(self, name: str, value: object) -> None:
        """Raise `ConfigurationError` if the value is no such number."""
        if value is None and self.or_none:
            return
        kind: type[Any] = Integral if self.whole else Real
        if isinstance(value, bool) or not isinstance(value, kind):
            raise refusal(name, value, self.wanted)
        number = float(value)  # type: ignore[arg-type]
        if not (number > self.low if self.above else number >= self.low):
            raise refusal(name, value, self.wanted)
        if math.isinf(number) and not self.or_infinite:
            raise refusal(name, value, f"{self.wanted}, but not infinity")


@dataclass(frozen=True)
class Choice:
    """One of a few words."""

    values: tuple[object, ...]

    @property
    def wanted(self) -> str:
        """What may be given, in words."""
        return ", ".join(map(repr, self.values))

    def check(self, name: str, value: object) -> None:
        """Raise `ConfigurationError` if the value is none of them."""
        if not any(type(value) is type(allowed) and value == allowed for allowed in self.values):
            raise refusal(name, value, f"one of {self.wanted}")


@dataclass(frozen=True)
class Kind:
    """Anything of a type, described by `wanted`."""

    type: type
    wanted: str

    def check(self, name: str, value: object) -> None:
        """Raise `ConfigurationError` if the value is of another type."""
        if not isinstance(value, self.type):
            raise refusal(name, value, self.wanted)


@dataclass(frozen=True)
class Parsed:
    """Whatever a function understands, which raises `ConfigurationError` itself."""

    parse: Callable[[str, Any], object]
    wanted: str

    def check(self, name: str, value: object) -> None:
        """Raise `ConfigurationError` if the function does not understand the value."""
        self.parse(name, value)


def setting(default: Any, rule: Rule, unit: str = "") -> Any:
    """Return an attrs field that is checked by a rule and can be asked for rule and unit.

    A default that is a dictionary is made anew for each instance.
    """
    return attrs.field(
        default=attrs.Factory(dict) if default == {} else default,
        validator=lambda _, field, value: rule.check(field.name, value),
        metadata={"rule": rule, "unit": unit},
    )


def refusal(name: str, value: object, wanted: str) -> ConfigurationError:
    """Return the error that a value of a setting is not what it has to be."""
    return ConfigurationError(f"{name} is {value!r}. Give {wanted}.")
