"""An emulated LAS X with its CAM server: lines over TCP, one file a plane."""

import threading
from dataclasses import dataclass
from pathlib import Path

from dystrack.scopes.leica.cam import format_words, parse_words
from dystrack.scopes.writing.writers import write_ome_tiff
from emulators.tcp_server import TcpServer


@dataclass
class CamFaults:
    """What goes wrong, as long as it is set."""

    box_waits: bool = False  # a message box: nothing is answered
    announces_twice: bool = False
    announcements_lost: int = 0
    planes_lost: int = 0
    unit: str = "meter"
    decimal_comma: bool = False
    stale_end: bool = False  # the end of the scan before comes once more, early
    fails: bool = False  # the scan never ends
    reads: str = ""  # what the focus reads instead of a number


class CamServer(TcpServer):
    """LAS X over one world; templates are scans by their names."""

    def __init__(self, world, templates, folder):
        super().__init__()
        self.world = world
        self.templates = templates
        self.folder = Path(folder)
        self.faults = CamFaults()
        self.template = next(iter(templates))
        self.n_scans = 0
        self.is_scanning = False
        self.dies_in_scan = False
        self.late = []
        self.is_late_about = None  # where the stage was when late answers were made

    def serve(self, connection):
        received = b""
        while True:
            piece = connection.recv(4096)
            if not piece:
                return
            received += piece
            while b"\n" in received:
                line, _, received = received.partition(b"\n")
                words = parse_words(line.decode())
                if self.faults.box_waits:
                    self.late.append(words)  # answered once somebody has clicked
                    continue
                for question in self.late:
                    self.answer(connection, question, self.is_late_about)
                self.late.clear()
                self.answer(connection, words)

    def say(self, connection, **words):
        line = format_words(**{"app": "matrix", "sys": 1, **words})
        self.send(connection, f"{line}\r\n".encode())

    def answer(self, connection, words, where=None):
        if words["cmd"] == "getinfo":
            self.say(
                connection,
                dev=words["dev"],
                info_for=words["cli"],
                **self.info(words["dev"], where),
            )
            return
        if words["cmd"] == "setposition":
            assert words["unit"] == "microns"
            assert words["typ"] == "absolute"
            axes = {axis: float(words[f"{axis}pos"]) for axis in "xyz" if f"{axis}pos" in words}
            self.world.move(**axes)
        elif words["cmd"] == "load":
            self.template = words["fil"]
        self.say(connection, **words)
        if words["cmd"] == "startscan":
            self.is_scanning = True
            threading.Thread(target=self.scan, args=(connection,), daemon=True).start()

    def info(self, device, where=None):
        where = where or self.world.position
        if device == "scanstatus":
            return {"scanstatus": "eScanRunning" if self.is_scanning else "eScanIdle"}
        axes = "xy" if device == "stage" else "z"
        per_unit = 1e6 if self.faults.unit == "meter" else 1.0
        values = {f"{axis}pos": f"{getattr(where, axis) / per_unit:.10f}" for axis in axes}
        if self.faults.decimal_comma:
            values = {key: value.replace(".", ",") for key, value in values.items()}
        if self.faults.reads and device == "zdrive":
            values["zpos"] = self.faults.reads
        return {"unit": self.faults.unit, **values}

    def scan(self, connection):
        """Scan, write a file for each plane, and announce it."""
        if self.faults.fails:
            return
        if self.faults.stale_end:
            self.say(connection, inf="scanfinished")
        self.n_scans += 1
        settings = self.templates[self.template]
        image = self.world.scan(settings, f"{self.template}_{self.n_scans}")
        if self.dies_in_scan:
            self.is_scanning = False
            self.kill()
            return
        name = f"{self.template}--run {self.n_scans:03}"
        (self.folder / name).mkdir()
        n_written = len(image) - self.faults.planes_lost
        for z, plane in enumerate(image[:n_written]):
            path = self.folder / name / f"image--L0000--Z{z:02}--C00.ome.tif"
            write_ome_tiff(path, plane, settings.voxel_size)
            if z >= self.faults.announcements_lost:
                for _ in range(1 + self.faults.announces_twice):
                    self.say(connection, relpath=f"{name}\\{path.name}")
        self.is_scanning = False
        for _ in range(1 + self.faults.announces_twice):
            self.say(connection, inf="scanfinished")
