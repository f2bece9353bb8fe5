"""Somebody at a terminal, in an environment that has DySTrack and what they installed with it."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import numpy as np
import tifffile

ROOT = Path(__file__).parents[2]
_NOT_PASSED_ON = ("PYTHONPATH", "VIRTUAL_ENV", "PYTHONHOME", "DYSTRACK_ALERTS")
_LONGEST_S = 120.0


def make_environment(folder, extra="", *more):
    """Return the Python of a new environment with DySTrack, an extra, and other packages."""
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    what = f"{ROOT}[{extra}]" if extra else str(ROOT)
    pip = [python, "-m", "pip", "install", "--quiet", what, *more]
    subprocess.run(pip, check=True, env=_environment(folder))
    return python


def megabytes(python):
    """Return how large the environment of a Python is."""
    folder = python.parents[1]
    return sum(p.stat().st_size for p in folder.rglob("*") if not p.is_symlink()) / 2**20


class Person:
    """Types commands in a folder of their own, which is their home, too."""

    def __init__(self, python, folder):
        self.python = python
        self.folder = folder

    def ends(self, *words, **more):
        """Return with which code a command ends, and what it says; it never has a traceback."""
        ended = subprocess.run(
            self._command(words),
            cwd=self.folder,
            env=_environment(self.folder) | more,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=_LONGEST_S,
            check=False,
        )
        said = " ".join((ended.stdout + ended.stderr).split())
        assert "Traceback" not in said, said
        return ended.returncode, said

    def types(self, *words, **more):
        """Return what a command says that does what it should."""
        code, said = self.ends(*words, **more)
        assert code == 0, said
        return said

    @contextlib.contextmanager
    def started(self, *words):
        """Have a command run meanwhile; it must still do so at the end."""
        process = subprocess.Popen(
            self._command(words),
            cwd=self.folder,
            env=_environment(self.folder),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        try:
            yield
            assert process.poll() is None, f"{words} ended too early"
        finally:
            process.terminate()
            process.wait(_LONGEST_S)

    def runs(self, code):
        """Run a line of Python there."""
        subprocess.run([self.python, "-c", code], cwd=self.folder, check=True)

    def takes_prescans(self, name="prescans", n=4):
        """Put prescans of a bright object into a folder."""
        (self.folder / name).mkdir()
        z, y, x = np.mgrid[:9, :64, :64]
        noise = np.random.default_rng(0)
        for t in range(1, n + 1):
            blob = np.exp(-((z - 4) ** 2 / 4 + (y - 30 - t) ** 2 / 50 + (x - 33) ** 2 / 50))
            stack = (noise.normal(100, 5, blob.shape) + 800 * blob).astype(np.uint16)
            path = self.folder / name / f"prescan_{t}.ome.tif"
            tifffile.imwrite(path, stack, metadata={"axes": "ZYX"})

    def puts_a_prescan_into(self, name):
        """Copy a prescan into a folder once a session watches it."""
        journal = self.folder / name / "dystrack_journal.jsonl"
        wait_for(lambda: journal.exists() and journal.read_bytes().endswith(b"\n"))
        shutil.copy(self.folder / "prescans" / "prescan_1.ome.tif", self.folder / name)

    def _command(self, words):
        return [self.python, "-m", "dystrack", *map(str, words)]


def wait_for(what):
    """Return what is asked for, once it is there."""
    end_s = time.monotonic() + _LONGEST_S
    while not (found := what()):
        assert time.monotonic() < end_s
        time.sleep(0.2)
    return found


def is_listening(port):
    """Return whether somebody takes connections."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def page(port, path, **request):
    """Return what a page answers, once it has been started."""

    def asked():
        with contextlib.suppress(httpx.ConnectError):
            return httpx.request(
                "POST" if request else "GET",
                f"http://127.0.0.1:{port}{path}",
                headers={"x-dystrack": "1"},
                timeout=_LONGEST_S,
                **request,
            )
        return None

    answer = wait_for(asked)
    assert answer.status_code == 200, answer.text
    return answer.text


def _environment(home):
    kept = {name: value for name, value in os.environ.items() if name not in _NOT_PASSED_ON}
    more = {"HOME": str(home), "USERPROFILE": str(home), "BROWSER": "true", "MPLBACKEND": "Agg"}
    return kept | more
