"""ZEN Blue's macro, unmodified, on a simulated microscope: with the real manager, and with faults."""

import ast
import io
from dataclasses import replace

import pytest

from closed_loop.shared_clock import SharedClock
from dystrack.core.coordinates import VoxelSize
from dystrack.core.exchange.answer_file import NextPrescan, write_answer
from dystrack.core.exchange.coords_file import (
    COORDS_FILE_NAME,
    FAILURE_MESSAGE,
    CoordsLine,
    append_line,
    prepare_coords_file,
)
from dystrack.manager.events import SessionStarted
from dystrack.manager.manager import run_dystrack_manager
from dystrack.pipelines.center_of_mass import analyze_image
from dystrack.scopes.geometry import PositionUm, ScanSettings
from dystrack.scopes.samples.bodies import Organoid
from dystrack.scopes.samples.imaging import Imaging
from dystrack.scopes.samples.motion import Motion
from dystrack.scopes.samples.sample import Sample
from dystrack.scopes.stage import StageAxes
from emulators.zen_objects import MACRO, FakeZen, run_macro
from emulators.zen_state import StoredExperiment
from fakes import FakeClock

PRESCAN = ScanSettings((9, 36, 40), VoxelSize(4.0, 2.5, 2.5), duration_s=1.0)
MAIN_SCAN = ScanSettings((9, 72, 80), VoxelSize(4.0, 1.25, 1.25), duration_s=1.0)
STAYS = CoordsLine(4.0, 17.5, 19.5, "OK")
FAR_UM = 4000.0
BOTH_WAYS = pytest.mark.parametrize("answer_files", [True, False])


def a_sample(number=0):
    """Return a sample that moves 4 µm in half a minute."""
    motion = Motion(PositionUm(3.0, 5.0, FAR_UM * number), PositionUm(0.01, 0.06, -0.1))
    return Sample(Organoid(), motion, imaging=Imaging(black_level=-0.05))


def a_microscope(clock, n=1, axes=None, **options):
    axes = axes or StageAxes()
    samples = [a_sample(number) for number in range(n)]
    starts = [axes.to_stage(sample.position_um(0.0)) for sample in samples]
    experiments = {
        "prescan": StoredExperiment(PRESCAN, [(at.x, at.y, at.z) for at in starts]),
        "main_scan": StoredExperiment(MAIN_SCAN),
    }
    return FakeZen(samples, experiments, clock, axes=axes, **options)


def settings(folder, axes=None, **others):
    axes = axes or StageAxes()
    signs = {"SIGN_X": axes.x_sign, "SIGN_Y": axes.y_sign, "SIGN_Z": axes.z_sign}
    signs["SWAP_XY"] = int(axes.swaps_yx)
    return {"FOLDER": str(folder), "TIME_POINTS": 10, "INTERVAL_S": 30} | signs | others


AXES = [
    StageAxes(),
    StageAxes(-1, 1, -1, origin=PositionUm(10.0, -500.0, 700.0)),
    StageAxes(y_sign=-1),
    StageAxes(y_sign=-1, swaps_yx=True),
]


@BOTH_WAYS
@pytest.mark.parametrize("axes", AXES)
def test_it_follows_two_samples(tmp_path, axes, answer_files):
    clock = SharedClock()
    zen = a_microscope(clock, n=2, axes=axes)

    def start_macro(event):
        if isinstance(event, SessionStarted):
            clock.run_beside(
                lambda: run_macro(zen, **settings(tmp_path, axes, ANSWER_FILES=answer_files))
            )

    _, stats = run_dystrack_manager(
        tmp_path,
        analyze_image,
        max_triggers=20,
        file_start="prescan",
        img_kwargs={"gauss_sigma": 1.0},
        answer_files=answer_files,
        progress=False,
        clock=clock,
        on_event=start_macro,
        should_stop=lambda: clock.has_ended,
    )
    clock.finish()
    assert stats["img_success_counter"] == 20
    names = [f"job_{t}_pos_{p}" for t in range(1, 11) for p in (1, 2)]
    assert [scan.name for scan in zen.main_scans()] == names
    assert all(scan.in_view for scan in zen.main_scans())
    assert max(scan.distance_um for scan in zen.main_scans()) < 3.0
    assert zen.n_open_images == 0


