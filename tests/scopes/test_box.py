import math

import pytest

from dystrack.core.errors import ConfigurationError
from dystrack.scopes.box import Box
from dystrack.scopes.geometry import PositionUm

BOX = Box(PositionUm(-1, -2, -3), PositionUm(1, 2, 3))


@pytest.mark.parametrize(
    ("position", "is_inside"),
    [
        (PositionUm(0, 0, 0), True),
        (PositionUm(1, 2, 3), True),
        (PositionUm(1.001, 0, 0), False),
        (PositionUm(0, math.nan, 0), False),
        (PositionUm(0, 0, -math.inf), False),
    ],
)
def test_corners_belong_to_it(position, is_inside):
    assert BOX.contains(position) is is_inside


def test_it_is_made_around_positions():
    box = Box.around([PositionUm(5, 0, 9), PositionUm(1, 2, 3)], PositionUm(1, 10, 100))
    assert box == Box(PositionUm(0, -10, -97), PositionUm(6, 12, 109))


def test_it_shrinks():
    assert BOX.within(PositionUm(1, 0, 0)) == Box(PositionUm(0, -2, -3), PositionUm(0, 2, 3))
    assert BOX.common(Box(PositionUm(0, -9, -9), PositionUm(9, 9, 9))).low == PositionUm(0, -2, -3)


@pytest.mark.parametrize(
    "make",
    [
        lambda: BOX.within(PositionUm(1.5, 0, 0)),
        lambda: BOX.common(Box(PositionUm(2, 0, 0), PositionUm(3, 0, 0))),
        lambda: Box(PositionUm(math.nan, 0, 0), PositionUm(1, 1, 1)),
    ],
)
def test_one_that_holds_nothing_is_refused(make):
    with pytest.raises(ConfigurationError, match="No position is allowed along z"):
        make()


@pytest.mark.parametrize("reach", [-1.0, math.nan, math.inf])
def test_a_reach_never_makes_a_box_larger(reach):
    with pytest.raises(ConfigurationError, match="A scan reaches"):
        BOX.within(PositionUm(reach, 0, 0))


def test_the_nearest_position_is_on_its_side():
    assert BOX.nearest(PositionUm(9, 0, -9)) == PositionUm(1, 0, -3)
