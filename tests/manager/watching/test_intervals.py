import pytest

from dystrack.manager.watching.intervals import Intervals


def noted(*times, position="1"):
    intervals = Intervals()
    for at_s in times:
        intervals.note(position, at_s)
    return intervals


def test_three_usual_intervals():
    intervals = noted(0, 20, 40, 61)
    assert intervals.overdue(61 + 62) is None
    assert intervals.overdue(61 + 63) == (63, 21)
    assert intervals.overdue(61 + 99) is None
    intervals.note("1", 200)
    assert intervals.overdue(200 + 500) == (500, 139)


@pytest.mark.parametrize("times", [(), (0,), (0, 20, 40)])
def test_too_few_prescans_say_nothing(times):
    assert noted(*times).overdue(1e6) is None


def test_short_silences_are_not_worth_a_word():
    assert noted(0, 1, 2, 3).overdue(32) is None
    assert noted(0, 1, 2, 3).overdue(33) == (30, 1)


def test_several_positions_come_in_quick_succession():
    intervals = Intervals()
    for time_point in range(3):
        for position in range(5):
            intervals.note(str(position), 300 * time_point + position)
    assert intervals.overdue(604 + 899) is None
    assert intervals.overdue(604 + 900) == (900, 300)
