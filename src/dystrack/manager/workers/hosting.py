"""What runs on another computer for a session: its pipeline, in processes that can be killed.

A Dask worker calls these functions. It keeps an `IsolatedWorker` for each pipeline, so that a
deadline ends what hangs, and a crash ends no more than one prescan. What goes back is plain data.
"""

import contextlib
import os
import pickle
import tempfile
import threading
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from dystrack import __version__
from dystrack.core.errors import ConfigurationError, WorkerError
from dystrack.manager.workers.errors_from_elsewhere import error_as_data
from dystrack.manager.workers.handing_over import HandedOver
from dystrack.manager.workers.isolated import IsolatedWorker
from dystrack.manager.workers.plain_data import packed

__all__ = ["RemotePipeline", "RemotePrescan", "answer", "fingerprint", "prepare"]

_MOST_PIPELINES = 4
_LONGEST_LATENESS_S = 20.0  # of a file on a share; some computers keep what they have seen for long
_END_BYTES = 1 << 16
_LOOK_S = 0.02


class RemotePipeline(NamedTuple):
    """A pipeline on its way to another computer.

    Attributes
    ----------
    version : str
        DySTrack's version where it comes from.
    file_name, source, function : str, bytes, str
        The file that has it, and its name there; empty if it can be imported by its name.
    pickled : bytes
        Its module and name; empty if there is a file.
    img_kwargs : bytes
        Its pickled keyword arguments, to warm it up.
    timeout_s : float
        Deadline for one prescan in s.
    threads : int or None
        How many threads it may use.
    """

    version: str
    file_name: str
    source: bytes
    function: str
    pickled: bytes
    img_kwargs: bytes
    timeout_s: float
    threads: int | None


class RemotePrescan(NamedTuple):
    """A prescan on its way to another computer.

    Attributes
    ----------
    path : str
        Where it is there; only its name if its content is sent.
    content : ndarray of uint8, or None
        The bytes of the file itself.
    fingerprint : tuple of int, or None
        What the file is like where the session is; None if it is sent, or is no file.
    img_kwargs, img_cache : bytes
        Pickled keyword arguments of the pipeline.
    """

    path: str
    content: npt.NDArray[np.uint8] | None
    fingerprint: tuple[int, int] | None
    img_kwargs: bytes
    img_cache: bytes


_hosts: dict[RemotePipeline, IsolatedWorker] = {}
_lock = threading.Lock()


def prepare(pipeline: RemotePipeline) -> bytes | None:
    """Start the pipeline's processes; return why it cannot be run, as a packed error, or None."""
    try:
        _host(pipeline).check()
    except Exception as error:  # noqa: BLE001 - told where the session is
        return packed(error_as_data(error))
    return None


def answer(pipeline: RemotePipeline, prescan: RemotePrescan) -> bytes:
    """Run the pipeline on a prescan; return a packed reply, as a worker process gives it."""
    try:
        host = _host(pipeline)
        with _on_disk(prescan, min(_LONGEST_LATENESS_S, pipeline.timeout_s / 2)) as path:
            request = packed((path, prescan.img_kwargs, prescan.img_cache))
            return packed(tuple(host.exchange(request)))
    except Exception as error:  # noqa: BLE001 - told where the session is
        return packed(("error", error_as_data(error), []))


def _host(pipeline: RemotePipeline) -> IsolatedWorker:
    """Return what runs a pipeline here; of many, those that were asked last are kept."""
    if pipeline.version != __version__:
        msg = (
            f"The other computer has DySTrack {__version__}, this one {pipeline.version}. Install "
            "the same on both."
        )
        raise ConfigurationError(msg)
    with _lock:
        host = _hosts.pop(pipeline, None)
        if host is None:
            host = IsolatedWorker(
                _handed_over(pipeline), pipeline.timeout_s, threads=pipeline.threads
            )
            host.start(pickle.loads(pipeline.img_kwargs))  # noqa: S301 - whoever may send, may run
        _hosts[pipeline] = host  # the last one asked is the last to be given up
        given_up = [_hosts.pop(key) for key in list(_hosts)[:-_MOST_PIPELINES]]
    for old in given_up:
        old.close()
    return host


def _handed_over(pipeline: RemotePipeline) -> HandedOver:
    """Return how to get a pipeline here; its file stays as long as the worker."""
    if not pipeline.source:
        return HandedOver(None, pipeline.pickled)
    folder = Path(tempfile.mkdtemp(prefix="dystrack_pipeline_"))
    file = folder / pipeline.file_name
    file.write_bytes(pipeline.source)
    return HandedOver(f"{file}:{pipeline.function}", b"")


def fingerprint(path: str) -> tuple[int, int] | None:
    """Return the length of a file and a checksum of its end; None if there is no such file."""
    try:
        with Path(path).open("rb") as file:
            length = file.seek(0, os.SEEK_END)
            file.seek(max(0, length - _END_BYTES))
            return length, zlib.crc32(file.read(_END_BYTES))
    except OSError:
        return None


def _wait_for_share(path: str, wanted: tuple[int, int], longest_s: float) -> None:
    """Wait until a share shows here, completely, what the session has seen there."""
    end_s = time.monotonic() + longest_s
    while (seen := fingerprint(path)) != wanted:
        if time.monotonic() >= end_s:
            found = "is not there" if seen is None else f"has {seen[0]:,} of {wanted[0]:,} bytes"
            msg = (
                f"The prescan {path} {found} on the other computer, after {longest_s:g} s. Is that "
                "the place of the share there? If not, give --executor_paths again."
            )
            raise WorkerError(msg)
        time.sleep(_LOOK_S)


@contextlib.contextmanager
def _on_disk(prescan: RemotePrescan, longest_s: float) -> Iterator[str]:
    """Give the path of a prescan here, once it is there."""
    if prescan.content is None:
        if prescan.fingerprint is not None:
            _wait_for_share(prescan.path, prescan.fingerprint, longest_s)
        yield prescan.path
        return
    with tempfile.TemporaryDirectory(prefix="dystrack_prescan_") as folder:
        path = Path(folder) / prescan.path
        path.write_bytes(prescan.content.tobytes())
        yield str(path)
