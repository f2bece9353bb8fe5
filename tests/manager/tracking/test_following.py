"""What a session sends with a tracker: a pure decision after the other, on a stage that obeys."""

from pathlib import Path

import pytest

from dystrack.core.analysis import Analysis
from dystrack.core.coordinates import PixelPosition, VoxelSize
from dystrack.core.errors import IncompleteImageError, TargetNotFoundError
from dystrack.core.exchange.coords_file import FAILURE_MESSAGE
from dystrack.core.limits import Limits
from dystrack.images.image_file import ImageStatus, Verdict
from dystrack.images.outcomes import Aborted, Ready
from dystrack.images.stamps import FileStamp
from dystrack.manager.events import AnalysisFailed
from dystrack.manager.record.states import position_from_record, position_record
from dystrack.manager.tracking.decision import decide
from dystrack.manager.tracking.positions import Position
from dystrack.manager.tracking.rules import TrackingRules
from dystrack.manager.tracking.target import Ending, Failure, NotAnalysed, Target
from dystrack.manager.watching.image_names import ImageLabel
from dystrack.manager.watching.waiting_line import ArrivedImage

SHAPE = (11, 101, 201)
CENTRE = PixelPosition(5, 50, 100)
STATUS = ImageStatus(
    verdict=Verdict.COMPLETE, axes="ZYX", shape=SHAPE, voxel_size=VoxelSize(2.0, 0.5, 0.5)
)
NOT_FOUND = TargetNotFoundError("nothing there")


class Stage:
    """Follows a sample that moves along x, and does what it is told."""

    def __init__(self, speed_px=8.0, *, obeys=lambda answer: True, **rules):
        self.rules = TrackingRules(**{"track": "auto", **rules})
        self.position = Position("1")
        self.camera, self.sample, self.speed_px = 0.0, 0.0, speed_px
        self.obeys = obeys
        self.n = 0

    def look(self, error=None, *, off_px=0.0, message="OK", outcome=None, is_black=False):
        """Take a prescan, decide, and move; return the answer."""
        place = CENTRE._replace(x=100 + self.sample - self.camera + off_px)
        result = error or Analysis(*place, message, {})
        if isinstance(error, Exception):
            failure = Failure.of(error)
            result = Failure(failure.error, failure.error_type, failure.message, is_black=is_black)
        image = ArrivedImage(Path("a.tif"), outcome or Ready(STATUS, FileStamp(1, 1)), 0.0)
        label = ImageLabel("1", None)
        target = Target(
            image, label, self.position, 1, is_first=not self.n, time_s=1e6 + 300.0 * self.n
        )
        answer = decide(target, result, self.rules)
        self.n += 1
        self.sample += self.speed_px
        if isinstance(answer, Ending):
            return answer
        self.position = answer.position
        to = answer.next_coordinates or answer.coordinates
        if answer.message != FAILURE_MESSAGE and to is not None:
            self.camera += to.x - 100
        return answer

    def looks(self, n):
        return [self.look() for _ in range(n)][-1]

    @property
    def off_px(self):
        """How far the sample is from the middle of the next prescan."""
        return abs(self.sample - self.camera)


def test_the_main_scan_is_where_the_sample_is_and_the_next_prescan_ahead():
    stage = Stage(has_two_targets=True)
    answer = stage.looks(8)
    assert stage.off_px < 5.0
    assert answer.next_coordinates.x - answer.coordinates.x > 3.0
    assert answer.own.x == pytest.approx(answer.coordinates.x, abs=2.0)
    assert answer.predicted.x == pytest.approx(answer.own.x, abs=3.0)
    assert answer.sd_px[2] > 0
    assert answer.message == "OK"


def test_one_target_has_no_next_prescan():
    answer = Stage().looks(5)
    assert answer.next_coordinates is None
    assert answer.next_prescan is None


def test_off_sends_the_answer_and_keeps_nothing():
    stage = Stage(track="off")
    stage.looks(3)
    answer = stage.look(off_px=2.5)
    assert answer.coordinates == CENTRE._replace(x=100 + 8.0 + 2.5)
    assert (answer.own, answer.predicted, answer.position.track) == (None, None, None)


@pytest.mark.parametrize("fallback", ["previous", "predict"])
def test_a_gap_is_bridged_with_coordinates_and_says_so(fallback):
    stage = Stage(fallback=fallback)
    stage.looks(6)
    answer = stage.look(NOT_FOUND, is_black=True)
    assert answer.message == "TRACKER:GAP"
    assert answer.error is NOT_FOUND
    assert not answer.stays
    (event,) = answer.events
    assert isinstance(event, AnalysisFailed)
    assert event.error == "TargetNotFoundError: nothing there"
    assert event.fallback == "where the sample is expected (TRACKER:GAP)"
    assert answer.position.failures_in_a_row == 1
    assert stage.off_px < 20.0


@pytest.mark.parametrize(("fallback", "ends"), [("stay", False), (None, True)])
def test_who_wants_to_stay_or_to_end_is_obeyed(fallback, ends):
    stage = Stage(fallback=fallback)
    stage.looks(4)
    answer = stage.look(NOT_FOUND)
    assert isinstance(answer, Ending) == ends
    assert ends or (answer.message, answer.coordinates) == (FAILURE_MESSAGE, CENTRE)


