"""Whether a line of a journal is what it should be, so that nobody has to ask afterwards."""

import math
import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

__all__ = ["is_sound"]

_Check = Callable[[Any], bool]
_N_AXES = 3
_PAIR = 2


def _number(value: Any) -> bool:
    """Return whether a value is a number that a float can hold."""
    return type(value) in {int, float} and abs(value) <= sys.float_info.max


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _table(value: Any) -> bool:
    return type(value) is dict


def _or_none(check: _Check) -> _Check:
    return lambda value: value is None or check(value)


def _list_of(check: _Check, length: int | None = None) -> _Check:
    def is_list(value: Any) -> bool:
        has_length = isinstance(value, list) and length in {None, len(value)}
        return has_length and all(map(check, value))

    return is_list


def _point_in_time(value: Any) -> bool:
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except (TypeError, ValueError):
        return False


def _findings(value: Any) -> bool:
    return (
        _table(value)
        and _or_none(_number)(value.get("confidence"))
        and _points(value.get("outline", []))
    )


def _points(value: Any) -> bool:
    """Return whether a value is a list of pairs of numbers; there are many of them."""
    try:
        return all(len(pair) == _PAIR for pair in value) and math.isfinite(sum(map(sum, value)))
    except (TypeError, OverflowError):
        return False


def _state(value: Any) -> bool:
    return _table(value) and _text(value.get("held") or "")


_maybe_number, _zyx = _or_none(_number), _or_none(_list_of(_number, _N_AXES))
_FIELDS: Mapping[str, _Check] = MappingProxyType(
    {
        "event": _text,
        "id": _text,
        "by": _text,
        "command": _text,
        "asked_at": _point_in_time,
        "at": _point_in_time,
        "folder": _text,
        "pipeline": _text,
        "settings": _table,
        "versions": _table,
        "not_kept": _list_of(_text),
        "path": _text,
        "former_path": _text,
        "position": _text,
        "shape": _list_of(_number),
        "axes": _text,
        "centre": _zyx,
        "voxel_size": _zyx,
        "wait_s": _number,
        "analysis_s": _number,
        "silent_s": _number,
        "usual_s": _number,
        "late_s": _number,
        "total_s": _maybe_number,
        "z": _maybe_number,
        "y": _maybe_number,
        "x": _maybe_number,
        "own": _zyx,
        "predicted": _zyx,
        "next_zyx": _zyx,
        "findings": _findings,
        "state": _or_none(_state),
        "names": _list_of(_text),
        "stats": _table,
        **dict.fromkeys(
            ("msg", "outcome", "error", "error_type", "fallback", "traceback", "reason", "message"),
            _text,
        ),
    }
)


def is_sound(record: Any) -> bool:
    """Return whether a value is an event whose fields are of their kind; others are not judged."""
    return (
        type(record) is dict
        and {"event", "at"} <= record.keys()
        and all(name not in _FIELDS or _FIELDS[name](value) for name, value in record.items())
    )
