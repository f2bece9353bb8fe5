"""Run a pipeline in a process of its own, with a deadline, so that it cannot take the run down.

Two workers are kept: when a hang, a crash or an exit ends one, the other is warm already.
"""

import concurrent.futures
import importlib.machinery
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from dystrack.core.errors import ConfigurationError, InvalidAnswerError, WorkerError
from dystrack.core.protocols import Pipeline
from dystrack.images.waiting import vouch_for
from dystrack.manager.workers.in_process import warm_up
from dystrack.options.pipeline_reference import load_pipeline

if TYPE_CHECKING:
    from pebble import ProcessPool

__all__ = ["IsolatedWorker"]

_N_WORKERS = 2
_INTERRUPT_CHECK_S = 0.2
_START_ALLOWANCE_S = 60.0


class IsolatedWorker:
    """Runs the pipeline in a worker process.

    Parameters
    ----------
    pipeline : Pipeline
        The user's function; a process of its own must be able to import it.
    timeout_s : float
        Deadline for one prescan in s.

    Raises
    ------
    ConfigurationError
        If the function cannot be handed to another process.
    """

    def __init__(self, pipeline: Pipeline, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._set_up = (_file_reference(pipeline), _pickled_pipeline(pipeline))
        self._opening: threading.Thread | None = None
        self._pool: ProcessPool | None = None

    def start(self) -> None:
        """Start the workers; they load and warm up the pipeline while the session goes on."""
        self._opening = threading.Thread(target=self._open_pool, name="dystrack-workers")
        self._opening.start()

    def run(self, path: str, img_kwargs: Mapping[str, Any], img_cache: Mapping[str, Any]) -> object:
        """Return what the pipeline returns, or raise what it raises.

        Raises
        ------
        WorkerError
            If it took too long, or if its process ended.
        """
        request = pickle.dumps((path, dict(img_kwargs), dict(img_cache)))
        future = self._open().schedule(_run, args=[request], timeout=self._timeout_s)
        give_up_s = time.monotonic() + self._timeout_s + _START_ALLOWANCE_S
        while not concurrent.futures.wait([future], timeout=_INTERRUPT_CHECK_S).done:
            # Short waits let Ctrl-C through, which Windows holds back during a long one.
            if time.monotonic() > give_up_s:
                self.close()
                msg = (
                    f"The pipeline's process did not get ready within {_START_ALLOWANCE_S:g} s. "
                    "Does its file do something at import, or its warm_up, that never ends?"
                )
                raise WorkerError(msg)
        reply, messages = self._reply(future)
        for message in messages:
            warnings.warn(message, UserWarning, stacklevel=2)
        returned, error = pickle.loads(reply)  # noqa: S301 - our own worker's bytes
        if error is not None:
            raise error
        return returned

    def close(self) -> None:
        """End the workers, whatever they are doing."""
        if self._opening is not None:
            pool = self._open()
            pool.stop()  # type: ignore[no-untyped-call]
            pool.join()
            self._opening = None

    def _open(self) -> "ProcessPool":
        """Return the workers, once they have been started."""
        if self._opening is None:
            self.start()
        self._opening.join()  # type: ignore[union-attr]
        return self._pool  # type: ignore[return-value]

    def _open_pool(self) -> None:
        from pebble import ProcessPool  # noqa: PLC0415 - 0.1 s that nobody needs to wait for

        if sys.platform != "win32":  # for this thread and the workers: Ctrl-C is for the session
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        self._pool = ProcessPool(
            max_workers=_N_WORKERS,
            initializer=_initialise,
            initargs=self._set_up,
            context=multiprocessing.get_context("spawn"),
        )
        self._pool.schedule(_do_nothing)

    def _reply(
        self, future: "concurrent.futures.Future[tuple[bytes, list[str]]]"
    ) -> tuple[bytes, list[str]]:
        from pebble import ProcessExpired  # noqa: PLC0415 - loaded already

        try:
            return future.result()
        except TimeoutError:
            msg = (
                f"The pipeline took longer than {self._timeout_s:g} s and was stopped. Raise "
                "timeout_s, or make the pipeline or the prescan smaller."
            )
            raise WorkerError(msg) from None
        except ProcessExpired as error:
            msg = (
                f"The process of the pipeline ended with exit code {error.exitcode}: it crashed, "
                "ran out of memory, or was killed."
            )
            raise WorkerError(msg) from None
        except (concurrent.futures.BrokenExecutor, RuntimeError) as error:
            self.close()
            msg = (
                f"The pipeline could not be run in a process of its own: {error}. Another process "
                'must be able to import it: a run file needs `if __name__ == "__main__":` '
                "before its call. If it cannot, set isolate=False."
            )
            raise WorkerError(msg) from error


_pipeline: Pipeline | None = None  # of a worker process; unused in the session's own


def _initialise(file_reference: str | None, pickled: bytes) -> None:
    """Load and warm up the pipeline, in the worker process."""
    global _pipeline  # noqa: PLW0603 - one pipeline serves the whole process
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the session
    threading.Thread(target=_end_with_session, daemon=True).start()
    if file_reference is not None:
        load_pipeline(file_reference)
    _pipeline = pickle.loads(pickled)  # noqa: S301 - our own session's bytes
    warm_up(_pipeline)


def _end_with_session() -> None:
    """End the worker process when the session's own is gone, even while the pipeline hangs."""
    session = multiprocessing.parent_process()
    if session is not None:
        session.join()
        os._exit(1)


def _do_nothing() -> None:
    """Have the pool start its workers."""


def _run(request: bytes) -> tuple[bytes, list[str]]:
    """Return the pickled answer and the warnings of the pipeline, in the worker process."""
    with warnings.catch_warnings(record=True) as caught:
        reply = _answer(request)
    return reply, [str(w.message) for w in caught if issubclass(w.category, UserWarning)]


def _answer(request: bytes) -> bytes:
    """Run the pipeline, in the worker process; whatever happens becomes an answer."""
    path, img_kwargs, img_cache = pickle.loads(request)  # noqa: S301 - our own session's bytes
    try:
        with vouch_for(Path(path)):
            returned = _pipeline(path, **img_kwargs, **img_cache)  # type: ignore[misc]
    except SystemExit as error:
        return pickle.dumps((None, WorkerError(f"The pipeline called sys.exit({error.code!r}).")))
    except Exception as error:  # noqa: BLE001 - a boundary with the user's code
        return _pickled_error(error)
    except BaseException as error:  # noqa: BLE001 - such as a KeyboardInterrupt of its own
        return pickle.dumps((None, WorkerError(f"The pipeline raised {type(error).__name__}.")))
    try:
        return pickle.dumps((returned, None))
    except Exception as error:  # noqa: BLE001 - pickling runs the user's code as well
        message = f"The pipeline's answer cannot be handed to the session: {error}."
        return pickle.dumps((None, InvalidAnswerError(message)))


def _pickled_error(error: Exception) -> bytes:
    """Return an exception as bytes, with the place where it was raised."""
    error.add_note("".join(traceback.format_exception(error)).rstrip())
    try:
        pickled = pickle.dumps((None, error))
        pickle.loads(pickled)  # noqa: S301 - not every exception survives both ways
    except Exception:  # noqa: BLE001 - pickling runs the user's code as well
        return pickle.dumps((None, WorkerError(f"{type(error).__name__}: {error}")))
    return pickled


def _file_reference(pipeline: Pipeline) -> str | None:
    """Return the file to load first, for a function whose module cannot be found by its name."""
    module = sys.modules.get(getattr(pipeline, "__module__", ""))
    file = getattr(module, "__file__", None)
    if module is not None and module.__name__ == "__main__" and file is None:
        _refuse(pipeline, "it was typed in, so that no other process can import it")
    if module is None or file is None or module.__name__ == "__main__":
        return None
    if importlib.machinery.PathFinder.find_spec(module.__name__.partition(".")[0]) is not None:
        return None
    return f"{file}:{getattr(pipeline, '__name__', '')}"


def _pickled_pipeline(pipeline: Pipeline) -> bytes:
    try:
        return pickle.dumps(pipeline)
    except Exception as error:  # noqa: BLE001 - pickling runs the user's code as well
        _refuse(pipeline, error)


def _refuse(pipeline: Pipeline, reason: object) -> NoReturn:
    msg = (
        f"The pipeline {pipeline!r} cannot be run in a process of its own: {reason}. Define it at "
        "the top level of a file, or set isolate=False."
    )
    raise ConfigurationError(msg)
