import re

import pytest

from dystrack.manager.watching.image_names import PositionPattern
from dystrack.manager.watching.naming_advice import NamingAdvice, offered_pattern
from fakes import Recorder


@pytest.mark.parametrize(
    ("first", "second", "pattern"),
    [
        ("p-embryo1-x.czi", "p-embryo2-x.czi", r"-embryo(?P<position>\d+)"),
        ("embryo1.czi", "embryo2.czi", r"embryo(?P<position>\d+)"),
        ("fishA_t1.tif", "fishB_t1.tif", r"^(?P<position>[^\W\d_]+)_t(?P<time>\d+)"),
        ("run_left_t1.tif", "run_right_t1.tif", r"run_(?P<position>[^\W\d_]+)_t(?P<time>\d+)"),
        ("prescan_1.tif", "prescan_2.tif", ""),
        ("fishA_t1.tif", "fishB_t2.tif", ""),
        ("a.tif", "a_b.tif", ""),
        ("a.tif", "a.tif", ""),
    ],
)
def test_a_pattern_for_the_one_token_in_which_names_differ(first, second, pattern):
    assert offered_pattern(first, second, PositionPattern()) == pattern
    if pattern:
        positions = [PositionPattern(pattern).label(name).position for name in (first, second)]
        assert len(set(positions)) == 2


def told_of(names, pattern=None):
    told = Recorder()
    naming = PositionPattern() if pattern is None else PositionPattern(pattern)
    advice = NamingAdvice(naming, told)
    for name in names:
        advice.note(name)
    return [event.message for event in told.events]


def test_the_first_unknown_name_is_told_and_a_pattern_is_offered_once():
    first, offer = told_of([f"fish{c}_t{t}.tif" for t in (1, 2) for c in "ABC"])
    assert first.startswith("The name fishA_t1.tif tells no position")
    pattern = re.search(r'--position_pattern "(.*)"$', offer)[1]
    assert PositionPattern(pattern).label("fishC_t2.tif").position == "fishC"


@pytest.mark.parametrize(
    ("names", "pattern"),
    [(["t1_p1.tif", "t1_p2.tif"], None), (["embryo1.tif", "embryo2.tif"], "")],
)
def test_nothing_is_said_where_positions_are_known_or_not_wanted(names, pattern):
    assert told_of(names, pattern) == []


def test_a_single_position_is_told_once_and_nothing_is_offered():
    assert len(told_of([f"prescan_{i}.tif" for i in range(50)])) == 1
