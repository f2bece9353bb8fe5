"""Which prescans a resumed run catches up with."""

import os

from dystrack.manager.record.backlog import find_backlog, newest_of_each_position
from dystrack.manager.record.replay import Summary
from dystrack.manager.record.resume import PastRun
from dystrack.manager.settings import Settings
from dystrack.manager.watching.image_names import PositionPattern


def past(*handled, ended_by=()):
    return PastRun(Summary({"settings": {}}, frozenset(handled), {}, ended_by, 0))


def test_what_is_handled_is_not_waited_for(tmp_path):
    backlog = find_backlog(["b", "a", "sub/a"], past("a"), Settings(), tmp_path)
    assert (backlog.waiting, backlog.left_out) == (["b", "sub/a"], [])


def test_what_ended_the_run_is_tried_again_unless_it_would_end_this_one(tmp_path):
    again = past(ended_by=("a",))
    assert find_backlog(["a", "b"], again, Settings(), tmp_path).waiting == ["a", "b"]
    strict = find_backlog(["a", "b"], again, Settings(img_err_fallback=False), tmp_path)
    assert (strict.waiting, strict.left_out) == (["b"], ["a"])


def test_the_newest_is_the_one_written_last(tmp_path):
    for i, name in enumerate(["t9_p1", "t3_p2", "t1_p1"]):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, ns=(10**18 + i, 10**18 + i))
    names = ["t1_p1", "t3_p2", "t9_p1", "t8_p2_gone_since"]
    assert newest_of_each_position(names, tmp_path, PositionPattern()) == ["t3_p2", "t1_p1"]


def test_a_hundred_thousand_are_sorted_out_without_comparing_each_with_each(tmp_path):
    names = [f"t{i}_p{i % 20}.tif" for i in range(100_000)]
    settings = Settings(backlog="newest")
    backlog = find_backlog(names, past(*names[:1000]), settings, tmp_path)
    assert (len(backlog.waiting), len(backlog.left_out)) == (20, 98_980)
