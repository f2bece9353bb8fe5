"""An emulated ZEN Black with MyPiC: what the macro reads and writes in the registry, and does.

It is faithful to MyPiC's source in what hurts: the image is saved before the macro says that it
waits, and what was answered in between is overwritten; an unknown code opens a message box.
"""

import math
from pathlib import Path

import fake_winreg as winreg

from dystrack.scopes.geometry import PositionUm
from dystrack.scopes.writing.writers import encode

KEY = r"SOFTWARE\VB and VBA Program Settings\OnlineImageAnalysis\macro"
CODES = {"focus", "trigger1", "trigger2", "setRoi", "setFcsPos", "nothing", "error", "timeExpired"}
KEYS = [
    "codeMic",
    "codeOia",
    "filePath",
    "X",
    "Y",
    "Z",
    "errorMsg",
    "roiType",
    "roiAim",
    "roiX",
    "roiY",
]
POLL_S = 0.05
LIMIT_S = 100.0


class MyPic:
    """The macro with a default pipeline: prescan with online analysis, then the main scan."""

    def __init__(self, world, prescan, main_scan, folder, announces=True, gap_s=0.0):
        self.world = world
        self.clock = world.clock
        self.scans = prescan, main_scan
        self.folder = Path(folder)
        self.announces = announces
        self.gap_s = gap_s  # between saving an image and saying that one waits
        self.before_wait = lambda name: None
        self.rois = []
        self.errors = []
        self.boxes = []  # message boxes
        if announces:
            for name in KEYS:
                self.write(name, "")

    def write(self, name, value):
        with winreg.CreateKeyEx(winreg.HKEY_CURRENT_USER, KEY, 0, winreg.KEY_WRITE) as key:
            winreg.SetValueEx(key, name, 0, winreg.REG_SZ, value)

    def read(self, name):
        try:
            with winreg.OpenKey(winreg.HKEY_CURRENT_USER, KEY) as key:
                return winreg.QueryValueEx(key, name)[0]
        except OSError:
            return ""

    def run(self, n_time_points, interval_s=30.0):
        places = self.world.starts()
        began_s = self.clock.monotonic()
        for time_point in range(n_time_points):
            self.clock.sleep(began_s + time_point * interval_s - self.clock.monotonic())
            for index, place in enumerate(places):
                places[index] = self.visit(place, f"{time_point + 1}_pos_{index + 1}")

    def visit(self, place, name):
        self.world.stage_to(place)
        path = self.folder / f"prescan_{name}.czi"
        image = self.world.scan(self.scans[0], path.stem)
        unfinished = path.with_suffix(".part")
        unfinished.write_bytes(encode("czi", image, self.scans[0].voxel_size))
        unfinished.rename(path)
        self.clock.sleep(self.gap_s)
        if self.announces:
            self.write("filePath", rf"D:\data\{path.name}")
        self.write("codeMic", "wait")
        if self.announces:
            self.write("codeOia", "newImage")
        self.before_wait(path.name)
        place = self.obey(self.wait(), place, name)
        self.world.move(**place._asdict())
        self.world.scan(self.scans[1], f"job_{name}")
        return place

    def wait(self):
        end_s = self.clock.monotonic() + LIMIT_S
        while self.read("codeMic") == "wait":
            if self.clock.monotonic() >= end_s:
                self.write("codeMic", "timeExpired")
            else:
                self.clock.sleep(POLL_S)
        return self.read("codeMic")

    def obey(self, code, place, name):
        codes = [one.strip() for one in code.split(";")]
        self.boxes += [one for one in codes if one not in CODES]
        if "error" in codes:
            self.errors.append(self.read("errorMsg"))
        points = self.points(place)
        if "setRoi" in codes:
            self.rois.append(self.regions())
        for number, point in enumerate(points, 1):
            if "trigger1" in codes or "trigger2" in codes:
                self.world.move(**point._asdict())
                self.world.scan(self.scans[1], f"trigger_{name}_{number}")
        return points[0] if "focus" in codes and points else place

    def points(self, place):
        """Return where the stage would have each point in the middle; none if one is too far."""
        scan = self.scans[0]
        columns = [self.read(axis).split(";") for axis in "ZYX"]
        if [""] in columns:
            return []
        points = []
        for values in zip(*columns, strict=True):
            sizes = zip(map(float, values), scan.shape_zyx, scan.voxel_size, strict=True)
            offset = PositionUm(*((at - (size - 1) / 2) * um for at, size, um in sizes))
            widest = max(scan.field.y, scan.field.x)
            if max(abs(offset.y), abs(offset.x)) > widest or abs(offset.z) > scan.field.z:
                return []
            points.append(place.plus(self.world.axes.shift_to_stage(offset)))
        return points

    def regions(self):
        """Return type, aim and corners of each region, as MyPiC takes them apart."""
        if not self.read("roiType"):
            return []
        parts = [self.read(name).split(";") for name in ("roiType", "roiAim", "roiX", "roiY")]
        return [
            (kind, aim, [float(x) for x in xs.split(",")], [float(y) for y in ys.split(",")])
            for kind, aim, xs, ys in zip(*parts, strict=True)
        ]

    def worst_um(self):
        return max((scan.distance_um for scan in self.world.main_scans()), default=math.inf)
