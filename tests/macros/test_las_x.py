"""The script beside LAS X, unmodified, against an emulated CAM server."""

import re
from importlib.resources import files

import pytest

from dystrack.scopes.geometry import PositionUm
from emulators.labs import LasXLab
from emulators.world import drifting_samples
from macros.answering import Answering

SCRIPT = files("dystrack") / "macros" / "las_x" / "dystrack_las_x.py"
SLOW_UM_S = PositionUm(0.01, 0.06, -0.08)


def run_script(lab, **settings):
    given = {
        "FOLDER": str(lab.folder),
        "LAS_X": lab.given(),
        "POSITIONS": [tuple(place) for place in lab.world.starts()],
        "INTERVAL_S": 0,
    }
    head, end, rest = SCRIPT.read_text("utf-8").partition("# ---- End of the settings")
    head = re.sub(r"^LAS_X = \{.*?^\}", "LAS_X = {}", head, flags=re.MULTILINE | re.DOTALL)
    for name, value in (given | settings).items():
        head, n_found = re.subn(
            rf"^{name} = .*$", lambda _, n=name, v=value: f"{n} = {v!r}", head, flags=re.MULTILINE
        )
        assert n_found == 1, name
    code = compile(head + end + rest, str(SCRIPT), "exec")
    exec(code, {"__name__": "__main__"})  # noqa: S102 - what Python does


@pytest.fixture
def lab(tmp_path):
    one = LasXLab(tmp_path, samples=drifting_samples(2, velocity=SLOW_UM_S))
    yield one
    one.close()


def test_it_follows_two_samples(lab):
    with Answering(lab.folder, pattern="prescan*.ome.tif"):
        run_script(lab, TIME_POINTS=6)
    scans = lab.world.main_scans()
    assert len(scans) == 12
    assert max(scan.distance_um for scan in scans) <= 0.5


def test_it_stays_without_an_answer(lab, capsys):
    with Answering(lab.folder, lambda _: None):
        run_script(lab, TIME_POINTS=1, TIMEOUT_S=0.1)
    assert capsys.readouterr().out.count("got no answer in time; the stage stays") == 2


def test_it_refuses_to_start_before_dystrack(lab):
    with pytest.raises(SystemExit, match="Start DySTrack before this script"):
        run_script(lab)
