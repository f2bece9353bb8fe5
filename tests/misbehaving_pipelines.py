"""Pipelines that do what a pipeline must not do; a worker process imports them from here."""

import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

import numpy as np


class Model:
    """Is more than plain data."""

    def __init__(self, n):
        self.n = n


class FailingDict(dict):
    """A dictionary that nobody can read."""

    def _fail(self, *_):
        raise RuntimeError("no")

    __iter__ = __getitem__ = keys = items = values = __len__ = _fail


class Opened:
    """Does something when it is unpickled."""

    def __init__(self, function, *args):
        self.reduced = function, args

    def __reduce__(self):
        return self.reduced


class UnspeakableError(Exception):
    """Has no text."""

    def __str__(self):
        raise RuntimeError("no")


class FragileError(Exception):
    """Cannot be made again from its message alone."""

    def __init__(self, message, detail):
        super().__init__(message)
        self.detail = detail


def _raise(error):
    raise error


def _wait_with_a_child():
    """Start a program that holds a pipe open, say so in it, and wait."""
    pipe = os.environ.get("DYSTRACK_TEST_PIPE", os.devnull)
    with Path(pipe).open("wb", buffering=0) as file:
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], stdout=file)
        file.write(b"1")
    time.sleep(600)


def _crash_later():
    threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGSEGV)).start()
    return 1, 2, 3, "OK", {}


WAYS = {
    "raise": lambda: _raise(ValueError("no tissue")),
    "raise_fragile": lambda: _raise(FragileError("no tissue", 3)),
    "hang": lambda: time.sleep(600),
    "segfault": lambda: os.kill(os.getpid(), signal.SIGSEGV),
    "exit": lambda: sys.exit(3),
    "memory": lambda: np.empty((1 << 62,), np.uint8),
    "unpicklable": lambda: (1, 2, 3, "OK", {"f": lambda: None}),
    "four": lambda: (1, 2, 3, "OK"),
    "nan": lambda: (float("nan"), 2, 3, "OK", {}),
    "inf": lambda: (1, float("inf"), 3, "OK", {}),
    "far": lambda: (1, 2, 1e9, "OK", {}),
    "warn": lambda: (warnings.warn("too dark", stacklevel=1), (1, 2, 3, "OK", {}))[1],
    "raise_base": lambda: _raise(GeneratorExit("enough")),
    "raise_unspeakable": lambda: _raise(UnspeakableError()),
    "long_integer": lambda: (1, 2, 3, "OK", {"seen": 10**5000}),
    "failing_dict": lambda: (1, 2, 3, "OK", FailingDict(seen=2)),
    "exit_when_opened": lambda: (1, 2, 3, "OK", {"seen": Opened(sys.exit, 3)}),
    "sleep_when_opened": lambda: (1, 2, 3, "OK", {"seen": Opened(time.sleep, 600)}),
    "model": lambda: (1, 2, 3, "OK", {"seen": Model(7)}),
    "huge": lambda: (1, 2, 3, "OK", {"seen": np.zeros(1 << 28, np.uint8)}),
    "close_everything": lambda: os.closerange(3, 1000),
    "child": _wait_with_a_child,
    "crash_later": _crash_later,
    "nap": lambda: (time.sleep(0.5), (1, 2, 3, "OK", {}))[1],
    "say": lambda: (sys.stdout.write("a word\n"), (1, 2, 3, "OK", {}))[1],
    "strings": lambda: ("1", "2", "3", "OK", {}),
}


def misbehave(target_path, how="", seen=0):
    """Do what `how` or the file's name says; normally answer with the process's number.

    Parameters
    ----------
    target_path : str
        Its name up to the first dot may be one of `WAYS`.
    how : str
        One of `WAYS`.
    seen : int
        Cached count.
    """
    way = how or Path(target_path).name.split(".")[0].rstrip("_0123456789")
    if way in WAYS:
        return WAYS[way]()
    return 1.0, 2.0, 3.0, str(os.getpid()), {"seen": getattr(seen, "n", seen) + 1}


_reused: dict[str, str] = {}


def reuse_one_dictionary(target_path, before="first"):
    """Hand on the name of the prescan, in the same dictionary each time."""
    _reused["before"] = Path(target_path).name
    return 1.0, 2.0, 3.0, before, _reused


def leave_masks(target_path):
    """Answer, and leave two files whose names are not the prescan's with a word behind."""
    path = Path(target_path)
    for name in (f"mask_{path.name}", f"{path.stem}.tiff"):
        path.with_name(name).write_bytes(path.read_bytes())
    return 1.0, 2.0, 3.0, "OK", {}
