import copy
import pickle
import sys

import pytest

from dystrack.core.caches import ClosedCache, copied
from dystrack.core.errors import InvalidAnswerError


class Ender:
    def __reduce__(self):
        return sys.exit, (3,)


def test_a_closed_cache_opens_when_it_is_looked_into():
    cache = ClosedCache(pickle.dumps({"when": 3}))
    assert (dict(cache), len(cache), cache.get("what", 4)) == ({"when": 3}, 1, 4)


def test_until_then_it_stays_closed():
    cache = ClosedCache(pickle.dumps({"model": Ender()}))
    assert copy.deepcopy(cache) is cache
    assert "bytes" in repr(cache)
    with pytest.raises(InvalidAnswerError, match="cannot be opened"):
        cache["model"]


def test_what_cannot_be_copied_is_shared():
    class Model:
        def __deepcopy__(self, memo):
            raise RuntimeError("no")

    cache = {"model": Model(), "seen": [1]}
    copies = copied(cache)
    assert copies["model"] is cache["model"]
    assert copies["seen"] is not cache["seen"]