class Answering:
    """Gives planned answers some time after each prescan; the macro runs on a fake clock."""

    def __init__(self, folder, *answers, n=1):
        self.clock = FakeClock()
        self.folder = folder
        self.coords = folder / COORDS_FILE_NAME
        self.answers = list(answers)
        self.zen = a_microscope(self.clock, n, after_execute=self.answer)
        prepare_coords_file(self.coords)
        (folder / "dystrack_journal.jsonl").touch()

    def answer(self, name):
        if name.startswith("prescan"):
            for in_s, line in self.answers.pop(0):
                self.clock.plan(in_s, lambda line=line: self.give(name, line))

    def give(self, name, line):
        line, then = line if isinstance(line, tuple) else (line, None)
        write_answer(self.folder / f"{name}.czi", line, then)
        append_line(self.coords, line)

    def moves(self):
        """Return how far each main scan lies from its prescan, along z, y, x."""
        scans = self.zen.acquired
        pairs = zip(scans[::2], scans[1::2], strict=True)
        return [tuple(main.stage.minus(pre.stage)) for pre, main in pairs]


def counting(folder, **others):
    return settings(folder, ANSWER_FILES=False, **others)


def run_with(folder, *answers, **others):
    answering = Answering(folder, *answers)
    run_macro(answering.zen, **settings(folder, TIME_POINTS=len(answers), **others))
    return answering.moves()


def line(z=4.0, y=17.5, x=19.5, msg="OK"):
    return CoordsLine(z, y, x, msg)


ONE_PIXEL = line(x=20.5)
ONE_PIXEL_MOVE = (0.0, 0.0, 2.5)
NO_MOVE = (0.0, 0.0, 0.0)


@BOTH_WAYS
@pytest.mark.parametrize(
    ("answer", "move"),
    [
        (line(), NO_MOVE),
        (ONE_PIXEL, ONE_PIXEL_MOVE),
        (line(z=5.0, y=16.5, msg="WARN:CATCH-UP-STEP"), (4.0, -2.5, 0.0)),
        (line(x=20.5, msg=FAILURE_MESSAGE), NO_MOVE),
        (line(x=float("nan")), NO_MOVE),
        (line(z=float("inf")), NO_MOVE),
        (line(x=19.5 + 40.0), (0.0, 0.0, 100.0)),
        (line(x=19.5 + 40.5), NO_MOVE),
        (line(y=17.5 - 36.5), NO_MOVE),
        (line(z=4.0 + 9.5), NO_MOVE),
    ],
)
def test_it_moves_as_an_answer_says_or_stays(tmp_path, answer, move, answer_files):
    (found,) = run_with(tmp_path, [(0.5, answer)], ANSWER_FILES=answer_files)
    assert found == pytest.approx(move)


@pytest.mark.parametrize("text", ["", "1\t2", "a\tb\tc\tOK", "\t\t\t"])
def test_it_stays_where_a_line_cannot_be_read(tmp_path, text):
    answering = Answering(tmp_path, [])
    with answering.coords.open("a", encoding="utf-8", newline="\n") as coords:
        answering.clock.plan(5.0, lambda: coords.write(f"{text}\n") and coords.flush())
        run_macro(answering.zen, **counting(tmp_path, TIME_POINTS=1))
    assert answering.moves() == [NO_MOVE]


@pytest.mark.parametrize(
    "text", ["", "Z", "Z\tY\tX\tmsg\n", "Q\tY\tX\tmsg\n1\t2\t3\tOK\n", "\n\n\n"]
)
def test_it_stays_where_an_answer_file_cannot_be_read(tmp_path, text):
    answering = Answering(tmp_path, [])
    path = tmp_path / "prescan_1_pos_1.czi.answer.txt"
    answering.clock.plan(5.0, lambda: path.write_text(text))
    run_macro(answering.zen, **settings(tmp_path, TIME_POINTS=1))
    assert answering.moves() == [NO_MOVE]


def test_columns_go_by_their_names(tmp_path):
    answering = Answering(tmp_path, [])
    path = tmp_path / "prescan_1_pos_1.czi.answer.txt"
    text = "msg\tnextX\tX\tY\tZ\nOK\t7\t20.5\t17.5\t4\n"
    answering.clock.plan(5.0, lambda: path.write_text(text))
    run_macro(answering.zen, **settings(tmp_path, TIME_POINTS=1))
    assert answering.moves() == [pytest.approx(ONE_PIXEL_MOVE)]


def test_an_older_answer_file_of_that_name_is_not_taken(tmp_path):
    answering = Answering(tmp_path, [(5.0, ONE_PIXEL)])
    write_answer(tmp_path / "prescan_1_pos_1.czi", line(x=39.0))
    run_macro(answering.zen, **settings(tmp_path, TIME_POINTS=1))
    assert answering.moves() == [pytest.approx(ONE_PIXEL_MOVE)]


