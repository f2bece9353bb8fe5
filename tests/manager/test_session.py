"""The error table of the manual, and what happens around it, without files or time."""

import math
from dataclasses import replace

import pytest

from dystrack.core.errors import IncompleteImageError, InvalidAnswerError, RefusedMoveError
from dystrack.images.image_file import ImageStatus, Verdict
from dystrack.images.readiness import Aborted, FileStamp, Ready
from dystrack.manager.events import AnalysisFailed, Answered, Answering, Warned
from dystrack.manager.sender import Sender
from dystrack.manager.session import Session
from dystrack.manager.tracking.decision import FAILURE_MESSAGE, Tracker, TrackingRules
from dystrack.manager.tracking.positions import Positions
from dystrack.manager.watching.image_names import PositionPattern
from dystrack.manager.watching.watcher import ArrivedImage
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
        if isinstance(answer, BaseException):
            raise answer
        return answer if len(answer) != 3 else (*answer, "OK", {})


class Source(list):
    """Images in order; notes which are to be looked at again."""

    def __init__(self, images):
        super().__init__(images)
        self.again = []

    def look_again(self, image):
        self.again.append(image)


class Rig:
    """A session of fakes, and what came of it."""

    def __init__(self, tmp_path, answers, names=None, *, status=STATUS, images=None, **rules):
        self.pipeline = Pipeline(answers)
        self.told = Recorder()
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
            target_dir="folder",
            tra_kwargs={"extra": 1},
            says_stay=rules.pop("says_stay", False),
            resume=rules.pop("resume", False),
            tell=self.told,
            clock=self.clock,
        )
        positions = Positions(rules.pop("img_cache", {}))
        self.session = Session(
            self.source,
            worker=InProcessWorker(self.pipeline),
            sender=self.sender,
            positions=positions,
            naming=PositionPattern(),
            img_kwargs=rules.pop("img_kwargs", {}),
            max_triggers=rules.pop("max_triggers", None),
            tracker=Tracker(positions, TrackingRules(**rules), self.told),
            tell=self.told,
            clock=self.clock,
        )

    @staticmethod
    def image(folder, name, status=STATUS):
        path = folder / name
        path.write_text("x")
        return ArrivedImage(path, Ready(status, FileStamp.of(path)), 1000.0)

    def transmit(self, z, y, x, msg, cache, error, target_dir, **kwargs):
        assert (target_dir, kwargs) == ("folder", {"extra": 1})
        if self.transmission_errors:
            raise self.transmission_errors.pop(0)
        self.sent.append(([z, y, x], msg, cache, error))

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
    rig.session.run()
    assert rig.coordinates_sent == [[z, 2, 3], [z, *CENTRE[1:]]]


def test_answers_are_sent_in_order(tmp_path):
    rig = Rig(tmp_path, [(1, 2, 3), (2, 3, 4)])
    rig.session.run()
    assert rig.coordinates_sent == rig.session.coordinates == [[1, 2, 3], [2, 3, 4]]
    assert [msg for _, msg, *_ in rig.sent] == ["OK", "OK"]
    assert (rig.session.target_counter, rig.session.img_success_counter) == (2, 2)
    assert rig.sender.tra_success_counter == 2


@pytest.mark.parametrize("fallback", ["previous", "stay", None])
def test_an_error_on_the_very_first_prescan_always_ends(tmp_path, fallback):
    rig = Rig(tmp_path, [FAILED, (1, 2, 3)], fallback=fallback)
    with pytest.raises(RuntimeError, match="no tissue"):
        rig.session.run()
    assert rig.sent == []
    assert rig.session.coordinates == []
    assert rig.session.target_counter == 1


