"""A camera in MMCore that sees the samples of the simulator where MMCore's own stages are."""

from contextlib import contextmanager
from types import MappingProxyType

import numpy as np
from pymmcore_plus.experimental.unicore import SimpleCameraDevice, UniMMCore

from dystrack.scopes.clocks import SimulatedClock
from dystrack.scopes.geometry import PositionUm, ScanSettings, View
from dystrack.scopes.micromanager.bridge import MicroManagerScope
from dystrack.scopes.micromanager.recipe import Recipe
from dystrack.scopes.samples.scenes import SCENES, make_sample
from dystrack.scopes.stage import StageAxes

NO_METADATA = MappingProxyType({})


class SampleCamera(SimpleCameraDevice):
    """Renders one plane, of the sample that is nearest to the stage."""

    def __init__(self, mmcore, samples, scan, axes, clock):
        super().__init__()
        self._mmcore = mmcore
        self.fails = False
        self._samples, self._axes, self._clock = samples, axes, clock
        self._scan = ScanSettings(scan.shape[1:], scan.voxel_size, scan.bit_depth)
        self._exposure_ms = 10.0

    def get_exposure(self):
        return self._exposure_ms

    def set_exposure(self, exposure):
        self._exposure_ms = exposure

    def sensor_shape(self):
        return self._scan.shape

    def dtype(self):
        return np.dtype(f"u{self._scan.bit_depth // 8}")

    def snap(self, buffer):
        if self.fails:
            raise RuntimeError("the cable is loose")
        time_s = self._clock.monotonic()
        x, y = self._mmcore.getXYPosition()
        centre = self._axes.to_world(PositionUm(self._mmcore.getPosition(), y, x))
        far = [s.position_um(time_s).minus(centre)._replace(z=0.0).length() for s in self._samples]
        sample = self._samples[far.index(min(far))]
        buffer[:] = sample.render(time_s, View(centre, self._scan))
        return NO_METADATA


@contextmanager
def simulated_scope(scene="organoid", *, n_samples=2, difficulty="easy", axes=None, main_scan=None):
    """A bridge on MMCore with demonstration stages, its samples, its camera, and where they are."""
    axes, clock, scan = axes or StageAxes(), SimulatedClock(), SCENES[scene].prescan
    starts = [PositionUm(0.0, 0.0, 3000.0 * number) for number in range(n_samples)]
    samples = [
        make_sample(scene, difficulty, seed=n, start=start) for n, start in enumerate(starts)
    ]
    core = UniMMCore()
    try:
        core.loadSystemConfiguration("MMConfig_demo.cfg")
        core.setAutoShutter(False)
        core.setProperty("XY", "Velocity", 10_000)  # µm/s; by itself it takes seconds for a move
        camera = SampleCamera(core, samples, scan, axes, clock)
        core.loadPyDevice("SampleCamera", camera)
        core.initializeDevice("SampleCamera")
        core.setCameraDevice("SampleCamera")
        recipe = Recipe(scan.shape[0], scan.voxel_size.z_um)
        scope = MicroManagerScope(
            core, recipe, main_scan, pixel_size_um=scan.voxel_size.x_um, clock=clock
        )
        places = [axes.to_stage(s.target_um(0.0, scan.field)) for s in samples]
        try:
            yield scope, samples, camera, places
        finally:
            scope.series.close()
    finally:
        core.unloadAllDevices()
