"""No plain OK where there is no sample, or another one; no alarm where there is one."""

from collections import Counter

import numpy as np
import pytest
import tifffile

from fakes import SHARED_PRESCANS
from pipelines.no_sample import BY_LOOKS, NO_SAMPLE, OF_SCENE, PIPELINES, Position1, scene_image

MOST_OK = 0.001
NO_ALARM = {"OK", "WARN:DIVISION", "WARN:CATCH-UP-STEP", "WARN:MASK-FAIL-DEFAULT-STEP"}
HARDEST = [("dividing_cells", [number]) for number in (101, 263, 350, 842, 893)]
"""A streak's end that the border cuts, or of a cell's size along y and x."""
REAL = {
    "zeiss880_organ_cyto_2d.tif": ("intensity", "otsu", "objct", "minimal_example"),
    "zeiss980_lateral_line_2d.tif": ("lateral_line",),
    "zeiss980_lateral_line_imagej.tif": ("lateral_line",),
    "nikonAXR_lateral_line.tiff": ("lateral_line",),
    "nikonAXR_chick_node_2d.tiff": ("chick_node",),
}


def how_many(short, full):
    return pytest.mark.parametrize("n", [short, pytest.param(full, marks=pytest.mark.slow)])


@how_many(12, 1000)
@pytest.mark.parametrize("kind", NO_SAMPLE)
def test_no_image_without_a_sample_is_a_plain_ok(tmp_path, kind, n):
    n_ok = dict.fromkeys(PIPELINES, 0)
    for number in range(n):
        image = NO_SAMPLE[kind](number)
        for pipeline in PIPELINES:
            n_ok[pipeline] += Position1(tmp_path, pipeline).message(image) == "OK"
    assert max(n_ok.values()) <= MOST_OK * n, n_ok


@pytest.mark.slow
@pytest.mark.parametrize("scene", OF_SCENE)
def test_another_sample_is_no_plain_ok(tmp_path, scene):
    n_ok = Counter()
    for first in range(0, 1000, 20):
        n_ok += not_told_apart(tmp_path / str(first), scene, first, range(first, first + 20))
    assert max(n_ok.values(), default=0) <= MOST_OK * 1000, n_ok


@pytest.mark.parametrize(("scene", "numbers"), [(scene, [0, 1, 2]) for scene in OF_SCENE] + HARDEST)
def test_some_other_samples_are_no_plain_ok(tmp_path, scene, numbers):
    assert not not_told_apart(tmp_path / "prescans", scene, numbers[0] // 20 * 20, numbers)


def not_told_apart(folder, scene, seed, numbers):
    """Return how often each pipeline took another sample for its own, after two looks at that."""
    folder.mkdir()
    others = [other for other in OF_SCENE if other != scene]
    pipelines = (*OF_SCENE[scene], *BY_LOOKS)
    positions = {pipeline: Position1(folder, pipeline) for pipeline in pipelines}
    for look in range(2):
        own = scene_image(scene, scene, "normal", seed, 300.0 * (seed + look), look)
        for pipeline, position in positions.items():
            assert position.message(own) in NO_ALARM or pipeline in BY_LOOKS
    n_ok = Counter()
    for number in numbers:
        time_s = 300.0 * (number % 40)
        image = scene_image(scene, others[number % 3], "normal", number, time_s, number)
        for pipeline, position in positions.items():
            n_ok[pipeline] += position.message(image, keeps=False) == "OK"
    return +n_ok


@how_many(1, 50)
@pytest.mark.parametrize("difficulty", ["easy", "normal"])
@pytest.mark.parametrize("scene", OF_SCENE)
def test_a_sample_never_raises_an_alarm(tmp_path, scene, difficulty, n):
    for seed in range(n):
        positions = {pipeline: Position1(tmp_path, pipeline) for pipeline in OF_SCENE[scene]}
        for look in range(5):
            time_s = 100.0 * seed + 300.0 * look
            image = scene_image(scene, scene, difficulty, seed, time_s, look)
            for pipeline, position in positions.items():
                assert position.message(image) in NO_ALARM, (pipeline, seed, look)


@how_many(2, 50)
@pytest.mark.parametrize("name", REAL)
def test_a_real_prescan_never_raises_an_alarm(prescans, tmp_path, name, n):
    image = tifffile.imread(SHARED_PRESCANS / name)
    random = np.random.default_rng(5)
    positions = {pipeline: Position1(tmp_path, pipeline) for pipeline in REAL[name]}
    for _ in range(n):
        shifted = np.roll(image, random.integers(-6, 7), axis=-2)
        noisy = shifted + random.normal(0, 0.02 * float(image.max()), image.shape)
        prescan = np.clip(noisy, 0, np.iinfo(image.dtype).max).astype(image.dtype)
        for pipeline, position in positions.items():
            assert position.message(prescan) in NO_ALARM, pipeline
