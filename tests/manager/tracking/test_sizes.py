"""Whether what was found has its usual size."""

import math

import pytest

from dystrack.core.analysis import Analysis
from dystrack.core.findings import Findings
from manager.tracking.test_decision import VOXEL, Rig

MIDDLE = (2, 50, 100)


def seen(extent, place=MIDDLE, msg="OK"):
    return Analysis(*place, msg, {}, Findings(confidence=0.9, extent_zyx_px=extent))


def messages(*looks, **rig):
    rig = Rig(**rig)
    return [rig.answer(look).message for look in looks]


@pytest.mark.parametrize(
    ("extent", "place", "message"),
    [
        ((2, 20, 40), MIDDLE, "OK"),
        ((2, 26, 40), MIDDLE, "OK"),
        ((2, 29, 40), MIDDLE, "WARN:WEAK"),
        ((2, 14, 40), MIDDLE, "WARN:WEAK"),
        ((2, 20, 28), MIDDLE, "WARN:WEAK"),
        ((2, 24, 34), MIDDLE, "OK"),
        ((2, 25, 32), MIDDLE, "WARN:WEAK"),  # either alone would do
        ((3, 20, 40), MIDDLE, "WARN:WEAK"),
        ((1, 20, 40), MIDDLE, "OK"),  # stacks are shallow
        ((0, 20, 40), MIDDLE, "OK"),  # not measured
        ((2, 20, 20), (2, 50, 5), "OK"),  # cut by the border
        ((2, 20, 60), (2, 50, 5), "WARN:WEAK"),
    ],
)
@pytest.mark.parametrize("voxel", [None, VOXEL])
def test_what_is_of_another_size_is_weak(extent, place, message, voxel):
    assert messages(seen((2, 20, 40)), seen(extent, place), voxel=voxel) == ["OK", message]


def test_a_lasting_change_becomes_usual():
    told = messages(seen((2, 20, 40)), *[seen((2, 20, 60))] * 3)
    assert told == ["OK", "WARN:WEAK", "OK", "OK"]


def test_depth_that_is_measured_later_counts_from_then_on():
    told = messages(seen((0, 20, 40)), seen((2, 20, 40)), seen((3, 20, 40)))
    assert told == ["OK", "OK", "WARN:WEAK"]


def test_only_plain_answers_to_complete_samples_teach_the_size():
    rig = Rig()
    rig.answer(seen((2, 20, 40)))
    rig.answer(seen((2, 20, 20), (2, 50, 5)))
    rig.answer(seen((2, 10, 20), msg="WARN:DIVISION"))
    assert rig.positions["1"].usual_size == ("um", *map(pytest.approx, (4, 10, 20)))
    rig.answer(seen((2, 22, 40)))
    assert rig.positions["1"].usual_size[2] == pytest.approx(10 * math.exp(0.3 * math.log(1.1)))
