"""Compare two versions of DySTrack in one run: `python benchmarks/against.py OTHER_CHECKOUT`.

Both versions run at the same time, each prescan goes to one after the other, and imports and starts
alternate, so that whatever else the computer does meets both alike. What is measured:

- hand-off: from the writer's close to a readable line, with a pipeline that answers at once, that
  says how sure it is or not, and with one that reads and smooths the prescan by its own means;
  after the first prescans, whose files are looked through more closely;
- start: from the command ``dystrack run lateral_line`` to the line that says what is watched;
- the import of `dystrack.manager.manager`.
"""

import argparse
import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from dystrack.core.coordinates import VoxelSize
from dystrack.core.exchange.coords_file import COORDS_FILE_NAME
from dystrack.scopes.writing.writers import encode

SHAPE = (21, 128, 256)
N_IMPORTS = 15
WITHOUT_END = ("--no-end_on_esc", "--max_checks", "1000000")
COMPILED = str(Path(tempfile.gettempdir(), "dystrack_against"))
REST_S = 0.05
WARM_UP_S = 2.0
N_FIRST = 4
SETTLING_S = 11.0  # after this, prescans that stayed as they were are not looked through any more
NO_CONFIDENCE = "{}"
CONFIDENCE = '{"dystrack_findings": {"confidence": 0.9}} if findings else {}'
SMOOTHING = "{} if gaussian_filter(imread(target_path).astype('f4'), 2).size else {}"
CASES = {
    "at once, sure": (CONFIDENCE, "--isolate"),
    "at once, sure, same process": (CONFIDENCE, "--no-isolate"),
    "at once, not sure": (NO_CONFIDENCE, "--isolate"),
    "reads and smooths, not sure": (SMOOTHING, "--isolate"),
}
PIPELINE = '''
from scipy.ndimage import gaussian_filter
from tifffile import imread


def analyze_image(target_path, findings=False):
    """Answer with the middle of the image.

    Parameters
    ----------
    target_path : str
        The prescan.
    findings : bool, optional, default False
        Whether to say how sure this is.
    """
    return 10.0, 63.5, 127.5, "OK", {answer}
'''


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("other", type=Path, help="a checkout of the version to compare with")
    parser.add_argument("--prescans", type=int, default=25)
    parser.add_argument("--starts", type=int, default=9)
    parser.add_argument("--only", choices=("hand-off", "start"))
    given = parser.parse_args()
    versions = (given.other / "src", Path(__file__).parents[1] / "src")
    print("| what | other / ms | this / ms | ratio |\n| --- | --- | --- | --- |")
    if given.only != "start":
        for name, (answer, isolation) in CASES.items():
            print_row(f"hand-off, {name}", hand_offs(versions, answer, isolation, given.prescans))
    if given.only != "hand-off":
        print_row("run to watching", alternately(start_ms, versions, given.starts))
        print_row("import of the manager", alternately(import_ms, versions, N_IMPORTS))


def print_row(what: str, of_versions: list[list[float]]) -> None:
    """Print the medians of two versions."""
    other, this = map(statistics.median, of_versions)
    print(f"| {what} | {other:.1f} | {this:.1f} | {this / other:.2f} |", flush=True)


def alternately(
    measure: Callable[[Path], float], versions: tuple[Path, ...], n_times: int
) -> list[list[float]]:
    """Measure versions in turn, after once that does not count; return the values of each."""
    rounds = [[measure(version) for version in versions] for _ in range(n_times + 1)]
    return [list(values) for values in zip(*rounds[1:], strict=True)]


def hand_offs(
    versions: tuple[Path, ...], answer: str, isolation: str, n_prescans: int
) -> list[list[float]]:
    """Return the latencies of each version in ms; their prescans alternate."""
    stack = np.random.default_rng(0).integers(0, 200, SHAPE, dtype=np.uint8)
    data = encode("ome_tiff", stack, VoxelSize(2.0, 0.5, 0.5))
    with contextlib.ExitStack() as on_exit:
        folders = [
            on_exit.enter_context(session(version, answer, isolation)) for version in versions
        ]
        for i in range(N_FIRST):
            for folder in folders:
                latency_ms(folder / f"prescan_{i}.tif", data)
        time.sleep(SETTLING_S)
        rounds = [
            [latency_ms(folder / f"prescan_{i}.tif", data) for folder in folders]
            for i in range(N_FIRST, N_FIRST + n_prescans)
        ]
    return [list(values) for values in zip(*rounds, strict=True)]


@contextlib.contextmanager
def session(version: Path, answer: str, isolation: str) -> Iterator[Path]:
    """Run a session in a folder of its own until it watches and has warmed up."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as parent:
        pipeline, folder = Path(parent, "pipeline.py"), Path(parent, "prescans")
        pipeline.write_text(PIPELINE.replace("{answer}", answer), encoding="utf-8")
        folder.mkdir()
        command = ["run", str(pipeline), str(folder), isolation, *WITHOUT_END]
        with started(version, command) as process:
            wait_for_first_line(process)
            time.sleep(WARM_UP_S)
            yield folder
            process.terminate()


def latency_ms(path: Path, data: bytes) -> float:
    """Write a prescan as a microscope does; return how long the answer took after that."""
    coords = path.parent / COORDS_FILE_NAME
    size_before = coords.stat().st_size
    step = -(-len(data) // 8)
    with path.open("wb") as file:
        for start in range(0, len(data), step):
            file.write(data[start : start + step])
            file.flush()
            time.sleep(0.005)
    closed_s = time.perf_counter()
    while coords.stat().st_size == size_before:
        time.sleep(0.0002)
    took_ms = 1e3 * (time.perf_counter() - closed_s)
    time.sleep(REST_S)
    return took_ms


def start_ms(version: Path) -> float:
    """Return the time from the command to the line that says what is watched."""
    with tempfile.TemporaryDirectory() as folder:
        began_s = time.perf_counter()
        with started(version, ["run", "lateral_line", folder, "--max_checks", "1"]) as process:
            wait_for_first_line(process)
            return 1e3 * (time.perf_counter() - began_s)


def import_ms(version: Path) -> float:
    """Return how long the import of the manager takes in a new process."""
    code = (
        "import time; began_s = time.perf_counter(); import dystrack.manager.manager; "
        "print(time.perf_counter() - began_s)"
    )
    command = [sys.executable, "-c", code]
    shown = subprocess.run(
        command, env=environment(version), capture_output=True, text=True, check=True
    )
    return 1e3 * float(shown.stdout)


def started(version: Path, command: list[str]) -> "subprocess.Popen[bytes]":
    """Start a command of a version."""
    return subprocess.Popen(
        [sys.executable, "-m", "dystrack", *command],
        env=environment(version),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


def wait_for_first_line(process: "subprocess.Popen[bytes]") -> None:
    """Wait until a session says what it watches."""
    assert process.stdout is not None
    process.stdout.readline()


def environment(version: Path) -> dict[str, str]:
    """Return the environment in which a version is imported, compiled like an installed one."""
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPATH": str(version), "PYTHONPYCACHEPREFIX": COMPILED}


if __name__ == "__main__":
    main()
