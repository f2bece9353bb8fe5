"""What DySTrack asks of a pipeline, a transmitter and a clock."""

import time
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

__all__ = ["SYSTEM_CLOCK", "AnalysisResult", "Clock", "Pipeline", "SystemClock", "Transmitter"]


class AnalysisResult(NamedTuple):
    """The five values of a pipeline; unpacks like the plain tuple.

    Attributes
    ----------
    z_pos, y_pos, x_pos : float
        Target of the next acquisition in pixels of the prescan; `z_pos` is 0.0 in 2-D.
    img_msg : str
        Message for the microscope and the log, by convention ``"OK"``.
    img_cache : mapping
        Keyword arguments for the next call at the same position; pipelines return a dict.
    """

    z_pos: float
    y_pos: float
    x_pos: float
    img_msg: str
    img_cache: Mapping[str, Any]


class Pipeline(Protocol):
    """Find the next coordinates in a prescan.

    Called once for each prescan, with its path as the only positional argument and with
    ``**img_kwargs, **img_cache``. It may raise anything: that counts as a failed analysis.
    Its module may also offer ``warm_up(**img_kwargs)``, which is called once before the first
    prescan; a `ConfigurationError` that it raises ends the session; and ``phases(**img_kwargs)``,
    the words by which names of prescans tell the phases of an experiment apart: each phase of a
    position has a state of its own.
    """

    def __call__(self, target_path: str, /, **kwargs: Any) -> tuple[float, float, float, str, Any]:
        """Return z, y, x in pixels, a message, and keyword arguments for the next call."""
        ...


class Transmitter(Protocol):
    """Hand coordinates to a microscope.

    Called once for each target, successful or not. Raising anything means that nothing was
    sent; it is then called again.
    """

    def __call__(
        self,
        z_pos: float | None,
        y_pos: float | None,
        x_pos: float | None,
        img_msg: str,
        img_cache: Mapping[str, Any],
        img_error: Exception | None,
        target_dir: str,
        /,
        **tra_kwargs: Any,
    ) -> object:
        """Send the coordinates; `img_error` is why the analysis failed, if it did.

        The cache of a pipeline in a process of its own is opened only where it is looked into.
        """
        ...


class Clock(Protocol):
    """Time as the session sees it, so that tests need not wait."""

    def monotonic(self) -> float:
        """Return seconds that never run backwards."""
        ...

    def time(self) -> float:
        """Return seconds since the epoch."""
        ...

    def sleep(self, seconds: float, /) -> None:
        """Return after `seconds`."""
        ...


class SystemClock:
    """The computer's own clock."""

    def monotonic(self) -> float:
        """Return seconds that never run backwards."""
        return time.monotonic()

    def time(self) -> float:
        """Return seconds since the epoch."""
        return time.time()

    def sleep(self, seconds: float, /) -> None:
        """Return after `seconds`."""
        time.sleep(seconds)


SYSTEM_CLOCK: Clock = SystemClock()
