"""Wait until an image may be read, for whoever reads one by itself."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from dystrack.core.errors import IncompleteImageError
from dystrack.core.protocols import SYSTEM_CLOCK, Clock
from dystrack.images.image_file import Verdict, inspect_image
from dystrack.images.outcomes import Aborted, Gone, Ready, Wait
from dystrack.images.readiness import ImageArrival
from dystrack.images.stamps import FileStamp

__all__ = ["prescan_in_hand", "vouch_for", "wait_until_all_complete", "wait_until_complete"]

_vouched_for: set[Path] = set()


@contextmanager
def vouch_for(path: Path) -> Iterator[None]:
    """Have an image read without further waiting, because a session has waited for it already.

    The session knows more of the folder, and looks whether the image has changed meanwhile.
    """
    _vouched_for.add(path)
    try:
        yield
    finally:
        _vouched_for.discard(path)


def prescan_in_hand() -> Path | None:
    """Return the image for which a session vouches now; None outside of a session."""
    return next(iter(_vouched_for)) if len(_vouched_for) == 1 else None


def wait_until_complete(
    path: Path,
    *,
    quiet_s: float = 2.0,
    limit_s: float = 30.0,
    clock: Clock = SYSTEM_CLOCK,
) -> Ready:
    """Wait until an image may be read.

    Parameters
    ----------
    path : Path
        The file, or the folder of an OME-Zarr image.
    quiet_s : float, optional, default 2.0
        How long nothing must change before an image is read of which neither the format nor the
        system tells that it is finished.
    limit_s : float, optional, default 30.0
        How long it may stay unreadable without any change.
    clock : Clock, optional
        The time.

    Returns
    -------
    Ready
        What the header says, and the stamp to compare after reading.

    Raises
    ------
    IncompleteImageError
        If the image has not become complete.
    FileNotFoundError
        If there is no such file, or it vanishes meanwhile.
    """
    (ready,) = wait_until_all_complete([path], quiet_s=quiet_s, limit_s=limit_s, clock=clock)
    return ready


def wait_until_all_complete(
    paths: Sequence[Path],
    *,
    quiet_s: float = 2.0,
    limit_s: float = 30.0,
    clock: Clock = SYSTEM_CLOCK,
) -> list[Ready]:
    """Wait until images may be read, such as the planes of a stack; all of them rest together.

    Parameters
    ----------
    paths : sequence of Path
        The files.
    quiet_s, limit_s : float, optional
        As for `wait_until_complete`.
    clock : Clock, optional
        The time.

    Returns
    -------
    list of Ready
        One for each file.

    Raises
    ------
    IncompleteImageError
        If one of them has not become complete.
    FileNotFoundError
        If one of them is not there, or vanishes meanwhile.
    """
    waiting = {
        path: ImageArrival(path, quiet_s=quiet_s, limit_s=limit_s, clock=clock) for path in paths
    }
    done: dict[Path, Ready] = {}
    while waiting:
        pauses_s = []
        for path, arrival in list(waiting.items()):
            outcome = _vouched(path) or arrival.look()
            if isinstance(outcome, Ready):
                done[path] = outcome
                del waiting[path]
            else:
                pauses_s.append(_pause_s(path, outcome))
        if pauses_s:
            clock.sleep(min(pauses_s))
    return [done[path] for path in paths]


def _vouched(path: Path) -> Ready | None:
    """Return what may be read at once, because somebody vouches for it."""
    if path not in _vouched_for:
        return None
    stamp, status = FileStamp.of(path), inspect_image(path)
    return None if status.verdict is Verdict.INCOMPLETE else Ready(status, stamp)


def _pause_s(path: Path, outcome: Wait | Aborted | Gone) -> float:
    """Return how long to wait before the next look; raise an error if there is no use in that."""
    match outcome:
        case Wait(retry_s=retry_s):
            return retry_s
        case Aborted(reason=reason):
            raise IncompleteImageError(
                f"The image {path.name} is not complete: {reason}. It was not read. Check that "
                "the microscope finishes writing it, or allow more time."
            )
        case Gone():
            raise FileNotFoundError(
                f"There is no image {path}. Check the path, and whether it was renamed."
            )
