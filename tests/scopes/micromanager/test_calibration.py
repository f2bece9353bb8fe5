import numpy as np
import pytest

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
