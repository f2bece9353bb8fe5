"""What runs in a worker process: load the pipeline, then answer one prescan after another.

::

    session                    worker
       │ ◄── ready ── or ── failed ┤  the pipeline was loaded and warmed up, or why not
       ├── request ──────────────► │
       │ ◄──────────────── taken ──┤  from here on its death is this prescan's failure
       │ ◄── answer ── or ── error ┤

What goes to the session is plain data (`plain_data`), whatever the pipeline does.
"""

import contextlib
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import warnings
from typing import TYPE_CHECKING, Any

from dystrack.core.analysis import Analysis
from dystrack.core.cores import limit_threads
from dystrack.core.error_texts import safe_text
from dystrack.core.errors import InvalidAnswerError
from dystrack.core.hooks import warm_up
from dystrack.core.protocols import Pipeline
from dystrack.manager.workers.answers import contained
from dystrack.manager.workers.asking import Asking
from dystrack.manager.workers.errors_from_elsewhere import error_as_data
from dystrack.manager.workers.plain_data import is_plain_data, packed
from dystrack.options.pipeline_reference import load_pipeline

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

__all__ = ["LARGEST_CACHE_BYTES", "PipelineRecipe", "end_group", "serve"]

LARGEST_CACHE_BYTES = 1 << 28
_MOST_WARNINGS = 20

PipelineRecipe = tuple[str | None, bytes, bytes, int | None]
"""The file to load first, if any; the pickled pipeline, empty where that file is enough; its
pickled keyword arguments; how many threads it may use at the most."""


def serve(connection: "Connection[bytes, bytes]", recipe: PipelineRecipe) -> None:
    """Answer requests until the session goes.

    Parameters
    ----------
    connection : Connection
        To the session.
    recipe : PipelineRecipe
        How to get the pipeline.
    """
    _become_independent()
    with contextlib.suppress(EOFError, OSError):  # the session has gone
        try:
            pipeline = _loaded(recipe)
        except BaseException as error:  # noqa: BLE001 - a boundary with the user's code
            connection.send_bytes(packed(("failed", error_as_data(error), [])))
            return
        ask = Asking(pipeline)
        connection.send_bytes(packed(("ready", None, [])))
        while True:
            request = connection.recv_bytes()
            connection.send_bytes(packed(("taken", None, [])))
            connection.send_bytes(_reply(ask, request))


def end_group(pid: int) -> None:
    """Kill a worker together with the programs that its pipeline started."""
    if sys.platform != "win32":  # Windows has no groups that end together
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)


def _become_independent() -> None:
    """Leave Ctrl-C to the session, and end when the session has gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform != "win32":
        os.setsid()
    threading.Thread(target=_end_with_session, daemon=True).start()


def _end_with_session() -> None:
    """End the worker process when the session's own is gone, even while the pipeline hangs."""
    session = multiprocessing.parent_process()
    if session is not None:
        session.join()
        end_group(os.getpid())
        os._exit(1)


def _loaded(recipe: PipelineRecipe) -> Pipeline:
    file_reference, pipeline, img_kwargs, threads = recipe
    limit_threads(threads)
    loaded = load_pipeline(file_reference) if file_reference is not None else None
    if loaded is None or pipeline:
        loaded = pickle.loads(pipeline)  # noqa: S301 - our own session's bytes
    warm_up(loaded, pickle.loads(img_kwargs))  # noqa: S301 - our own session's bytes
    return loaded


def _reply(ask: Asking, request: bytes) -> bytes:
    """Run the pipeline; whatever happens becomes a reply."""
    with warnings.catch_warnings(record=True) as caught:
        try:
            content: tuple[str, Any] = "answer", _answer(ask, request)
        except BaseException as error:  # noqa: BLE001 - a boundary with the user's code
            content = "error", error_as_data(error)
    with contextlib.suppress(Exception):  # what a pipeline prints is seen even if it dies next
        sys.stdout.flush()
    told = [safe_text(w.message) for w in caught if issubclass(w.category, UserWarning)]
    return packed((*content, told[:_MOST_WARNINGS]))


def _answer(ask: Asking, request: bytes) -> tuple[Any, ...]:
    """Return an analysis as plain data: its cache as bytes, and whether that is plain data, too."""
    path, *pickles = pickle.loads(request)  # noqa: S301 - our own session's bytes
    img_kwargs, img_cache = map(pickle.loads, pickles)  # what a pipeline once handed on, in part
    analysis = ask(path, img_kwargs, img_cache)
    z, y, x, message, _, findings, *others = analysis
    return (z, y, x, message, *_pickled_cache(analysis), findings.as_data(), *others)


def _pickled_cache(analysis: Analysis) -> tuple[bytes, bool]:
    """Return a cache as bytes that can be opened again, and whether it is plain data."""
    try:
        cache = packed(analysis.img_cache)
        _check_size(cache)
        is_plain = is_plain_data(cache)
        if not is_plain:
            pickle.loads(cache)  # noqa: S301 - what cannot be opened fails now, not at the next call
    except BaseException as error:  # noqa: BLE001 - pickling runs the user's code as well
        msg = f"The pipeline's cache cannot be handed on to its next call: {safe_text(error)}"
        raise InvalidAnswerError(msg) from contained(error)
    return cache, is_plain


def _check_size(cache: bytes) -> None:
    if len(cache) > LARGEST_CACHE_BYTES:
        size_mb, most_mb = len(cache) / 1e6, LARGEST_CACHE_BYTES / 1e6
        msg = f"it takes {size_mb:.0f} MB, at most {most_mb:.0f} MB can be. Hand on less."
        raise InvalidAnswerError(msg)
