"""Cases in local processes, several at a time; one that hangs or dies is replaced."""

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from dystrack.core.error_texts import safe_text
from dystrack.core.errors import ConfigurationError, WorkerError
from dystrack.manager.workers.isolated import IsolatedWorker
from dystrack.tools.kit.evaluation.case import Case, answer_of_case

__all__ = ["Runner", "failed_row", "local_processes"]

Runner = Callable[[Sequence[Case]], Iterator[dict[str, Any]]]
"""Runs cases, and gives their rows in the order in which they end."""

_ATTEMPTS = 2  # a process may be killed by somebody else
_Waiting = queue.SimpleQueue[Case | None]
_Done = queue.SimpleQueue[dict[str, Any] | BaseException]


@contextmanager
def local_processes(n_workers: int, timeout_s: float) -> Iterator[Runner]:
    """Give what runs cases in processes of this computer, which live until the end of the block.

    Parameters
    ----------
    n_workers : int
        Number of processes; never more than there are cases.
    timeout_s : float
        How long one case may take in s.

    Yields
    ------
    Runner
        Raises ConfigurationError if the pipeline cannot be loaded in another process.
    """
    waiting, done, stopped = _Waiting(), _Done(), threading.Event()
    threads: list[threading.Thread] = []

    def run(cases: Sequence[Case]) -> Iterator[dict[str, Any]]:
        for case in cases:
            waiting.put(case)
        for _ in range(len(threads), min(n_workers, len(cases))):
            threads.append(threading.Thread(target=_work, args=(waiting, done, stopped, timeout_s)))
            threads[-1].daemon = True
            threads[-1].start()
        for _ in cases:
            row = done.get()
            if isinstance(row, BaseException):
                raise row
            yield row

    try:
        yield run
    finally:
        stopped.set()
        for _ in threads:
            waiting.put(None)
        for thread in threads:
            thread.join()


def _work(waiting: _Waiting, done: _Done, stopped: threading.Event, timeout_s: float) -> None:
    """Take one case after another, in one process."""
    worker = IsolatedWorker(answer_of_case, timeout_s, n_processes=1, threads=1)
    try:
        while (case := waiting.get()) is not None and not stopped.is_set():
            done.put(_row_of(case, worker.run))
    except BaseException as error:  # noqa: BLE001 - raised again where the rows are awaited
        done.put(error)
    finally:
        worker.close()


def _row_of(case: Case, run: Callable[..., Any]) -> dict[str, Any]:
    """Return the row of a case; what hangs or ends the process twice is a failure."""
    ask = partial(run, case.path, {"case": case}, {})
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            row: dict[str, Any] = ask().img_cache["row"]
        except ConfigurationError:
            raise
        except WorkerError as error:
            if attempt == _ATTEMPTS or "took longer" in str(error):
                return failed_row(case, error)
        except Exception as error:  # noqa: BLE001 - a prescan that cannot be read, and the like
            return failed_row(case, error)
        else:
            return row
    raise AssertionError


def failed_row(case: Case, error: BaseException) -> dict[str, Any]:
    """Return the row of a case that gave none of its own."""
    return {
        "key": case.key,
        "sample": case.sample,
        "stress": case.stress,
        "error": f"{type(error).__name__}: {safe_text(error)}",
        "msg": "",
        "has_target": True,
        "effects": "",
    }
