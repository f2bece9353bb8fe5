r"""Have any program find the target: a script of another environment, a macro, a model on a GPU.

A program that stays::

    prints  {"ready": true}                        once it has loaded everything
    reads   {"path": "C:\\data\\prescan_7.czi"}     one line for each prescan
    prints  {"z": 3.5, "y": 100, "x": 250}          one line for each, or {"not_found": "why"}

One whose command holds ``{path}`` is started for each prescan, and prints the last of these. Lines
that are no JSON are its own business, and are told only if it fails. An answer may repeat the path,
which is then compared.
"""

import atexit
import shlex
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dystrack.core.errors import AnalysisError, ConfigurationError, TargetNotFoundError
from dystrack.core.findings import FINDINGS_KEY
from dystrack.core.protocols import AnalysisResult
from dystrack.pipelines.utilities.programs.program import Program
from dystrack.pipelines.utilities.reporting import report

__all__ = ["analyze_image", "end_programs", "warm_up"]

_PATH = "{path}"
_FINDINGS = ("confidence", "outline", "extent_zyx_px", "targets")
_TEXTS = ("msg", "not_found", "error")

_programs: dict[tuple[str, ...], Program] = {}
_lock = threading.RLock()


def analyze_image(
    target_path: str | Path,
    command: str = "",
    timeout_s: float = 30.0,
    start_timeout_s: float = 300.0,
    verbose: bool = False,
    *,
    memory: dict[str, Any] | None = None,
) -> AnalysisResult:
    """Have a program of your own find the target, written in any language.

    Parameters
    ----------
    target_path : str or Path
        Path of the prescan; the program gets it and reads the file itself.
    command : str, optional, default ""
        The program and its arguments, as typed in a terminal. With {path} in it, it is started
        for each prescan; otherwise it is started once and gets one line of JSON for each.
    timeout_s : float, optional, default 30.0
        How long an answer may take in s; shorter than the session's own timeout_s.
    start_timeout_s : float, optional, default 300.0
        How long a program that stays may take to get ready in s. Prescans that come meanwhile
        fail.
    verbose : bool, optional, default False
        If True, each answer is printed.

    Returns
    -------
    AnalysisResult
        z, y, x in pixels and the message, as the program gives them ("OK" if it gives none).

    Other Parameters
    ----------------
    memory : dict
        What the program gave as "memory" for the last prescan; it gets it back with the next one.

    Raises
    ------
    TargetNotFoundError
        If the program found no target.
    AnalysisError
        If it hung, ended, printed too much, or gave an answer that cannot be used.
    ConfigurationError
        If there is no command, or a time is not above 0.
    """
    words = _checked_words(command, timeout_s, start_timeout_s)
    request = {"path": str(Path(target_path).absolute()), **({"memory": memory} if memory else {})}
    deadline_s = time.monotonic() + timeout_s
    with _lock:
        if _PATH in command:
            result = _ask_once(words, request, deadline_s)
        else:
            result = _ask_again(words, request, deadline_s, start_timeout_s)
    report(verbose, f"{words[0]} answered {result}")
    return result


def _checked_words(command: str, timeout_s: float, start_timeout_s: float) -> list[str]:
    """Return the words of a command; on Windows, backslashes belong to paths."""
    if not timeout_s > 0 or not start_timeout_s > 0:
        msg = (
            f"timeout_s is {timeout_s}, start_timeout_s {start_timeout_s}; both must be above 0 s."
        )
        raise ConfigurationError(msg)
    try:
        words = shlex.split(command, posix=sys.platform != "win32")
    except ValueError as error:
        msg = f"`command` cannot be read: {error}. It is {command!r}; close every quote."
        raise ConfigurationError(msg) from error
    if not words:
        msg = (
            "`command` is empty. Give the program that finds the target, such as "
            '--command "python my_script.py".'
        )
        raise ConfigurationError(msg)
    return [word.strip('"') for word in words] if sys.platform == "win32" else words


