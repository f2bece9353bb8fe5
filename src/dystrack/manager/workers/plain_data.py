"""What may come back from a worker process: numbers, text, plain containers, and arrays.

Unpickling runs whatever code the bytes name. Here they may name nothing but numpy's arrays, so
that bytes which ask for anything else are refused, unopened.
"""

import io
import pickle
from typing import Any

__all__ = ["is_plain_data", "packed", "unpacked"]

_PROTOCOL = 5
_ARRAY_MAKERS = {
    (f"numpy{place}", name)
    for place, names in {
        "": ("ndarray", "dtype"),
        ".core.multiarray": ("_reconstruct", "scalar"),
        ".core.numeric": ("_frombuffer",),
        "._core.multiarray": ("_reconstruct", "scalar"),
        "._core.numeric": ("_frombuffer",),
    }.items()
    for name in names
}


class _PlainUnpickler(pickle.Unpickler):
    def find_class(self, module_name: str, global_name: str, /) -> Any:
        if (module_name, global_name) not in _ARRAY_MAKERS:
            msg = f"{module_name}.{global_name} is no plain data"
            raise pickle.UnpicklingError(msg)
        return super().find_class(module_name, global_name)


def packed(value: object) -> bytes:
    """Return a value as bytes; pickling runs its own code and may raise anything."""
    return pickle.dumps(value, _PROTOCOL)


def unpacked(data: bytes) -> Any:
    """Return what `packed` was given; raise, and run nothing, if it is torn or no plain data."""
    return _PlainUnpickler(io.BytesIO(data)).load()


def is_plain_data(data: bytes) -> bool:
    """Return whether `unpacked` takes these bytes."""
    try:
        unpacked(data)
    except Exception:  # noqa: BLE001 - torn bytes raise various errors
        return False
    return True
