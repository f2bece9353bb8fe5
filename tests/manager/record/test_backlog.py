"""Which prescans a resumed run catches up with."""

from dystrack.manager.record.backlog import find_backlog
from dystrack.manager.record.replay import Summary
from dystrack.manager.record.resume import PastRun
from dystrack.manager.settings import Settings
from dystrack.manager.watching.image_names import PositionPattern

NAMING = PositionPattern()


def past(*handled, ended_by=()):
    return PastRun(Summary({"settings": {}}, frozenset(handled), {}, ended_by, 0))


def test_what_is_handled_is_not_waited_for():
    backlog = find_backlog(["b", "a", "sub/a"], past("a"), Settings(), NAMING)
    assert (backlog.waiting, backlog.left_out) == (["b", "sub/a"], [])


def test_what_ended_the_run_is_tried_again_unless_it_would_end_this_one():
    again = past(ended_by=("a",))
    assert find_backlog(["a", "b"], again, Settings(), NAMING).waiting == ["a", "b"]
    strict = find_backlog(["a", "b"], again, Settings(img_err_fallback=False), NAMING)
    assert (strict.waiting, strict.left_out) == (["b"], ["a"])


def test_the_newest_of_each_position_is_the_last_in_order():
    names = ["t9_p1", "t3_p2", "t1_p1"]
    backlog = find_backlog(names, past(), Settings(backlog="newest"), NAMING)
    assert sorted(backlog.waiting) == ["t1_p1", "t3_p2"]
    assert backlog.left_out == ["t9_p1"]


def test_a_hundred_thousand_are_sorted_out_without_comparing_each_with_each():
    names = [f"t{i}_p{i % 20}.tif" for i in range(100_000)]
    settings = Settings(backlog="newest")
    backlog = find_backlog(names, past(*names[:1000]), settings, NAMING)
    assert (len(backlog.waiting), len(backlog.left_out)) == (20, 98_980)
