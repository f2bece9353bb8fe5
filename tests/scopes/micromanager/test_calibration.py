import re
from pathlib import Path

import numpy as np
import pytest

from dystrack.core.errors import CalibrationError
from dystrack.scopes.micromanager.bridge import MicroManagerScope
from dystrack.scopes.micromanager.opening import loaded_core
from dystrack.scopes.micromanager.recipe import Recipe
from dystrack.tools.microscope.calibrating import calibrate_scope


@pytest.mark.parametrize("mirrored", [False, True])
def test_beads_of_the_demonstration_camera(tmp_path, mirrored):
    with loaded_core("MMConfig_demo.cfg") as core:
        core.setProperty("Camera", "Mode", "Fluorescent Beads")
        core.setProperty("XY", "Velocity", 10_000)
        core.setProperty("XY", "TransposeMirrorX", "0")
        scope = MicroManagerScope(core, Recipe(exposure_ms=5.0))
        if mirrored:
            read, move = core.getXYPosition, core.setXYPosition
            core.getXYPosition = lambda: (-read()[0], read()[1])
            core.setXYPosition = lambda x, y: move(-x, y)
        found = calibrate_scope(scope, tmp_path, lambda _: None)
    right = np.diag([1.0, -1.0 if mirrored else 1.0])
    signs = np.sign(np.diag(np.array(found.matrix)))
    assert np.abs(np.abs(np.array(found.matrix)) - np.abs(right)).max() <= 0.005
    assert signs[0] * signs[1] == right[1, 1]


def test_a_demonstration_that_does_not_follow_the_stage_says_what_to_do(tmp_path):
    with loaded_core("MMConfig_demo.cfg") as core:
        before = core.getXYPosition()
        scope = MicroManagerScope(core, Recipe(exposure_ms=1.0))
        with pytest.raises(CalibrationError, match="mode Artificial Waves") as refused:
            calibrate_scope(scope, tmp_path, lambda _: None)
        assert core.getXYPosition() == before
    said = re.search(
        r"Copy (?P<config>.+), add the line (?P<line>.+) at its end", str(refused.value)
    )
    copy = tmp_path / "beads.cfg"
    text = Path(said["config"]).read_text("utf-8")
    copy.write_text(f"{text}\n{said['line']}\n", "utf-8")
    with loaded_core(str(copy)) as core:
        assert MicroManagerScope(core, Recipe()).facts().no_calibration == ""
