"""What a pipeline needs beside the image, in bytes a voxel."""

import json
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from dystrack.images.formats import tiff
from dystrack.pipelines import center_of_mass, chick_node, lateral_line
from dystrack.pipelines.utilities.objects.counting import object_counts
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


# Alone in a process, so that nothing else counts: no other test's threads, nothing that compiles.
MEASURE = """
import json, sys, tracemalloc
from dystrack.images.formats import tiff
from dystrack.pipelines.lateral_line import analyze_image
from dystrack.pipelines.utilities.kernels.compiled import wait_for_kernels

tiff._MAPPED_FROM_BYTES = 0
wait_for_kernels()
analyze_image(sys.argv[1], warn_8bit=False)
tracemalloc.start()
*position, message, _ = analyze_image(sys.argv[1], warn_8bit=False)
print(json.dumps([tracemalloc.get_traced_memory()[1], *position, message]))
"""


@pytest.mark.parametrize("dtype", ["u1", "u2", ">u2"])
def test_mapped_prescan_needs_at_most_two_bytes_a_voxel(dtype, tmp_path):
    byte_order = {"byteorder": ">"} if dtype == ">u2" else {}
    path = write_tiff(tmp_path, streak((40, 250, 300), 125.0, 200.0).astype(dtype), **byte_order)
    command = [sys.executable, "-W", "ignore", "-c", MEASURE, str(path)]
    peak, *found = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    assert found == [*lateral_line.analyze_image(path, warn_8bit=False)[:4]]
    assert peak <= 2.3 * 40 * 250 * 300  # headers and rows to work in count for more in a small one


def test_file_that_is_mapped_is_never_written(tmp_path, monkeypatch):
    monkeypatch.setattr(tiff, "_MAPPED_FROM_BYTES", 0)
    path = Path(write_tiff(tmp_path, streak((4, 50, 60), 25.0, 40.0)))
    before = path.read_bytes()
    lateral_line.analyze_image(path, invert=True)
    lateral_line.analyze_image(path)
    assert path.read_bytes() == before
