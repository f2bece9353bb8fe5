"""The bridges to vendors' software on their emulators, each for many tests in one process."""

import atexit
import functools
import tempfile
from contextlib import contextmanager
from pathlib import Path

from dystrack.scopes.geometry import PositionUm
from emulators.labs import LABS
from emulators.world import drifting_samples

_NEAR_ORIGIN = PositionUm(1.0, 2.0, 3.0)  # ZEN's bridge refuses what reads exactly 0

# Of each emulator: faults that last for the next thing that is asked.
FAULTS = {
    "zen": (
        {"leaves_out_focus": True},
        {"supervised": True},
        {"lost_planes": 1},
        {"wrong_scaling": 1e6},
        {"fails": "stem"},
    ),
    "las_x": (
        {"unit": "inch"},
        {"unit": "microns"},
        {"decimal_comma": True},
        {"reads": "nan"},
        {"announcements_lost": 3},
        {"planes_lost": 1},
        {"announces_twice": True},
    ),
    "viventis": (
        {"refuses": "Move"},
        {"refuses": "PositionGet"},
        {"refuses": "Snap"},
        {"leaves_out": "Z"},
        {"torn": True},
        {"voxel_factor": 1e-6},
    ),
    "nis": (
        {"status": "failed", "job": "move_xy"},
        {"status": "failed", "job": "prescan"},
        {"leaves_out": "Z"},
        {"refuses": True},
        {"says_nonsense": True},
        {"n_files": 0},
    ),
}


class Forgetful:
    """A bridge on which each fault is over once something has been asked."""

    def __init__(self, scope, forget):
        self._scope = scope
        self._forget = forget

    def __getattr__(self, name):
        attribute = getattr(self._scope, name)
        if not callable(attribute):
            return attribute

        def ask(*args):
            try:
                return attribute(*args)
            finally:
                self._forget()

        return ask


@functools.cache
def lab_of(vendor):
    """Return a lab that lasts until the process ends."""
    folder = tempfile.TemporaryDirectory()
    lab = LABS[vendor](Path(folder.name), samples=drifting_samples(start=_NEAR_ORIGIN))
    lab.scope = lab.open()
    lab.server.piece = 1000
    atexit.register(folder.cleanup)
    atexit.register(lab.close)
    return lab


def bridge_of(vendor, make_rig):
    """Return what opens a rig with the bridge of a vendor."""

    @contextmanager
    def bridge():
        lab = lab_of(vendor)
        lab.forget_faults()
        lab.world.stage_to(_NEAR_ORIGIN)
        lab.world.commands.clear()
        if vendor == "nis":
            lab.faults.n_pending = 0
        faults = {
            str(fault): functools.partial(vars(lab.faults).update, fault)
            for fault in FAULTS[vendor]
        }
        yield make_rig(
            Forgetful(lab.scope, lab.forget_faults),
            lab.world.stage_to,
            lab.world.commands,
            faults,
        )

    return bridge
