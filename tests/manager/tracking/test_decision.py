import pytest

from dystrack.core.coordinates import PixelPosition, VoxelSize
from dystrack.core.limits import Limits
from dystrack.core.protocols import AnalysisResult
from dystrack.images.image_file import ImageStatus, Verdict
from dystrack.images.readiness import FileStamp, Ready
from dystrack.manager.events import AnalysisFailed, PositionHeld, Warned
from dystrack.manager.tracking.decision import FAILURE_MESSAGE, Tracker, TrackingRules
from dystrack.manager.tracking.positions import Positions
from dystrack.manager.tracking.target import Target
from dystrack.manager.watching.image_names import ImageLabel
from dystrack.manager.watching.watcher import ArrivedImage
from fakes import Recorder

SHAPE = (5, 101, 201)
CENTRE = PixelPosition(2, 50, 100)
VOXEL = VoxelSize(2.0, 0.5, 0.5)
FAILED = RuntimeError("no tissue")


class Rig:
    """A tracker, and one position after another through it."""

    def __init__(self, *, shape=SHAPE, voxel=VOXEL, **rules):
        self.told = Recorder()
        self.positions = Positions({})
        self.tracker = Tracker(self.positions, TrackingRules(**rules), self.told)
        axes = "ZYX"[-len(shape) :] if shape else ""
        self.status = ImageStatus(
            verdict=Verdict.COMPLETE, axes=axes, shape=shape, voxel_size=voxel
        )

    def answer(self, outcome, position="1"):
        """Answer one prescan with the pipeline's target, or with its error."""
        if not isinstance(outcome, Exception):
            outcome = AnalysisResult(*outcome, "OK", {})
        path = __import__("pathlib").Path("prescan.tif")
        image = ArrivedImage(path, Ready(self.status, FileStamp(1, 1)), 0.0)
        target = Target(image, ImageLabel(position, None), self.positions[position], 1)
        answer = self.tracker.answer(target, outcome)
        self.positions.update(answer.position)
        return answer

    def step(self, z, y, x):
        """Answer one prescan whose target lies that far from its centre."""
        return self.answer((2 + z, 50 + y, 100 + x))


@pytest.mark.parametrize(
    ("limits", "step"),
    [
        (Limits(step_px=(9, 9, 9)), (0, 0, 10)),
        (Limits(step_um=(9, 9, 9)), (0, -20, 0)),
        (Limits(travel_px=(9, 9, 9)), (0, 0, 9)),
        (Limits(travel_um=(9, 9, 4)), (0, 0, 8)),
    ],
)
def test_what_goes_too_far_is_a_failed_analysis(limits, step):
    rig = Rig(limits=limits)
    rig.step(0, 0, 1)
    answer = rig.step(*step)
    assert answer.message == FAILURE_MESSAGE
    assert "limit" in str(answer.error)
    assert rig.told.of(AnalysisFailed)[0].error.startswith("RefusedMoveError")


def test_the_previous_coordinates_are_not_sent_where_they_would_go_too_far():
    rig = Rig(limits=Limits(travel_px=(9, 9, 9)))
    rig.step(0, 0, 5)
    answer = rig.answer(FAILED)
    assert answer.coordinates == CENTRE
    assert answer.stays
    assert rig.answer((2, 50, 104)).coordinates == (2, 50, 104)


def test_the_previous_coordinates_count_as_travel():
    rig = Rig()
    rig.step(0, 0, 5)
    assert rig.answer(FAILED).coordinates == (2, 50, 105)
    assert rig.positions["1"].travel.px == (0, 0, 10)
    assert rig.positions["1"].travel.um == (0, 0, 5)


def test_previous_coordinates_outside_a_smaller_image_are_not_sent():
    rig = Rig()
    rig.step(0, 0, 90)
    rig.status = ImageStatus(verdict=Verdict.COMPLETE, axes="YX", shape=(20, 30))
    assert rig.answer(FAILED).coordinates == (0, 9.5, 14.5)


def test_limits_need_the_size_of_the_image():
    rig = Rig(shape=(), limits=Limits(step_px=(9, 9, 9)))
    with pytest.raises(Exception, match="does not tell its size"):
        rig.answer((1, 2, 3))


def test_too_many_failures_hold_only_their_position():
    rig = Rig(max_failures=2)
    rig.answer((1, 2, 3), position="A")
    rig.answer((1, 2, 3), position="B")
    for _ in range(2):
        assert rig.answer(FAILED, position="A").coordinates == (1, 2, 3)
    assert rig.answer(FAILED, position="A").coordinates == CENTRE
    assert [event.position for event in rig.told.of(PositionHeld)] == ["A"]
    assert rig.positions["A"].held.startswith("3 analyses in a row failed")
    assert rig.answer((2, 3, 4), position="B").coordinates == (2, 3, 4)


def test_a_good_answer_ends_a_row_of_failures():
    rig = Rig(max_failures=1)
    for outcome in [(1, 2, 3), FAILED, (1, 2, 3), FAILED, (1, 2, 3)]:
        rig.answer(outcome)
    assert rig.told.of(PositionHeld) == []


def test_too_many_failures_can_stop_the_run():
    rig = Rig(max_failures=1, on_max_failures="stop")
    rig.answer((1, 2, 3))
    rig.answer(FAILED)
    with pytest.raises(RuntimeError, match="no tissue") as caught:
        rig.answer(RuntimeError("no tissue"))
    assert caught.value.__notes__ == ["It was failure 2 in a row."]


def test_a_runaway_is_warned_about():
    rig = Rig()
    answers = [rig.step(0, 0, 1.5 * 2**n) for n in range(5)]
    assert [answer.error for answer in answers] == [None] * 5
    assert "runs away" in rig.told.of(Warned)[0].message
    assert "x counts the wrong way" in rig.told.of(Warned)[0].message


def test_a_runaway_can_be_held_before_the_stage_moves():
    rig = Rig(on_runaway="hold")
    answers = [rig.step(0, -1.5 * 2**n, 0) for n in range(4)]
    assert answers[-1].coordinates == CENTRE
    assert answers[-1].stays
    assert len(rig.told.of(PositionHeld)) == 1
    assert rig.positions["1"].travel.px == (0, -10.5, 0)


def test_steady_motion_is_no_runaway():
    rig = Rig(on_runaway="hold")
    answers = [rig.step(0.1 * (-1) ** n, 3, 12 + n % 3) for n in range(30)]
    assert all(answer.error is None for answer in answers)
