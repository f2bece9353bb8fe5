"""The steps of an analysis, announced to whoever wants to see them.

A pipeline says ``announce("Smoothed", smoothed)`` after a step. That costs nothing unless somebody
listens, as `dystrack show` does.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dystrack.core.coordinates import PixelPosition

__all__ = ["Step", "announce", "listening"]


@dataclass(frozen=True, eq=False)
class Step:
    """What an analysis has come to.

    Attributes
    ----------
    title : str
        What was done.
    image : ndarray of shape (Z, Y, X) or (Y, X), or None
        Picture after the step.
    mask : ndarray of bool of the same shape, or None
        What it found.
    target : PixelPosition or None
        Where to go.
    """

    title: str
    image: npt.NDArray[np.generic] | None = None
    mask: npt.NDArray[np.bool_] | None = None
    target: PixelPosition | None = None


_listener: ContextVar[Callable[[Step], None] | None] = ContextVar("step listener", default=None)


def announce(
    title: str,
    image: npt.NDArray[np.generic] | None = None,
    *,
    mask: Any = None,
    target: PixelPosition | None = None,
) -> None:
    """Tell of a step, if anybody listens: the picture after it, what it found, the target.

    `mask` may also be something that has one as its ``mask``, or a function that returns it.
    """
    listener = _listener.get()
    if listener is None:
        return
    found = mask() if callable(mask) else getattr(mask, "mask", mask)
    kept = None if image is None else image.copy()  # a pipeline may go on in the same memory
    listener(Step(title, kept, found, target))


@contextmanager
def listening(listener: Callable[[Step], None]) -> Iterator[None]:
    """Have a function told of all steps meanwhile, in this thread."""
    before = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(before)
