"""What a pipeline on another computer costs: `python benchmarks/two_computers.py`.

`dystrack agent` runs as a process of its own on this computer, over TLS. The same prescans are
analysed in process, in a process of this computer's own, and at the agent, once where both see the
file and once where it is sent, in turn. Then the agent's worker is killed, and a pipeline hangs.
"""

import contextlib
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from dystrack.core.coordinates import VoxelSize
from dystrack.core.errors import WorkerError
from dystrack.manager.workers.handing_over import HandedOver
from dystrack.manager.workers.in_process import InProcessWorker, Worker
from dystrack.manager.workers.isolated import IsolatedWorker
from dystrack.manager.workers.remote import RemoteWorker, distributed_with
from dystrack.manager.workers.remote_address import PathMap, RemoteAddress
from dystrack.pipelines.center_of_mass import analyze_image
from dystrack.scopes.writing.writers import encode

SHAPE = (21, 200, 500)
N_PRESCANS = 30
TIMEOUT_S = 60.0
HUNG_TIMEOUT_S = 3.0
HERE = PathMap("/", "/")
HANGING = """
import time
from pathlib import Path


def analyze_image(target_path):
    if "hang" in Path(target_path).name:
        time.sleep(1000)
    return 1.0, 2.0, 3.0, "OK", {}
"""


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as name, agent(Path(name)) as address:
        measure_prescans(Path(name), address)
        measure_troubles(Path(name), address)


@contextlib.contextmanager
def agent(folder: Path) -> Iterator[RemoteAddress]:
    """Start `dystrack agent`; yield its address."""
    key = folder / "agent.pem"
    command = [sys.executable, "-m", "dystrack", "agent", "--host", "127.0.0.1"]
    command += ["--port", "0", "--key", str(key)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        words = process.stdout.readline().split()
        try:
            yield RemoteAddress(next(word for word in words if "://" in word), str(key))
        finally:
            process.send_signal(signal.SIGINT)


def measure_prescans(folder: Path, address: RemoteAddress) -> None:
    """Print how long an answer takes at each place."""
    path = folder / "prescan_1.ome.tif"
    stack = np.random.default_rng(0).integers(0, 20, SHAPE, np.uint8)
    stack[8:12, 80:120, 200:280] = 200
    path.write_bytes(encode("ome_tiff", stack, VoxelSize(2.0, 0.5, 0.5)))
    print(f"{SHAPE} voxels, {path.stat().st_size / 1e6:.1f} MB")
    places: dict[str, Worker] = {
        "in process": InProcessWorker(analyze_image),
        "in a process of its own": IsolatedWorker(HandedOver.of(analyze_image), TIMEOUT_S),
        "at the agent, which sees the file": RemoteWorker(
            analyze_image, TIMEOUT_S, address, paths=HERE
        ),
        "at the agent, the file is sent": RemoteWorker(analyze_image, TIMEOUT_S, address),
    }
    took_ms: dict[str, list[float]] = {place: [] for place in places}
    for worker in places.values():
        worker.start({})
        for _ in range(3):
            worker.run(str(path), {}, {})
    for _ in range(N_PRESCANS):
        for place, worker in places.items():
            took_ms[place].append(1000 * timed(lambda at=worker: at.run(str(path), {}, {})))
    usual = statistics.median(took_ms["in process"])
    for place, worker in places.items():
        median = statistics.median(took_ms[place])
        print(f"{place:<36} median {median:6.1f} ms  {median - usual:+6.1f} ms")
        worker.close()


def measure_troubles(folder: Path, address: RemoteAddress) -> None:
    """Print how soon a killed worker and a hung pipeline are told, and the next answer comes."""
    file = folder / "hanging.py"
    file.write_text(HANGING, "utf-8")
    for name in ("hang.tif", "a.tif"):
        (folder / name).write_bytes(b"1")
    pipeline = HandedOver(f"{file}:analyze_image", b"")
    told_s, next_s = troubled(folder, remote(pipeline, TIMEOUT_S, address), lambda: kill(address))
    print(f"worker killed: told after {told_s:.2f} s, the next prescan answered in {next_s:.2f} s")
    told_s, next_s = troubled(folder, remote(pipeline, HUNG_TIMEOUT_S, address), None)
    print(
        f"pipeline hangs, deadline {HUNG_TIMEOUT_S:g} s: told after {told_s:.2f} s, "
        f"the next prescan answered in {next_s:.2f} s"
    )


def remote(pipeline: HandedOver, timeout_s: float, address: RemoteAddress) -> RemoteWorker:
    """Return a worker for a pipeline that stands in a file."""
    worker = RemoteWorker(analyze_image, timeout_s, address)
    worker._handed_over = pipeline  # noqa: SLF001 - instead of loading the file here
    worker.start({})
    return worker


def troubled(
    folder: Path, worker: RemoteWorker, trouble: Callable[[], float] | None
) -> tuple[float, float]:
    """Return how long a trouble took to be told, and how long the next answer took."""
    with contextlib.closing(worker):
        worker.run(str(folder / "a.tif"), {}, {})
        began_s = time.perf_counter()
        happened: list[float] = []
        if trouble is not None:
            threading.Timer(0.7, lambda: happened.append(trouble())).start()
        try:
            worker.run(str(folder / "hang.tif"), {}, {})
        except WorkerError as error:
            told_s = time.perf_counter() - (happened[0] if happened else began_s)
            print(f"  {error}")
        return told_s, timed(lambda: worker.run(str(folder / "a.tif"), {}, {}))


def kill(address: RemoteAddress) -> float:
    """Kill the agent's worker, as an operating system without memory does; return when."""
    distributed = distributed_with()
    security = address.security(distributed)
    with distributed.Client(address.url, security=security, set_as_default=False) as client:
        (pid,) = client.run(os.getpid).values()
    os.kill(pid, signal.SIGKILL)
    return time.perf_counter()


def timed(function: Callable[[], object]) -> float:
    """Return how long something takes in s."""
    began_s = time.perf_counter()
    function()
    return time.perf_counter() - began_s


if __name__ == "__main__":
    main()
