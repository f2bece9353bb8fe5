"""The error table of the manual, and what happens around it, without files or time."""

import math
from dataclasses import replace
from pathlib import Path

import pytest

from dystrack.core.errors import (
    IncompleteImageError,
    InvalidAnswerError,
    RefusedMoveError,
    TransmissionError,
)
from dystrack.core.exchange.answer_file import read_answer
from dystrack.core.exchange.coords_file import FAILURE_MESSAGE, CoordsLine
from dystrack.core.exchange.targets_file import write_targets
from dystrack.core.findings import FINDINGS_KEY, ExtraTarget
from dystrack.images.image_file import ImageStatus, Verdict
from dystrack.images.outcomes import Aborted, Gone, Ready
from dystrack.images.stamps import FileStamp
from dystrack.manager.controls import (
    Controls,
    GoOn,
    Hold,
    Pause,
    Release,
    SessionState,
    SessionStatus,
)
from dystrack.manager.events import (
    AnalysisFailed,
    AnalysisStarted,
    AnalysisSucceeded,
    Answered,
    AnsweredLate,
    Answering,
    PositionReleased,
    SessionPaused,
    SessionWentOn,
    StopReason,
    TransmissionFailed,
    TransmissionRecovered,
    Warned,
)
from dystrack.manager.sender import Sender
from dystrack.manager.session import Session
from dystrack.manager.tracking.rules import TrackingRules
from dystrack.manager.transmitters import Traits
from dystrack.manager.watching.image_names import PositionPattern
from dystrack.manager.watching.waiting_line import ArrivedImage
from dystrack.manager.workers.in_process import InProcessWorker
from fakes import FakeClock, Recorder

STATUS = ImageStatus(verdict=Verdict.COMPLETE, axes="ZYX", shape=(5, 20, 30), n_planes=5)
CENTRE = [2.0, 9.5, 14.5]
FAILED = RuntimeError("no tissue")


class Pipeline:
    """Gives the answers of a script; an exception is raised, a plain triple completed."""

    def __init__(self, answers):
        self.answers = list(answers)
        self.calls = []

    def __call__(self, path, **kwargs):
        self.calls.append((path, kwargs))
        answer = self.answers.pop(0)
        if callable(answer):
            answer = answer() or (1, 2, 3)
        if isinstance(answer, BaseException):
            raise answer
        return answer if len(answer) != 3 else (*answer, "OK", {})


class Source(list):
    """Images in order; notes which are to be looked at again."""

    def __init__(self, images):
        super().__init__(images)
        self.again = []
        self.is_idle = True

    def look_again(self, image):
        self.again.append(image)

    def note_written(self, paths):
        """Nothing comes of them here."""


class Rig:
    """A session of fakes, and what came of it."""

    def __init__(self, tmp_path, answers, names=None, *, status=STATUS, images=None, **rules):
        self.pipeline = Pipeline(answers)
        self.target_dir = rules.pop("target_dir", "folder")
        self.told = Recorder()
        self.controls = Controls()
        self.clock = FakeClock()
        self.sent = []
        self.transmission_errors = []
        if images is None:
            names = names or [f"prescan_{i}.tif" for i in range(1, len(answers) + 1)]
            images = [self.image(tmp_path, name, status) for name in names]
        self.source = Source(images)
        self.sender = Sender(
            self.transmit,
            rules.pop("records", []),
            target_dir=self.target_dir,
            tra_kwargs={"extra": 1},
            traits=Traits(**rules.pop("traits", {})),
            answer_files=rules.pop("answer_files", False),
            send_limit_s=rules.pop("send_limit_s", 30.0),
            resume=rules.pop("resume", False),
            controls=self.controls,
            tell=self.told,
            clock=self.clock,
        )
        self.session = Session(
            worker=InProcessWorker(self.pipeline),
            sender=self.sender,
            naming=PositionPattern(),
            img_kwargs=rules.pop("img_kwargs", {}),
            img_cache=rules.pop("img_cache", {}),
            max_triggers=rules.pop("max_triggers", None),
            rules=TrackingRules(**rules),
            controls=self.controls,
            tell=self.told,
            clock=self.clock,
        )

    @staticmethod
    def image(folder, name, status=STATUS):
        path = folder / name
        path.write_text("x")
        return ArrivedImage(path, Ready(status, FileStamp.of(path)), 1000.0)

    def transmit(self, z, y, x, msg, cache, error, target_dir, **kwargs):
        assert (target_dir, kwargs) == (self.target_dir, {"extra": 1})
        if self.transmission_errors:
            raise self.transmission_errors.pop(0)
        self.sent.append(([z, y, x], msg, cache, error))

    def run(self):
        return self.session.run(self.source)

    @property
    def status(self):
        return self.controls.status

    @property
    def coordinates_sent(self):
        return [coordinates for coordinates, *_ in self.sent]


