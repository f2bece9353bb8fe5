"""Run a pipeline on another computer, over Dask `distributed`; the one door to it.

::

    session                 scheduler              worker of `dystrack agent`
       ├── pipeline, prescan ──► │ ── `hosting` ──►  an `IsolatedWorker`: processes with a deadline
       │ ◄────────── reply ──────┤ ◄── plain data ──┤

Whatever goes wrong is a failed analysis, after which the next prescan is tried again.
"""

import contextlib
import threading
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from dystrack import __version__
from dystrack.core.analysis import Analysis
from dystrack.core.errors import ConfigurationError, WorkerError
from dystrack.core.protocols import Pipeline
from dystrack.manager.workers import hosting
from dystrack.manager.workers.errors_from_elsewhere import error_from_data
from dystrack.manager.workers.handing_over import (
    HandedOver,
    handed_over,
    pickled_arguments,
    result_of,
)
from dystrack.manager.workers.plain_data import unpacked
from dystrack.manager.workers.remote_address import PathMap, RemoteAddress
from dystrack.manager.workers.worker_process import Reply

__all__ = ["RemoteWorker", "distributed_with"]

_PARTS = ("", ".client", ".core", ".nanny", ".scheduler", ".worker")
_QUIET = {
    "logging": {f"distributed{part}": "critical" for part in _PARTS},
    "distributed.admin.large-graph-warning-threshold": "10GB",
}
_KNOCK_S = 2.0
_CONNECT_S = 5.0
_GRACE_S = 1.0  # what the other computer needs beyond the deadline, to say that it has passed
_LOOK_S = 0.2  # short, because Windows holds Ctrl-C back during a wait


def distributed_with(**settings: Any) -> Any:
    """Return the package `distributed`, quiet and with settings for this process.

    Parameters
    ----------
    **settings : Any
        Settings of Dask, with ``__`` for a dot and ``_`` for a hyphen.

    Returns
    -------
    module
        The package.

    Raises
    ------
    ConfigurationError
        If it is not installed.
    """
    try:
        import dask  # noqa: PLC0415 - an extra

        dask.config.set(_QUIET)
        named = {key.replace("__", ".").replace("_", "-"): value for key, value in settings.items()}
        dask.config.set(named)
        import distributed  # noqa: PLC0415 - an extra, which reads the settings when imported
    except ImportError as error:
        msg = 'Another computer is reached by Dask: pip install "dystrack[remote]"'
        raise ConfigurationError(msg) from error
    return distributed


