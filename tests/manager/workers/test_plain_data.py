import pickle
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from dystrack.manager.workers.plain_data import is_plain_data, packed, unpacked

plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary(),
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner),
)


class Ender:
    def __reduce__(self):
        return sys.exit, (3,)


class Named(dict):
    pass


@given(plain)
def test_plain_values_come_back(value):
    assert unpacked(packed(value)) == value


def test_a_long_integer_comes_back():
    assert unpacked(packed({"n": 10**5000})) == {"n": 10**5000}


@given(arrays.arrays(st.sampled_from(["u1", "i8", "f4", "c16", "U3", "?"]), arrays.array_shapes()))
def test_arrays_come_back(array):
    copy = unpacked(packed({"a": array}))["a"]
    assert (copy.dtype, copy.flags.writeable) == (array.dtype, True)
    np.testing.assert_array_equal(copy, array)


@pytest.mark.parametrize("value", [np.float32(1.5), np.int64(3), np.bool_(True), {1, 2}])
def test_scalars_come_back(value):
    copy = unpacked(packed([value]))[0]
    assert (copy, type(copy)) == (value, type(value))


@pytest.mark.parametrize(
    "value", [Ender(), [{"a": Ender()}], Named(a=1), np.array([Ender()]), sys.exit, ValueError("x")]
)
def test_more_than_data_is_refused_unopened(value):
    data = pickle.dumps(value)
    assert not is_plain_data(data)
    with pytest.raises(pickle.UnpicklingError, match="no plain data"):
        unpacked(data)


@given(st.binary())
def test_torn_bytes_are_no_data(data):
    assert isinstance(is_plain_data(data), bool)
