import os
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from dystrack.images.folder_habits import FolderHabits
from dystrack.images.image_file import ImageStatus, Verdict
from dystrack.images.outcomes import Aborted, Gone, Ready, Wait
from dystrack.images.readiness import ImageArrival
from dystrack.images.stamps import FileStamp
from fakes import FakeClock, write_prescan

QUIET_S = 2.0
LIMIT_S = 30.0
HOUR_S = 3600.0


@dataclass
class Scene:
    """A prescan, what can be said of it, and the rule that looks at it."""

    path: Path
    clock: FakeClock = field(default_factory=FakeClock)
    verdict: str = "complete"
    closely: str | None = None
    n_planes: int | None = 5
    is_held: bool | None = False
    expected_planes: int | None = None
    habits: FolderHabits = field(default_factory=FolderHabits)
    close_looks: int = 0
    questions: int = 0

    def __post_init__(self):
        self.change()

    def change(self, age_s=0.0):
        """Write to the file `age_s` before now."""
        self.path.write_bytes(b"x" * (self.path.stat().st_size + 1 if self.path.exists() else 1))
        now_ns = int((self.clock.time() - age_s) * 1e9)
        os.utime(self.path, ns=(now_ns, now_ns))

    def inspect(self, path):
        return ImageStatus(Verdict(self.verdict), f"it is {self.verdict}", n_planes=self.n_planes)

    def inspect_closely(self, path):
        self.close_looks += 1
        verdict = self.closely or self.verdict
        return ImageStatus(Verdict(verdict), f"it is {verdict}", n_planes=self.n_planes)

    def is_being_written(self, path):
        self.questions += 1
        return self.is_held

    def arrival(self, **options):
        return ImageArrival(
            self.path,
            quiet_s=QUIET_S,
            limit_s=LIMIT_S,
            expected_planes=self.expected_planes,
            position="1",
            habits=self.habits,
            clock=self.clock,
            inspect=self.inspect,
            inspect_closely=self.inspect_closely,
            is_being_written=self.is_being_written,
            **options,
        )

    def outcome_and_time(self):
        """Look until the waiting is over; return how it ended, and after how many seconds."""
        arrival, start_s = self.arrival(), self.clock.monotonic()
        outcome = arrival.look()
        while isinstance(outcome, Wait):
            self.clock.sleep(outcome.retry_s)
            outcome = arrival.look()
        return type(outcome), self.clock.monotonic() - start_s


@pytest.fixture
def scene(tmp_path):
    return Scene(tmp_path / "prescan.tif")


AT_ONCE, ONCE_QUIET, AT_REST, NEVER = (
    (Ready, 0.0),
    (Ready, QUIET_S),
    (Ready, 2 * QUIET_S),
    (Aborted, LIMIT_S),
)


@pytest.mark.parametrize(
    ("verdict", "expected_planes", "nobody_writes", "nobody_can_say", "someone_writes"),
    [
        ("complete", None, AT_ONCE, AT_ONCE, ONCE_QUIET),
        ("complete", 4, AT_ONCE, AT_ONCE, ONCE_QUIET),
        ("complete", 9, AT_ONCE, AT_ONCE, ONCE_QUIET),
        ("open", None, AT_ONCE, ONCE_QUIET, NEVER),
        ("open", 4, AT_ONCE, ONCE_QUIET, NEVER),
        ("open", 5, AT_ONCE, AT_ONCE, ONCE_QUIET),
        ("open", 9, NEVER, NEVER, NEVER),
        ("suspect", None, AT_REST, AT_REST, NEVER),
        ("suspect", 5, AT_REST, AT_REST, NEVER),
        ("suspect", 9, NEVER, NEVER, NEVER),
        ("unknown", None, AT_ONCE, ONCE_QUIET, NEVER),
        ("unknown", 5, AT_ONCE, ONCE_QUIET, NEVER),
        ("incomplete", None, NEVER, NEVER, NEVER),
        ("incomplete", 5, NEVER, NEVER, NEVER),
    ],
)
def test_the_rule(
    verdict, expected_planes, nobody_writes, nobody_can_say, someone_writes, tmp_path
):
    answers = {False: nobody_writes, None: nobody_can_say, True: someone_writes}
    for is_held, (outcome, after_s) in answers.items():
        scene = Scene(
            tmp_path / f"{is_held}.tif",
            verdict=verdict,
            is_held=is_held,
            expected_planes=expected_planes,
            n_planes=None if verdict == "unknown" else 5,
        )
        found, found_s = scene.outcome_and_time()
        assert found is outcome
        assert after_s <= found_s <= after_s + 0.05