@pytest.mark.parametrize(
    ("axes_known", "img_kwargs", "img_cache", "z"),
    [
        (False, {}, {}, 2.0),
        (False, {"channel": 1}, {}, 0.0),
        (False, {}, {"channel": 1}, 0.0),
        (False, {"channel": None}, {}, 2.0),
        (True, {"channel": 0}, {}, 2.0),
    ],
)
def test_a_channel_takes_the_place_of_z_where_the_file_names_no_axes(
    axes_known, img_kwargs, img_cache, z, tmp_path
):
    status = replace(STATUS, axes_known=axes_known)
    answers = [(z, 2, 3, "OK", dict(img_cache)), FAILED]
    rig = Rig(
        tmp_path,
        answers,
        status=status,
        img_kwargs=img_kwargs,
        img_cache=img_cache,
        fallback="stay",
    )
    rig.run()
    assert rig.coordinates_sent == [[z, 2, 3], [z, *CENTRE[1:]]]


def test_answers_are_sent_in_order(tmp_path):
    rig = Rig(tmp_path, [(1, 2, 3), (2, 3, 4)])
    rig.run()
    assert rig.coordinates_sent == rig.session.coordinates == [[1, 2, 3], [2, 3, 4]]
    assert [msg for _, msg, *_ in rig.sent] == ["OK", "OK"]
    assert (rig.status.n_targets, rig.status.n_analysed) == (2, 2)
    assert rig.status.n_sent == 2


@pytest.mark.parametrize("fallback", ["previous", "stay", None])
def test_an_error_on_the_very_first_prescan_always_ends(tmp_path, fallback):
    rig = Rig(tmp_path, [FAILED, (1, 2, 3)], fallback=fallback)
    with pytest.raises(RuntimeError, match="no tissue"):
        rig.run()
    assert rig.sent == []
    assert rig.session.coordinates == []
    assert rig.status.n_targets == 1


@pytest.mark.parametrize(
    ("fallback", "expected"), [("previous", [1.0, 2.0, 3.0]), ("stay", CENTRE)]
)
def test_a_later_error_sends_the_fallback(tmp_path, fallback, expected):
    rig = Rig(tmp_path, [(1, 2, 3), FAILED, (4, 5, 6)], fallback=fallback)
    rig.run()
    assert rig.coordinates_sent == [[1, 2, 3], expected, [4, 5, 6]]
    assert rig.sent[1][1:] == (FAILURE_MESSAGE, {}, FAILED)
    assert rig.session.coordinates == rig.coordinates_sent
    assert rig.status.n_analysed == 2
    (failure,) = rig.told.of(AnalysisFailed)
    assert failure.error == "RuntimeError: no tissue"


def test_a_later_error_without_fallback_ends(tmp_path):
    rig = Rig(tmp_path, [(1, 2, 3), FAILED, (4, 5, 6)], fallback=None)
    with pytest.raises(RuntimeError, match="no tissue"):
        rig.run()
    assert rig.coordinates_sent == [[1, 2, 3]]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((1, 2, 3, "OK"), InvalidAnswerError),
        ((math.nan, 2, 3), InvalidAnswerError),
        ((1, math.inf, 3), InvalidAnswerError),
        ((1, 2, "3"), InvalidAnswerError),
        ((1, 2, 1e9), RefusedMoveError),
        ((1, -1, 2), RefusedMoveError),
        ((4.1, 2, 3), RefusedMoveError),
    ],
)
def test_an_unusable_answer_is_a_failed_analysis(tmp_path, answer, error):
    rig = Rig(tmp_path, [(1, 2, 3), answer])
    rig.run()
    assert rig.coordinates_sent == [[1, 2, 3], [1, 2, 3]]
    assert isinstance(rig.sent[1][3], error)
    first = Rig(tmp_path, [answer])
    with pytest.raises(error):
        first.run()
    assert first.sent == []


