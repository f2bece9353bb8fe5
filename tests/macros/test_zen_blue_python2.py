"""ZEN Blue's macro, unmodified, under Jython: Python 2.7, as the IronPython in ZEN is."""

import math
import re
import subprocess
from pathlib import Path

from emulators.zen_objects import MACRO
from macros.answering import Answering, CoordsLine, NextPrescan
from macros.programs import need

ZEN = Path(__file__).parents[1] / "emulators" / "zen_objects_python2.py"


def find(path):
    x, y, z = map(float, path.read_text().split())
    return CoordsLine(z, y, x, "OK \N{MICRO SIGN}"), NextPrescan(z, y, x - 1.0)


def run_macro(folder, **settings):
    head, end, rest = MACRO.read_text("utf-8").partition("# ---- End of the settings")
    given = {"FOLDER": str(folder), "INTERVAL_S": 0, "TIME_POINTS": 12}
    for name, value in (given | settings).items():
        head, n_found = re.subn(
            rf"^{name} = .*$", lambda _, n=name, v=value: f"{n} = {v!r}", head, flags=re.MULTILINE
        )
        assert n_found == 1, name
    macro = folder / "macro.py"
    macro.write_text(head + end + rest, encoding="ascii")
    command = [need("jython"), str(ZEN), str(macro)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stderr
    lines = (folder / "log.txt").read_text().splitlines()
    return done.stdout, [[float(v) for v in line.split()] for line in lines]


def test_it_follows_a_sample(tmp_path):
    with Answering(tmp_path, find, "prescan*.czi"):
        said, scans = run_macro(tmp_path)
    assert "Done." in said
    assert len(scans) == 12
    assert max(math.dist(scan[:3], scan[3:]) for scan in scans) <= 0.5


def test_it_stays_without_an_answer(tmp_path):
    with Answering(tmp_path, lambda _: None, "prescan*.czi"):
        said, scans = run_macro(tmp_path, TIME_POINTS=2, TIMEOUT_S=0.2)
    assert said.count("stays: no answer within 0.2 s") == 2
    assert all(scan[:3] == [2000.0, 1005.0, 803.0] for scan in scans)
