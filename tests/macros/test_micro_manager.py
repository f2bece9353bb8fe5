"""The script of Micro-Manager Studio, unmodified, in BeanShell with stand-ins for its objects."""

import math
import re
import shutil
import subprocess
from importlib.resources import files
from pathlib import Path

import pytest

from dystrack.core.exchange.coords_file import FAILURE_MESSAGE
from dystrack.images.readers import read_image
from macros.answering import Answering, CoordsLine, NextPrescan
from macros.programs import need

SCRIPT = files("dystrack") / "macros" / "micro_manager" / "dystrack_micro_manager.bsh"
STUDIO = Path(__file__).parents[1] / "emulators" / "micro_manager_studio.bsh"


def run_script(folder, n_positions=1, focus_lock="false", **settings):
    """Run it as Studio does; only the values in its block of settings are changed."""
    head, end, rest = SCRIPT.read_text("utf-8").partition("// ---- End of the settings")
    given = {"FOLDER": f'"{folder.as_posix()}"', "INTERVAL_S": 0, "PLANES": 9, "Z_STEP_UM": 4.0}
    for name, value in (given | settings).items():
        head, n_found = re.subn(
            rf"^{name} = [^;]*;", f"{name} = {value};", head, flags=re.MULTILINE
        )
        assert n_found == 1, name
    log = folder / "log.txt"
    around = f'LOG = "{log.as_posix()}"; N_POSITIONS = {n_positions};'
    studio = f"{around} HAS_FOCUS_LOCK = {focus_lock};\n{STUDIO.read_text()}"
    program = folder / "script.bsh"
    program.write_text(studio + head + end + rest, encoding="ascii")
    done = subprocess.run(
        [need("bsh"), str(program)], capture_output=True, text=True, timeout=120, check=False
    )
    lines = log.read_text().splitlines() if log.exists() else []
    return done.stdout + done.stderr, [[float(v) for v in line.split()] for line in lines]


def distance_um(scan):
    return math.dist(scan[:3], scan[3:])


def test_it_follows_a_sample(tmp_path):
    with Answering(tmp_path):
        said, scans = run_script(tmp_path, TIME_POINTS=12)
    assert "Done." in said
    assert len(scans) == 12
    assert max(map(distance_um, scans)) <= 0.5


def test_its_prescans_say_what_they_are(tmp_path):
    with Answering(tmp_path, lambda _: None):
        run_script(tmp_path, TIME_POINTS=1, TIMEOUT_S=0)
    image = read_image(tmp_path / "prescan_1_pos_1.tif")
    assert (image.axes, image.axes_known, image.pixels.shape) == ("ZYX", True, (9, 36, 40))
    assert image.voxel_size == pytest.approx((4.0, 2.5, 2.5))


ANSWERS = [
    None,
    (CoordsLine(4.0, 17.5, 30.0, FAILURE_MESSAGE), None),
    (CoordsLine(4.0, 17.5, math.nan, "OK"), None),
    (CoordsLine(4.0, 17.5, 90.0, "OK"), None),
]


@pytest.mark.parametrize("answer", ANSWERS, ids=str)
def test_it_stays(tmp_path, answer):
    with Answering(tmp_path, lambda _: answer):
        said, scans = run_script(tmp_path, TIME_POINTS=2, TIMEOUT_S=0.3)
    assert said.count("stays: ") == 2
    assert all(scan[:3] == [2000.0, 1005.0, 803.0] for scan in scans)


def test_it_takes_the_next_prescan_where_that_is_wanted(tmp_path):
    ahead = CoordsLine(4.0, 17.5, 20.5, "OK"), NextPrescan(4.0, 17.5, 23.5)
    with Answering(tmp_path, lambda _: ahead):
        _, scans = run_script(tmp_path, TIME_POINTS=2)
    assert [(scan[0] - 2000.0) / 2.5 for scan in scans] == pytest.approx([1, 5])


def test_it_swaps_the_axes_where_the_stage_does(tmp_path):
    to_the_right = CoordsLine(4.0, 17.5, 21.5, "OK"), None
    with Answering(tmp_path, lambda _: to_the_right):
        _, scans = run_script(tmp_path, TIME_POINTS=1, SWAP_XY=1, SIGN_X=-1)
    assert scans[0][:3] == pytest.approx([2000.0, 1005.0 - 5.0, 803.0])


def test_it_refuses_to_start_before_dystrack_or_without_positions(tmp_path):
    assert "Start DySTrack before this script" in run_script(tmp_path)[0]
    with Answering(tmp_path):
        assert "Mark your samples" in run_script(tmp_path, n_positions=0)[0]
        assert "Switch the focus lock off" in run_script(tmp_path, focus_lock="true")[0]


def test_a_prescan_of_one_plane_does_not_send_the_focus_to_where_it_is(tmp_path):
    with Answering(tmp_path, lambda _: (CoordsLine(0.0, 17.5, 21.5, "OK"), None)):
        said, scans = run_script(tmp_path, TIME_POINTS=1, PLANES=1)
    assert "hangs" not in said
    assert scans[0][:3] == pytest.approx([2005.0, 1005.0, 803.0])


def test_beanshell_is_there():
    assert shutil.which(need("bsh"))