def test_margin(tmp_path):
    rig = Rig(tmp_path, [(1, -1, 2)], frame_margin_px=1)
    rig.run()
    assert rig.coordinates_sent == [[1, -1, 2]]


def test_positions_share_nothing(tmp_path):
    def counting(n):
        return (1, n, n, "OK", {"seen": n})

    names = ["t1_p1.tif", "t1_p2.tif", "t2_p1.tif", "t2_p2.tif", "t3_p1.tif"]
    rig = Rig(
        tmp_path,
        [counting(1), counting(2), counting(3), FAILED, counting(5)],
        names,
        img_cache={"seen": 0},
    )
    rig.run()
    assert [kwargs["seen"] for _, kwargs in rig.pipeline.calls] == [0, 0, 1, 2, 3]
    assert rig.coordinates_sent[3] == [1, 2, 2]
    assert [(e.position, e.time_point) for e in rig.told.of(Answered)] == [
        ("1", 1),
        ("2", 1),
        ("1", 2),
        ("2", 2),
        ("1", 3),
    ]


@pytest.mark.parametrize(
    ("status", "expected"),
    [(STATUS, CENTRE), (ImageStatus(verdict=Verdict.UNKNOWN), [None, None, None])],
)
def test_a_first_failure_at_another_position_never_gets_foreign_coordinates(
    tmp_path, status, expected
):
    rig = Rig(
        tmp_path, [(1, 2, 3), FAILED, FAILED], ["a_p1.tif", "a_p2.tif", "b_p2.tif"], status=status
    )
    rig.run()
    assert rig.coordinates_sent == [[1, 2, 3], expected, expected]


def test_kwargs_and_cache_reach_the_pipeline(tmp_path):
    rig = Rig(tmp_path, [(1, 2, 3)], img_kwargs={"sigma": 2}, img_cache={"track": 1})
    rig.run()
    assert rig.pipeline.calls == [(str(tmp_path / "prescan_1.tif"), {"sigma": 2, "track": 1})]


@pytest.mark.parametrize(("wanted", "n"), [(0, 0), (1, 1), (2, 2), (9, 3), (None, 3)])
def test_max_triggers(tmp_path, wanted, n):
    rig = Rig(tmp_path, [(1, 2, 3)] * 3, max_triggers=wanted)
    rig.run()
    assert len(rig.sent) == n


def test_an_image_that_never_became_whole_is_a_failed_analysis(tmp_path):
    good = Rig.image(tmp_path, "a.tif")
    cut = ArrivedImage(tmp_path / "b.tif", Aborted("9 of 21 planes"), 1000.0)
    rig = Rig(tmp_path, [(1, 2, 3)], images=[good, cut])
    rig.run()
    assert isinstance(rig.sent[1][3], IncompleteImageError)
    assert len(rig.pipeline.calls) == 1


def test_an_answer_from_an_image_that_was_changed_meanwhile_is_not_sent(tmp_path):
    image = Rig.image(tmp_path, "a.tif")
    rig = Rig(tmp_path, [(1, 2, 3)], images=[image])
    image.path.write_text("more")
    rig.run()
    assert rig.sent == []
    assert rig.source.again == [image]
    assert rig.status.n_targets == 0
    assert "changed" in rig.told.of(Warned)[0].message
    assert rig.told.of(Warned)[0].position == "1"


def test_an_image_that_never_rests_fails_in_the_end(tmp_path):
    good = Rig.image(tmp_path, "a.tif")
    restless = Rig.image(tmp_path, "b.tif")
    restless = ArrivedImage(restless.path, restless.outcome, 1000.0, attempt=6)
    rig = Rig(tmp_path, [(1, 2, 3)], images=[good, restless])
    rig.run()
    assert "5 times" in str(rig.sent[1][3])


def test_a_target_that_is_deleted_while_it_is_analysed(tmp_path):
    image = Rig.image(tmp_path, "a.tif")
    rig = Rig(tmp_path, [(1, 2, 3)], images=[image])
    image.path.unlink()
    rig.run()
    assert rig.coordinates_sent == [[1, 2, 3]]


