"""What pipelines hand on from call to call."""

import copy
import pickle
from collections.abc import Iterator, Mapping
from typing import Any

from dystrack.core.error_texts import safe_text
from dystrack.core.errors import InvalidAnswerError

__all__ = ["ClosedCache", "copied"]


class ClosedCache(Mapping[str, Any]):
    """A cache of a worker process that holds more than plain values, such as a model.

    It stays bytes, which only a worker opens, until somebody looks into it: then it runs the
    code of what it holds.

    Parameters
    ----------
    pickled : bytes
        The pickled dictionary.
    """

    def __init__(self, pickled: bytes) -> None:
        self.pickled = pickled

    def __getitem__(self, name: str) -> Any:
        """Return a value, or raise `InvalidAnswerError` if the cache cannot be opened here."""
        return self._opened()[name]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names."""
        return iter(self._opened())

    def __len__(self) -> int:
        """Return the number of values."""
        return len(self._opened())

    def __repr__(self) -> str:
        """Say what it is, without opening it."""
        return f"ClosedCache({len(self.pickled)} bytes)"

    def __deepcopy__(self, memo: dict[int, Any]) -> "ClosedCache":
        """Return itself: bytes do not change."""
        return self

    def _opened(self) -> dict[str, Any]:
        try:
            return dict(pickle.loads(self.pickled))  # noqa: S301 - whoever looks asks for it
        except (Exception, SystemExit) as error:
            msg = f"The pipeline's cache cannot be opened: {safe_text(error)}"
            raise InvalidAnswerError(msg) from error


def copied(cache: Mapping[str, Any]) -> dict[str, Any]:
    """Return a deep copy of a cache; what cannot be copied, such as a model, is shared."""
    copies = {}
    for name, value in cache.items():
        try:
            copies[name] = copy.deepcopy(value)
        except Exception:  # noqa: BLE001 - copying runs the user's code
            copies[name] = value
    return copies
