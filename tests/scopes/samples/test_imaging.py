import math

import numpy as np
import pytest

from dystrack.scopes.geometry import PositionUm
from dystrack.scopes.samples.imaging import Imaging

QUIET = {"photons": 1e12, "read_noise": 0.0}


def exposed(imaging, light, time_s=0.0, dtype=np.uint8, shape=(200, 200), seed=0):
    out = np.zeros(shape, dtype)
    imaging.expose(np.full(shape, light, np.float32), out, time_s, np.random.default_rng(seed))
    return out


@pytest.mark.parametrize(
    ("settings", "light", "time_s", "dtype", "grey"),
    [
        ({}, 0.0, 0.0, np.uint8, 0),
        ({}, 0.4, 0.0, np.uint8, 102),
        ({}, 1.0, 0.0, np.uint16, 4095),
        ({}, 0.4, 0.0, np.uint16, 1638),
        ({"brightness": 0.4}, 1.0, 0.0, np.uint8, 102),
        ({"brightness": 1.5}, 0.9, 0.0, np.uint8, 255),
        ({"black_level": 0.1}, 0.0, 0.0, np.uint8, 26),
        ({"black_level": -0.1}, 0.05, 0.0, np.uint8, 0),
        ({"bleaching_s": 1000.0}, 1.0, 1000.0, np.uint8, round(255 / math.e)),
    ],
)
def test_light_becomes_grey(settings, light, time_s, dtype, grey):
    image = exposed(Imaging(**QUIET, **settings), light, time_s, dtype)
    assert set(np.unique(image)) == {grey}


def test_read_noise_is_the_same_in_the_dark_and_in_the_light():
    imaging = Imaging(photons=1e12, read_noise=0.05, black_level=0.5)
    assert exposed(imaging, 0.0).std() == pytest.approx(0.05 * 255, rel=0.03)


@pytest.mark.parametrize("light", [0.1, 0.25, 0.5])
def test_shot_noise_is_that_of_counted_photons(light):
    imaging = Imaging(photons=400.0, read_noise=0.0)
    image = exposed(imaging, light, dtype=np.uint16).astype(float) / 4095
    assert image.mean() == pytest.approx(light, rel=0.01)
    assert image.std() == pytest.approx(math.sqrt(light / 400.0), rel=0.03)


def test_noise_depends_on_the_source_of_chance_only():
    imaging = Imaging()
    np.testing.assert_array_equal(exposed(imaging, 0.5), exposed(imaging, 0.5))
    assert not np.array_equal(exposed(imaging, 0.5), exposed(imaging, 0.5, seed=1))


def test_sections_larger_than_the_table_get_noise_too():
    image = exposed(Imaging(), 0.5, shape=(1100, 1000))
    assert image[-1].std() > 1


@pytest.mark.parametrize(
    ("time_s", "dark"),
    [(0, False), (899, False), (900, True), (999, True), (1000, False), (1950, True)],
)
def test_dropouts_come_and_go(time_s, dark):
    imaging = Imaging(dropout_every_s=1000.0, dropout_length_s=100.0)
    assert imaging.is_dropout(time_s) is dark


def test_without_dropouts_there_are_none():
    assert not Imaging().is_dropout(1e9)


def test_vibration_shakes_in_the_plane():
    random = np.random.default_rng(0)
    shifts = np.array(Imaging(vibration_um=0.5).shifts(2000, random))
    assert shifts[:, 0].tolist() == [0.0] * 2000
    assert shifts[:, 1:].std(axis=0) == pytest.approx([0.5, 0.5], rel=0.1)
    assert Imaging().shifts(1, random) == [PositionUm(0.0, 0.0, 0.0)]
