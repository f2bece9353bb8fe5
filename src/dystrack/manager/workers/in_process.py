"""Where a pipeline runs: in the session's own process."""

import threading
from collections.abc import Mapping
from typing import Any, Protocol

from dystrack.core.analysis import Analysis
from dystrack.core.caches import copied
from dystrack.core.cores import limit_threads
from dystrack.core.errors import ConfigurationError
from dystrack.core.hooks import warm_up
from dystrack.core.protocols import Pipeline
from dystrack.manager.workers.answers import contained
from dystrack.manager.workers.asking import Asking

__all__ = ["InProcessWorker", "Worker"]


class Worker(Protocol):
    """A place for a pipeline to run."""

    def start(self, img_kwargs: Mapping[str, Any]) -> None:
        """Get ready for prescans that come with these options, without waiting for it."""
        ...

    def check(self) -> None:
        """Raise why the pipeline cannot run at all, if getting ready has shown that."""
        ...

    def run(
        self, path: str, img_kwargs: Mapping[str, Any], img_cache: Mapping[str, Any]
    ) -> Analysis:
        """Return what the pipeline answers, as plain data of the session's own, or raise why not.

        Raises
        ------
        Exception
            What the pipeline raised; `WorkerError` for what would have ended the process.
        """
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
    threads : int or None, optional
        How many threads an analysis may use; by default its share of the computer.
    """

    def __init__(self, pipeline: Pipeline, *, threads: int | None = None) -> None:
        self._pipeline = pipeline
        self._ask = Asking(pipeline)
        self._threads = threads
        self._refusal: ConfigurationError | None = None

    def start(self, img_kwargs: Mapping[str, Any]) -> None:
        """Warm the pipeline up in the background."""
        limit_threads(self._threads)
        threading.Thread(
            target=self._warm_up, args=(img_kwargs,), name="dystrack-warm-up", daemon=True
        ).start()

    def check(self) -> None:
        """Raise why the pipeline cannot run at all, if getting ready has shown that."""
        if self._refusal is not None:
            raise self._refusal

    def run(
        self, path: str, img_kwargs: Mapping[str, Any], img_cache: Mapping[str, Any]
    ) -> Analysis:
        """Return what the pipeline answers, or raise what it raises.

        Raises
        ------
        WorkerError
            If it wants to end the process.
        """
        try:
            analysis = self._ask(path, img_kwargs, copied(img_cache))
            return analysis._replace(img_cache=copied(analysis.img_cache))
        except KeyboardInterrupt:  # Ctrl-C is for the session
            raise
        except BaseException as error:
            contained_error = contained(error)
            if contained_error is error:
                raise
            raise contained_error from error

    def close(self) -> None:
        """Take back the limit of threads; nothing is running."""
        limit_threads(None)

    def _warm_up(self, img_kwargs: Mapping[str, Any]) -> None:
        try:
            warm_up(self._pipeline, img_kwargs)
        except ConfigurationError as refusal:
            self._refusal = refusal
