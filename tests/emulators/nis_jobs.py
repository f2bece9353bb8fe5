"""A stand-in for NIS-Elements' JOBS: what it gives to a Python Script task, and its loops."""

import re
import sys
import types
from importlib.resources import files

MACRO = files("dystrack") / "macros" / "nis" / "dystrack_nis.py"


class FakeImage:
    """An image as `limjob` gives it: (Z, Y, X, component), read only."""

    def __init__(self, stack, scan):
        depth, height, width = scan.shape_zyx
        z_um, y_um, x_um = scan.voxel_size
        self.size = (width, height, depth)
        self.calibration = (x_um, y_um, z_um)
        self._pixels = stack.reshape(depth, height, width, 1)
        self._pixels.flags.writeable = False

    def array(self):
        return self._pixels


class FakeJobs:
    """Runs the JOB that the macro's first lines describe, over one world."""

    def __init__(self, world, prescan, main_scan, *, ends_at_top=False, **settings):
        self.world = world
        self.ends_at_top = ends_at_top  # a z-stack leaves the focus at its last plane
        self.scans = prescan, main_scan
        self.context = types.SimpleNamespace(shouldAbort=lambda: False)
        self.task = self._compile(settings)

    def run(self, n_time_points):
        for time_point in range(n_time_points):
            for number, place in enumerate(self.world.starts()):
                self.world.stage_to(place)  # the point loop goes to the marked point
                self.task([], None, None, self.context)
                name = f"prescan_{time_point}_{number}"
                image = FakeImage(self.world.scan(self.scans[0], name), self.scans[0])
                if self.ends_at_top:
                    top_um = (self.scans[0].shape_zyx[0] - 1) / 2 * self.scans[0].voxel_size.z_um
                    here = self.world.position
                    self.world.stage_to(here._replace(z=here.z + top_um))
                self.task([image], None, None, self.context)
                self.world.scan(self.scans[1], f"job_{time_point}_{number}")

    def _compile(self, settings):
        head, end, rest = MACRO.read_text("utf-8").partition("# ---- End of the settings")
        for name, value in settings.items():
            head, n_found = re.subn(
                rf"^{name} = .*$",
                lambda _, n=name, v=value: f"{n} = {v!r}",
                head,
                flags=re.MULTILINE,
            )
            assert n_found == 1, name
        sys.modules.setdefault("limjob", types.ModuleType("limjob"))
        world = self.world
        given = {
            "XY_GetPosition": lambda: (world.position.x, world.position.y),
            "Z_GetPosition": lambda: world.position.z,
            "XY_Move": lambda x, y: world.move(x=x, y=y),
            "Z_Move": lambda z: world.move(z=z),
        }
        exec(compile(head + end + rest, str(MACRO), "exec"), given)  # noqa: S102 - what NIS does
        return given["run"]
