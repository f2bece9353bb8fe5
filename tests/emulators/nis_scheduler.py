"""An emulated Scheduler API of NIS-Elements: jobs over HTTP, and stage and images behind them."""

import json
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path, PureWindowsPath

from dystrack.scopes.writing.writers import write_nd2

JOBS_FOLDER = r"C:\jobs"


@dataclass
class NisFaults:
    """What goes wrong, as long as it is set."""

    status: str = ""  # a job stays like this
    job: str = "prescan"  # which one
    n_pending: int = 2  # looks before a job ends
    leaves_out: str = ""  # an output argument
    planes_lost: int = 0
    n_files: int = 1
    refuses: bool = False
    says_nonsense: bool = False
    in_mm: bool = False
    cut_off: bool = False  # the file of a scan never becomes complete


class NisScheduler:
    """The service over one world; `start` and `kill` it as often as wanted, on the same port."""

    def __init__(self, world, scans, folder):
        self.world = world
        self.scans = scans
        self.folder = Path(folder)
        self.faults = NisFaults()
        self.port = 0
        self.runs = []
        self.lock = threading.Lock()

    def start(self):
        emulator = self

        class Handler(BaseHTTPRequestHandler):
            log_message = staticmethod(lambda *_: None)

            def do_POST(self):
                emulator.handle(self)

            do_GET = do_POST  # noqa: N815

        self.server = ThreadingHTTPServer(("localhost", self.port), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def kill(self):
        self.server.shutdown()
        self.server.server_close()

    def handle(self, handler):
        length = int(handler.headers.get("Content-Length") or 0)
        body = json.loads(handler.rfile.read(length)) if length else None
        with self.lock:
            found = self.answer(handler.command, handler.path, body)
        data = b"<html>" if self.faults.says_nonsense else json.dumps(found).encode()
        handler.send_response(422 if self.faults.refuses else 200)
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)

    def answer(self, method, path, body):
        if path == "/nis/v2/version":
            return {"version": "6.20.00 emulated"}
        if path.endswith("/abort"):
            return {"job_run_id": -1, "status": "aborted"}
        if method == "POST":
            return self.begin(PureWindowsPath(body["job_def_bin"]), body["job_params"])
        return self.look(int(path.rpartition("/")[2]))

    def begin(self, job, parameters):
        assert str(job.parent) == JOBS_FOLDER
        name = job.stem.removeprefix("dystrack_")
        self.runs.append({"name": name, "parameters": parameters, "looks": 0})
        return {"job_run_id": len(self.runs) - 1, "status": "pending"}

    def look(self, number):
        run = self.runs[number]
        run["looks"] += 1
        state = {"job_run_id": number, "message": "stage error 12"}
        if self.faults.status and run["name"] == self.faults.job:
            return state | {"status": self.faults.status}
        if run["looks"] <= self.faults.n_pending:
            return state | {"status": "pending" if run["looks"] == 1 else "running"}
        if "result" not in run:
            run["result"] = self.work(run["name"], run["parameters"])
        return state | {"status": "finished"} | run["result"]

    def work(self, name, parameters):
        if name == "position":
            per_unit = 1000.0 if self.faults.in_mm else 1.0
            where = self.world.position
            values = {axis.upper(): getattr(where, axis) / per_unit for axis in "xyz"}
            values.pop(self.faults.leaves_out, None)
            return {"output_args": values}
        if name.startswith("move"):
            self.world.move(**{axis.lower(): value for axis, value in parameters.items()})
            return {}
        return {"out_files": [self.scan(name, parameters["Name"])] * self.faults.n_files}

    def scan(self, kind, name):
        settings = self.scans[kind]
        image = self.world.scan(settings, name)[self.faults.planes_lost :]
        path = self.folder / f"{name}.nd2"
        write_nd2(path, image, settings.voxel_size)
        if self.faults.cut_off:
            path.write_bytes(path.read_bytes()[:-100])
        return rf"C:\images\{name}.nd2"
