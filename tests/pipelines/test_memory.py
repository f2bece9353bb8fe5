"""What a pipeline needs beside the image, in bytes a voxel."""

import tracemalloc

import numpy as np
import pytest

from dystrack.pipelines import center_of_mass, chick_node, lateral_line
from dystrack.pipelines.utilities.object_counting import object_counts
from pipelines.images import noise, streak, write_tiff

BYTES_A_VOXEL = 16


def peak_of(run):
    tracemalloc.start()
    try:
        run()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("analyse", [center_of_mass, chick_node, lateral_line])
@pytest.mark.parametrize("scale", [1, 200])
def test_peak_memory_of_a_pipeline(analyse, scale, tmp_path):
    image = streak((20, 200, 300), 100.0, 200.0)
    image = image if scale == 1 else image.astype(np.uint16) * scale
    path = write_tiff(tmp_path, image)
    analyse.analyze_image(path, warn_8bit=False)
    peak = peak_of(lambda: analyse.analyze_image(path, warn_8bit=False))
    assert peak - image.nbytes <= BYTES_A_VOXEL * image.size


@pytest.mark.parametrize("highest", [1, 10, 255])
def test_peak_memory_of_counting_in_pure_noise(highest):
    image = noise((20, 200, 300), highest)
    object_counts(image)
    assert peak_of(lambda: object_counts(image)) <= BYTES_A_VOXEL * image.size