def test_it_goes_on_without_a_line(tmp_path):
    moves = run_with(tmp_path, [], [(0.5, ONE_PIXEL)], ANSWER_FILES=False)
    assert moves == [NO_MOVE, NO_MOVE]  # the only line belongs to the first prescan


def test_it_goes_on_without_an_answer_file(tmp_path, capsys):
    moves = run_with(tmp_path, [], [(0.5, ONE_PIXEL)])
    assert moves == [NO_MOVE, pytest.approx(ONE_PIXEL_MOVE)]
    assert "restart it with --resume --answer_files" in capsys.readouterr().out


@BOTH_WAYS
def test_a_late_answer_is_never_taken_for_the_next_prescan(tmp_path, answer_files):
    late = [(25.0, line(x=39.0))]  # comes while the macro waits for the second answer
    answers = late, [(12.0, ONE_PIXEL)], [(0.5, ONE_PIXEL)]
    given = {"TIMEOUT_S": 15, "INTERVAL_S": 20, "ANSWER_FILES": answer_files}
    moves = run_with(tmp_path, *answers, **given)
    assert moves == [NO_MOVE, pytest.approx(ONE_PIXEL_MOVE), pytest.approx(ONE_PIXEL_MOVE)]


def test_lines_of_an_earlier_run_are_not_taken(tmp_path):
    answering = Answering(tmp_path, [(0.5, ONE_PIXEL)])
    append_line(answering.coords, line(x=39.0))
    run_macro(answering.zen, **counting(tmp_path, TIME_POINTS=1))
    assert answering.moves() == [pytest.approx(ONE_PIXEL_MOVE)]


def test_a_coordinates_file_that_was_made_anew_is_read_from_its_start(tmp_path):
    answering = Answering(tmp_path, [(0.5, ONE_PIXEL)], [])
    answering.clock.plan(30.0, answering.coords.unlink)
    answering.clock.plan(33.0, lambda: prepare_coords_file(answering.coords))
    answering.clock.plan(34.0, lambda: append_line(answering.coords, line(x=39.0)))
    run_macro(answering.zen, **counting(tmp_path, TIME_POINTS=2))
    assert answering.moves() == [pytest.approx(ONE_PIXEL_MOVE), NO_MOVE]


def test_each_line_is_read_once(tmp_path, monkeypatch):
    read, real = [], io.open

    class Counted(io.FileIO):
        def read(self, *args):
            read.append(super().read(*args))
            return read[-1]

    def counting_open(path, mode="r", *args, **kwargs):
        if str(path).endswith(COORDS_FILE_NAME) and mode == "rb":
            return Counted(path)
        return real(path, mode, *args, **kwargs)

    monkeypatch.setattr(io, "open", counting_open)
    run_with(tmp_path, *[[(30.0, ONE_PIXEL)]] * 5, ANSWER_FILES=False, INTERVAL_S=60)
    n_bytes = (tmp_path / COORDS_FILE_NAME).stat().st_size
    assert len(read) > 1000
    assert sum(map(len, read)) <= n_bytes


def test_lines_that_nobody_waits_for_are_skipped(tmp_path, capsys):
    stray = [(0.5, ONE_PIXEL), (2.0, line(x=39.0))]
    moves = run_with(tmp_path, stray, [(0.5, ONE_PIXEL)], ANSWER_FILES=False)
    assert moves == [pytest.approx(ONE_PIXEL_MOVE)] * 2
    assert "1 answers are for no prescan of this macro" in capsys.readouterr().out


@BOTH_WAYS
def test_it_refuses_to_start_before_dystrack(tmp_path, answer_files):
    zen = a_microscope(FakeClock())
    with pytest.raises(RuntimeError, match="Start DySTrack before this macro"):
        run_macro(zen, **settings(tmp_path, ANSWER_FILES=answer_files))
    assert zen.acquired == []


def test_it_refuses_to_mix_two_experiments(tmp_path):
    run_with(tmp_path, [(0.5, STAYS)])
    with pytest.raises(RuntimeError, match="Choose another FOLDER"):
        run_with(tmp_path, [(0.5, STAYS)])
    run_with(tmp_path, [], [(0.5, STAYS)], FIRST_TIME_POINT=2)


def test_it_refuses_an_experiment_without_positions(tmp_path):
    answering = Answering(tmp_path)
    answering.zen.experiments["prescan"] = replace(
        answering.zen.experiments["prescan"], positions=[]
    )
    with pytest.raises(RuntimeError, match="has no positions"):
        run_macro(answering.zen, **settings(tmp_path))


