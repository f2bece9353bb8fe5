"""Stand-ins for the objects that ZEN Blue gives to a macro, over simulated samples and a stage."""

import builtins
import re
import types
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from types import SimpleNamespace

from dystrack.scopes.geometry import PositionUm, ScanSettings, View
from dystrack.scopes.samples.sample import Sample
from dystrack.scopes.stage import Stage, StageAxes, StageSettings
from dystrack.scopes.writing.behaviours import BEHAVIOURS, WriteBehaviour
from dystrack.scopes.writing.writers import encode

MACRO = files("dystrack") / "macros" / "zen_blue" / "dystrack_zen_blue.py"


@dataclass
class StoredExperiment:
    """An experiment as ZEN keeps it: a scan, and positions as x, y, z."""

    scan: ScanSettings
    positions: list[tuple[float, float, float]] = field(default_factory=list)


@dataclass(frozen=True)
class Acquisition:
    """An image that was acquired, and what only a simulation knows."""

    name: str
    stage: PositionUm
    distance_um: float
    in_view: bool


class FakeZen:
    """A microscope as a macro sees it.

    Positions of samples are found by their place: each lies far from the others.
    """

    def __init__(
        self,
        samples: list[Sample],
        experiments: dict[str, StoredExperiment],
        clock,
        *,
        axes: StageAxes | None = None,
        behaviour: WriteBehaviour = BEHAVIOURS["in_chunks"],
        after_execute=lambda name: None,
    ):
        self.samples = samples
        self.experiments = experiments
        self.clock = clock
        self.axes = axes or StageAxes()
        self.behaviour = behaviour
        self.after_execute = after_execute
        self.began_s = clock.monotonic()
        self.acquired: list[Acquisition] = []
        self.n_open_images = 0
        self.stage = Stage(StageSettings(), self.axes.to_stage(samples[0].position_um(0.0)))
        self.Acquisition = SimpleNamespace(Execute=self._execute)
        self.Application = SimpleNamespace(Documents=SimpleNamespace(RemoveAll=lambda: None))

    def new_experiment(self):
        """Return what ``ZenExperiment()`` gives."""
        return FakeExperiment(self)

    def _execute(self, experiment):
        assert experiment.is_active
        ((x, y, z),) = experiment.positions
        scan = experiment.scan
        self.stage.move_to(PositionUm(z, y, x), self.clock)
        time_s = self.clock.monotonic() - self.began_s
        camera = self.axes.to_world(self.stage.position)
        sample = min(self.samples, key=lambda one: one.position_um(time_s).minus(camera).length())
        view = View(camera, scan)
        image = sample.render(time_s, view)
        self.clock.sleep(scan.duration_s)
        name = experiment.AutoSave.Name
        self._save(experiment.AutoSave, encode("czi", image, scan.voxel_size))
        distance_um = camera.minus(sample.target_um(time_s, scan.field)).length()
        in_view = sample.is_in_view(time_s, view)
        self.acquired.append(Acquisition(name, self.stage.position, distance_um, in_view))
        self.after_execute(name)
        return FakeImage(self, scan)

    def _save(self, auto_save, data):
        assert auto_save.IsActivated
        path = Path(auto_save.StorageFolder) / f"{auto_save.Name}.czi"
        assert not path.exists(), "ZEN would have chosen another name"
        self.behaviour.write(data, path, self.clock)

    def main_scans(self):
        return [one for one in self.acquired if one.name.startswith("job")]


class FakeExperiment:
    """What a macro loads, changes for itself, and executes."""

    def __init__(self, zen):
        self._zen = zen
        self.is_active = False
        self.AutoSave = SimpleNamespace(IsActivated=False, StorageFolder="", Name="")

    def Load(self, name):  # noqa: N802 - ZEN's name
        stored = self._zen.experiments[name]
        self.scan, self.positions = stored.scan, list(stored.positions)

    def SetActive(self):  # noqa: N802
        self.is_active = True

    def GetSinglePositionInfos(self, block):  # noqa: N802
        assert block == 0
        return [SimpleNamespace(X=x, Y=y, Z=z) for x, y, z in self.positions]

    def ClearTileRegionsAndPositions(self, block):  # noqa: N802
        assert block == 0
        self.positions = []

    def AddSinglePosition(self, block, x, y, z):  # noqa: N802
        assert block == 0
        self.positions.append((x, y, z))


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
