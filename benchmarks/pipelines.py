"""How fast the pipelines are, against the plain method on the same machine in the same run.

``python benchmarks/pipelines.py`` prints its tables in ten minutes on two cores: each shipped
pipeline on each real prescan, or on made-up ones where those are absent; the object counts alone;
and those of ``growth.py``. ``--quick`` leaves out images of more than 10 million voxels.

The *plain method* is written out below: bioio where it can read the file, the specification's
arithmetic in one numpy expression each, 256 labellings, and `curve_fit`. It also is the second
opinion on every answer.
"""

import argparse
import json
import tempfile
import time
import warnings
from collections.abc import Callable
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from typing import Any

import nd2
import numpy as np
import scipy
import tifffile
from growth import print_tables
from pylibCZIrw import czi
from skimage.filters import threshold_otsu

from dystrack.pipelines.utilities.kernels.compiled import wait_for_kernels
from dystrack.pipelines.utilities.objects.counting import object_counts

PRESCANS = Path(__file__).parents[2] / "shared" / "prescans"
TOLERANCE_PX = 1e-6
BEST_OF = 7


# --- The plain method -----------------------------------------------------------------------------


@cache
def bioio_reads(path: Path) -> bool:
    """Say whether bioio is installed with a plug-in for the format of a file."""
    try:
        from bioio import BioImage  # noqa: PLC0415 - an extra

        BioImage(path)
    except Exception:  # noqa: BLE001 - not installed, or no plug-in
        return False
    return True


def load_plainly(path: Path) -> np.ndarray:
    """Read an image with the general reader, or with the format's own where that has no plug-in."""
    if bioio_reads(path):
        from bioio import BioImage  # noqa: PLC0415 - an extra

        return BioImage(path).data.squeeze()
    if path.suffix == ".nd2":
        return nd2.imread(path).squeeze()
    if path.suffix == ".czi":
        with czi.open_czi(str(path)) as file:
            n_planes = file.total_bounding_box["Z"][1]
            return np.stack([file.read(plane={"Z": z})[..., 0] for z in range(n_planes)])
    return tifffile.imread(path).squeeze()


def to_uint8_plainly(image: np.ndarray) -> np.ndarray:
    """Stretch an image over 8 bits in one expression."""
    if image.dtype == np.uint8:
        return image
    return ((image - float(image.min())) / float(image.max() - image.min()) * 255).astype(np.uint8)


def count_plainly(smoothed: np.ndarray) -> np.ndarray:
    """Count the objects with 256 labellings."""
    return np.array([scipy.ndimage.label(smoothed >= level)[1] for level in range(256)])


def object_count_threshold_plainly(smoothed: np.ndarray) -> int:
    """Return the object-count threshold by the words of the specification."""
    n = count_plainly(smoothed)
    s = scipy.ndimage.gaussian_filter1d(n, 3)
    for t in range(1, 255):
        if max(s[:t]) > s[t] and (s[t] <= 0.5 * max(s[:t]) or s[t + 1] > s[t]):
            break
    while n[t] == 0:
        t -= 1
    return t


def largest_plainly(mask: np.ndarray) -> np.ndarray:
    """Return the positions of the voxels of the largest object."""
    labels, _ = scipy.ndimage.label(mask)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    return np.argwhere(labels == sizes.argmax())


def limited(z: float, image: np.ndarray, fract: float = 0.1) -> float:
    """Limit z about the middle of the stack."""
    last = image.shape[0] - 1
    return float(np.clip(z, last / 2 - fract * last, last / 2 + fract * last))


def as_zyx(position: Any, image: np.ndarray, fract: float = 0.1) -> tuple[float, ...]:
    """Return three coordinates of which z is limited."""
    if image.ndim == 2:  # noqa: PLR2004 - a plane
        return (0.0, *position)
    return (limited(position[0], image, fract), *position[1:])


