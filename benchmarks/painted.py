"""How long `pixel_classifier` takes for a stack of 21 x 200 x 500.

``python benchmarks/painted.py`` trains it on two simulated tissues with a few strokes, and prints
the median of seven analyses of a third, with one thread and with two.
"""

import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray

from dystrack.core.cores import limit_threads
from dystrack.pipelines.pixel_classifier import analyze_image
from dystrack.pipelines.utilities.kernels.compiled import wait_for_kernels
from dystrack.pipelines.utilities.models.forest import save_forest
from dystrack.scopes.geometry import View
from dystrack.scopes.samples.scenes import SCENES, make_sample
from dystrack.scopes.writing.writers import write_ome_tiff
from dystrack.tools.kit.training.learning import BACKGROUND, SAMPLE, PaintedPrescan, learn

N_ANALYSES = 7


def tissue(seed: int) -> NDArray[np.uint8]:
    """Return a prescan of a simulated tissue whose tip lies at x = 400."""
    sample, scan = make_sample("primordium", "easy", seed=seed), SCENES["primordium"].prescan
    return sample.render(0.0, View(sample.target_um(0.0, scan.field), scan)).astype(np.uint8)


def painted(pixels: NDArray[np.uint8]) -> PaintedPrescan:
    """Return it with a stroke along the tissue, and one on each side."""
    paint = np.zeros(pixels.shape, np.uint8)
    paint[9:12, 96:105, 150:380] = SAMPLE
    paint[10, [30, 170], 50:450] = BACKGROUND
    paint[10, 60:140, 420:460] = BACKGROUND
    return PaintedPrescan(pixels, paint)


def main() -> None:
    """Print the times."""
    with tempfile.TemporaryDirectory() as folder:
        model, prescan = Path(folder, "model.npz"), Path(folder, "prescan.ome.tif")
        save_forest(model, learn([painted(tissue(1)), painted(tissue(2))]))
        write_ome_tiff(prescan, tissue(3), SCENES["primordium"].prescan.voxel_size)
        wait_for_kernels()
        for n_threads in (1, 2):
            limit_threads(n_threads)
            times_s = []
            for _ in range(N_ANALYSES):
                began_s = time.perf_counter()
                *_, message, _ = analyze_image(prescan, str(model), aim="right", await_write=0)
                times_s.append(time.perf_counter() - began_s)
            print(f"{n_threads} threads: {median(times_s):.2f} s, {message}")


if __name__ == "__main__":
    main()