@pytest.mark.parametrize(
    ("fallback", "expected"), [("previous", [1.0, 2.0, 3.0]), ("stay", CENTRE)]
)
def test_a_later_error_sends_the_fallback(tmp_path, fallback, expected):
    rig = Rig(tmp_path, [(1, 2, 3), FAILED, (4, 5, 6)], fallback=fallback)
    rig.session.run()
    assert rig.coordinates_sent == [[1, 2, 3], expected, [4, 5, 6]]
    assert rig.sent[1][1:] == (FAILURE_MESSAGE, {}, FAILED)
    assert rig.session.coordinates == rig.coordinates_sent
    assert rig.session.img_success_counter == 2
    (failure,) = rig.told.of(AnalysisFailed)
    assert failure.error == "RuntimeError: no tissue"


def test_a_later_error_without_fallback_ends(tmp_path):
    rig = Rig(tmp_path, [(1, 2, 3), FAILED, (4, 5, 6)], fallback=None)
    with pytest.raises(RuntimeError, match="no tissue"):
        rig.session.run()
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
    rig.session.run()
    assert rig.coordinates_sent == [[1, 2, 3], [1, 2, 3]]
    assert isinstance(rig.sent[1][3], error)
    first = Rig(tmp_path, [answer])
    with pytest.raises(error):
        first.session.run()
    assert first.sent == []


def test_margin(tmp_path):
    rig = Rig(tmp_path, [(1, -1, 2)], frame_margin_px=1)
    rig.session.run()
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
    rig.session.run()
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
    rig.session.run()
    assert rig.coordinates_sent == [[1, 2, 3], expected, expected]


def test_kwargs_and_cache_reach_the_pipeline(tmp_path):
    rig = Rig(tmp_path, [(1, 2, 3)], img_kwargs={"sigma": 2}, img_cache={"track": 1})
    rig.session.run()
    assert rig.pipeline.calls == [(str(tmp_path / "prescan_1.tif"), {"sigma": 2, "track": 1})]


@pytest.mark.parametrize(("wanted", "n"), [(0, 0), (1, 1), (2, 2), (9, 3), (None, 3)])
def test_max_triggers(tmp_path, wanted, n):
    rig = Rig(tmp_path, [(1, 2, 3)] * 3, max_triggers=wanted)
    rig.session.run()
    assert len(rig.sent) == n


def test_an_image_that_never_became_whole_is_a_failed_analysis(tmp_path):
    good = Rig.image(tmp_path, "a.tif")
    cut = ArrivedImage(tmp_path / "b.tif", Aborted("9 of 21 planes"), 1000.0)
    rig = Rig(tmp_path, [(1, 2, 3)], images=[good, cut])
    rig.session.run()
    assert isinstance(rig.sent[1][3], IncompleteImageError)
    assert len(rig.pipeline.calls) == 1


def test_an_answer_from_an_image_that_was_changed_meanwhile_is_not_sent(tmp_path):
    image = Rig.image(tmp_path, "a.tif")
    rig = Rig(tmp_path, [(1, 2, 3)], images=[image])
    image.path.write_text("more")
    rig.session.run()
    assert rig.sent == []
    assert rig.source.again == [image]
    assert rig.session.target_counter == 0
    assert "changed" in rig.told.of(Warned)[0].message
    assert rig.told.of(Warned)[0].position == "1"


def test_an_image_that_never_rests_fails_in_the_end(tmp_path):
    good = Rig.image(tmp_path, "a.tif")
    restless = Rig.image(tmp_path, "b.tif")
    restless = ArrivedImage(restless.path, restless.outcome, 1000.0, attempt=6)
    rig = Rig(tmp_path, [(1, 2, 3)], images=[good, restless])
    rig.session.run()
    assert "5 times" in str(rig.sent[1][3])


def test_a_target_that_is_deleted_while_it_is_analysed(tmp_path):
    image = Rig.image(tmp_path, "a.tif")
    rig = Rig(tmp_path, [(1, 2, 3)], images=[image])
    image.path.unlink()
    rig.session.run()
    assert rig.coordinates_sent == [[1, 2, 3]]