def center_of_mass_plainly(path: Path, method: str) -> tuple[float, ...]:
    """Find the centre of mass."""
    image = to_uint8_plainly(load_plainly(path))
    smoothed = scipy.ndimage.gaussian_filter(image, 3.0)
    if method == "intensity":
        return as_zyx(scipy.ndimage.center_of_mass(smoothed), image)
    find = threshold_otsu if method == "otsu" else object_count_threshold_plainly
    return as_zyx(largest_plainly(smoothed >= find(smoothed)).mean(axis=0), image)


def lateral_line_plainly(path: Path) -> tuple[float, ...]:
    """Find the leading edge (in the ordinary case, that it lies in the right half)."""
    image = to_uint8_plainly(load_plainly(path))
    smoothed = scipy.ndimage.gaussian_filter(image, 3.0)
    voxels = largest_plainly(smoothed >= object_count_threshold_plainly(smoothed))
    width = image.shape[-1]
    x = voxels[:, -1].max() + 0.2 * width - width / 2
    return as_zyx((*voxels.mean(axis=0)[:-1], x), image)


def gaussian(i: np.ndarray, a: float, m: float, s: float) -> np.ndarray:
    """Return a Gaussian."""
    return a / (s * np.sqrt(2 * np.pi)) * np.exp(-0.5 * ((i - m) / s) ** 2)


def logistic(i: np.ndarray, height: float, k: float, x0: float) -> np.ndarray:
    """Return a falling step."""
    return height / (1 + np.exp(-k * (x0 - i)))


def profile_plainly(image: np.ndarray, axis: int) -> np.ndarray:
    """Return the scaled mean along one axis."""
    mean = image.mean(axis=tuple(a for a in range(3) if a != axis))
    return (mean - mean.min()) / (mean.max() - mean.min())


def chick_node_plainly(path: Path) -> tuple[float, ...]:
    """Find the node."""
    image = to_uint8_plainly(load_plainly(path))
    stack = image.reshape((1, *image.shape)[-3:])
    peaks = []
    for axis, part in ((0, 8), (1, 6)):
        if stack.shape[axis] == 1:
            peaks.append((0.0, 0.0))
            continue
        profile = profile_plainly(stack, axis)
        last = profile.size - 1
        start = [profile.sum(), last / 2, last / part]
        peaks.append(scipy.optimize.curve_fit(gaussian, np.arange(last + 1), profile, start)[0][1:])
    (z, _), (y, width) = peaks
    profile = profile_plainly(stack[:, int(y - width) : int(y + width)], 2)
    last = profile.size - 1
    start = [profile.mean(), 10 / last, 2 / 3 * last]
    bounds = ([0, 1 / last, last / 6], [1.2, 100 / last, last / 1.2])
    x = scipy.optimize.curve_fit(logistic, np.arange(last + 1), profile, start, bounds=bounds)[0][2]
    return as_zyx((z, y, x)[-image.ndim :], image, 0.2)


PLAIN: dict[str, Callable[..., tuple[float, ...]]] = {
    "center_of_mass": center_of_mass_plainly,
    "chick_node": chick_node_plainly,
    "lateral_line": lateral_line_plainly,
}


# --- Images ---------------------------------------------------------------------------------------


def tissue(shape: tuple[int, ...], dtype: str = "u1") -> np.ndarray:
    """Return a bright band with soft borders that ends at 3/4 of the width, in noise."""
    depth, height, width = (1, *shape)[-3:]
    z, y, x = np.ogrid[:depth, :height, :width]
    across = ((y - height / 2) / (height / 8)) ** 2 + ((z - depth / 2) / (depth / 4)) ** 2
    band = 150 * np.exp(-0.5 * across) / (1 + np.exp((x - 0.75 * width) / 4))
    image = np.random.default_rng(0).integers(0, 40, (depth, height, width), np.uint8)
    image += band.astype(np.uint8)
    scale = 1 if dtype == "u1" else 16
    return (image.astype(dtype) * np.dtype(dtype).type(scale)).reshape(shape)


