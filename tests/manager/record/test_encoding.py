import collections
import enum
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dystrack.core.coordinates import PixelPosition
from dystrack.manager.record.encoding import NotStorableError, decode, encode

plain = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
keys = st.text() | st.integers() | st.tuples(st.integers(), st.text())
values = st.recursive(
    plain,
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(keys, inner),
    max_leaves=20,
)


@given(values)
def test_what_goes_in_comes_out(value):
    assert decode(json.loads(json.dumps(encode(value)))) == value


@pytest.mark.parametrize(
    "value",
    [
        np.arange(6).reshape(2, 3),
        np.float32(1.5),
        np.array([True, False]),
        np.zeros((0, 3)),
        np.int64(2**60),
    ],
)
def test_numpy(value):
    copy = decode(json.loads(json.dumps(encode({"a": value}))))["a"]
    assert type(copy) is type(value)
    assert copy.dtype == value.dtype
    np.testing.assert_array_equal(copy, value)


@pytest.mark.parametrize(
    "value",
    [
        object(),
        {"a": [print]},
        np.zeros(10**6),
        {1, 2},
        np.array([object()]),
        PixelPosition(1, 2, 3),
        collections.defaultdict(list),
        np.ma.masked_array([1, 2], [True, False]),
        enum.IntEnum("E", "A").A,
    ],
)
def test_what_cannot_be_kept(value):
    with pytest.raises(NotStorableError):
        encode(value)


def test_arrays_can_be_changed():
    decode(encode(np.zeros(3)))[0] = 1


def test_what_holds_itself_is_refused():
    circle = []
    circle.append(circle)
    with pytest.raises(NotStorableError, match="holds itself"):
        encode(circle)
