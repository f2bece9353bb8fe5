"""Cases on a Dask cluster; the one door to it here."""

import queue
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from dystrack.core.cores import limit_threads
from dystrack.core.errors import ConfigurationError
from dystrack.tools.kit.evaluation.case import Case, run_case
from dystrack.tools.kit.evaluation.local import Runner, failed_row

__all__ = ["cluster_processes"]

_CONNECT_S = 10
_one_at_a_time = threading.Lock()  # working directory and warnings belong to the process


@contextmanager
def cluster_processes(scheduler: str, timeout_s: float) -> Iterator[Runner]:
    """Give what runs cases on a Dask cluster, whose computers see the same paths.

    Parameters
    ----------
    scheduler : str
        Address, such as ``tcp://192.168.1.7:8786``.
    timeout_s : float
        For how long nothing may come back, in s, before what is still asked has failed.

    Yields
    ------
    Runner
        What runs them.

    Raises
    ------
    ConfigurationError
        If Dask is not installed, or nothing answers at the address.
    """
    try:
        import distributed  # noqa: PLC0415 - an extra, and heavy
    except ImportError as error:
        msg = '--scheduler needs Dask: pip install "dystrack[remote]"'
        raise ConfigurationError(msg) from error
    cluster: Any = distributed  # not annotated throughout
    try:
        client = cluster.Client(scheduler, timeout=_CONNECT_S, set_as_default=False)
    except (OSError, ValueError) as error:
        msg = f"No Dask scheduler answers at {scheduler}: {error}. Start one with: dask scheduler"
        raise ConfigurationError(msg) from error
    with client:
        yield lambda cases: _rows(client, cases, timeout_s)


def _rows(client: Any, cases: Sequence[Case], timeout_s: float) -> Iterator[dict[str, Any]]:
    """Yield the row of each case, in the order in which they end."""
    done: queue.SimpleQueue[Any] = queue.SimpleQueue()
    asked: dict[Any, Case] = {}
    asked_again: set[str] = set()

    def ask(case: Case) -> None:
        future = client.submit(_run_alone, case, pure=False)
        asked[future] = case
        future.add_done_callback(done.put)

    for case in cases:
        ask(case)
    try:
        while asked:
            future = done.get(timeout=timeout_s)
            case, failure = asked.pop(future), future.exception()
            if failure and case.key not in asked_again:  # it may have died with another's worker
                asked_again.add(case.key)
                ask(case)
            else:
                yield failed_row(case, failure) if failure else future.result()
    except queue.Empty:
        late = TimeoutError(f"It took longer than {timeout_s:g} s.")
        yield from (failed_row(case, late) for case in asked.values())
    finally:
        client.cancel(list(asked))


def _run_alone(case: Case) -> dict[str, Any]:
    """Run a case with one thread, and no other beside it in this process."""
    limit_threads(1)
    with _one_at_a_time:
        return run_case(case)
