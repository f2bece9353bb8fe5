import pickle
import re

import pytest

from dystrack.core import errors

CLASSES = [getattr(errors, name) for name in errors.__all__]


def test_the_drawn_tree_is_the_real_one():
    drawn: list[tuple[str, str | None]] = []
    parents: dict[int, str] = {}
    for line in errors.__doc__.splitlines():
        found = re.match(r"    ([ │├└─]*)(\w+Error)\b", line)
        if found:
            depth = len(found[1]) // 4
            drawn.append((found[2], parents.get(depth - 1)))
            parents[depth] = found[2]
    real = {
        (c.__name__, None if c is errors.DyStrackError else c.__bases__[0].__name__)
        for c in CLASSES
    }
    assert set(drawn) == real


@pytest.mark.parametrize("kind", CLASSES)
def test_errors_survive_the_way_from_a_worker(kind):
    copy = pickle.loads(pickle.dumps(kind("what, value, advice")))  # noqa: S301 - our own bytes
    assert (type(copy), str(copy)) == (kind, "what, value, advice")


def test_wrong_settings_are_value_errors():
    assert issubclass(errors.ConfigurationError, ValueError)
    assert issubclass(errors.FolderError, OSError)