class RemoteWorker:
    """Runs the pipeline on another computer, where `dystrack agent` was started.

    Parameters
    ----------
    pipeline : Pipeline
        The user's function. A file of its own is sent; what it imports must be installed there.
    timeout_s : float
        Deadline for one prescan in s, with all that the way there and back takes.
    address : RemoteAddress
        Where the agent listens, and the key for it.
    paths : PathMap, optional
        Where prescans lie on the other computer; those that lie nowhere there are sent.
    threads : int or None, optional
        How many threads an analysis may use there.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        timeout_s: float,
        address: RemoteAddress,
        *,
        paths: PathMap | None = None,
        threads: int | None = None,
    ) -> None:
        self._distributed = distributed_with()
        self._address = address
        self._timeout_s = timeout_s
        self._paths = paths or PathMap()
        self._threads = threads
        self._handed_over = HandedOver.of(pipeline)
        self._pipeline: hosting.RemotePipeline | None = None
        self._client: Any = None
        self._preparation: threading.Thread | None = None
        self._refusal: Exception | None = None

    def reach(self) -> None:
        """Connect, so that a wrong address or key is told before a run has begun.

        Raises
        ------
        ConfigurationError
            If the other computer cannot be reached.
        """
        try:
            self._connected()
        except WorkerError as error:
            raise ConfigurationError(str(error)) from error

    def start(self, img_kwargs: Mapping[str, Any]) -> None:
        """Connect and have the pipeline warmed up there, in the background.

        Raises
        ------
        ConfigurationError
            If the pipeline's file cannot be read, or an argument cannot be handed over.
        """
        kwargs = handed_over(dict(img_kwargs), "A keyword argument of the pipeline")
        self._pipeline = self._described(kwargs)
        self._preparation = threading.Thread(
            target=self._prepare, args=(self._pipeline,), name="dystrack-remote", daemon=True
        )
        self._preparation.start()

    def check(self) -> None:
        """Raise why the pipeline cannot run there at all, if that is known."""
        if self._refusal is not None:
            raise self._refusal

    def run(
        self, path: str, img_kwargs: Mapping[str, Any], img_cache: Mapping[str, Any]
    ) -> Analysis:
        """Return what the pipeline answers there, or raise what it raises.

        Raises
        ------
        WorkerError
            If it took too long, its process ended, or the other computer cannot be reached.
        """
        deadline_s = time.monotonic() + self._timeout_s
        if self._preparation is None:
            self.start(img_kwargs)
        while self._preparation is not None and self._preparation.is_alive():
            self._preparation.join(_LOOK_S)
            if time.monotonic() >= deadline_s:
                raise self._unreachable("it did not get ready in time")
        self.check()
        there, content = self._paths.sent(path)
        arguments = pickled_arguments(img_kwargs, img_cache)
        # Dask passes arrays on as they are, and copies bytes.
        sent = None if content is None else np.frombuffer(content, np.uint8)
        seen = hosting.fingerprint(path) if content is None else None
        prescan = hosting.RemotePrescan(there, sent, seen, *arguments)
        reply = self._ask(hosting.answer, deadline_s, self._pipeline, prescan)
        return result_of(Reply(*unpacked(reply)))

    def close(self) -> None:
        """Leave the other computer alone."""
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(Exception):  # it may be gone
                client.close(timeout=1)

    def _described(self, img_kwargs: bytes) -> hosting.RemotePipeline:
        file, pickled = self._handed_over
        name, source, function = "", b"", ""
        if file is not None:
            file_path, _, function = file.rpartition(":")
            name, source, pickled = Path(file_path).name, Path(file_path).read_bytes(), b""
        return hosting.RemotePipeline(
            __version__, name, source, function, pickled, img_kwargs, self._timeout_s, self._threads
        )

    def _prepare(self, pipeline: hosting.RemotePipeline) -> None:
        try:
            refusal = self._ask(hosting.prepare, time.monotonic() + self._timeout_s, pipeline)
        except WorkerError:
            return  # the first prescan will show it, if it has not passed by then
        if refusal is not None:
            error = error_from_data(unpacked(refusal))
            if isinstance(error, ConfigurationError):
                self._refusal = error

    def _ask(self, function: Any, deadline_s: float, *arguments: Any) -> Any:
        """Have a function called there, and wait for its value."""
        client = self._connected()
        try:
            future = client.submit(function, *arguments, key=f"dystrack-{uuid.uuid4()}", pure=False)
            if self._is_done(future, deadline_s + _GRACE_S):
                return future.result(timeout=_GRACE_S)
            future.cancel()
            has_workers = bool(client.scheduler_info()["workers"])
        except self._distributed.scheduler.KilledWorker:
            raise self._killed() from None
        except Exception as error:
            self.close()
            raise self._unreachable(_said(error)) from error
        raise self._too_late() if has_workers else self._unreachable("it has no worker at present")

    @staticmethod
    def _is_done(future: Any, deadline_s: float) -> bool:
        """Wait until something came of a call, or the time is over."""
        is_done = threading.Event()
        future.add_done_callback(lambda _: is_done.set())
        while not is_done.wait(_LOOK_S):
            if time.monotonic() >= deadline_s:
                return False
        return True

    def _connected(self) -> Any:
        """Return the connection, made anew where it was lost."""
        if self._client is None or self._client.status != "running":
            self.close()
            try:
                self._address.knock(_KNOCK_S)
                self._client = self._distributed.Client(
                    self._address.url,
                    timeout=min(_CONNECT_S, self._timeout_s),
                    security=self._address.security(self._distributed),
                    set_as_default=False,
                    name="dystrack",
                )
            except Exception as error:
                raise self._unreachable(_said(error)) from error
        return self._client

    def _killed(self) -> WorkerError:
        return WorkerError(
            f"The worker at {self._address.url} ended while it ran the pipeline: it crashed, ran "
            "out of memory, or was killed. The agent starts another one."
        )

    def _too_late(self) -> WorkerError:
        return WorkerError(
            f"The pipeline took longer than {self._timeout_s:g} s at {self._address.url}. Raise "
            "timeout_s, or make the pipeline or the prescan smaller."
        )

    def _unreachable(self, why: str) -> WorkerError:
        return WorkerError(
            f"The other computer at {self._address.url} cannot be asked ({why}). Check that "
            "`dystrack agent` is running there, the network, and its key."
        )


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}".rstrip(": .")