def test_before_the_first_answer_a_failure_is_what_it_was():
    assert isinstance(Stage().look(NOT_FOUND), Ending)


def test_its_messages_stand_behind_the_pipelines():
    stage = Stage(0.0)
    stage.looks(5)
    doubted = stage.look(off_px=70.0)
    assert doubted.message == "OK TRACKER:DOUBT"
    assert abs(doubted.coordinates.x - 100) < 20.0


def test_a_weak_answer_is_doubted_where_another_is_not():
    for message, is_followed in (("OK", True), ("WARN:WEAK", False)):
        stage = Stage(0.0)
        stage.looks(5)
        answer = stage.look(off_px=8.0, message=message)
        assert ("TRACKER:DOUBT" not in answer.message) == is_followed, message
        assert answer.message.startswith(message)


def test_weak_answers_at_random_places_lead_to_a_search():
    stage = Stage(0.0)
    stage.looks(5)
    places = [70.0, -60.0, 30.0, -85.0, 80.0, -20.0]
    messages = [stage.look(off_px=x - stage.camera, message="WARN:WEAK").message for x in places]
    assert any("TRACKER:SEARCH" in message for message in messages)
    assert not any("JUMP" in message for message in messages)


def test_in_the_dark_nothing_is_searched_for():
    for is_black in (True, False):
        stage = Stage()
        stage.looks(6)
        messages = {stage.look(NOT_FOUND, is_black=is_black).message for _ in range(5)}
        assert ("TRACKER:SEARCH" in messages) != is_black


def test_limits_judge_where_it_wants_to_go():
    stage = Stage(limits=Limits(step_px=(20.0, 20.0, 20.0)))
    stage.looks(6)
    answers = [stage.look(NOT_FOUND, is_black=True) for _ in range(3)]
    steps = [abs(a.coordinates.x - 100) for a in answers if a.coordinates]
    assert max(steps) <= 20.0
    stage = Stage(limits=Limits(step_px=(20.0, 20.0, 1.0)), speed_px=0.9)
    stage.looks(3)
    stage.camera -= 5.0  # the answer is refused, and so is the place that is expected
    answer = stage.look()
    assert answer.coordinates.x <= 101.0


def test_a_next_prescan_beyond_the_limits_is_where_the_main_scan_is():
    stage = Stage(has_two_targets=True, limits=Limits(step_px=(99.0, 99.0, 9.0)))
    answers = [stage.look() for _ in range(8)]
    for answer in answers:
        then = answer.next_coordinates
        assert then is None or abs(then.x - 100) <= 9.0


def test_an_image_that_never_became_complete_is_bridged_as_one_of_the_same_size():
    stage = Stage()
    stage.looks(6)
    answer = stage.look(IncompleteImageError("torn"), outcome=Aborted("torn"))
    assert answer.message == "TRACKER:GAP"
    assert answer.coordinates.x > 100  # it goes on with the sample
    moved_um = (answer.coordinates.x - 100) * STATUS.voxel_size[2]
    assert stage.position.moves == ((0.0, 0.0, pytest.approx(moved_um)),)
    stage.looks(2)
    assert stage.off_px < 10.0


@pytest.mark.parametrize(("limits", "n_before"), [(Limits(step_px=(99.0,) * 3), 5), (Limits(), 0)])
def test_where_no_size_is_known_or_a_limit_cannot_be_judged_the_position_stays(limits, n_before):
    stage = Stage(limits=limits)
    stage.n = 1  # the very first one would end the session
    for _ in range(n_before):
        stage.look()
    answer = stage.look(IncompleteImageError("torn"), outcome=Aborted("torn"))
    assert answer.zyx == (None, None, None)
    assert answer.message == FAILURE_MESSAGE
    assert stage.position.moves == ()


def test_a_prescan_that_is_not_analysed_is_no_look():
    stage = Stage()
    stage.looks(5)
    before = stage.position
    stage.look(NotAnalysed("skipped"))
    assert (stage.position.moves, stage.position.track) == (before.moves, before.track)


def test_a_move_that_was_not_sent_was_not_made():
    stage = Stage()
    stage.looks(4)
    before = stage.position
    after = stage.look().position
    assert after.moves
    assert after.not_moved_since(before).moves == ()
    assert after.not_moved_since(before).track == after.track
    assert before.not_moved_since(before) == before


def test_who_releases_a_position_may_have_moved_it():
    stage = Stage()
    stage.looks(4)
    position = stage.position.hold("look").released()
    assert (position.track, position.moves) == (None, ())


def test_a_journal_keeps_what_it_knows():
    stage = Stage(has_two_targets=True)
    stage.looks(6)
    kept = position_from_record(position_record(stage.position), {})
    assert kept == stage.position
    older = {k: v for k, v in position_record(kept).items() if k not in {"track", "moves"}}
    assert position_from_record(older, {}).track is None
