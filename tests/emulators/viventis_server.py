"""An emulated Viventis light sheet: JSON with a length before each message, over TCP."""

import json
import struct
import time
from dataclasses import dataclass

from emulators.tcp_server import TcpServer


@dataclass
class ViventisFaults:
    """What goes wrong, as long as it is set."""

    box_waits_s: float = 0.0
    refuses: str = ""  # a command that fails
    planes_lost: int = 0
    voxel_factor: float = 1.0
    leaves_out: str = ""  # a field of each response
    old_image: bool = False
    torn: bool = False  # a plane arrives too short
    length: int | None = None  # announced instead of the true one


class ViventisServer(TcpServer):
    """The microscope over one world; settings are scans by their names."""

    def __init__(self, world, settings):
        super().__init__()
        self.world = world
        self.settings = settings
        self.faults = ViventisFaults()
        self.image, self.scan = None, None
        self.n_images = 0

    def serve(self, connection):
        while True:
            (length,) = struct.unpack("<i", self.receive(connection, 4))
            request = json.loads(self.receive(connection, length))
            if self.faults.box_waits_s:
                time.sleep(self.faults.box_waits_s)
            for data in self.answer(request):
                length = len(data) if self.faults.length is None else self.faults.length
                self.piece = 7 if len(data) < 1000 else 1000
                self.send(connection, struct.pack("<i", length) + data)

    @staticmethod
    def receive(connection, n_bytes):
        data = b""
        while len(data) < n_bytes:
            piece = connection.recv(n_bytes - len(data))
            if not piece:
                raise EOFError
            data += piece
        return data

    def answer(self, request):
        command = request["CommandName"]
        response, data = {"Success": True, "ErrorMessage": "", "Time": 1.5}, None
        if command == self.faults.refuses:
            response |= {"Success": False, "ErrorMessage": "device error 17"}
        elif command == "PositionGet":
            response |= {axis.upper(): getattr(self.world.position, axis) for axis in "xyz"}
        elif command == "Move":
            self.world.move(
                **{axis: request[axis.upper()] for axis in "xyz" if axis.upper() in request}
            )
        elif command == "Snap":
            self.snap(request["Settings"])
        elif command == "ImageInfoGet" and self.scan is None:
            response |= {"Success": False, "ErrorMessage": "no image"}
        elif command == "ImageInfoGet":
            response |= self.info()
        elif command == "ImageGet":
            if request["Plane"] > len(self.image) - self.faults.planes_lost:
                response |= {"Success": False, "ErrorMessage": "no such plane"}
            else:
                data = self.image[request["Plane"] - 1].astype("<u2").tobytes()
                data = data[:-2] if self.faults.torn else data
        response.pop(self.faults.leaves_out, None)
        return [json.dumps(response).encode()] + ([data] if data else [])

    def snap(self, name):
        self.scan = self.settings[name]
        self.n_images += not self.faults.old_image
        self.image = self.world.scan(self.scan, f"{name}_{self.n_images}")

    def info(self):
        depth, height, width = self.scan.shape_zyx
        z_um, y_um, x_um = (value * self.faults.voxel_factor for value in self.scan.voxel_size)
        return {
            "Width": width, "Height": height, "Planes": depth, "Channels": 1, "Views": 1,
            "TimePoint": self.n_images, "VoxelX": x_um, "VoxelY": y_um, "VoxelZ": z_um,
        }  # fmt: skip
