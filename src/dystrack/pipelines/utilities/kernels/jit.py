"""How the kernels are compiled, and the names of their types; imported by the kernel modules alone.

Machine code is kept on disk beside a kernel's source, or in the user's cache folder where that
cannot be written, so that only the very first run compiles. numba compiles again when the file in
which a kernel stands has changed, but does not look into other files: whatever compiled code a
kernel calls therefore stands in the kernel's own file.

Compiling takes 0.1 s and more for each combination of argument types, so that functions called
by kernels cast integers to one type; numba's own `min`, `max` and `np.empty` count as functions.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import numba
import numpy as np
import numpy.typing as npt

__all__ = [
    "Bytes",
    "Counts",
    "Flags",
    "Floats",
    "Ints",
    "Singles",
    "approximate",
    "compiled_for",
    "contiguous",
    "inlined",
]

# Some versions of numba are annotated, others are not.
_njit: Any = numba.njit
_config: Any = numba.config

if _config.DISABLE_JIT:
    raise ImportError("NUMBA_DISABLE_JIT is set")

_PART_OF_OTHERS = {
    "nogil": True,
    "no_cfunc_wrapper": True,
    "no_cpython_wrapper": True,
    "forceinline": True,
}

_Kernel = TypeVar("_Kernel", bound=Callable[..., Any])

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int32]
Counts = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]


def contiguous(scalar: Any, ndim: int, *, readonly: bool = True) -> Any:
    """Return the type of a contiguous array; one that may be read-only takes both kinds."""
    return numba.types.Array(scalar, ndim, "C", readonly=readonly)


def compiled_for(signature: Any) -> Callable[[_Kernel], _Kernel]:
    """Compile for `signature` at once, from the disk cache where there is one.

    The kernel releases the interpreter lock, and trusts its callers with shapes.
    """
    options = {"nogil": True, "no_cfunc_wrapper": True}

    def compile_kernel(kernel: _Kernel) -> _Kernel:
        try:
            compiled: _Kernel = _njit(signature, cache=True, **options)(kernel)
        except Exception:  # noqa: BLE001 - whatever is wrong with the cache, compiling works
            compiled = _njit(signature, **options)(kernel)
        return compiled

    return compile_kernel


def inlined(kernel: _Kernel) -> _Kernel:
    """Compile as a part of the kernels that call it, which nobody can call from Python."""
    inner: _Kernel = _njit(**_PART_OF_OTHERS)(kernel)
    return inner


def approximate(kernel: _Kernel) -> _Kernel:
    """Compile as `inlined` does; multiplication and addition may be one step, rounded once."""
    inner: _Kernel = _njit(fastmath={"contract"}, **_PART_OF_OTHERS)(kernel)
    return inner
