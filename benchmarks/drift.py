"""How exact and how fast is `drift`? Real prescans, moved by known shifts, noisy and bleached.

::

    python benchmarks/drift.py FOLDER_WITH_PRESCANS [--shifts 20]

Each prescan is cut at two places a fraction of a pixel apart; the second one is dimmed to a half
and gets as much noise as a fiftieth of full scale. The folder is the tests' fixture `prescans`.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import scipy
import tifffile

from dystrack.pipelines.utilities.comparison.registration import Reference

FILES = (
    "zeiss980_lateral_line_imagej.tif",
    "nikonAXR_lateral_line.tiff",
    "zeiss880_organ_cyto_2d.tif",
)
MOST_YX_PX, MOST_PLANES, MARGIN_PX = 30.0, 1.0, 32
SPEED_SHAPE = (21, 200, 500)


def pair(image: np.ndarray, shift: np.ndarray, random: np.random.Generator) -> list[np.ndarray]:
    """Return an image, and one in which all has moved by `shift`, dimmed and noisy."""
    highest = float(np.percentile(image, 99.9))
    moved = scipy.ndimage.shift(image.astype(np.float32), shift, order=3, mode="nearest")
    noisy = 0.5 * moved + random.normal(0, 0.02 * highest, moved.shape)
    inside = (..., slice(MARGIN_PX, -MARGIN_PX), slice(MARGIN_PX, -MARGIN_PX))
    grey = 255 / highest
    return [(grey * one).clip(0, 255).astype(np.uint8)[inside] for one in (image, noisy)]


def main() -> None:
    """Print the errors, and the time of one comparison."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--shifts", type=int, default=20)
    given = parser.parse_args()
    print("| prescan | shape | worst error y, x (px) | worst error z (planes) | least confidence |")
    print("|---|---|---|---|---|")
    for name in FILES:
        image, random = tifffile.imread(given.folder / name), np.random.default_rng(1)
        most = np.array([MOST_PLANES, MOST_YX_PX, MOST_YX_PX])[-image.ndim :]
        errors, confidences = [], []
        for _ in range(given.shifts):
            shift = random.uniform(-most, most)
            before, after = pair(image, shift, random)
            found = Reference(before).shift_of(after)
            errors.append(np.abs(np.array(found.zyx_px)[-image.ndim :] - shift))
            confidences.append(found.confidence)
        worst = np.max(errors, axis=0)
        z = f"{worst[0]:.3f}" if image.ndim > len("yx") else ""
        print(
            f"| {name} | {before.shape} | {worst[-2:].max():.3f} | {z} | {min(confidences):.1f} |"
        )
    random = np.random.default_rng(2)
    stack = random.integers(0, 255, SPEED_SHAPE, np.uint8)
    reference, times_ms = Reference(stack), []
    for _ in range(20):
        began = time.perf_counter()
        reference.shift_of(stack)
        times_ms.append(1000 * (time.perf_counter() - began))
    print(f"\n{SPEED_SHAPE}: {np.median(times_ms):.0f} ms (best {min(times_ms):.0f})")


if __name__ == "__main__":
    main()
