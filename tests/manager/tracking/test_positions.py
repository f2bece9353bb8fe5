from dystrack.core.coordinates import PixelPosition, VoxelSize
from dystrack.core.limits import Travel
from dystrack.manager.tracking.positions import Positions


def test_each_position_has_its_own_deep_copy_of_the_cache():
    initial = {"track": []}
    positions = Positions(initial)
    positions["A"].cache["track"].append(1)
    assert positions["B"].cache == {"track": []}
    assert initial == {"track": []}


def test_failures_keep_the_cache_and_are_counted():
    good = Positions({})["A"].succeeded({"n": 1}, (5, 6, 7), 5)
    bad = good.failed().failed()
    assert (bad.failures_in_a_row, bad.cache, bad.shape) == (2, {"n": 1}, (5, 6, 7))
    assert bad.succeeded({}, (), None).failures_in_a_row == 0


def test_moves_add_up_and_the_last_steps_are_kept():
    position = Positions({})["A"]
    for i in range(8):
        position = position.moved(
            PixelPosition(0, 0, i), (0.0, 0.0, float(i)), VoxelSize(1, 1, 0.5)
        )
    assert position.previous == (0, 0, 7)
    assert position.travel == Travel((0, 0, 28), (0, 0, 14))
    assert [step[2] for step in position.steps] == [2, 3, 4, 5, 6, 7]


def test_a_move_of_unknown_length():
    position = Positions({})["A"].moved(PixelPosition(1, 2, 3), None, None)
    assert (position.previous, position.travel, position.steps) == ((1, 2, 3), Travel(), ())


def test_any_answered():
    positions = Positions({})
    assert not positions.any_answered
    positions.update(positions["A"].answered())
    assert positions.any_answered
