import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dystrack.core.coordinates import PixelPosition
from dystrack.core.errors import RefusedMoveError
from dystrack.manager.tracking.answers import check_inside_image

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
