"""Stand-ins for the objects that ZEN Blue gives to a macro, over simulated samples and a stage."""

import builtins
import re
import types
from importlib.resources import files
from types import SimpleNamespace

from dystrack.scopes.writing.behaviours import BEHAVIOURS
from emulators.world import World
from emulators.zen_state import ZenState

MACRO = files("dystrack") / "macros" / "zen_blue" / "dystrack_zen_blue.py"


class FakeZen:
    """A microscope as a macro sees it.

    Positions of samples are found by their place: each lies far from the others.
    """

    def __init__(
        self,
        samples,
        experiments,
        clock,
        *,
        axes=None,
        behaviour=BEHAVIOURS["in_chunks"],
        after_execute=lambda name: None,
    ):
        self.world = World(samples, clock, axes)
        self.state = ZenState(self.world, experiments, behaviour=behaviour)
        self.after_execute = after_execute
        self.n_open_images = 0
        self.Acquisition = SimpleNamespace(Execute=self._execute)
        self.Application = SimpleNamespace(Documents=SimpleNamespace(RemoveAll=lambda: None))

    @property
    def experiments(self):
        return self.state.experiments

    @property
    def clock(self):
        return self.world.clock

    @property
    def acquired(self):
        return self.world.acquired

    def main_scans(self):
        return self.world.main_scans()

    def new_experiment(self):
        """Return what ``ZenExperiment()`` gives."""
        return FakeExperiment(self.state)

    def _execute(self, experiment):
        assert experiment.is_active
        assert experiment.AutoSave.IsActivated
        name = experiment.AutoSave.Name
        self.state.acquire(experiment.loaded, name, experiment.AutoSave.StorageFolder)
        self.after_execute(name)
        return FakeImage(self, experiment.loaded.scan)


class FakeExperiment:
    """What a macro loads, changes for itself, and executes."""

    def __init__(self, state):
        self._state = state
        self.is_active = False
        self.AutoSave = SimpleNamespace(IsActivated=False, StorageFolder="", Name="")

    def Load(self, name):  # noqa: N802 - ZEN's name
        self.loaded = self._state.loaded[self._state.load(name)]

    def SetActive(self):  # noqa: N802
        self.is_active = True

    def GetSinglePositionInfos(self, block):  # noqa: N802
        assert block == 0
        return [SimpleNamespace(X=x, Y=y, Z=z) for x, y, z in self.loaded.positions]

    def ClearTileRegionsAndPositions(self, block):  # noqa: N802
        assert block == 0
        self.loaded.positions.clear()

    def AddSinglePosition(self, block, x, y, z):  # noqa: N802
        assert block == 0
        self.loaded.positions.append((x, y, z))


class FakeImage:
    """An image in ZEN, with its size in pixels and its scaling in micrometres."""

    def __init__(self, zen, scan):
        depth, height, width = scan.shape_zyx
        z_um, y_um, x_um = scan.voxel_size
        self._zen = zen
        self.Bounds = SimpleNamespace(SizeX=width, SizeY=height, SizeZ=depth)
        self.Scaling = SimpleNamespace(X=x_um, Y=y_um, Z=z_um)
        zen.n_open_images += 1

    def Close(self):  # noqa: N802
        self._zen.n_open_images -= 1


def run_macro(zen, **settings):
    """Run the macro as ZEN does; only the values in its block of settings are changed."""
    source = MACRO.read_text(encoding="utf-8")
    head, end, rest = source.partition("# ---- End of the settings")
    for name, value in settings.items():
        head, n_found = re.subn(
            rf"^{name} = .*$", lambda _, n=name, v=value: f"{n} = {v!r}", head, flags=re.MULTILINE
        )
        assert n_found == 1, name
    given = {
        "Zen": zen,
        "ZenExperiment": zen.new_experiment,
        "__builtins__": {**vars(builtins), "__import__": importer(zen.clock)},
    }
    exec(compile(head + end + rest, str(MACRO), "exec"), given)  # noqa: S102 - what ZEN does


def importer(clock):
    """Return an ``__import__`` that gives a macro the simulated time."""
    fake_time = types.ModuleType("time")
    fake_time.time, fake_time.sleep = clock.monotonic, clock.sleep
    fake_time.strftime = lambda _: f"{clock.monotonic():8.1f}"

    def import_module(name, *rest):
        return fake_time if name == "time" else builtins.__import__(name, *rest)

    return import_module
