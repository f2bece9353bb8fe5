from pathlib import Path

import pytest

from dystrack.core.analysis import Analysis
from dystrack.core.coordinates import PixelPosition, VoxelSize
from dystrack.core.errors import ImageError
from dystrack.core.exchange.coords_file import FAILURE_MESSAGE
from dystrack.core.findings import ExtraTarget, Findings
from dystrack.core.limits import Limits
from dystrack.images.image_file import ImageStatus, Verdict
from dystrack.images.outcomes import Gone, Ready
from dystrack.images.stamps import FileStamp
from dystrack.manager.events import AnalysisFailed, PositionHeld, Warned
from dystrack.manager.tracking.decision import decide
from dystrack.manager.tracking.positions import Position
from dystrack.manager.tracking.rules import TrackingRules
from dystrack.manager.tracking.target import Ending, Failure, NotAnalysed, Target
from dystrack.manager.watching.image_names import ImageLabel
from dystrack.manager.watching.waiting_line import ArrivedImage
from fakes import Recorder

SHAPE = (5, 101, 201)
CENTRE = PixelPosition(2, 50, 100)
VOXEL = VoxelSize(2.0, 0.5, 0.5)
FAILED = RuntimeError("no tissue")


class Rig:
    """Decides one prescan after another, and keeps what the session would."""

    def __init__(self, *, shape=SHAPE, voxel=VOXEL, **rules):
        self.told = Recorder()
        self.positions = {}
        self.rules = TrackingRules(**rules)
        axes = "ZYX"[-len(shape) :] if shape else ""
        self.status = ImageStatus(
            verdict=Verdict.COMPLETE, axes=axes, shape=shape, voxel_size=voxel
        )

    def answer(self, outcome, position="1"):
        """Answer one prescan with the pipeline's target, with its error, or not at all."""
        if isinstance(outcome, Exception):
            outcome = Failure.of(outcome)
        elif not isinstance(outcome, NotAnalysed | Analysis):
            outcome = Analysis(*outcome, "OK", {})
        path = Path("prescan.tif")
        image = ArrivedImage(path, Ready(self.status, FileStamp(1, 1)), 0.0)
        known = self.positions.get(position, Position(position))
        target = Target(image, ImageLabel(position, None), known, 1, not self.positions)
        before = repr((target, outcome))
        decision = decide(target, outcome, self.rules)
        assert repr((target, outcome)) == before  # nothing that was handed in is changed
        for event in decision.events:
            self.told(event)
        if isinstance(decision, Ending):
            return decision
        self.positions[position] = decision.position
        return decision

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
    ending = rig.answer((1, 2, 3))
    assert "does not tell its size" in str(ending.error)


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
    ending = rig.answer(FAILED)
    assert ending == Ending(FAILED, ending.events, "It was failure 2 in a row.")
    assert rig.told.of(AnalysisFailed)[-1].fallback == "nothing, the session ends"


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


@pytest.mark.parametrize("track", ["off", "auto"])
def test_a_stage_that_does_not_follow_is_warned_about(track):
    rig = Rig(track=track)
    for _ in range(3):
        rig.step(0.0, 8.0, 14.3)
    (warning,) = rig.told.of(Warned)
    assert warning.kind == "stage"
    assert "the stage does not follow" in warning.message


def test_a_stage_that_does_not_follow_can_be_held():
    rig = Rig(on_runaway="hold")
    answers = [rig.step(0.0, 8.0, 14.3) for _ in range(3)]
    assert [answer.stays for answer in answers] == [False, False, True]
    assert "does not follow" in rig.positions["1"].held


def test_steady_motion_is_no_runaway():
    rig = Rig(on_runaway="hold")
    answers = [rig.step(0.1 * (-1) ** n, 3, 12 + n % 3) for n in range(30)]
    assert all(answer.error is None for answer in answers)


@pytest.mark.parametrize(("shape", "coordinates"), [(SHAPE, CENTRE), ((), None)])
def test_what_is_not_analysed_stays(shape, coordinates):
    rig = Rig(shape=shape, fallback=None)
    answer = rig.answer(NotAnalysed("Position 1 is held: look at it"))
    assert (answer.coordinates, answer.message, answer.stays) == (
        coordinates,
        FAILURE_MESSAGE,
        True,
    )
    assert answer.position.failures_in_a_row == 0
    (failure,) = rig.told.of(AnalysisFailed)
    assert (failure.error_type, failure.error.partition(": ")[2]) == (
        "RefusedMoveError",
        "Position 1 is held: look at it",
    )


@pytest.mark.parametrize("fallback", ["previous", "stay", None])
def test_a_file_that_is_gone_never_ends_the_run(fallback):
    rig = Rig(fallback=fallback)
    image = ArrivedImage(Path("prescan.tif"), Gone(), 0.0)
    target = Target(image, ImageLabel("1", None), Position("1"), 1, is_first=True)
    answer = decide(target, Failure.of(ImageError("it is gone")), rig.rules)
    assert (answer.coordinates, answer.message) == (None, FAILURE_MESSAGE)


def test_a_failure_keeps_its_traceback():
    rig = Rig()
    rig.answer((1, 2, 3))
    path, label = Path("prescan.tif"), ImageLabel("1", None)
    target = Target(ArrivedImage(path, Gone(), 0.0), label, rig.positions["1"], 2)
    failure = Failure(FAILED, "RuntimeError", "no tissue", "line 7, in find")
    (event,) = decide(target, failure, rig.rules).events
    assert (event.error, event.traceback) == ("RuntimeError: no tissue", "line 7, in find")


def naming(*targets):
    return Analysis(2, 50, 110, "OK", {}, Findings(targets=targets))


def test_extra_targets_go_with_an_answer_the_most_urgent_first():
    near, far = ExtraTarget(z=2, y=0, x=200), ExtraTarget(z=0, y=9, x=9, priority=3)
    assert Rig().answer(naming(near, far)).targets == (far, near)


@pytest.mark.parametrize("track", ["off", "auto"])
@pytest.mark.parametrize(
    ("target", "said"),
    [
        (ExtraTarget(z=2, y=50, x=201, name="out"), "'out' was left out. Target is outside"),
        (
            ExtraTarget(z=2, y=50, x=61, name="far"),
            "'far' was left out. The step along x would be -39.00 px",
        ),
        (
            ExtraTarget(z=2, y=50, x=100, name="wide", region=((0, 0), (0, 300), (9, 9))),
            "'wide' was left out. Target is outside the image: x = 300.0",
        ),
    ],
)
def test_an_extra_target_that_may_not_be_gone_to_is_left_out_and_told(target, said, track):
    rig = Rig(limits=Limits(step_px=(9, 99, 30)), track=track)
    good = ExtraTarget(z=2, y=50, x=100, name="good")
    answer = rig.answer(naming(target, good))
    assert answer.targets == (good,)
    assert answer.coordinates == (2, 50, 110)
    (warning,) = rig.told.of(Warned)
    assert said in warning.message


def test_an_extra_target_that_is_none_is_told_and_the_answer_stands():
    rig = Rig()
    answer = rig.answer(naming({"z": 0, "y": 0}, {"z": 2, "y": 50, "x": 90, "name": "good"}))
    assert answer.coordinates == (2, 50, 110)
    assert [target.name for target in answer.targets] == ["good"]
    assert "Extra target 1 was left out." in rig.told.of(Warned)[0].message


def test_a_failed_analysis_has_no_extra_targets():
    rig = Rig()
    rig.answer(naming(ExtraTarget(z=2, y=50, x=100)))
    assert rig.answer(FAILED).targets == ()