def test_another_shape_is_warned_about(tmp_path):
    images = [
        Rig.image(tmp_path, "a.tif"),
        Rig.image(
            tmp_path, "b.tif", ImageStatus(verdict=Verdict.COMPLETE, axes="YX", shape=(20, 30))
        ),
    ]
    rig = Rig(tmp_path, [(1, 2, 3), (0, 2, 3)], images=images)
    rig.run()
    (warning,) = rig.told.of(Warned)
    assert warning.position == "1"
    assert "(20, 30)" in warning.message
    assert "(5, 20, 30)" in warning.message


def test_ctrl_c_in_the_pipeline_is_no_failed_analysis(tmp_path):
    rig = Rig(tmp_path, [(1, 2, 3), KeyboardInterrupt()])
    with pytest.raises(KeyboardInterrupt):
        rig.run()
    assert len(rig.sent) == 1


def test_a_way_that_is_blocked_for_a_moment_is_tried_again(tmp_path):
    rig = Rig(tmp_path, [(1, 2, 3)])
    rig.transmission_errors = [OSError("locked")] * 2
    started_s = rig.clock.monotonic()
    rig.run()
    assert len(rig.sent) == rig.status.n_sent == 1
    assert rig.clock.monotonic() - started_s == pytest.approx(0.1 + 0.3)
    (failure,) = rig.told.of(TransmissionFailed)
    assert (failure.attempt, failure.final) == (1, False)
    (recovery,) = rig.told.of(TransmissionRecovered)
    assert (recovery.attempt, recovery.after_s) == (3, pytest.approx(0.4))


@pytest.mark.parametrize(("limit_s", "n_attempts"), [(30.0, 11), (0.0, 3), (1.0, 4)])
def test_a_failing_transmission_ends_the_session_unless_told_otherwise(
    tmp_path, limit_s, n_attempts
):
    rig = Rig(tmp_path, [(1, 2, 3), (1, 2, 3)], send_limit_s=limit_s)
    rig.transmission_errors = [OSError("locked") for _ in range(99)]
    started_s = rig.clock.monotonic()
    message = rf"could not be sent in {n_attempts} attempts: OSError: locked\. .*--resume"
    with pytest.raises(TransmissionError, match=message) as raised:
        rig.run()
    assert isinstance(raised.value.__cause__, OSError)
    assert rig.clock.monotonic() - started_s == pytest.approx(max(limit_s, 0.4))
    assert 99 - len(rig.transmission_errors) == n_attempts
    assert [(e.attempt, e.final) for e in rig.told.of(TransmissionFailed)] == [
        (1, False),
        (n_attempts, True),
    ]
    assert rig.status.n_targets == 1


def test_a_record_that_fails_is_only_told(tmp_path):
    def full(*args, **kwargs):
        raise OSError("disk full")

    rig = Rig(tmp_path, [(1, 2, 3)], records=[full])
    rig.run()
    assert rig.coordinates_sent == [[1, 2, 3]]
    assert "disk full" in rig.told.of(Warned)[0].message


def test_every_line_can_be_traced(tmp_path):
    rig = Rig(tmp_path, [(1, 2, 3), FAILED], ["t1_p2.tif", "t2_p2.tif"])
    rig.run()
    intents, answers = rig.told.of(Answering), rig.told.of(Answered)
    assert [(a.target, a.outcome, a.msg) for a in answers] == [
        (1, "ok", "OK"),
        (2, "fallback", FAILURE_MESSAGE),
    ]
    assert [i.path for i in intents] == [a.path for a in answers]
    order = [type(e) for e in rig.told.events if isinstance(e, Answering | Answered)]
    assert order == [Answering, Answered] * 2


@pytest.mark.parametrize(("says_stay", "expected"), [(False, CENTRE), (True, [None] * 3)])
def test_a_microscope_with_a_word_for_it_is_told_to_stay(tmp_path, says_stay, expected):
    records = []

    def record(z, y, x, *rest):
        records.append([z, y, x])

    rig = Rig(
        tmp_path,
        [(1, 2, 3), FAILED],
        fallback="stay",
        traits={"says_stay": says_stay},
        records=[record],
    )
    rig.run()
    assert rig.coordinates_sent == [[1, 2, 3], expected]
    assert records == [[1, 2, 3], CENTRE]


