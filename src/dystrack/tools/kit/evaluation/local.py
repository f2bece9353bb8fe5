"""Cases in local processes, several at a time; one that hangs or dies is replaced."""

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from dystrack.core.error_texts import safe_text
from dystrack.core.errors import ConfigurationError, WorkerError
from dystrack.manager.workers.isolated import IsolatedWorker
from dystrack.tools.kit.evaluation.case import Case, answer_of_case

__all__ = ["failed_row", "run_locally"]

_ATTEMPTS = 2  # a process may be killed by somebody else


def run_locally(
    cases: Sequence[Case], n_workers: int, timeout_s: float
) -> Iterator[dict[str, Any]]:
    """Run cases in processes of this computer.

    Parameters
    ----------
    cases : sequence of Case
        What is asked.
    n_workers : int
        Number of processes.
    timeout_s : float
        How long one case may take in s.

    Yields
    ------
    dict
        The row of each case, in the order in which they end.

    Raises
    ------
    ConfigurationError
        If the pipeline cannot be loaded in another process.
    """
    waiting: queue.SimpleQueue[Case] = queue.SimpleQueue()
    for case in cases:
        waiting.put(case)
    done: queue.SimpleQueue[dict[str, Any] | BaseException] = queue.SimpleQueue()
    stopped = threading.Event()
    threads = [
        threading.Thread(target=_work, args=(waiting, done, stopped, timeout_s), daemon=True)
        for _ in range(min(n_workers, len(cases)))
    ]
    for thread in threads:
        thread.start()
    try:
        for _ in cases:
            row = done.get()
            if isinstance(row, BaseException):
                raise row
            yield row
    finally:
        stopped.set()
        for thread in threads:
            thread.join()


def _work(
    waiting: "queue.SimpleQueue[Case]",
    done: "queue.SimpleQueue[dict[str, Any] | BaseException]",
    stopped: threading.Event,
    timeout_s: float,
) -> None:
    """Take one case after another, in one process."""
    worker = IsolatedWorker(answer_of_case, timeout_s, n_processes=1)
    try:
        while not stopped.is_set():
            done.put(_row_of(waiting.get_nowait(), worker.run))
    except queue.Empty:
        pass
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
