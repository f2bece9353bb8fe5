"""Small pictures of the prescans, kept beside the journal for reports and pages.

They are made in a thread of their own, while no prescan waits for its answer. Nothing that happens
there can slow a session by more than a few milliseconds, or make it fail.
"""

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from dystrack.images.readers import read_image
from dystrack.manager.events import (
    AnalysisStarted,
    Answered,
    Event,
    ImageNoticed,
    SessionStarted,
)
from dystrack.manager.record.grey_png import GreyRange, Pixels, grey_png, own_range, steadied
from dystrack.manager.watching.image_names import PREVIEWS_NAME

__all__ = [
    "PreviewWriter",
    "preview_name",
    "project",
    "project_side",
    "side_path",
]

_WIDEST_PX = 240  # 58 kB at most, whatever the image
_MOST_WAITING = 64
_MOST_OF_A_KIND = 200
_LONGEST_WAIT_S = 1.0
_LONGEST_END_S = 2.0
_PAUSE_S = 0.01

Read = Callable[[Path], tuple[Pixels, str]]


class PreviewWriter:
    """Listens to a session, and keeps a small picture of each prescan once it is answered.

    Where prescans come too fast, the oldest that wait are left out. Of each position at most 200
    that were tracked and 200 that failed are kept, evenly over the run, and always the newest.

    Parameters
    ----------
    folder : Path
        The folder that is watched; the pictures lie in one of their own below it.
    channel : int, default 0
        Which channel is shown, where there are several.
    read : callable, optional
        Returns the pixels of an image and the names of their axes.
    """

    def __init__(
        self,
        folder: Path,
        *,
        channel: int = 0,
        read: Read | None = None,
    ) -> None:
        self._folder = folder
        self._channel = channel
        self._read = read or _read_image
        self._waiting: deque[Answered] = deque(maxlen=_MOST_WAITING)
        self._kept: dict[tuple[str, str], _Kept] = {}
        self._ranges: dict[tuple[str, str], GreyRange] = {}
        self._is_idle = threading.Event()
        self._has_work = threading.Event()
        self._ends_s: float | None = None
        self._thread = threading.Thread(target=self._work, name="previews", daemon=True)

    def __enter__(self) -> Self:
        """Start the thread."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Make what still waits, for 2 s at most."""
        self._ends_s = time.monotonic() + _LONGEST_END_S
        self._is_idle.set()
        self._has_work.set()
        self._thread.join(_LONGEST_END_S)

    def __call__(self, event: Event) -> None:
        """Take an event of the session."""
        match event:
            case SessionStarted():
                with contextlib.suppress(OSError):
                    (self._folder / PREVIEWS_NAME).mkdir(exist_ok=True)
            case ImageNoticed() | AnalysisStarted():
                self._is_idle.clear()
            case Answered():
                self._waiting.append(event)
                self._is_idle.set()
                self._has_work.set()

    def _work(self) -> None:
        while self._ends_s is None or (self._waiting and time.monotonic() < self._ends_s):
            self._has_work.wait()
            if self._ends_s is None:
                time.sleep(_PAUSE_S)  # the session may have more to do at once
            self._has_work.clear()
            while self._waiting and (self._ends_s is None or time.monotonic() < self._ends_s):
                self._let_session_go_first()
                with contextlib.suppress(Exception, IndexError):
                    self._keep(self._waiting.popleft())

    def _let_session_go_first(self) -> None:
        self._is_idle.wait(_LONGEST_WAIT_S)

    def _keep(self, answered: Answered) -> None:
        """Write the picture of a prescan; an image that cannot be read has none."""
        pixels, axes = self._read(Path(answered.path))
        self._let_session_go_first()
        path = self._path_of(answered.path)
        self._kept.setdefault((answered.position, answered.outcome), _Kept()).add(path)
        small, reduction = project(pixels, axes, self._channel)
        shown = self._steadied(answered.position, "Z", small)
        _put(path, grey_png(small, reduction, "YX", "Z", shown))
        side = project_side(pixels, axes, self._channel)
        if side is not None:
            shown = self._steadied(answered.position, "Y", side)
            _put(side_path(path), grey_png(side, reduction, "ZX", "Y", shown))

    def _steadied(self, position: str, along: str, small: Pixels) -> GreyRange:
        """Return what is black and what white in the next picture of a position."""
        own = own_range(small)
        past = self._ranges.get((position, along), own)
        self._ranges[position, along] = steadied(past, own)
        return self._ranges[position, along]

    def _path_of(self, prescan: str) -> Path:
        relative = Path(prescan).relative_to(self._folder).as_posix()
        return self._folder / PREVIEWS_NAME / preview_name(relative)


