"""ZEN Black with MyPiC, emulated on a stand-in for the registry, and the real manager."""

import sys
import threading
import time

import fake_winreg
import pytest

from closed_loop.shared_clock import SharedClock
from dystrack.core.errors import OvertakenError, TargetNotFoundError
from dystrack.core.findings import FINDINGS_KEY
from dystrack.core.protocols import SYSTEM_CLOCK
from dystrack.manager.events import SessionStarted, Warned
from dystrack.manager.manager import run_dystrack_manager
from dystrack.manager.transmitters import choose_transmitter
from dystrack.pipelines.center_of_mass import analyze_image
from dystrack.scopes.geometry import PositionUm
from dystrack.scopes.stage import StageAxes
from emulators.mypic import MyPic
from emulators.world import MAIN_SCAN, PRESCAN, World, drifting_samples

SLOW_UM_S = PositionUm(0.01, 0.06, -0.08)
MIRRORED = StageAxes(-1, 1, -1, origin=PositionUm(10.0, -500.0, 700.0))


@pytest.fixture(autouse=True)
def registry(monkeypatch):
    fake_winreg.load_fake_registry(fake_winreg.fake_reg_tools.get_minimal_windows_testregistry())
    monkeypatch.setitem(sys.modules, "winreg", fake_winreg)


def follow(target_path):
    return analyze_image(target_path, gauss_sigma=1.0, method="otsu", warn_8bit=False)


def track(folder, pipeline, n_time_points=12, n=1, axes=None, mypic=None, **session):
    """Let MyPiC run to its end, tracked by the manager; return it, and what was told."""
    clock = SharedClock()
    world = World(drifting_samples(n, velocity=SLOW_UM_S), clock, axes)
    macro = MyPic(world, PRESCAN, MAIN_SCAN, folder, **(mypic or {}))
    before_wait = session.pop("before_wait", lambda _macro, _name: None)
    macro.before_wait = lambda name: before_wait(macro, name)
    told = []

    def hear(event):
        told.append(event)
        if isinstance(event, SessionStarted):
            clock.run_beside(lambda: macro.run(n_time_points))

    run_dystrack_manager(
        folder,
        pipeline,
        file_start="prescan",
        file_end=".czi",
        tra_method="MyPiC",
        delay=0.05,
        progress=False,
        clock=clock,
        on_event=hear,
        should_stop=lambda: clock.has_ended,
        **session,
    )
    clock.finish()
    return macro, told


@pytest.mark.parametrize("axes", [None, MIRRORED], ids=["straight", "mirrored"])
def test_it_follows_two_samples(tmp_path, axes):
    macro, _ = track(tmp_path, follow, n=2, axes=axes)
    assert len(macro.world.main_scans()) == 24
    assert macro.worst_um() <= 0.5
    assert macro.boxes == []


def test_a_macro_that_does_not_announce_is_answered_too(tmp_path):
    macro, _ = track(tmp_path, follow, mypic={"announces": False})
    assert macro.worst_um() <= 0.5


def test_a_failure_stays(tmp_path):
    def fail_later(target_path, n=0):
        if n:
            raise TargetNotFoundError("nothing there")
        return 4.0, 17.5, 19.5, "OK", {"n": n + 1}

    macro, _ = track(tmp_path, fail_later, 4, img_err_fallback="stay")
    assert len({scan.stage for scan in macro.world.acquired}) == 1
    assert macro.boxes == []


def test_several_points_are_visited_and_the_first_is_followed(tmp_path):
    def find_three(target_path):
        z, y, x, msg, _ = follow(target_path)
        others = [{"z": 4, "y": 10, "x": 5}, {"z": 4, "y": 10, "x": 30}]
        return z, y, x, msg, {FINDINGS_KEY: {"targets": others}}

    macro, _ = track(tmp_path, find_three, 3, tra_kwargs={"codeM": "focus;trigger1"})
    visits = [scan for scan in macro.world.acquired if scan.name.startswith("trigger_1_pos_1")]
    assert len(visits) == 3
    assert visits[2].stage.minus(visits[1].stage) == pytest.approx((0, 0, 25 * 2.5))
    jobs = [scan for scan in macro.world.acquired if scan.name.startswith("job")]
    assert max(scan.distance_um for scan in jobs) <= 1.0


def test_regions_are_drawn_for_photo_activation(tmp_path):
    square = ((3.0, 4.0), (3.0, 9.0), (8.0, 9.0), (8.0, 4.0))

    def find_region(target_path):
        z, y, x, msg, _ = follow(target_path)
        region = {"z": 4, "y": 5, "x": 6, "region": square}
        return z, y, x, msg, {FINDINGS_KEY: {"targets": [region]}}

    kwargs = {"codeM": "focus;setRoi", "roiAim": "bleach"}
    macro, _ = track(tmp_path, find_region, 3, tra_kwargs=kwargs)
    region = ("polyline", "bleach", [4.0, 9.0, 9.0, 4.0], [3.0, 3.0, 8.0, 8.0])
    assert macro.rois == [[region]] * 3
    assert macro.worst_um() <= 0.5


# The announcement, in real time: the macro says only after saving that it waits


def macro_in_real_time(folder, **options):
    world = World(drifting_samples(velocity=SLOW_UM_S), SYSTEM_CLOCK)
    quick = PRESCAN.__class__(PRESCAN.shape, PRESCAN.voxel_size, duration_s=0.0)
    return MyPic(world, quick, quick, folder, **options)


def visit(macro):
    thread = threading.Thread(target=macro.visit, args=(macro.world.starts()[0], "1_pos_1"))
    thread.start()
    while not (path := macro.folder / "prescan_1_pos_1.czi").exists():
        time.sleep(0.001)
    return thread, path


def test_an_answer_waits_until_the_macro_says_that_it_waits(tmp_path):
    macro = macro_in_real_time(tmp_path, gap_s=0.2)
    thread, path = visit(macro)
    send = choose_transmitter("MyPiC")
    send(4.0, 17.5, 21.5, "OK", {}, None, str(tmp_path), prescan=path)  # long before that
    thread.join()
    moved = macro.world.acquired[1].stage.minus(macro.world.acquired[0].stage)
    assert moved == pytest.approx((0.0, 0.0, 5.0))
    assert macro.read("codeOia") == "nothing"


def test_an_answer_to_another_image_is_never_sent(tmp_path):
    macro = macro_in_real_time(tmp_path)
    macro.write("filePath", r"D:\data\prescan_2_pos_1.czi")
    macro.write("codeMic", "wait")
    macro.write("codeOia", "newImage")
    late = tmp_path / "prescan_1_pos_1.czi"
    with pytest.raises(OvertakenError, match=r"waits for that to prescan_2_pos_1\.czi"):
        choose_transmitter("MyPiC")(
            4.0, 17.5, 21.5, "OK", {}, None, str(tmp_path), prescan=late, announce_s=0.05
        )
    assert macro.read("codeMic") == "wait"


def test_a_session_tells_of_an_answer_that_was_overtaken_and_goes_on(tmp_path):
    def announce_another(macro, name):
        if name == "prescan_2_pos_1.czi":
            macro.write("filePath", r"D:\data\other.czi")

    kwargs = {"announce_s": 0.05}
    macro, told = track(tmp_path, follow, 4, tra_kwargs=kwargs, before_wait=announce_another)
    (warning,) = [one for one in told if isinstance(one, Warned) and "MyPiC" in one.message]
    assert "prescan_2_pos_1.czi was not sent" in warning.message
    assert len(macro.world.main_scans()) == 4