def stages(zen):
    """Return where along x each image was taken, in pixels of the prescan from the first one."""
    start = zen.acquired[0].stage
    return [(one.name, one.stage.minus(start).x / 2.5) for one in zen.acquired]


@pytest.mark.parametrize("is_followed", [True, False])
def test_it_takes_the_next_prescan_where_that_is_wanted(tmp_path, is_followed):
    ahead = NextPrescan(4.0, 17.5, 23.5)
    too_far = NextPrescan(4.0, 17.5, 123.5)
    answers = [(0.5, (ONE_PIXEL, ahead))], [(0.5, (ONE_PIXEL, too_far))], [(0.5, ONE_PIXEL)]
    answering = Answering(tmp_path, *answers)
    run_macro(answering.zen, **settings(tmp_path, TIME_POINTS=3, NEXT_PRESCAN=is_followed))
    along_x = [x for _, x in stages(answering.zen)]
    expected = [0, 1, 4, 5, 5, 6] if is_followed else [0, 1, 1, 2, 2, 3]
    assert along_x == pytest.approx(expected)


@pytest.mark.parametrize("looks_again", [True, False])
def test_it_looks_again_at_once_while_searching_if_asked(tmp_path, looks_again):
    searching = (ONE_PIXEL, NextPrescan(4.0, 17.5, 20.5, 0.0))
    answers = [(0.5, searching)], [(0.5, searching)], [(0.5, ONE_PIXEL)]
    answering = Answering(tmp_path, *answers)
    n_time_points = 1 if looks_again else 3
    asked = settings(tmp_path, TIME_POINTS=n_time_points, LOOK_AGAIN=looks_again)
    run_macro(answering.zen, **asked)
    names = [name for name, _ in stages(answering.zen)]
    if looks_again:
        again = [f"prescan_1_pos_1{end}" for end in ("", "_again_2", "_again_3")]
        assert names == [*again, "job_1_pos_1"]
    else:
        assert names == [f"{kind}_{t}_pos_1" for t in (1, 2, 3) for kind in ("prescan", "job")]


def test_a_search_without_end_leaves_time_for_other_positions(tmp_path):
    searching = (ONE_PIXEL, NextPrescan(4.0, 17.5, 20.5, 0.0))
    answering = Answering(tmp_path, *[[(0.5, searching)]] * 15)
    run_macro(answering.zen, **settings(tmp_path, TIME_POINTS=1, LOOK_AGAIN=True))
    assert len(answering.zen.acquired) == 16
    assert len(answering.zen.main_scans()) == 1


def test_it_follows_a_tracker_with_two_targets(tmp_path):
    clock = SharedClock()
    zen = a_microscope(clock, n=2)

    def start_macro(event):
        if isinstance(event, SessionStarted):
            clock.run_beside(lambda: run_macro(zen, **settings(tmp_path)))

    run_dystrack_manager(
        tmp_path,
        analyze_image,
        max_triggers=20,
        file_start="prescan",
        img_kwargs={"gauss_sigma": 1.0},
        answer_files=True,
        track="auto",
        progress=False,
        clock=clock,
        on_event=start_macro,
        should_stop=lambda: clock.has_ended,
    )
    clock.finish()
    assert all(scan.in_view for scan in zen.main_scans())
    assert max(scan.distance_um for scan in zen.main_scans()) < 3.0
    places = {one.name: one.stage for one in zen.acquired}
    ahead = [places[f"prescan_{t + 1}_pos_1"].minus(places[f"job_{t}_pos_1"]) for t in range(3, 10)]
    assert all(step.length() > 0.5 for step in ahead)


NOT_IN_PYTHON_2 = (
    ast.JoinedStr,
    ast.AnnAssign,
    ast.NamedExpr,
    ast.Nonlocal,
    ast.AsyncFunctionDef,
    ast.MatMult,
    ast.Starred,
    ast.YieldFrom,
    ast.Match,
)


def test_it_is_written_for_ironpython_too():
    tree = ast.parse(MACRO.read_text(encoding="utf-8"))
    assert [node for node in ast.walk(tree) if isinstance(node, NOT_IN_PYTHON_2)] == []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            assert node.args.kwonlyargs == []
            assert node.returns is None
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "print":
            assert len(node.args) == 1
            assert node.keywords == []
        if isinstance(node, ast.Raise):
            assert node.cause is None


def test_it_is_ascii_so_that_any_editor_of_zen_shows_it():
    assert MACRO.read_bytes().isascii()