@pytest.mark.parametrize("is_held", [True, None])
@pytest.mark.parametrize("verdict", ["complete", "open"])
def test_a_page_that_seems_unwritten_is_found_before_reading(verdict, is_held, scene):
    scene.verdict, scene.closely, scene.is_held, scene.expected_planes = (
        verdict,
        "suspect",
        is_held,
        5,
    )
    assert scene.outcome_and_time()[0] is (Aborted if is_held else Ready)
    assert scene.close_looks > 0


def test_nobody_writes_but_a_page_seems_unwritten(scene):
    scene.closely = "suspect"
    assert scene.outcome_and_time() == (Ready, pytest.approx(2 * QUIET_S, abs=0.05))


# What the folder has shown


def proved(*verdicts):
    habits = FolderHabits()
    for verdict in verdicts:
        habits.note_unchanged(Verdict(verdict))
    return habits


@pytest.mark.parametrize(
    ("verdicts", "after_s"),
    [
        (["suspect"] * 2, 2 * QUIET_S),
        (["suspect"] * 3, 0.0),
        (["complete"] * 9, 2 * QUIET_S),
    ],
)
def test_suspect_files_are_read_at_once_where_three_of_them_have_stayed(verdicts, after_s, scene):
    scene.verdict, scene.habits = "suspect", proved(*verdicts)
    assert scene.outcome_and_time() == (Ready, pytest.approx(after_s, abs=0.05))


@pytest.mark.parametrize("is_held", [True, None])
def test_but_not_where_somebody_may_write(is_held, scene):
    scene.verdict, scene.habits, scene.is_held = "suspect", proved(*["suspect"] * 3), is_held
    assert isinstance(scene.arrival().look(), Wait)


def test_a_suspect_file_that_is_filled_ends_all_trust(scene):
    scene.verdict, scene.habits = "suspect", proved(*["suspect"] * 2, *["complete"] * 3)
    arrival = scene.arrival()
    arrival.look()
    scene.path.write_bytes(b"y")
    os.utime(scene.path, ns=(0, 1))
    arrival.look()
    scene.habits.note_unchanged(Verdict.SUSPECT)
    assert not scene.habits.suspects_stay
    assert not scene.habits.files_stay


def test_a_suspect_file_to_which_something_is_appended_says_nothing(scene):
    scene.verdict, scene.habits = "suspect", proved(*["suspect"] * 3)
    scene.is_held = True
    arrival = scene.arrival()
    arrival.look()
    scene.change()
    arrival.look()
    assert scene.habits.suspects_stay


@pytest.mark.parametrize(("n_files", "close_looks"), [(2, 1), (3, 0)])
def test_close_looks_are_left_out_where_three_files_have_stayed(n_files, close_looks, scene):
    scene.habits = proved(*["complete"] * n_files)
    assert scene.outcome_and_time()[0] is Ready
    assert scene.close_looks == close_looks


@pytest.mark.parametrize("is_held", [False, None])
@pytest.mark.parametrize(("n_planes", "outcome"), [(5, ONCE_QUIET), (4, NEVER), (6, ONCE_QUIET)])
def test_where_files_grow_after_their_close_they_rest(n_planes, outcome, is_held, scene):
    scene.verdict, scene.n_planes, scene.is_held = "open", n_planes, is_held
    scene.habits.note_growth("1", 5)
    scene.expected_planes = 1
    expected, after_s = outcome
    assert scene.outcome_and_time() == (expected, pytest.approx(after_s, abs=0.05))


def test_at_a_position_without_a_count_others_counts_make_it_wait_longer(scene):
    scene.verdict, scene.n_planes = "open", 4
    scene.habits.note_planes("2", 5)
    assert scene.outcome_and_time() == (Ready, pytest.approx(LIMIT_S, abs=0.05))


def test_what_was_given_up_takes_its_expectation_with_it(scene):
    scene.verdict, scene.n_planes = "open", 4
    scene.habits.note_growth("1", 5)
    assert scene.outcome_and_time()[0] is Aborted
    assert scene.habits.expected_planes("1", None) is None


def test_an_expectation_only_grows():
    habits = FolderHabits()
    for n_planes in (3, 5, 4, None):
        habits.note_growth("1", n_planes)
    assert habits.expected_planes("1", 2) == 5
    assert habits.expected_planes("1", 7) == 7
    assert habits.expected_planes("2", 2) == 2


