"""What every event is."""

from dataclasses import dataclass

__all__ = ["Event"]


@dataclass(frozen=True, kw_only=True)
class Event:
    """Base of all events."""
