"""Settings and states of positions as a journal keeps them, and back."""

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

import attrs

from dystrack.core.caches import ClosedCache
from dystrack.core.coordinates import PixelPosition
from dystrack.core.limits import Travel
from dystrack.manager.record.encoding import NotStorableError, decode, encode
from dystrack.manager.settings import Settings
from dystrack.manager.tracking.positions import Position

__all__ = ["position_from_record", "position_record", "settings_record"]

_LARGEST_CACHE_BYTES = 64_000


def settings_record(settings: Settings) -> tuple[dict[str, Any], list[str]]:
    """Return the settings that a journal can keep, and the names of those that it cannot.

    Parameters
    ----------
    settings : Settings
        The settings of a session.

    Returns
    -------
    kept : dict
        Settings by name, encoded.
    not_kept : list of str
        What is left out, such as functions: ``tra_method``, or ``img_kwargs.model`` for one key.
    """
    kept: dict[str, Any] = {}
    not_kept: list[str] = []
    for name, value in attrs.asdict(settings, recurse=False).items():
        if isinstance(value, Mapping):
            storable = {key: item for key, item in value.items() if _is_storable(item)}
            kept[name] = encode(storable)
            not_kept += [f"{name}.{key}" for key in value if key not in storable]
        elif _is_storable(value):
            kept[name] = encode(value)
        else:
            not_kept.append(name)
    return kept, not_kept


def position_record(position: Position) -> dict[str, Any]:
    """Return the state of a position in a form that a journal can keep.

    Parameters
    ----------
    position : Position
        The state.

    Returns
    -------
    dict
        Its fields, encoded; ``cache`` is None if it holds what a journal cannot keep.
    """
    fields = {f.name: getattr(position, f.name) for f in dataclasses.fields(position)}
    fields["cache"] = None
    fields["previous"] = None if position.previous is None else tuple(position.previous)
    fields["travel"] = {"px": position.travel.px, "um": position.travel.um}
    if position.track is not None:
        from dystrack.manager.tracking.tracker.looks import plain_of  # noqa: PLC0415 - only where one runs

        fields["track"] = plain_of(position.track)
    return {**encode(fields), "cache": _cache_record(position.cache)}


def position_from_record(record: Mapping[str, Any], empty_cache: Mapping[str, Any]) -> Position:
    """Return the position of which `position_record` made a record.

    Parameters
    ----------
    record : mapping
        The record.
    empty_cache : mapping
        What the cache starts with if the journal could not keep it.

    Returns
    -------
    Position
        The state.
    """
    known = {field.name for field in dataclasses.fields(Position)}
    fields = {name: decode(value) for name, value in record.items() if name in known}
    if fields["cache"] is None:
        fields["cache"] = dict(empty_cache)
    if fields["previous"] is not None:
        fields["previous"] = PixelPosition(*fields["previous"])
    fields["travel"] = Travel(**fields["travel"])
    if fields.get("track") is not None:  # journals may be older
        from dystrack.manager.tracking.tracker.looks import state_of  # noqa: PLC0415 - only where one ran

        fields["track"] = state_of(fields["track"])
    return Position(**fields)


def _is_storable(value: object) -> bool:
    try:
        encode(value)
    except NotStorableError:
        return False
    return True


def _cache_record(cache: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return a cache that a journal can keep at every prescan without growing out of hand."""
    if isinstance(cache, ClosedCache):
        return None
    try:
        record: dict[str, Any] = encode(dict(cache))
    except NotStorableError:
        return None
    return record if len(json.dumps(record)) <= _LARGEST_CACHE_BYTES else None