@pytest.mark.parametrize(("tail", "outcome"), [(b"x", Ready), (b"x" + bytes(16), Aborted)])
def test_a_file_that_ends_with_zeros_waits_while_it_is_held(tail, outcome, scene):
    scene.is_held = True
    scene.path.write_bytes(b"x" * 50 + tail)
    assert scene.outcome_and_time()[0] is outcome
    scene.is_held = False
    assert scene.outcome_and_time()[0] is Ready


def test_a_suspicion_holds_until_the_file_changes(scene):
    scene.closely, scene.is_held = "suspect", None
    arrival = scene.arrival()
    for _ in range(5):
        assert arrival.look().reason == "it is suspect"
        scene.clock.sleep(0.1)
    assert scene.close_looks == 1
    scene.change()
    scene.closely = "complete"
    assert isinstance(arrival.look(), Ready)


def test_a_close_look_may_find_the_file_incomplete(scene):
    scene.closely, scene.is_held = "incomplete", None
    outcome = scene.arrival().look()
    assert outcome == Wait(0.005, "it is incomplete")


def test_who_writes_is_only_asked_once_the_structure_looks_whole(scene):
    scene.verdict = "incomplete"
    scene.arrival().look()
    assert scene.questions == 0


def test_a_writer_that_goes_on_is_waited_for(scene):
    """Held and changing every second for two minutes, then closed."""
    scene.is_held = True
    for second in range(120):
        scene.clock.plan(second + 0.5, scene.change)
    scene.clock.plan(120.0, lambda: setattr(scene, "is_held", False))
    outcome, after_s = scene.outcome_and_time()
    assert outcome is Ready
    assert 120.0 <= after_s <= 120.02


def test_an_incomplete_file_that_grows_is_waited_for(scene):
    scene.verdict = "incomplete"
    for second in range(60):
        scene.clock.plan(second + 0.5, scene.change)
    scene.clock.plan(60.0, lambda: setattr(scene, "verdict", "complete"))
    outcome, after_s = scene.outcome_and_time()
    assert outcome is Ready
    assert 60.0 <= after_s <= 60.05


@pytest.mark.parametrize("is_held", [True, False, None])
def test_once_it_is_whole_and_closed_it_is_taken_in_time(is_held, scene):
    scene.verdict, scene.is_held = "incomplete", is_held

    def finish():
        scene.change()
        scene.verdict, scene.is_held = "complete", is_held and False

    scene.clock.plan(12.345, finish)
    outcome, after_s = scene.outcome_and_time()
    assert outcome is Ready
    assert 12.345 <= after_s <= 12.345 + 0.05


@pytest.mark.parametrize(
    ("is_held", "unchanged_s", "retry_s"),
    [
        (None, 0.0, 0.005),
        (None, 0.2, 0.02),
        (None, 1.0, 0.04),
        (None, 1.99, 0.01),
        (None, 9.0, 0.04),
        (True, 0.0, 0.005),
        (True, 0.1, 0.01),
        (True, 1.0, 0.02),
        (True, 9.0, 0.02),
    ],
)
def test_the_pause_grows_with_the_time_for_which_nothing_changed(
    is_held, unchanged_s, retry_s, scene
):
    scene.verdict, scene.is_held = "open", is_held
    scene.n_planes, scene.expected_planes = 3, 5
    arrival = scene.arrival()
    arrival.look()
    scene.clock.sleep(unchanged_s)
    outcome = arrival.look()
    assert isinstance(outcome, Wait)
    assert outcome.retry_s == pytest.approx(retry_s)


# Clocks that do not agree


@pytest.mark.parametrize(
    ("age_s", "outcome"),
    [
        (0.0, Wait),
        (QUIET_S + 1.0, Wait),
        (HOUR_S - 1.0, Wait),
        (HOUR_S + 1.0, Ready),
        (-1.0, Wait),
        (-HOUR_S - 1.0, Wait),
    ],
    ids=["new", "a little older", "the server's clock is behind", "old", "ahead", "far ahead"],
)
def test_only_an_old_file_is_quiet_at_first_sight(age_s, outcome, scene):
    scene.verdict, scene.is_held = "open", None
    scene.change(age_s)
    assert isinstance(scene.arrival().look(), outcome)


def test_what_appeared_under_our_eyes_is_never_old(scene):
    scene.verdict, scene.is_held = "open", None
    scene.change(2 * HOUR_S)
    assert isinstance(scene.arrival(is_new=True).look(), Wait)
    assert isinstance(scene.arrival().look(), Ready)


