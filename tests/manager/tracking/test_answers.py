import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dystrack.core.coordinates import PixelPosition
from dystrack.core.errors import InvalidAnswerError, RefusedMoveError
from dystrack.manager.tracking.answers import check_answer, check_inside_image


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (None, "NoneType"),
        ("12345", "12345"),
        ((1, 2, 3, "OK"), "4 values"),
        ((1, 2, 3, "OK", {}, 6), "6 values"),
        ((math.nan, 2, 3, "OK", {}), "z_pos is nan"),
        ((1, math.inf, 3, "OK", {}), "y_pos is inf"),
        ((1, 2, -math.inf, "OK", {}), "x_pos is -inf"),
        (("1", 2, 3, "OK", {}), "z_pos is '1'"),
        ((1, None, 3, "OK", {}), "y_pos is 'None'"),
        ((1, 2, 3j, "OK", {}), "x_pos"),
        ((True, 2, 3, "OK", {}), "z_pos is 'True'"),
        ((1, 2, np.array([3, 4]), "OK", {}), "x_pos"),
        ((1, 2, 3, "OK", None), "cache is 'None'"),
    ],
)
def test_broken_contract(answer, complaint):
    with pytest.raises(InvalidAnswerError, match=complaint):
        check_answer(answer)


def test_numpy_scalars_and_messages():
    answer = (np.float32(1.5), np.int64(2), np.array(3.0), "a\tb\nc", {"n": 1})
    result = check_answer(answer)
    assert result == (1.5, 2.0, 3.0, "a b c", {"n": 1})
    assert [type(value) for value in result[:3]] == [float] * 3


coordinate = st.floats(allow_nan=False, allow_infinity=False)
size = st.integers(1, 5000)


@given(
    position=st.builds(PixelPosition, coordinate, coordinate, coordinate),
    shape=st.none() | st.tuples(size, size, size),
    margin=st.floats(0, 100),
)
def test_nothing_outside_passes(position, shape, margin):
    sizes = shape or (1_000_000,) * 3
    assume(any(not -margin <= v <= n - 1 + margin for v, n in zip(position, sizes, strict=True)))
    with pytest.raises(RefusedMoveError, match="outside the image"):
        check_inside_image(position, shape, margin)


@pytest.mark.parametrize("position", [(0, 0, 0), (4, 19, 29), (2, 9.5, 14.5)])
def test_the_whole_image_is_allowed(position):
    check_inside_image(PixelPosition(*position), (5, 20, 30), 0)


def test_margin():
    outside = PixelPosition(0, -3, 0)
    check_inside_image(outside, (5, 20, 30), 3)
    check_inside_image(PixelPosition(0, 1e9, 0), (5, 20, 30), math.inf)
    with pytest.raises(RefusedMoveError, match=r"y = -3.0 px, allowed -2 to 21"):
        check_inside_image(outside, (5, 20, 30), 2)