def test_a_held_position_is_not_analysed_any_more(tmp_path):
    rig = Rig(
        tmp_path, [(1, 2, 3), FAILED, FAILED], ["a.tif", "b.tif", "c.tif", "d.tif"], max_failures=1
    )
    rig.run()
    assert rig.coordinates_sent == [[1, 2, 3], [1, 2, 3], CENTRE, CENTRE]
    assert len(rig.pipeline.calls) == 3


def test_a_held_position_tells_so_at_each_prescan(tmp_path):
    rig = Rig(tmp_path, [(1, 2, 3)], ["a.tif", "b.tif"])
    rig.controls.ask(Hold("1", "it is out of focus"))
    rig.run()
    assert rig.coordinates_sent == [CENTRE, CENTRE]
    assert rig.pipeline.calls == []
    assert rig.status.held == {"1": "it is out of focus"}
    assert [event.error for event in rig.told.of(AnalysisFailed)] == [
        "RefusedMoveError: Position 1 is held: it is out of focus"
    ] * 2


def test_a_released_position_is_tracked_again(tmp_path):
    rig = Rig(tmp_path, [(1, 2, 3)], ["a.tif"])
    for command in (Hold("1", "look"), Release("1"), Release("1"), Release("2")):
        rig.controls.ask(command)
    rig.run()
    assert rig.coordinates_sent == [[1, 2, 3]]
    assert [event.position for event in rig.told.of(PositionReleased)] == ["1"]


def test_a_paused_session_answers_later(tmp_path):
    rig = Rig(tmp_path, [(1, 2, 3)] * 2)
    seen = []
    rig.controls.ask(Pause())
    rig.clock.plan(5.0, lambda: seen.append((rig.status.state, len(rig.sent))))
    rig.clock.plan(60.0, lambda: rig.controls.ask(GoOn()))
    started_s = rig.clock.monotonic()
    rig.run()
    assert seen == [(SessionState.PAUSED, 0)]
    assert rig.clock.monotonic() - started_s == pytest.approx(60, abs=0.2)
    assert len(rig.sent) == 2
    kinds = [type(e) for e in rig.told.events if isinstance(e, SessionPaused | SessionWentOn)]
    assert kinds == [SessionPaused, SessionWentOn]


def test_a_paused_session_can_be_stopped(tmp_path):
    rig = Rig(tmp_path, [(1, 2, 3)])
    rig.controls.ask(Pause())
    rig.clock.plan(5.0, rig.controls.stop)
    assert rig.run() is StopReason.ASKED
    assert rig.sent == []


def test_a_prescan_that_is_gone_gets_its_line_and_does_not_end_the_run(tmp_path):
    gone = ArrivedImage(tmp_path / "a.tif", Gone(), 1000.0)
    rig = Rig(tmp_path, [(1, 2, 3)], images=[gone, Rig.image(tmp_path, "b.tif")])
    rig.run()
    assert rig.coordinates_sent == [[None] * 3, [1, 2, 3]]
    assert rig.sent[0][1] == FAILURE_MESSAGE
    broken = Rig(tmp_path, [FAILED], images=[gone, Rig.image(tmp_path, "b.tif")])
    with pytest.raises(RuntimeError, match="no tissue"):  # the first analysis, all the same
        broken.run()


def test_a_prescan_that_went_away_while_it_was_read_is_looked_at_again(tmp_path):
    image = Rig.image(tmp_path, "a.tif")
    rig = Rig(tmp_path, [FAILED], images=[image])
    image.path.unlink()
    rig.run()
    assert (rig.source.again, rig.sent) == ([image], [])


def test_a_skipped_prescan_gets_its_line(tmp_path):
    images = [Rig.image(tmp_path, name) for name in ("t1_p1.tif", "t2_p1.tif")]
    rig = Rig(tmp_path, [(1, 2, 3)], images=images)
    rig.session.skip(images[0].path)
    rig.run()
    assert rig.coordinates_sent == [CENTRE, [1, 2, 3]]
    assert "skipped" in rig.told.of(AnalysisFailed)[0].error


class Blocked:
    """A session whose way to the microscope is blocked for good after the first prescan."""

    def __init__(self, tmp_path, n, **rules):
        answers = [(1, 2, 3 + i) for i in range(n)]
        self.rig = Rig(tmp_path, answers, resume=True, send_limit_s=0.0, **rules)
        self.block()

    def block(self):
        self.rig.transmission_errors = [OSError("locked") for _ in range(99)]

    def unblock(self):
        self.rig.transmission_errors = []


