"""Where a pipeline runs: in the session's own process."""

import logging
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from dystrack.core.caches import copied
from dystrack.core.errors import WorkerError
from dystrack.core.protocols import Pipeline
from dystrack.images.waiting import vouch_for

__all__ = ["InProcessWorker", "Worker", "warm_up"]

_log = logging.getLogger(__name__)


class Worker(Protocol):
    """A place for a pipeline to run."""

    def start(self) -> None:
        """Get ready for the first prescan, without waiting for it."""
        ...

    def run(self, path: str, img_kwargs: Mapping[str, Any], img_cache: Mapping[str, Any]) -> object:
        """Return what the pipeline returns, or raise what it raises."""
        ...

    def close(self) -> None:
        """End; nothing runs afterwards."""
        ...


class InProcessWorker:
    """Runs the pipeline in the session's own process and thread.

    Parameters
    ----------
    pipeline : Pipeline
        The user's function.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    def start(self) -> None:
        """Warm the pipeline up in the background."""
        threading.Thread(
            target=warm_up, args=(self._pipeline,), name="dystrack-warm-up", daemon=True
        ).start()

    def run(self, path: str, img_kwargs: Mapping[str, Any], img_cache: Mapping[str, Any]) -> object:
        """Return what the pipeline returns, or raise what it raises.

        Raises
        ------
        WorkerError
            If it wants to end the process.
        """
        try:
            with vouch_for(Path(path)):
                return self._pipeline(path, **img_kwargs, **copied(img_cache))
        except SystemExit as error:
            msg = f"The pipeline called sys.exit({error.code!r})."
            raise WorkerError(msg) from error

    def close(self) -> None:
        """Do nothing: nothing is running."""


def warm_up(pipeline: Pipeline) -> None:
    """Call the function ``warm_up`` of the module that offers a pipeline, if it has one.

    Parameters
    ----------
    pipeline : Pipeline
        The user's function.
    """
    module = sys.modules.get(getattr(pipeline, "__module__", ""))
    function: Callable[[], object] | None = getattr(module, "warm_up", None)
    if not callable(function):
        return
    try:
        function()
    except Exception:  # noqa: BLE001 - the first prescan will show what is wrong, if anything is
        _log.warning("warm_up of %s failed", module, exc_info=True)