def test_an_old_file_that_changes_was_not_old(scene):
    scene.verdict, scene.is_held = "suspect", None
    scene.change(2 * HOUR_S)
    scene.verdict = "incomplete"
    arrival = scene.arrival()
    arrival.look()
    scene.change(2 * HOUR_S)
    scene.verdict = "suspect"
    assert isinstance(arrival.look(), Wait)


def test_an_old_file_that_is_held_is_watched_all_the_same(scene):
    scene.is_held = True
    scene.change(2 * HOUR_S)
    assert scene.outcome_and_time()[1] >= QUIET_S


def test_the_clock_of_the_day_may_be_set_meanwhile(scene):
    scene.verdict, scene.is_held = "open", None
    arrival = scene.arrival()
    arrival.look()
    scene.clock._wall_s += 10 * HOUR_S
    assert isinstance(arrival.look(), Wait)
    scene.clock._wall_s -= 20 * HOUR_S
    scene.clock.sleep(QUIET_S)
    assert isinstance(arrival.look(), Ready)


def test_a_quiet_time_longer_than_the_limit_is_waited_for(scene):
    scene.verdict, scene.is_held = "open", None
    arrival = ImageArrival(
        scene.path,
        quiet_s=60.0,
        limit_s=30.0,
        clock=scene.clock,
        inspect=scene.inspect,
        is_being_written=scene.is_being_written,
    )
    arrival.look()
    scene.clock.sleep(45.0)
    assert isinstance(arrival.look(), Wait)
    scene.clock.sleep(15.0)
    assert isinstance(arrival.look(), Ready)


# Files that change or vanish under our eyes


def test_a_change_during_the_look_is_noticed(scene):
    inspect = scene.inspect

    def change_and_inspect(path):
        scene.change()
        return inspect(path)

    scene.inspect = change_and_inspect
    outcome = scene.arrival().look()
    assert outcome == Wait(0.005, "it changed while it was looked at")


@pytest.mark.parametrize("step", ["inspect", "is_being_written"])
def test_a_file_that_vanishes_during_the_look_is_gone(step, scene):
    setattr(scene, step, lambda path: path.unlink() or path.stat())
    assert scene.arrival().look() == Gone()


def test_a_file_that_is_not_there_is_gone(scene):
    scene.path.unlink()
    assert scene.arrival().look() == Gone()


def test_a_folder_that_cannot_be_reached_is_waited_for_and_given_up(scene, monkeypatch):
    def fail(path):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(FileStamp, "of", fail)
    arrival = scene.arrival()
    assert arrival.look() == Wait(0.005, "it cannot be reached (Input/output error)")
    scene.clock.sleep(LIMIT_S)
    assert isinstance(arrival.look(), Aborted)


def test_a_share_that_comes_back_is_read(scene, monkeypatch):
    arrival = scene.arrival()
    with monkeypatch.context() as patch:
        patch.setattr(FileStamp, "of", _raise_permission_error)
        assert isinstance(arrival.look(), Wait)
    assert isinstance(arrival.look(), Ready)


def _raise_permission_error(path):
    raise PermissionError(13, "Permission denied")


def test_reasons_say_what_is_missing_and_for_how_long(scene):
    scene.verdict, scene.expected_planes, scene.n_planes = "open", 21, 9
    arrival = scene.arrival()
    reason = "it has 9 planes, while the last good prescan had 21"
    assert arrival.look() == Wait(0.005, reason)
    scene.clock.sleep(31.0)
    assert arrival.look() == Aborted(f"{reason}; nothing has changed for 31 s")


@pytest.mark.parametrize("verdict", ["open", "suspect", "unknown"])
def test_a_verdict_without_a_reason_is_no_permission(verdict, scene):
    scene.is_held = None
    scene.inspect = lambda path: ImageStatus(Verdict(verdict))
    assert scene.arrival().look() == Wait(0.005, f"it is {verdict}")


def test_of_a_held_file_both_reasons_are_given(scene):
    scene.verdict, scene.is_held = "open", True
    assert scene.arrival().look().reason == "a program has it open for writing; it is open"


def test_ready_carries_status_and_stamp(scene):
    outcome = scene.arrival().look()
    assert outcome == Ready(scene.inspect(scene.path), FileStamp.of(scene.path))


def test_with_the_real_doors_a_finished_file_is_ready(tmp_path):
    path = write_prescan(tmp_path / "prescan.tif")
    outcome = ImageArrival(path, is_being_written=lambda path: None).look()
    assert isinstance(outcome, Ready)
    assert outcome.status.shape == (5, 20, 30)