def test_what_was_not_sent_is_sent_late_once_it_can_be(tmp_path):
    blocked = Blocked(tmp_path, 1)
    rig = blocked.rig
    rig.run()
    assert (rig.sent, rig.status.n_sent) == ([], 0)
    assert rig.session.position("1").travel.px == (0, 0, 0)
    rig.clock.sleep(10)
    rig.session.attend()
    blocked.unblock()
    rig.session.attend()  # it is not time for another try
    assert rig.sent == []
    rig.clock.sleep(2)
    rig.session.attend()
    assert [(zyx, msg) for zyx, msg, *_ in rig.sent] == [([1, 2, 3], "LATE:OK")]
    assert rig.status.n_sent == 1
    assert rig.session.position("1").previous == (1, 2, 3)
    (late,) = rig.told.of(AnsweredLate)
    assert (late.msg, late.late_s, late.state["travel"]["px"]) == (
        "LATE:OK",
        pytest.approx(12.4),
        {"__tuple__": [-1.0, -7.5, -11.5]},
    )


@pytest.mark.parametrize("why", ["pending", "held", "paused"])
def test_a_late_answer_is_not_followed_once_the_microscope_may_be_elsewhere(tmp_path, why):
    blocked = Blocked(tmp_path, 1, traits={"leaves_lines": True})
    rig = blocked.rig
    rig.run()
    if why == "pending":
        rig.source.is_idle = False
    else:
        rig.controls.ask(Hold("1", "look") if why == "held" else Pause())
    blocked.unblock()
    rig.clock.sleep(10)
    rig.session.attend()
    assert [(zyx, msg) for zyx, msg, *_ in rig.sent] == [(CENTRE, FAILURE_MESSAGE)]
    assert rig.status.n_sent == 0


@pytest.mark.parametrize("leaves_lines", [True, False])
def test_lines_stay_in_order_when_sending_fails_for_a_while(tmp_path, leaves_lines):
    records = []

    def record(z, y, x, msg, *rest):
        records.append(([z, y, x], msg))

    blocked = Blocked(tmp_path, 3, traits={"leaves_lines": leaves_lines}, records=[record])
    rig = blocked.rig
    rig.run()
    assert [event.sent for event in rig.told.of(Answered)] == [False] * 3
    blocked.unblock()
    rig.source[:] = [Rig.image(tmp_path, "later.tif")]
    rig.pipeline.answers = [(1, 2, 9)]
    rig.run()
    stays = [(CENTRE, FAILURE_MESSAGE)] * 3
    assert records == [*stays, ([1, 2, 9], "OK")]
    sent = [(zyx, msg) for zyx, msg, *_ in rig.sent]
    assert sent == (records if leaves_lines else records[-1:])
    assert rig.session.position("1").steps == ((-1.0, -7.5, -5.5),)


def test_a_record_that_fails_is_written_before_the_next_one(tmp_path):
    errors, records = [OSError("disk full")] * 2, []

    def record(z, y, x, *rest):
        if errors:
            raise errors.pop()
        records.append([z, y, x])

    rig = Rig(tmp_path, [(1, 2, 3), (1, 2, 4), (1, 2, 5)], records=[record])
    rig.run()
    assert records == rig.coordinates_sent


def test_esc_ends_the_wait_for_a_way_that_is_blocked(tmp_path):
    rig = Rig(tmp_path, [(1, 2, 3)] * 2, send_limit_s=3600.0)
    rig.transmission_errors = [OSError("locked") for _ in range(99)]
    rig.clock.plan(7.0, lambda: rig.controls.stop(StopReason.ESC))
    started_s = rig.clock.monotonic()
    assert rig.run() is StopReason.ESC
    assert rig.clock.monotonic() - started_s == pytest.approx(7.0, abs=0.2)
    assert [event.sent for event in rig.told.of(Answered)] == [False]
    assert [event.final for event in rig.told.of(TransmissionFailed)] == [False, True]


def test_a_microscope_that_can_be_told_so_is_told_to_stay(tmp_path):
    rig = Rig(tmp_path, [(1, 2, 3)], ["a.tif"], traits={"says_stay": True})
    rig.controls.ask(Hold("1", "look"))
    rig.run()
    assert rig.coordinates_sent == [[None] * 3]


