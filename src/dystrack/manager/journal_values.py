"""Python values as JSON and back, so that a journal can restore them exactly or says it cannot."""

import base64
from collections.abc import Mapping
from typing import Any

import numpy as np

__all__ = ["NotStorableError", "decode", "encode"]

_LARGEST_ARRAY_BYTES = 1_000_000
_TUPLE, _ARRAY, _DICT = "__tuple__", "__array__", "__dict__"
_NUMERIC_KINDS = "biufc"


class NotStorableError(TypeError):
    """A value cannot be kept in a journal."""


def encode(value: object) -> Any:
    """Return what stands for a value in JSON.

    Parameters
    ----------
    value : object
        None, numbers, text, lists, tuples, dictionaries, and arrays of numbers up to 1 MB.

    Returns
    -------
    object
        Something that `json.dumps` takes and `decode` turns back.

    Raises
    ------
    NotStorableError
        If it is or holds anything else.
    """
    match value:
        case np.ndarray() | np.generic() if value.dtype.kind in _NUMERIC_KINDS:
            return _encode_array(np.asarray(value))
        case None | bool() | int() | float() | str():
            return value
        case list():
            return [encode(item) for item in value]
        case tuple():
            return {_TUPLE: [encode(item) for item in value]}
        case Mapping():
            return _encode_mapping(value)
    msg = f"{type(value).__name__} cannot be kept in a journal"
    raise NotStorableError(msg)


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


def _encode_mapping(value: Mapping[Any, Any]) -> dict[str, Any]:
    if all(isinstance(key, str) and not key.startswith("__") for key in value):
        return {key: encode(item) for key, item in value.items()}
    return {_DICT: [[encode(key), encode(item)] for key, item in value.items()]}


def _encode_array(array: np.ndarray[Any, Any]) -> dict[str, Any]:
    if array.nbytes > _LARGEST_ARRAY_BYTES:
        msg = f"an array of {array.nbytes} bytes is too large for a journal"
        raise NotStorableError(msg)
    data = base64.b64encode(np.ascontiguousarray(array).tobytes()).decode("ascii")
    return {_ARRAY: data, "dtype": array.dtype.str, "shape": list(array.shape)}
