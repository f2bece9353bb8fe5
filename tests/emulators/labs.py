"""An emulated microscope of each vendor, and a bridge to it: what tests of bridges begin with."""

import time
from dataclasses import replace

from dystrack.scopes.clocks import SimulatedClock
from dystrack.scopes.leica.las_x import LasXScope, LasXSettings
from dystrack.scopes.leica.viventis import ViventisScope, ViventisSettings
from dystrack.scopes.nis.scope import NisScope, NisSettings
from dystrack.scopes.writing.behaviours import BEHAVIOURS
from dystrack.scopes.zen.scope import ZenScope
from dystrack.scopes.zen.settings import ZenSettings
from emulators.cam_server import CamServer
from emulators.nis_scheduler import JOBS_FOLDER, NisScheduler
from emulators.viventis_server import ViventisServer
from emulators.world import MAIN_SCAN, PRESCAN, World, drifting_samples
from emulators.zen_gateway import TOKEN, ZenGateway
from emulators.zen_state import StoredExperiment, ZenState


class PollClock(SimulatedClock):
    """Time that passes only while a bridge rests between two looks, whatever the machine does.

    What is awaited from a socket is awaited in real time.
    """

    def time(self):
        return time.time()


class Lab:
    """One vendor's software, emulated, over samples that drift."""

    def __init__(self, folder, samples=None, clock=None, axes=None):
        self.folder = folder
        self.clock = clock or PollClock()
        self.world = World(samples or drifting_samples(), axes=axes)
        self.scopes = []
        self.server = self.make_server()
        self.server.start()
        self.faults = self.server.faults
        self.no_faults = replace(self.faults)

    def open(self, **settings):
        """Return a new bridge."""
        self.scopes.append(self.connect(self.given() | settings))
        return self.scopes[-1]

    def forget_faults(self):
        """Have everything work again."""
        vars(self.faults).update(vars(self.no_faults))

    def close(self):
        """End everything."""
        for scope in self.scopes:
            getattr(scope, "close", lambda: None)()
        self.server.kill()


class ZenLab(Lab):
    """ZEN and its API Gateway."""

    def __init__(self, folder, *, generation="2026.05", credentials=None, experiment=None, **world):
        self.how = (generation, credentials)
        self.experiment = experiment or {}
        (folder / "token.txt").write_text(f"{TOKEN}\n")
        super().__init__(folder, **world)

    def make_server(self):
        starts = [(at.x, at.y, at.z) for at in self.world.starts()]
        experiments = {
            "prescan": StoredExperiment(PRESCAN, starts, **self.experiment),
            "main_scan": StoredExperiment(MAIN_SCAN, **self.experiment),
        }
        state = ZenState(self.world, experiments, self.folder, BEHAVIOURS["at_once"])
        return ZenGateway(state, *self.how)

    def given(self):
        return {
            "port": self.server.port,
            "token_file": str(self.folder / "token.txt"),
            "stream_s": 0.2,
            "answer_s": 30.0,
        }

    def connect(self, settings):
        return ZenScope(ZenSettings(**settings), self.clock)


class LasXLab(Lab):
    """LAS X and its CAM server."""

    def make_server(self):
        return CamServer(self.world, {"prescan": PRESCAN, "main": MAIN_SCAN}, self.folder)

    def given(self):
        return {
            "image_folder": str(self.folder),
            "prescan_template": "prescan",
            "main_template": "main",
            "planes": 9,
            "z_step_um": 4.0,
            "port": self.server.port,
            "answer_s": 30.0,
        }

    def connect(self, settings):
        return LasXScope(LasXSettings(**settings), self.clock)


class ViventisLab(Lab):
    """A Viventis light sheet."""

    def make_server(self):
        return ViventisServer(self.world, {"prescan": PRESCAN, "main_scan": MAIN_SCAN})

    def given(self):
        return {"reach_z_um": 16.0, "port": self.server.port, "answer_s": 30.0}

    def connect(self, settings):
        return ViventisScope(ViventisSettings(**settings), self.clock)


class NisLab(Lab):
    """NIS-Elements and its Scheduler API."""

    def make_server(self):
        return NisScheduler(self.world, {"prescan": PRESCAN, "main": MAIN_SCAN}, self.folder)

    def given(self):
        return {
            "jobs_folder": JOBS_FOLDER,
            "reach_z_um": 16.0,
            "image_folder": str(self.folder),
            "port": self.server.port,
            "answer_s": 30.0,
        }

    def connect(self, settings):
        return NisScope(NisSettings(**settings), self.clock)


LABS = {"zen": ZenLab, "las_x": LasXLab, "viventis": ViventisLab, "nis": NisLab}
