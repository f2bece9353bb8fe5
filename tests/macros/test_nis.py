"""The macro of NIS-Elements, unmodified, in a stand-in for JOBS."""

import json

import pytest

from dystrack.core.exchange.coords_file import FAILURE_MESSAGE
from dystrack.images.readers import read_image
from dystrack.scopes.geometry import PositionUm
from dystrack.scopes.stage import StageAxes
from emulators.nis_jobs import FakeJobs
from emulators.world import MAIN_SCAN, PRESCAN, World, drifting_samples
from macros.answering import Answering, CoordsLine, NextPrescan

MIRRORED = StageAxes(-1, 1, -1, origin=PositionUm(10.0, -500.0, 700.0))
SLOW_UM_S = PositionUm(0.01, 0.06, -0.08)


def jobs_in(folder, n=1, axes=None, world=None, **settings):
    axes = axes or StageAxes()
    world = world or World(drifting_samples(n, velocity=SLOW_UM_S), axes=axes)
    signs = {"SIGN_X": axes.x_sign, "SIGN_Y": axes.y_sign, "SIGN_Z": axes.z_sign}
    signs["SWAP_XY"] = int(axes.swaps_yx)
    given = {"FOLDER": str(folder), "POSITIONS": n, "TIMEOUT_S": 5} | signs | settings
    return FakeJobs(world, PRESCAN, MAIN_SCAN, **given)


SWAPPED = StageAxes(1, -1, 1, swaps_yx=True)


@pytest.mark.parametrize("axes", [None, MIRRORED, SWAPPED], ids=["straight", "mirrored", "swapped"])
def test_it_follows_two_samples(tmp_path, axes):
    jobs = jobs_in(tmp_path, n=2, axes=axes)
    with Answering(tmp_path):
        jobs.run(12)
    scans = jobs.world.main_scans()
    assert len(scans) == 24
    assert max(scan.distance_um for scan in scans) <= 0.5
    names = {path.name for path in tmp_path.glob("prescan*.tif")}
    assert names == {f"prescan_{t}_pos_{p}.tif" for t in range(1, 13) for p in (1, 2)}


def test_it_is_right_wherever_a_stack_leaves_the_focus(tmp_path):
    jobs = jobs_in(tmp_path, ends_at_top=True)
    with Answering(tmp_path):
        jobs.run(12)
    assert max(scan.distance_um for scan in jobs.world.main_scans()) <= 0.5


def test_its_prescans_say_what_they_are(tmp_path):
    jobs = jobs_in(tmp_path, TIMEOUT_S=0)
    with Answering(tmp_path, lambda _: None):
        jobs.run(1)
    image = read_image(tmp_path / "prescan_1_pos_1.tif")
    assert image.axes == "ZYX"
    assert image.axes_known
    assert image.pixels.shape == PRESCAN.shape
    assert image.voxel_size == pytest.approx(PRESCAN.voxel_size)


STAYS = [
    CoordsLine(4.0, 17.5, 30.0, FAILURE_MESSAGE),
    CoordsLine(4.0, 17.5, float("nan"), "OK"),
    CoordsLine(4.0, 17.5, 90.0, "OK"),
]


@pytest.mark.parametrize("line", [None, *STAYS], ids=str)
def test_it_stays(tmp_path, line, capsys):
    jobs = jobs_in(tmp_path, TIMEOUT_S=0.2)
    with Answering(tmp_path, lambda _: line and (line, None)):
        jobs.run(2)
    assert jobs.world.commands == []
    assert capsys.readouterr().out.count("stays: ") == 2


def test_it_takes_the_next_prescan_where_that_is_wanted(tmp_path):
    jobs = jobs_in(tmp_path)
    ahead = CoordsLine(4.0, 17.5, 20.5, "OK"), NextPrescan(4.0, 17.5, 23.5)
    with Answering(tmp_path, lambda _: ahead):
        jobs.run(2)
    start = jobs.world.starts()[0].x
    along_x = [(one.stage.x - start) / 2.5 for one in jobs.world.acquired]
    assert along_x == pytest.approx([0, 1, 4, 5])


def test_it_goes_on_after_nis_was_started_anew(tmp_path):
    jobs = jobs_in(tmp_path)
    with Answering(tmp_path):
        jobs.run(3)
        jobs.task = jobs_in(tmp_path, world=jobs.world).task
        jobs.run(3)
    assert json.loads((tmp_path / "dystrack_nis_positions.json").read_text())["visits"] == 6
    assert max(scan.distance_um for scan in jobs.world.main_scans()) <= 0.5


def test_it_refuses_to_start_before_dystrack(tmp_path):
    with pytest.raises(RuntimeError, match="Start DySTrack first"):
        jobs_in(tmp_path).run(1)