def test_each_prescan_gets_its_answer_file_before_anything_else_is_sent(tmp_path):
    rig = Rig(tmp_path, [(1, 2, 3), FAILED], answer_files=True)
    rig.transmission_errors = [OSError("locked")]
    found = []
    path = tmp_path / "prescan_1.tif"
    rig.clock.plan(0.05, lambda: found.append(read_answer(path)))
    rig.run()
    assert found == [CoordsLine(1, 2, 3, "OK")]
    assert read_answer(tmp_path / "prescan_2.tif") == CoordsLine(1, 2, 3, FAILURE_MESSAGE)


def test_no_answer_file_is_missed_in_a_subfolder_that_is_gone(tmp_path):
    gone = ArrivedImage(tmp_path / "sub" / "a.tif", Gone(), 1000.0)
    rig = Rig(tmp_path, [], images=[gone], answer_files=True, target_dir=str(tmp_path))
    rig.run()
    assert len(rig.sent) == 1
    assert list(tmp_path.iterdir()) == []


CELL = {"z": 1.0, "y": 2.0, "x": 3.0, "name": "cell_1", "priority": 0, "region": ()}


def with_a_cell():
    return 1, 2, 3, "OK", {FINDINGS_KEY: {"targets": [CELL]}}


def test_extra_targets_are_there_before_the_answer_is_and_stand_in_the_journal(tmp_path):
    rig = Rig(tmp_path, [with_a_cell(), (1, 2, 3)])
    files = [tmp_path / f"prescan_{number}.tif.targets.txt" for number in (1, 2)]
    write_targets(tmp_path / "prescan_2.tif", [ExtraTarget(**CELL)])  # of another run
    there = []

    def transmit(*args, **kwargs):
        there.append([file.exists() for file in files])

    rig.sender._transmit = transmit
    rig.run()
    assert there == [[True, True], [True, False]]
    assert files[0].read_text("utf-8").splitlines()[1].startswith("cell_1\t0\t1.0000")
    assert [event.targets for event in rig.told.of(Answered)] == [[CELL], []]
    assert [event.targets for event in rig.told.of(Answering)] == [[CELL], []]


def test_an_overtaken_answer_takes_its_extra_targets_back(tmp_path):
    rig = Rig(tmp_path, [with_a_cell(), (1, 2, 4)], resume=True, send_limit_s=0.0)
    rig.transmission_errors = [OSError("locked") for _ in range(3)]
    rig.run()
    assert [event.targets for event in rig.told.of(Answered)] == [[CELL], []]
    assert not (tmp_path / "prescan_1.tif.targets.txt").exists()


def test_a_status_is_a_value(tmp_path):
    rig = Rig(tmp_path, [(1, 2, 3), FAILED, (1, 2, 3)], max_failures=0)
    before = rig.status
    seen = []
    rig.pipeline.answers[0] = lambda: seen.append(rig.status)
    assert rig.run() is StopReason.MAX_CHECKS
    assert before == SessionStatus()
    assert [(one.state, Path(one.path).name) for one in seen] == [
        (SessionState.ANALYSING, "prescan_1.tif")
    ]
    status = rig.status
    assert (status.n_targets, status.n_analysed, status.n_sent) == (3, 1, 3)
    assert list(status.held) == ["1"]


def test_what_is_held_or_skipped_at_first_does_not_hide_a_wrong_setting(tmp_path):
    rig = Rig(tmp_path, [FAILED], ["t1_p1.tif", "t1_p2.tif"])
    rig.controls.ask(Hold("1", "look"))
    with pytest.raises(RuntimeError, match="no tissue"):
        rig.run()


def test_times_are_told(tmp_path):
    rig = Rig(tmp_path, [(1, 2, 3)])
    rig.pipeline.answers[0] = lambda: rig.clock.sleep(2.0)
    rig.transmission_errors = [OSError("locked")]
    rig.clock.sleep(3.0)
    rig.run()
    assert rig.told.of(AnalysisStarted)[0].wait_s == pytest.approx(3.0)
    assert rig.told.of(AnalysisSucceeded)[0].analysis_s == pytest.approx(2.0)
    assert rig.told.of(Answered)[0].total_s == pytest.approx(5.1)
