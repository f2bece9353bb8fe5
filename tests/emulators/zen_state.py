"""ZEN as both its macros and its API see it: experiments, positions, running, images on the disk."""

import itertools
import threading
from dataclasses import dataclass, field, replace
from pathlib import Path

from dystrack.scopes.geometry import PositionUm, ScanSettings
from dystrack.scopes.writing.behaviours import BEHAVIOURS
from dystrack.scopes.writing.writers import encode


@dataclass
class StoredExperiment:
    """An experiment as ZEN keeps it: a scan, and positions as x, y, z in µm.

    Its stack is around `centre_z_um`, unless it has positions: then around each of these.
    """

    scan: ScanSettings
    positions: list[tuple[float, float, float]] = field(default_factory=list)
    has_tiles: bool = True
    centre_z_um: float = 0.0


class ZenState:
    """Loaded and running experiments over one world."""

    def __init__(self, world, experiments, folder=None, behaviour=BEHAVIOURS["in_chunks"]):
        self.world = world
        self.experiments = experiments
        self.folder = folder
        self.behaviour = behaviour
        self.loaded = {}
        self.active = {}  # identifier of what runs → its name
        self.finished = []
        self.ids = map("experiment-{}".format, itertools.count(1))
        self.lock = threading.RLock()

    def load(self, name):
        """Load a stored experiment and return its identifier."""
        identifier = next(self.ids)
        stored = self.experiments[name]
        self.loaded[identifier] = replace(stored, positions=list(stored.positions))
        return identifier

    def clone(self, identifier):
        """Return the identifier of a copy."""
        copy = next(self.ids)
        one = self.loaded[identifier]
        self.loaded[copy] = replace(one, positions=list(one.positions))
        return copy

    def xml(self, identifier):
        """Return an experiment as ZEN exports it."""
        regions = "".join(
            f"<SingleTileRegion Name='P{number}'><X>{x}</X><Y>{y}</Y><Z>{z}</Z>"
            "<IsUsedForAcquisition>true</IsUsedForAcquisition></SingleTileRegion>"
            for number, (x, y, z) in enumerate(self.loaded[identifier].positions, 1)
        )
        return f"<HardwareExperiment><SingleTileRegions>{regions}</SingleTileRegions></HardwareExperiment>"

    def acquire(self, experiment, name, folder=None):
        """Take an image, as the experiment says where, and save it; return its pixels."""
        with self.lock:
            self._go_there(experiment)
            image = self.world.scan(experiment.scan, name)
        self.save(image, experiment.scan, name, folder or self.folder)
        return image

    def _go_there(self, experiment):
        before = self.world.position
        if experiment.has_tiles and experiment.positions:
            ((x, y, z),) = experiment.positions
            where = PositionUm(z, y, x)
        elif experiment.scan.shape_zyx[0] > 1:
            where = before._replace(z=experiment.centre_z_um)
        else:
            where = before
        if where.minus(before).length() > 1e-6:
            self.world.move(**where._asdict())

    def save(self, image, scan, name, folder):
        """Save an image as ZEN does: in pieces, and never over another one."""
        path = Path(folder) / f"{name}.czi"
        assert not path.exists(), "ZEN would have chosen another name"
        self.behaviour.write(encode("czi", image, scan.voxel_size), path, self.world.clock)