def _ask_once(
    words: Sequence[str], request: Mapping[str, Any], deadline_s: float
) -> AnalysisResult:
    """Start the program for this prescan alone."""
    program = Program([word.replace(_PATH, request["path"]) for word in words])
    try:
        return _result(program.answer(deadline_s), request["path"])
    finally:
        program.end()


def _ask_again(
    words: Sequence[str], request: Mapping[str, Any], deadline_s: float, start_timeout_s: float
) -> AnalysisResult:
    """Ask the program that is kept; one that fails is ended, and another one started."""
    program = _kept(words)
    try:
        _wait_until_ready(program, deadline_s, start_timeout_s)
        program.ask(request)
        return _result(program.answer(deadline_s), request["path"])
    except (_StillStartingError, _SaidSoError, TargetNotFoundError):
        raise
    except BaseException:
        _forget(words)
        raise


class _SaidSoError(AnalysisError):
    """The program said itself that it failed, and can go on."""


class _StillStartingError(AnalysisError):
    """The program has not said that it is ready, and still may."""


def _wait_until_ready(program: Program, deadline_s: float, start_timeout_s: float) -> None:
    if program.wait_until_ready(deadline_s):
        return
    since_s = time.monotonic() - program.started_s
    is_late = since_s >= start_timeout_s
    what = f'has not printed {{"ready": true}} since it was started {since_s:.0f} s ago'
    if is_late:
        raise program.failure(f"{what} and was ended. Raise `start_timeout_s`, if it may")
    raise _StillStartingError(str(program.failure(what)))


def _kept(words: Sequence[str]) -> Program:
    """Return the program that runs, or a new one."""
    with _lock:
        program = _programs.get(tuple(words))
        if program is not None and program.is_running:
            return program
        _forget(words)
        return _programs.setdefault(tuple(words), Program(words))


def _forget(words: Sequence[str]) -> None:
    program = _programs.pop(tuple(words), None)
    if program is not None:
        program.end()


def end_programs() -> None:
    """End all programs that are kept; they also end when this process does, however that ends."""
    with _lock:
        for words in list(_programs):
            _forget(words)


atexit.register(end_programs)


def _result(answer: Mapping[str, Any], path: str) -> AnalysisResult:
    """Return the five values of an answer."""
    if answer.get("path", path) != path:
        raise AnalysisError(f"The program answered for {answer['path']!r:.200} instead of {path}.")
    texts = {name: str(answer[name]) for name in _TEXTS if name in answer}
    if "not_found" in texts:
        raise TargetNotFoundError(f"The program found no target: {texts['not_found']}")
    if "error" in texts:
        raise _SaidSoError(f"The program failed: {texts['error']}")
    z, y, x = (_number(answer, axis) for axis in ("z", "y", "x"))
    cache: dict[str, Any] = {}
    if isinstance(answer.get("memory"), dict):
        cache["memory"] = answer["memory"]
    if found := {name: answer[name] for name in _FINDINGS if answer.get(name) is not None}:
        cache[FINDINGS_KEY] = found
    return AnalysisResult(z, y, x, texts.get("msg", "OK"), cache)


def _number(answer: Mapping[str, Any], axis: str) -> float:
    value = answer.get(axis, 0.0 if axis == "z" else None)
    if isinstance(value, bool) or not isinstance(value, int | float):
        shown = dict(answer)
        msg = (
            f"The program's answer has no number for {axis}: {str(shown)[:200]}. It must print "
            '{"z": ..., "y": ..., "x": ...}, in pixels counted from 0.'
        )
        raise AnalysisError(msg)
    return float(value)


def warm_up(**img_kwargs: Any) -> None:
    """Start a program that stays, so that it loads what it needs before the first prescan."""
    command = img_kwargs.get("command", "")
    times = (img_kwargs.get("timeout_s", 30.0), img_kwargs.get("start_timeout_s", 300.0))
    words = _checked_words(command, *times)
    if _PATH not in command:
        _kept(words)
