from dystrack.core.coordinates import PixelPosition, VoxelSize
from dystrack.core.limits import Travel
from dystrack.manager.tracking.positions import Position


def test_failures_keep_the_cache_and_are_counted():
    good = Position("A").succeeded({"n": 1}, (5, 6, 7), 5)
    bad = good.failed().failed()
    assert (bad.failures_in_a_row, bad.cache, bad.shape) == (2, {"n": 1}, (5, 6, 7))
    assert bad.succeeded({}, (), None).failures_in_a_row == 0


def test_moves_add_up_and_the_last_steps_are_kept():
    position = Position("A")
    for i in range(8):
        position = position.moved(
            PixelPosition(0, 0, i), (0.0, 0.0, float(i)), VoxelSize(1, 1, 0.5)
        )
    assert position.previous == (0, 0, 7)
    assert position.travel == Travel((0, 0, 28), (0, 0, 14))
    assert [step[2] for step in position.steps] == [2, 3, 4, 5, 6, 7]


def test_a_move_of_unknown_length():
    position = Position("A").moved(PixelPosition(1, 2, 3), None, None)
    assert (position.previous, position.travel, position.steps) == ((1, 2, 3), Travel(), ())


def test_a_released_position_starts_afresh():
    held = Position("A", failures_in_a_row=3, steps=((1, 2, 3),)).hold("look at it")
    assert held.held == "look at it"
    assert held.released() == Position("A")