def test_another_shape_is_warned_about(tmp_path):
    images = [
        Rig.image(tmp_path, "a.tif"),
        Rig.image(
            tmp_path, "b.tif", ImageStatus(verdict=Verdict.COMPLETE, axes="YX", shape=(20, 30))
        ),
    ]
    rig = Rig(tmp_path, [(1, 2, 3), (0, 2, 3)], images=images)
    rig.session.run()
    (warning,) = rig.told.of(Warned)
    assert warning.position == "1"
    assert "(20, 30)" in warning.message
    assert "(5, 20, 30)" in warning.message


def test_ctrl_c_in_the_pipeline_is_no_failed_analysis(tmp_path):
    rig = Rig(tmp_path, [(1, 2, 3), KeyboardInterrupt()])
    with pytest.raises(KeyboardInterrupt):
        rig.session.run()
    assert len(rig.sent) == 1


@pytest.mark.parametrize(("n_errors", "resume", "n_sent"), [(2, False, 1), (3, True, 0)])
def test_sending_is_tried_three_times_with_a_growing_pause(tmp_path, n_errors, resume, n_sent):
    rig = Rig(tmp_path, [(1, 2, 3)], resume=resume)
    rig.transmission_errors = [OSError("locked")] * n_errors
    started_s = rig.clock.monotonic()
    rig.session.run()
    assert len(rig.sent) == rig.sender.tra_success_counter == n_sent
    assert rig.clock.monotonic() - started_s == pytest.approx(0.1 + 0.3)
    assert [event.sent for event in rig.told.of(Answered)] == [n_sent == 1]
    assert rig.session.coordinates == [[1, 2, 3]]


def test_a_failing_transmission_ends_the_session_unless_told_otherwise(tmp_path):
    rig = Rig(tmp_path, [(1, 2, 3), (1, 2, 3)])
    rig.transmission_errors = [OSError("locked")] * 3
    with pytest.raises(OSError, match="locked"):
        rig.session.run()
    assert rig.session.target_counter == 1


def test_a_record_that_fails_is_only_told(tmp_path):
    def full(*args, **kwargs):
        raise OSError("disk full")

    rig = Rig(tmp_path, [(1, 2, 3)], records=[full])
    rig.session.run()
    assert rig.coordinates_sent == [[1, 2, 3]]
    assert "disk full" in rig.told.of(Warned)[0].message


def test_every_line_can_be_traced(tmp_path):
    rig = Rig(tmp_path, [(1, 2, 3), FAILED], ["t1_p2.tif", "t2_p2.tif"])
    rig.session.run()
    intents, answers = rig.told.of(Answering), rig.told.of(Answered)
    assert [(a.target, a.outcome, a.msg) for a in answers] == [
        (1, "ok", "OK"),
        (2, "fallback", FAILURE_MESSAGE),
    ]
    assert [i.path for i in intents] == [a.path for a in answers]
    order = [type(e) for e in rig.told.events if isinstance(e, Answering | Answered)]
    assert order == [Answering, Answered] * 2


@pytest.mark.parametrize(("says_stay", "expected"), [(False, CENTRE), (True, [None, None, None])])
def test_a_microscope_with_a_word_for_it_is_told_to_stay(tmp_path, says_stay, expected):
    records = []

    def record(z, y, x, *rest):
        records.append([z, y, x])

    rig = Rig(tmp_path, [(1, 2, 3), FAILED], fallback="stay", says_stay=says_stay, records=[record])
    rig.session.run()
    assert rig.coordinates_sent == [[1, 2, 3], expected]
    assert records == [[1, 2, 3], CENTRE]


def test_a_held_position_is_not_analysed_any_more(tmp_path):
    rig = Rig(
        tmp_path, [(1, 2, 3), FAILED, FAILED], ["a.tif", "b.tif", "c.tif", "d.tif"], max_failures=1
    )
    rig.session.run()
    assert rig.coordinates_sent == [[1, 2, 3], [1, 2, 3], CENTRE, CENTRE]
    assert len(rig.pipeline.calls) == 3
