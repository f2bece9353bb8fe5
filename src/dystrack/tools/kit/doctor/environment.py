"""What is installed: Python, packages, readers, compiled code, the terminal."""

import platform
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from types import MappingProxyType

from rich.console import Console

from dystrack import __version__
from dystrack.core.cores import core_share
from dystrack.manager.wording import count
from dystrack.pipelines.utilities.kernels.compiled import (
    PURPOSES,
    compiled_kernels,
    wait_for_kernels,
)
from dystrack.tools.kit.remarks import Remark, good, note, problem

__all__ = ["environment_remarks", "package_versions"]

_NEEDED = ("numpy", "scipy", "tifffile", "nd2", "watchdog", "filelock", "numba", "rich", "pillow")
_OPTIONAL: Mapping[str, str] = MappingProxyType(
    {
        "imagecodecs": "compressed TIFF and CZI (pip install imagecodecs)",
        "bioio": "formats other than TIFF, CZI and ND2 (pip install dystrack[formats])",
        "matplotlib": "figures of --show (pip install dystrack[plot])",
        "starlette": "the page of a run (pip install dystrack[dashboard])",
        "distributed": "analyses on other computers (pip install dystrack[remote])",
        "onnxruntime": "trained models (pip install dystrack[onnx])",
        "scikit-learn": "dystrack train (pip install dystrack[learn])",
        "pymmcore-plus": "Micro-Manager (pip install dystrack[micromanager])",
        "grpcio": "ZEN's own API (pip install dystrack[zen])",
    }
)
_NARROW = 80


def environment_remarks(console: Console) -> Iterator[Remark]:
    """Yield what is to be said of what is installed.

    Parameters
    ----------
    console : rich.console.Console
        The terminal.

    Yields
    ------
    Remark
        Versions, what is missing, and what does not work.
    """
    share = core_share()
    yield good(
        f"DySTrack {__version__}, Python {platform.python_version()}, {platform.system()}"
        f" {platform.release()}, {count(share.n_cores, 'core')}; a large prescan is analysed in"
        f" {count(share.n_threads, 'thread')}."
    )
    yield from _about_packages()
    yield from _about_kernels()
    yield from _about_terminal(console)


def package_versions() -> dict[str, str]:
    """Return the versions of packages that matter; of one that is missing, that it is."""
    return {name: _version(name) or "missing" for name in (*_NEEDED, *_OPTIONAL)}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _about_packages() -> Iterator[Remark]:
    versions = {name: _version(name) for name in _NEEDED}
    missing = [name for name, number in versions.items() if not number]
    if missing:
        yield problem(f"Missing: {', '.join(missing)}. Repair it with: pip install dystrack")
    there = (f"{name} {number}" for name, number in versions.items() if number)
    yield good(f"Packages: {', '.join(there)}.")
    absent = [what for name, what in _OPTIONAL.items() if not _version(name)]
    if absent:
        yield note(f"Not installed, and only needed for: {'; '.join(absent)}.")


def _about_kernels() -> Iterator[Remark]:
    wait_for_kernels()
    if all(compiled_kernels(purpose) is not None for purpose in PURPOSES):
        yield good("Compiled code is ready.")
    else:
        yield note(
            "Compiled code cannot be used, so that analyses take longer; results are the same."
            " Repair numba with: pip install --force-reinstall numba"
        )


def _about_terminal(console: Console) -> Iterator[Remark]:
    encoding = getattr(sys.stdout, "encoding", None) or "?"
    if not console.is_terminal:
        yield good("No terminal: events are printed line by line.")
        return
    if not encoding.lower().startswith("utf"):
        yield note(f"The terminal writes {encoding}: some characters appear as question marks.")
    if console.width < _NARROW:
        yield note(f"The terminal is {console.width} characters wide; 80 or more read better.")
    else:
        yield good(f"Terminal: {console.width} characters wide, {encoding}.")