class _Kept:
    """Which pictures of one kind are kept: all, then every second, every fourth, and so on."""

    def __init__(self) -> None:
        self._paths: list[Path] = []
        self._newest: Path | None = None
        self._stride = 1
        self._n_seen = 0

    def add(self, path: Path) -> None:
        """Take the newest picture; delete the one before if it was kept as the newest only."""
        if self._newest is not None:
            _delete(self._newest)
            self._newest = None
        if self._n_seen % self._stride == 0:
            self._paths.append(path)
        else:
            self._newest = path
        self._n_seen += 1
        if len(self._paths) > _MOST_OF_A_KIND:
            for superfluous in self._paths[1::2]:
                _delete(superfluous)
            self._paths = self._paths[::2]
            self._stride *= 2


def _put(path: Path, data: bytes) -> None:
    part = path.with_suffix(".part")
    part.write_bytes(data)
    part.replace(path)


def _delete(path: Path) -> None:
    path.unlink(missing_ok=True)
    side_path(path).unlink(missing_ok=True)


def preview_name(relative_name: str) -> str:
    """Return the file name of the picture of a prescan, from its path within the watched folder."""
    return relative_name.replace("/", "__") + ".png"


def project(pixels: Pixels, axes: str, channel: int = 0) -> tuple[Pixels, int]:
    """Return a small picture of an image: the mean of the brightest third along z.

    Parameters
    ----------
    pixels : ndarray
        The image; Y and X are its last axes.
    axes : str
        Names of its axes. Of time points, and whatever else there is, the first is taken.
    channel : int, default 0
        Which channel is taken.

    Returns
    -------
    small : ndarray of shape (Y, X), float32
        At most 240 pixels wide and high.
    reduction : int
        Of so many pixels along y and x, one is taken.
    """
    planes, reduction = _reduced_planes(pixels, axes, channel)
    return _brightest_third(planes), reduction


def project_side(pixels: Pixels, axes: str, channel: int = 0) -> Pixels | None:
    """Return a small picture of an image from the side: the mean of the brightest third along y.

    Parameters
    ----------
    pixels : ndarray
        The image, as `project` takes it.
    axes : str
        Names of its axes.
    channel : int, default 0
        Which channel is taken.

    Returns
    -------
    ndarray of shape (Z, X), float32, or None
        Along x reduced as `project` does; None of a single plane.
    """
    planes, _ = _reduced_planes(pixels, axes, channel)
    return None if len(planes) == 1 else _brightest_third(planes.swapaxes(0, 1))


def side_path(path: Path) -> Path:
    """Return where the picture from the side lies that belongs to a prescan's picture."""
    return path.with_suffix(".side.png")


def _reduced_planes(pixels: Pixels, axes: str, channel: int) -> tuple[Pixels, int]:
    """Return every so many pixels of one channel, of shape (Z, Y, X), and of how many one."""
    for axis, size in zip(axes[:-2], pixels.shape[:-2], strict=True):
        if axis == "Z":
            continue
        pixels = pixels.take(min(channel, size - 1) if axis == "C" else 0, axis=0)
    reduction = -(-max(pixels.shape[-2:]) // _WIDEST_PX)
    planes = pixels[..., ::reduction, ::reduction]
    return planes.reshape(-1, *planes.shape[-2:]), reduction


def _brightest_third(planes: Pixels) -> Pixels:
    """Return the mean of the brightest third along the first axis."""
    n_dim = len(planes) - max(1, len(planes) // 3)
    mean: Pixels = np.partition(planes, n_dim, axis=0)[n_dim:].mean(axis=0, dtype=np.float32)
    return mean


def _read_image(path: Path) -> tuple[Pixels, str]:
    """Return the pixels of an image and the names of their axes."""
    image = read_image(path)
    return image.pixels, image.axes
