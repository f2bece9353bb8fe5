"""Every bridge on its emulator, for tests that hold for all of them.

A new bridge adds one row to `BRIDGES`. What its emulated hardware was sent, not what the bridge
was asked, is what `Rig.commands` holds.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field

from dystrack.core.errors import ScopeError
from dystrack.scopes.clocks import SimulatedClock
from dystrack.scopes.geometry import PositionUm
from dystrack.scopes.protocols import Scope
from dystrack.scopes.samples.scenes import SCENES, make_sample
from dystrack.scopes.simulated.scope import SimulatedScope
from dystrack.scopes.stage import StageSettings
from emulators.labs import LABS
from scopes.vendor_bridges import bridge_of


@dataclass
class Rig:
    """A bridge, and the hands on the hardware behind it.

    ``commands`` has one entry for each move that the hardware was sent: axis -> µm, in stage
    coordinates. ``faults`` are switches by name, each for the next thing that is asked.
    """

    scope: Scope
    move_by_hand: Callable[[PositionUm], None]
    commands: list[Mapping[str, float]] = field(default_factory=list)
    faults: Mapping[str, Callable[[], None]] = field(default_factory=dict)


class SimulatedRig(SimulatedScope):
    """The simulator with a log of its commands, and with faults."""

    def __init__(self) -> None:
        scan = SCENES["organoid"].prescan
        narrow = StageSettings(PositionUm(-90, -400, -400), PositionUm(90, 400, 400))
        super().__init__([make_sample("organoid")], scan, stage=narrow, clock=SimulatedClock())
        self.commands: list[dict[str, float]] = []
        self.fault = ""

    def position_um(self):
        if self._takes("reads NaN"):
            return PositionUm(float("nan"), 0.0, 0.0)
        if self._takes("does not read"):
            raise OSError("the port is closed")
        return super().position_um()

    def drive_stage(self, y_um, x_um):
        self.commands.append({"y": y_um, "x": x_um})
        self._raise_before_moving()
        here = self._stage.position
        part = 0.5 if self._takes("stops half-way") else 1.0
        super().drive_stage(here.y + part * (y_um - here.y), here.x + part * (x_um - here.x))

    def drive_focus(self, z_um):
        self.commands.append({"z": z_um})
        self._raise_before_moving()
        super().drive_focus(z_um)
        if self._takes("fails after the move"):
            raise ScopeError("no reply")

    def prescan(self, stem):
        if self._takes("takes no prescan"):
            raise RuntimeError("camera")
        return super().prescan(stem)

    def _image(self, scan):
        return None

    def _raise_before_moving(self):
        if self._takes("does not move"):
            raise RuntimeError("motor")

    def _takes(self, fault):
        is_it = self.fault == fault
        if is_it:
            self.fault = ""
        return is_it


SIMULATOR_FAULTS = (
    "reads NaN",
    "does not read",
    "stops half-way",
    "fails after the move",
    "takes no prescan",
    "does not move",
)


@contextmanager
def simulator() -> Iterator[Rig]:
    scope = SimulatedRig()

    def arm(fault):
        return lambda: setattr(scope, "fault", fault)

    yield Rig(
        scope,
        lambda to: (
            SimulatedScope.drive_stage(scope, to.y, to.x) or SimulatedScope.drive_focus(scope, to.z)
        ),
        scope.commands,
        {fault: arm(fault) for fault in SIMULATOR_FAULTS},
    )


class RiggedCore:
    """MMCore with a log of what its drives were sent, and with faults."""

    def __init__(self, core):
        self.commands, self.fault = [], ""
        self._calls = {}
        self._wrap(core, "setXYPosition", lambda x, y: {"y": y, "x": x})
        self._wrap(core, "setPosition", lambda *args: {"z": args[-1]})
        self._wrap(core, "getXYPosition", None)
        self._wrap(core, "snapImage", None)

    def arm(self, fault):
        return lambda: setattr(self, "fault", fault)

    def unlogged(self, name, *args):
        self._calls[name](*args)

    def _wrap(self, core, name, logged):
        call = self._calls[name] = getattr(core, name)

        def rigged(*args):
            if logged:
                self.commands.append(logged(*args))
            if self.fault.startswith(name):
                late, self.fault = self.fault.endswith("late"), ""
                if late:
                    call(*args)
                raise RuntimeError("a device of Micro-Manager failed")
            return call(*args)

        setattr(core, name, rigged)


CORE_FAULTS = ("setXYPosition", "setXYPosition late", "setPosition", "getXYPosition", "snapImage")


@contextmanager
def micromanager() -> Iterator[Rig]:
    from dystrack.scopes.micromanager.bridge import MicroManagerScope
    from dystrack.scopes.micromanager.opening import loaded_core
    from dystrack.scopes.micromanager.recipe import Recipe

    with loaded_core("MMConfig_demo.cfg") as core:
        core.setProperty("XY", "Velocity", 10_000)
        core.setProperty("Camera", "OnCameraCCDXSize", 16)
        core.setProperty("Camera", "OnCameraCCDYSize", 16)
        rigged = RiggedCore(core)

        def by_hand(to):
            rigged.unlogged("setXYPosition", to.x, to.y)
            rigged.unlogged("setPosition", max(-300.0, min(300.0, to.z)))  # its own ends

        scope = MicroManagerScope(core, Recipe(exposure_ms=0.1))
        yield Rig(scope, by_hand, rigged.commands, {f: rigged.arm(f) for f in CORE_FAULTS})


BRIDGES: dict[str, Callable[[], AbstractContextManager[Rig]]] = {
    "simulator": simulator,
    "micromanager": micromanager,
    **{vendor: bridge_of(vendor, Rig) for vendor in LABS},
}
