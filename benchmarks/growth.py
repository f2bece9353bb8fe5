"""How `lateral_line` grows with the image and shrinks with the threads.

``python benchmarks/growth.py`` prints three tables: the steps of an ordinary prescan; sizes from
0.5 to 500 million voxels, as far as they fit into the memory, on 1, 2, 4, … threads; and what
`reduce` costs. ``--from 100 --to 300`` takes only sizes of 100 to 300 million voxels.

Everything is compared with *reading plus one smoothing by the fastest way known*, measured in the
same run: scipy, scikit-image, and OpenCV where it is installed.
"""

import argparse
import gc
import os
import tempfile
import time
import tracemalloc
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import scipy
import skimage
import tifffile

from dystrack.core.coordinates import VoxelSize
from dystrack.core.cores import limit_threads, usable_cores
from dystrack.images.waiting import vouch_for
from dystrack.pipelines import lateral_line
from dystrack.pipelines.utilities.kernels.compiled import wait_for_kernels
from dystrack.pipelines.utilities.objects.regions import largest_region
from dystrack.pipelines.utilities.smoothing import smooth
from dystrack.pipelines.utilities.thresholds import object_count_threshold
from dystrack.scopes.geometry import ScanSettings, View
from dystrack.scopes.samples.scenes import make_sample

SIGMA_PX = 3.0
SHAPES = [
    (21, 160, 150),
    (21, 200, 500),
    (40, 400, 500),
    (50, 1024, 1024),
    (191, 1024, 1024),
    (477, 1024, 1024),
]
SCAN = ScanSettings((42, 400, 1000), VoxelSize(1.0, 0.4, 0.4))
SECONDS_A_ROW = 4.0
MOST_CALLS = 25


def best_ms(run: Callable[[], Any]) -> float:
    """Return the shortest duration in ms of as many calls as fit into some seconds."""
    durations: list[float] = []
    while not durations or (sum(durations) < SECONDS_A_ROW and len(durations) < MOST_CALLS):
        started = time.perf_counter()
        run()
        durations.append(time.perf_counter() - started)
    return min(durations) * 1000


def print_table(title: str, head: tuple[str, ...], rows: Any) -> None:
    """Print a Markdown table, each row as soon as it is measured."""
    print(f"\n{title}\n")
    for row in (head, ("---",) * len(head)):
        print("| " + " | ".join(row) + " |")
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |", flush=True)


def write_tissue(path: Path, shape: tuple[int, int, int], dtype: str) -> None:
    """Write a bright band with soft borders that ends at 3/4 of the width, in noise."""
    depth, height, width = shape
    y, x = np.ogrid[:height, :width]
    random = np.random.default_rng(0)
    stack = tifffile.memmap(path, shape=shape, dtype=np.dtype(dtype))
    for z in range(depth):
        across = ((y - height / 2) / (height / 8)) ** 2 + ((z - depth / 2) / (depth / 4)) ** 2
        band = 150 * np.exp(-0.5 * across) / (1 + np.exp((x - 0.75 * width) / 4))
        plane = random.integers(0, 40, (height, width), np.uint8) + band.astype(np.uint8)
        stack[z] = plane.astype(dtype) * (1 if dtype == "u1" else 16)
    stack.flush()


def with_opencv(image: np.ndarray) -> np.ndarray:
    """Smooth with OpenCV: its planes, and then columns along z."""
    import cv2  # noqa: PLC0415 - seldom installed

    planes = np.stack([cv2.GaussianBlur(plane, (25, 25), SIGMA_PX) for plane in image])
    kernel = cv2.getGaussianKernel(25, SIGMA_PX)
    flat = cv2.sepFilter2D(planes.reshape(len(planes), -1), -1, np.ones(1), kernel)
    return flat.reshape(image.shape)


def known_smoothings() -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    """Return the ways to smooth that are installed."""
    ways: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "scipy": partial(scipy.ndimage.gaussian_filter, sigma=SIGMA_PX),
        "scikit-image": partial(skimage.filters.gaussian, sigma=SIGMA_PX, preserve_range=True),
    }
    try:
        import cv2  # noqa: F401, PLC0415
    except ImportError:
        return ways
    return {**ways, "OpenCV": with_opencv}


def plain_ms(path: Path) -> tuple[float, str]:
    """Return how long reading and the fastest known smoothing take, and which that is."""
    read_ms = best_ms(partial(tifffile.imread, path))
    image = (tifffile.imread(path) >> (0 if "u1" in path.name else 4)).astype(np.uint8)
    times = {name: best_ms(partial(way, image)) for name, way in known_smoothings().items()}
    fastest = min(times, key=lambda name: times[name])
    return read_ms + times[fastest], fastest


def peak_bytes(run: Callable[[], Any]) -> int:
    """Return the peak of what is allocated; a file that is mapped is none of it."""
    gc.collect()
    tracemalloc.start()
    run()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def in_session(path: Path, **options: Any) -> Any:
    """Run the pipeline as a session does, which has seen already that the prescan is complete."""
    with vouch_for(path):
        return lateral_line.analyze_image(path, warn_8bit=False, **options)


