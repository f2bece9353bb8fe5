"""What a pipeline may say beside its target."""

import math

import pytest

from dystrack.core.errors import InvalidAnswerError
from dystrack.core.findings import (
    FINDINGS_KEY,
    ExtraTarget,
    Findings,
    asking_for_findings,
    findings_from_data,
    take_findings,
)


def test_findings_are_taken_out_of_the_cache():
    given = {"confidence": 0.5, "outline": [[1, 2], [3, 4]], "extent_zyx_px": (1, 2, 3)}
    cache, findings = take_findings({"seen": 3, FINDINGS_KEY: given})
    assert cache == {"seen": 3}
    assert findings == Findings(
        confidence=0.5, outline=((1.0, 2.0), (3.0, 4.0)), extent_zyx_px=(1, 2, 3)
    )


def test_a_cache_without_findings_says_nothing():
    assert take_findings({"seen": 3}) == ({"seen": 3}, Findings())


def test_extra_targets_are_points_or_regions():
    target = {"z": 1, "y": 2.0, "x": 3, "name": "cell_2", "region": [[0, 0], [0, 4], [4, 4]]}
    _, findings = take_findings({FINDINGS_KEY: {"targets": [target]}})
    [found] = findings.targets
    assert isinstance(found, ExtraTarget)
    assert found.place == (1.0, 2.0, 3.0)
    assert found.region == ((0.0, 0.0), (0.0, 4.0), (4.0, 4.0))


@pytest.mark.parametrize("name", ["cell 1", "cell\t1", "cell\x001", "cell\ud8001", "cell\u20281"])
def test_a_name_becomes_one_printable_word(name):
    assert ExtraTarget(z=0, y=0, x=0, name=name).name == "cell_1"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (3, "give a dictionary with some of confidence, outline"),
        ({"confidense": 1}, "give a dictionary with some of confidence, outline"),
        ({"confidence": 1.5}, "confidence is 1.5; give a number from 0 to 1"),
        ({"confidence": "high"}, "confidence is 'high'; give a finite number"),
        ({"confidence": float("nan")}, "confidence is nan"),
        ({"outline": [1, 2, 3]}, "outline is [1, 2, 3]; give pairs"),
        ({"outline": [[1, float("inf")]]}, "give pairs (y, x) of finite numbers"),
        ({"reduced": 0}, "`reduced` is 0; give 1 or more"),
        ({"reduced": 2.5}, "`reduced` is 2.5; give a whole number"),
        ({"reduced": True}, "`reduced` is True; give a whole number"),
        ({"extent_zyx_px": (1, 2)}, "extent is (1, 2); give three numbers"),
        ({"extent_zyx_px": ("a", "b", "c")}, "give three numbers"),
        ({"extent_zyx_px": (0, math.nan, 3)}, "give three numbers"),
        ({"extent_zyx_px": (0, -4, 3)}, "give three numbers"),
        ({"outline": [[0, 1, 100], [0, 9, 200]]}, "give pairs (y, x)"),
        ({"outline": [[1, 1, 9, 9], [100, 200, 200, 100]]}, "give pairs (y, x)"),
        ({"outline": [1, 2, 3, 4]}, "give pairs (y, x)"),
    ],
)
def test_what_cannot_be_is_refused(given, said):
    with pytest.raises(InvalidAnswerError) as caught:
        take_findings({FINDINGS_KEY: given})
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (3, "hold 3; give a dictionary with some of z, y, x"),
        ({"z": 0, "y": 0}, "missing 1 required"),
        ({"z": 0, "y": 0, "x": None, "name": "a"}, "x of the extra target 'a'"),
        ({"z": 0, "y": 0, "x": 0, "name": 3}, "name of an extra target is 3"),
        ({"z": 0, "y": 0, "x": 0, "priority": 1.5}, "priority of '' is 1.5"),
        ({"z": 0, "y": 0, "x": 0, "region": [1, 2]}, "region is [1, 2]; give pairs"),
    ],
)
def test_of_several_extra_targets_only_the_bad_one_is_left_out(bad, said):
    good = {"z": 1, "y": 2, "x": 3, "name": "good"}
    _, findings = take_findings({FINDINGS_KEY: {"confidence": 0.9, "targets": [good, bad, good]}})
    assert [target.name for target in findings.targets] == ["good", "good"]
    [why] = findings.refused_targets
    assert why.startswith("Extra target 2 was left out.")
    assert said in why
    assert findings_from_data(findings.as_data()) == findings  # from one process to another


@pytest.mark.parametrize("targets", [3, "cells", {"z": 1, "y": 2, "x": 3}])
def test_extra_targets_that_are_no_list_are_left_out(targets):
    _, findings = take_findings({FINDINGS_KEY: {"targets": targets}})
    assert findings.targets == ()
    assert findings.refused_targets[0].endswith("give a list.")


@pytest.mark.parametrize(
    ("pipeline", "asked"),
    [
        (lambda path, findings=False: None, {"findings": True}),
        (lambda path, **others: None, {}),
        (lambda path, findings=None: None, {}),
        (print, {}),
        (dict, {}),
    ],
)
def test_findings_are_asked_for_where_they_can_be(pipeline, asked):
    assert asking_for_findings(pipeline) == asked
