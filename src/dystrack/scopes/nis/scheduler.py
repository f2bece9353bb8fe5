"""A client of NIS-Elements' Scheduler API, which runs exported JOBS over HTTP."""

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dystrack.core.errors import ScopeError
from dystrack.core.protocols import Clock

__all__ = ["JobResult", "Scheduler"]

_JOBS = "/nis/v2/job_run"
_DONE = "finished"
_FAILED = ("failed", "aborted", "error")
_WAITS = "waiting_for_user"
_POLL_S = 0.05


@dataclass(frozen=True)
class JobResult:
    """What a job left.

    Attributes
    ----------
    files : tuple of str
        Paths of its images on NIS's computer.
    values : mapping of str to float
        Its output arguments.
    """

    files: tuple[str, ...]
    values: Mapping[str, Any]


class Scheduler:
    """Runs jobs and waits for their end.

    Parameters
    ----------
    host : str
        The computer on which the Scheduler API runs.
    port : int
        Its port.
    clock : Clock
        The time.
    answer_s : float
        How long to wait for an answer, and for a click into a message box of NIS.
    """

    def __init__(self, host: str, port: int, clock: Clock, answer_s: float) -> None:
        self._host = host
        self._port = port
        self._clock = clock
        self._answer_s = answer_s

    def run(self, job: str, timeout_s: float, **parameters: float | str) -> JobResult:
        """Run a job and return what it left.

        Parameters
        ----------
        job : str
            Path of the exported job on NIS's computer.
        timeout_s : float
            How long it may take.
        **parameters : float or str
            Its parameters.

        Returns
        -------
        JobResult
            Its files and output arguments.

        Raises
        ------
        ScopeError
            If it fails, waits for a person, or does not end in time; or if the Scheduler is gone.
        """
        state = self._ask("POST", _JOBS, {"job_def_bin": job, "job_params": parameters})
        deadline_s = self._clock.monotonic() + timeout_s
        waits_since_s: float | None = None
        while (status := state.get("status")) != _DONE:
            now_s = self._clock.monotonic()
            waits_since_s = (waits_since_s or now_s) if status == _WAITS else None
            if waits_since_s is not None and now_s - waits_since_s >= self._answer_s:
                raise _failure(job, f"waits for a click in NIS: {state.get('message', '')}")
            if status in _FAILED:
                raise _failure(job, f"has {status}: {state.get('message') or 'NIS says no more'}")
            if now_s >= deadline_s:
                raise _failure(job, f"is still {status} after {timeout_s:g} s")
            self._clock.sleep(_POLL_S)
            state = self._ask("GET", f"{_JOBS}/{state['job_run_id']}")
        return JobResult(tuple(state.get("out_files") or ()), state.get("output_args") or {})

    def stop(self) -> None:
        """Abort what runs."""
        self._ask("POST", f"{_JOBS}/abort", {})

    def version(self) -> str:
        """Return the version of NIS-Elements."""
        return str(self._ask("GET", "/nis/v2/version").get("version", ""))

    def _ask(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        connection = http.client.HTTPConnection(self._host, self._port, timeout=self._answer_s)
        where = f"The Scheduler API of NIS-Elements at {self._host}:{self._port}"
        try:
            data = None if body is None else json.dumps(body)
            connection.request(method, path, data, {"Content-Type": "application/json"})
            response = connection.getresponse()
            status, text = response.status, response.read().decode("utf-8", "replace")
        except (OSError, ValueError, http.client.HTTPException) as error:
            msg = (
                f"{where} does not answer ({type(error).__name__}: {error}). The stage stays where "
                "it is. Look whether its service runs, and whether host and port are right."
            )
            raise ScopeError(msg) from None
        finally:
            connection.close()
        found = _parsed(text)
        if status != http.client.OK or ("job_run_id" not in found and method == "POST" and body):
            msg = f"{where} refuses {method} {path}: {status}, {text[:200]}. The stage stays."
            raise ScopeError(msg)
        return found


def _parsed(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _failure(job: str, what: str) -> ScopeError:
    return ScopeError(
        f"The job {job} {what}. The stage stays where it is. Look into NIS-Elements; try the job "
        "there by hand."
    )