def steps_of_a_prescan(folder: Path) -> Any:
    """Yield what each step takes on one thread and on all."""
    path = folder / "u1_steps.tif"
    write_tissue(path, (21, 200, 500), "u1")
    image = tifffile.imread(path)
    smoothed = smooth(image, SIGMA_PX)
    threshold = object_count_threshold(smoothed)
    steps: dict[str, Callable[[], Any]] = {
        "read (tifffile)": partial(tifffile.imread, path),
        "smooth": partial(smooth, image, SIGMA_PX),
        "object-count threshold": partial(object_count_threshold, smoothed),
        "largest object": lambda: largest_region(smoothed, threshold).centroid,
        "the pipeline": partial(in_session, path),
    }
    times: dict[str, list[float]] = {}
    for n_threads in (1, usable_cores()):
        limit_threads(n_threads)
        for name, step in steps.items():
            times.setdefault(name, []).append(best_ms(step))
    for name, (one_ms, all_ms) in times.items():
        yield name, f"{one_ms:.1f}", f"{all_ms:.1f}", f"{one_ms / all_ms:.2f} x"
    scipy_ms = best_ms(partial(scipy.ndimage.gaussian_filter, image, SIGMA_PX))
    yield "smooth, scipy", f"{scipy_ms:.1f}", "", f"{scipy_ms / times['smooth'][0]:.1f} x ours"
    least_ms = times["read (tifffile)"][0] + times["smooth"][0]
    yield "pipeline / (read + smooth)", f"{times['the pipeline'][0] / least_ms:.2f}", "", ""


def growth(folder: Path, smallest: float, largest: float) -> Any:
    """Yield time, efficiency and memory of each size on each number of threads."""
    threads = [n for n in (1, 2, 4, 8, 16) if n <= usable_cores()]
    for shape in SHAPES:
        size = int(np.prod(shape))
        if not smallest <= size / 1e6 <= largest or not fits(size):
            continue
        for dtype in ("u1", "u2"):
            path = folder / f"{dtype}_growth.tif"
            write_tissue(path, shape, dtype)
            least_ms, fastest = plain_ms(path)
            analyse = partial(in_session, path, reduce=1)
            held = 0 if path.stat().st_size > 1 << 26 else path.stat().st_size
            one_ms, answers = 0.0, set()
            for n_threads in threads:
                limit_threads(n_threads)
                answers.add(analyse()[:4])
                took_ms = best_ms(analyse)
                one_ms = one_ms or took_ms
                peak = (peak_bytes(analyse) - held) / size
                yield (
                    " x ".join(map(str, shape)),
                    8 * int(dtype[1]),
                    n_threads,
                    f"{took_ms:.0f}",
                    f"{took_ms * 1e6 / size:.1f}",
                    f"{100 * one_ms / took_ms / n_threads:.0f} %",
                    f"{peak:.1f}",
                    f"{took_ms / least_ms:.2f} ({fastest})",
                )
            assert len(answers) == 1  # however many threads
            path.unlink()


def fits(size: int) -> bool:
    """Say whether an image fits, with all that the known smoothings need."""
    if not hasattr(os, "sysconf"):
        return size < 100_000_000  # noqa: PLR2004
    free = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES")
    return 12 * size < free


def cost_of_reduction(folder: Path) -> Any:
    """Yield how much faster a reduced image is, and how far its answer lies from the usual one."""
    limit_threads(None)
    path = folder / "u2_reduced.tif"
    write_tissue(path, (50, 1024, 1024), "u2")
    analyse = partial(in_session, path)
    usual = best_ms(partial(analyse, reduce=1))
    for n in (2, 4):
        ratio = usual / best_ms(partial(analyse, reduce=n))
        yield "made-up tissue, 52 million voxels", n, f"{ratio:.1f} x", ""
    for scene in ("primordium", "organoid"):
        errors: dict[int, list[float]] = {2: [], 4: []}
        for time_s in range(0, 3600, 400):
            sample = make_sample(scene, seed=time_s)
            view = View(sample.target_um(float(time_s), SCAN.field), SCAN)
            image = sample.render(float(time_s), view)
            tifffile.imwrite(path, image, photometric="minisblack")
            os.utime(path, (0, 0))
            exact = lateral_line.analyze_image(path, reduce=1)[:3]
            for n, found in errors.items():
                answer = lateral_line.analyze_image(path, reduce=n)[:3]
                found.append(max(abs(a - b) for a, b in zip(answer, exact, strict=True)))
        for n, found in errors.items():
            yield scene, n, "", f"{np.median(found):.2f} / {max(found):.2f}"


def print_tables(
    folder: Path, *, smallest: float = 0.0, largest: float = 1000.0, only: str | None = None
) -> None:
    """Print one table, or all of them."""
    threads = f"{usable_cores()} threads (ms)"
    of_a_size = ("shape", "bits", "threads", "ms", "ns a voxel", "per core", "bytes a voxel *")
    tables: dict[str, tuple[str, tuple[str, ...], Callable[[Path], Any]]] = {
        "steps": (
            "An ordinary prescan, 21 x 200 x 500, 8 bit",
            ("step", "one thread (ms)", threads, "faster"),
            steps_of_a_prescan,
        ),
        "growth": (
            "lateral_line as the image grows; the least is reading + the fastest known smoothing",
            (*of_a_size, "the least x"),
            partial(growth, smallest=smallest, largest=largest),
        ),
        "reduce": (
            "Reduced images",
            ("image", "reduce", "faster", "error (px): median / worst"),
            cost_of_reduction,
        ),
    }
    wait_for_kernels()
    for key, (title, head, rows) in tables.items():
        if only in (None, key):
            print_table(title, head, rows(folder))
    print("\n\\* at its peak, beside the file")


def main() -> None:
    """Print what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--from", type=float, default=0.0, dest="smallest", help="million voxels")
    parser.add_argument("--to", type=float, default=1000.0, dest="largest", help="million voxels")
    parser.add_argument("--only", choices=("steps", "growth", "reduce"), help="one of the tables")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory(prefix="dystrack_") as name:
        print_tables(Path(name), **vars(given))


if __name__ == "__main__":
    main()
