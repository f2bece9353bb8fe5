"""How long the microscope waits for DySTrack itself: `python benchmarks/hand_off.py`.

Latency is the time from the writer's close to a readable line, with a pipeline that answers at
once; the files are written by another process, as vendor software does. Then idle CPU, and the
time from the command to the watch. Give numbers of other files in the folder as arguments.
"""

import multiprocessing
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from dystrack.core.coordinates import VoxelSize
from dystrack.core.exchange.coords_file import COORDS_FILE_NAME
from dystrack.manager.events import SessionStarted
from dystrack.manager.manager import run_dystrack_manager
from dystrack.scopes.writing.writers import SUFFIXES, encode

FORMATS = ("ome_tiff", "imagej_tiff", "multipage_tiff", "czi", "nd2")
SHAPE = (21, 128, 256)
N_PRESCANS = 30
IDLE_S = 10.0
N_STARTS = 5


def answer_at_once(target_path: str) -> tuple[float, float, float, str, dict[str, object]]:
    """Answer without looking at the image.

    Parameters
    ----------
    target_path : str
        The prescan.
    """
    del target_path
    return 10.0, 63.5, 127.5, "OK", {}


def main() -> None:
    """Print the tables."""
    numbers = [int(word) for word in sys.argv[1:]] or [0, 20_000, 100_000]
    print(f"{'other files':>12} {'format':<16} {'median / ms':>12} {'worst of 30 / ms':>17}")
    for n_files in numbers:
        with tempfile.TemporaryDirectory() as folder:
            fill(Path(folder), n_files)
            for image_format in FORMATS:
                latencies_ms = measure_latencies(Path(folder), image_format)
                median, worst = statistics.median(latencies_ms), max(latencies_ms)
                print(f"{n_files:>12,} {image_format:<16} {median:>12.1f} {worst:>17.1f}")
    print(f"\n{'other files':>12} {'idle CPU / % of a core':>23}")
    for n_files in [0, 10_000, *numbers[1:]]:
        with tempfile.TemporaryDirectory() as folder:
            fill(Path(folder), n_files)
            print(f"{n_files:>12,} {measure_idle(Path(folder)):>23.2f}")
    starts_s = [measure_start() for _ in range(N_STARTS)]
    print(
        f"\n`dystrack run` to watching: median {statistics.median(starts_s):.2f} s, "
        f"best {min(starts_s):.2f} s of {N_STARTS}"
    )


def fill(folder: Path, n_files: int) -> None:
    """Put other files into a folder."""
    for i in range(n_files):
        (folder / f"other_{i:06d}.czi").touch()


def measure_latencies(folder: Path, image_format: str) -> list[float]:
    """Return the latency in ms of each of 30 prescans."""
    stack = np.random.default_rng(0).integers(0, 200, SHAPE, dtype=np.uint8)
    data = encode(image_format, stack, VoxelSize(2.0, 0.5, 0.5))
    results: multiprocessing.SimpleQueue[list[float]] = multiprocessing.SimpleQueue()
    suffix = SUFFIXES[image_format]
    writer = multiprocessing.Process(
        target=write_and_wait, args=(folder, image_format + "_{}" + suffix, data, results)
    )

    def start_writer(event: object) -> None:
        if isinstance(event, SessionStarted):
            writer.start()

    run_dystrack_manager(
        folder,
        answer_at_once,
        max_triggers=N_PRESCANS,
        end_on_esc=False,
        progress=False,
        on_event=start_writer,
    )
    latencies_ms = results.get()
    writer.join()
    return latencies_ms


def write_and_wait(
    folder: Path, name: str, data: bytes, results: "multiprocessing.SimpleQueue[list[float]]"
) -> None:
    """Write prescans as a microscope does, wait for each line, and note how long that took."""
    coords = folder / COORDS_FILE_NAME
    latencies_ms = []
    time.sleep(0.5)
    for i in range(N_PRESCANS):
        size_before = coords.stat().st_size
        with (folder / name.format(f"{i}_{time.time_ns()}")).open("wb") as file:
            for piece in pieces(data):
                file.write(piece)
                file.flush()
                time.sleep(0.005)
        closed_s = time.perf_counter()
        while coords.stat().st_size == size_before:
            time.sleep(0.0005)
        latencies_ms.append(1e3 * (time.perf_counter() - closed_s))
        time.sleep(0.05)
    results.put(latencies_ms)


def pieces(data: bytes) -> Iterator[bytes]:
    """Cut the bytes of a file into eight."""
    step = -(-len(data) // 8)
    return (data[i : i + step] for i in range(0, len(data), step))


def measure_idle(folder: Path) -> float:
    """Return the CPU time of a session with nothing to do, in % of a core."""
    started: list[float] = []
    settled = threading.Event()

    def note_start(event: object) -> None:
        if isinstance(event, SessionStarted):
            started.extend([time.monotonic(), time.process_time()])
            settled.set()

    def enough() -> bool:
        return settled.is_set() and time.monotonic() - started[0] > IDLE_S

    run_dystrack_manager(
        folder,
        answer_at_once,
        max_checks=10**9,
        end_on_esc=False,
        progress=False,
        on_event=note_start,
        should_stop=enough,
    )
    return 100 * (time.process_time() - started[1]) / (time.monotonic() - started[0])


def measure_start() -> float:
    """Return the time from the command to the line that says what is watched, in s."""
    with tempfile.TemporaryDirectory() as folder:
        began_s = time.perf_counter()
        command = [sys.executable, "-m", "dystrack", "run", "lateral_line", folder]
        with subprocess.Popen([*command, "--max_checks", "1"], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            watching_s = time.perf_counter() - began_s
    return watching_s


if __name__ == "__main__":
    main()