def calls(folder: Path) -> list[tuple[str, Path, dict[str, Any]]]:
    """Return pipeline, prescan and keywords of each call: the real ones, or made-up ones."""
    if (PRESCANS / "expected.json").is_file():
        rows = json.loads((PRESCANS / "expected.json").read_text("utf-8"))
        usual = [row for row in rows if set(row["kwargs"]) <= {"method"}]
        return [(row["pipeline"], PRESCANS / row["file"], row["kwargs"]) for row in usual]
    found: list[tuple[str, Path, dict[str, Any]]] = []
    for name, shape, dtype in (
        ("stack", (21, 200, 500), "u1"),
        ("stack_16bit", (9, 212, 512), "u2"),
        ("plane", (512, 512), "u2"),
    ):
        path = folder / f"made_up_{name}.tif"
        tifffile.imwrite(path, tissue(shape, dtype))
        found += [("center_of_mass", path, {"method": m}) for m in ("intensity", "otsu", "objct")]
        found += [("lateral_line", path, {}), ("chick_node", path, {})]
    return found


# --- Measurements ---------------------------------------------------------------------------------


def best_ms(run: Callable[[], Any], repeats: int) -> float:
    """Return the shortest duration in ms; the machine may be busy."""
    durations = []
    for _ in range(repeats):
        started = time.perf_counter()
        run()
        durations.append(time.perf_counter() - started)
    return min(durations) * 1000


def print_row(*cells: Any) -> None:
    """Print a row of a Markdown table."""
    print("| " + " | ".join(str(cell) for cell in cells) + " |", flush=True)


def print_head(title: str, *cells: str) -> None:
    """Print a title and the head of a table."""
    print(f"\n{title}\n")
    print_row(*cells)
    print_row(*("---" for _ in cells))


def compare_pipelines(folder: Path) -> None:
    """Print how much faster each pipeline is on each prescan, and whether it agrees."""
    print_head(
        "Pipelines, from the file to the answer",
        *("pipeline", "prescan", "plain (ms)", "DySTrack (ms)", "ratio", "largest difference (px)"),
    )
    for name, path, kwargs in calls(folder):
        analyse = import_module(f"dystrack.pipelines.{name}").analyze_image
        ours = partial(analyse, path, warn_8bit=False, **kwargs)
        plain = partial(PLAIN[name], path, **kwargs)
        difference = float(np.max(np.abs(np.subtract(ours()[:3], plain()))))
        assert difference < TOLERANCE_PX, (name, path, difference)
        slow, fast = best_ms(plain, 2), best_ms(ours, BEST_OF)
        label = " ".join([name, *kwargs.values()])
        numbers = (f"{slow:.0f}", f"{fast:.1f}", f"{slow / fast:.0f} x", f"{difference:.0e}")
        print_row(label, path.name, *numbers)


def compare_counts() -> None:
    """Print how much faster the counting is than 256 labellings."""
    print_head(
        "Objects at all 256 thresholds",
        *("image", "labelling (ms)", "DySTrack (ms)", "ratio", "all counts identical"),
    )
    real = PRESCANS / "zeiss980_lateral_line_imagej.tif"
    image = tifffile.imread(real) if real.is_file() else tissue((21, 200, 500))
    for sigma, part in ((3.0, image), (1.0, image), (0.0, image), (3.0, image[10])):
        smoothed = scipy.ndimage.gaussian_filter(part, sigma)
        identical = np.array_equal(object_counts(smoothed), count_plainly(smoothed))
        slow = best_ms(partial(count_plainly, smoothed), 1)
        fast = best_ms(partial(object_counts, smoothed), BEST_OF)
        shape = " x ".join(str(size) for size in part.shape)
        numbers = (f"{slow:.0f}", f"{fast:.1f}", f"{slow / fast:.0f} x")
        print_row(f"{shape}, sigma {sigma}", *numbers, identical)
        assert identical


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="leave out the largest images")
    quick = parser.parse_args().quick
    warnings.simplefilter("ignore")
    wait_for_kernels()
    with tempfile.TemporaryDirectory(prefix="dystrack_") as name:
        compare_pipelines(Path(name))
        compare_counts()
        print_tables(Path(name), largest=10.0 if quick else 600.0)


if __name__ == "__main__":
    main()
