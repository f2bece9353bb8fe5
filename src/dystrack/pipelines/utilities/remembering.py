"""Keep what was made of a file, for as long as the file stays as it was."""

from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

from dystrack.images.stamps import FileStamp

__all__ = ["remembering"]

_T = TypeVar("_T")


def remembering(n_files: int) -> Callable[[Callable[..., _T]], Callable[..., _T]]:
    """Return a decorator for a function that reads a file, so that it is read only once.

    It is read again where it was written anew; of one that is gone, what was read still counts.

    Parameters
    ----------
    n_files : int
        How many are kept.

    Returns
    -------
    callable
        Takes a function whose first argument is a path, and others that can be hashed.
    """

    def decorator(read: Callable[..., _T]) -> Callable[..., _T]:
        kept: OrderedDict[tuple[Any, ...], tuple[FileStamp | None, _T]] = OrderedDict()
        lock = Lock()

        def remembered(path: str, *options: Any) -> _T:
            key, stamp = (path, *options), _stamp(path)
            with lock:
                before = kept.get(key)
            if before is not None and stamp in {None, before[0]}:
                return before[1]
            value = read(path, *options)
            with lock:
                kept[key] = (stamp, value)
                kept.move_to_end(key)
                while len(kept) > n_files:
                    kept.popitem(last=False)
            return value

        return remembered

    return decorator


def _stamp(path: str) -> FileStamp | None:
    try:
        return FileStamp.of(Path(path)) if path else None
    except OSError:
        return None
