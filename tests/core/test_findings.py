"""What a pipeline may say beside its target."""

import math

import pytest

from dystrack.core.errors import InvalidAnswerError
from dystrack.core.findings import (
    FINDINGS_KEY,
    ExtraTarget,
    Findings,
    asking_for_findings,
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
        ({"targets": [{"z": 0, "y": 0}]}, "missing 1 required"),
        ({"targets": [{"z": 0, "y": 0, "x": None, "name": "a"}]}, "x of the extra target 'a'"),
        ({"targets": [{"z": 0, "y": 0, "x": 0, "name": 3}]}, "name of an extra target is 3"),
        ({"targets": [{"z": 0, "y": 0, "x": 0, "priority": 1.5}]}, "priority of '' is 1.5"),
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
