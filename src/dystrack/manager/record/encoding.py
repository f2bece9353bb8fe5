"""Python values as JSON and back, so that a journal can restore them exactly or says it cannot."""

import base64
from typing import Any

import numpy as np

__all__ = ["NotStorableError", "decode", "encode"]

_LARGEST_ARRAY_BYTES = 48_000
_LARGEST_INT_BITS = 8_000  # Python refuses to write integers of more than 4,300 digits
_TUPLE, _ARRAY, _DICT = "__tuple__", "__array__", "__dict__"
_NUMERIC_KINDS = "biufc"


class NotStorableError(TypeError):
    """A value cannot be kept in a journal."""


def encode(value: Any) -> Any:
    """Return what `json.dumps` takes and `decode` turns back, or raise `NotStorableError`.

    Values are None, numbers, text, lists, tuples, dictionaries, and arrays of numbers up to 48 kB.
    Subclasses do not count: they would come back as something else.
    """
    try:
        return _encode(value)
    except RecursionError:
        msg = "a value that holds itself cannot be kept in a journal"
        raise NotStorableError(msg) from None


def decode(stored: Any) -> Any:
    """Return the value that `encode` was given.

    Parameters
    ----------
    stored : object
        What `encode` returned.

    Returns
    -------
    object
        The value.
    """
    match stored:
        case list():
            return [decode(item) for item in stored]
        case {"__tuple__": items}:
            return tuple(decode(item) for item in items)
        case {"__dict__": items}:
            return {decode(key): decode(item) for key, item in items}
        case {"__array__": data, "dtype": dtype, "shape": shape}:
            array = np.frombuffer(base64.b64decode(data), dtype).reshape(shape).copy()
            return array if shape else array[()]
        case dict():
            return {key: decode(item) for key, item in stored.items()}
    return stored


def _encode(value: Any) -> Any:
    kind = type(value)
    if kind is np.ndarray or isinstance(value, np.generic):
        return _encode_array(np.asarray(value))
    if kind is int and value.bit_length() > _LARGEST_INT_BITS:
        msg = f"an integer of {value.bit_length()} bits is not for a journal"
        raise NotStorableError(msg)
    if value is None or kind in {bool, int, float, str}:
        return value
    if kind is list:
        return [_encode(item) for item in value]
    if kind is tuple:
        return {_TUPLE: [_encode(item) for item in value]}
    if kind is dict:
        return _encode_dict(value)
    msg = f"{type(value).__name__} cannot be kept in a journal"
    raise NotStorableError(msg)


def _encode_dict(value: dict[Any, Any]) -> dict[str, Any]:
    if all(isinstance(key, str) and not key.startswith("__") for key in value):
        return {key: _encode(item) for key, item in value.items()}
    return {_DICT: [[_encode(key), _encode(item)] for key, item in value.items()]}


def _encode_array(array: np.ndarray[Any, Any]) -> dict[str, Any]:
    if array.dtype.kind not in _NUMERIC_KINDS or array.nbytes > _LARGEST_ARRAY_BYTES:
        msg = f"an array of {array.nbytes} bytes, {array.dtype}, is not for a journal"
        raise NotStorableError(msg)
    data = base64.b64encode(np.ascontiguousarray(array).tobytes()).decode("ascii")
    return {_ARRAY: data, "dtype": array.dtype.str, "shape": list(array.shape)}
