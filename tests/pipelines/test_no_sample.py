"""No plain OK where there is no sample, or another one; no alarm where there is one."""

import numpy as np
import pytest
import tifffile

from fakes import SHARED_PRESCANS
from pipelines.no_sample import BY_LOOKS, NO_SAMPLE, OF_SCENE, PIPELINES, Position1, scene_image

MOST_OK = 0.001
NO_ALARM = {"OK", "WARN:DIVISION", "WARN:CATCH-UP-STEP", "WARN:MASK-FAIL-DEFAULT-STEP"}
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


@how_many(3, 1000)
@pytest.mark.parametrize("scene", OF_SCENE)
def test_another_sample_is_no_plain_ok(tmp_path, scene, n):
    others = [other for other in OF_SCENE if other != scene]
    pipelines = (*OF_SCENE[scene], *BY_LOOKS)
    n_ok = dict.fromkeys(pipelines, 0)
    for number in range(n):
        if number % 20 == 0:
            folder = tmp_path / str(number)
            folder.mkdir()
            positions = {pipeline: Position1(folder, pipeline) for pipeline in pipelines}
            for look in range(2):
                own = scene_image(scene, scene, "normal", number, 300.0 * (number + look), look)
                for pipeline, position in positions.items():
                    assert position.message(own) in NO_ALARM or pipeline in BY_LOOKS
        time_s = 300.0 * (number % 40)
        image = scene_image(scene, others[number % 3], "normal", number, time_s, number)
        for pipeline, position in positions.items():
            n_ok[pipeline] += position.message(image, keeps=False) == "OK"
    assert max(n_ok.values()) <= MOST_OK * n, n_ok


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
