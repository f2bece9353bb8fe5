import numpy as np
import pytest

from dystrack.scopes.geometry import PlaneGrid, PositionUm
from dystrack.scopes.samples.layers import Debris, PasserBy, Skin

HERE = PositionUm(0.0, 0.0, 0.0)


def painted(layer, z_um=0.0, centre=HERE, time_s=0.0, size=200):
    light = np.zeros((size, size), np.float32)
    side = (np.arange(size) - (size - 1) / 2) * 0.5
    layer.paint(light, PlaneGrid(z_um, side, side), centre, time_s)
    return light


def test_skin_is_brightest_above_the_sample():
    skin = Skin(above_um=9.0, brightness=0.2)
    heights = {z: painted(skin, z).max() for z in (-20.0, 0.0, 9.0, 18.0)}
    assert heights[9.0] == pytest.approx(0.2, abs=0.01)
    assert heights[0.0] == pytest.approx(heights[18.0])
    assert heights[-20.0] == 0.0


def test_skin_follows_the_sample_up_but_not_sideways():
    skin = Skin()
    here = painted(skin, z_um=9.0)
    np.testing.assert_array_equal(painted(skin, 14.0, PositionUm(5.0, 0.0, 40.0)), here)


@pytest.mark.parametrize("y_um", [0.0, 20.0])
def test_skin_is_dark_over_the_sample(y_um):
    light = painted(Skin(gap_um=10.0, brightness=0.2), z_um=10.0, centre=PositionUm(0.0, y_um, 0.0))
    distance_um = np.abs((np.arange(200) - 99.5) * 0.5 - y_um)
    assert light[distance_um < 4].max() < 0.01
    assert light[distance_um > 15].max() > 0.18


def test_debris_stays_where_it_is():
    debris = Debris(brightness=0.4)
    here = painted(debris)
    assert 0.1 < here.max() <= 0.4
    assert np.mean(here > 0) < 0.1
    np.testing.assert_array_equal(
        painted(debris, centre=PositionUm(5.0, 5.0, 5.0), time_s=99.0), here
    )


@pytest.mark.parametrize(
    ("time_s", "x_um"), [(3600.0, 0.0), (3500.0, -10.0), (3700.0, 10.0), (10_800.0, 0.0)]
)
def test_a_passer_by_crosses_at_its_distance(time_s, x_um):
    passer_by = PasserBy(distance_um=30.0, speed_um_per_s=0.1, every_s=7200.0)
    light = painted(passer_by, centre=PositionUm(0.0, -10.0, 5.0), time_s=time_s)
    y_px, x_px = np.unravel_index(light.argmax(), light.shape)
    assert (y_px - 99.5) * 0.5 == pytest.approx(20.0, abs=0.5)
    assert (x_px - 99.5) * 0.5 == pytest.approx(5.0 + x_um, abs=0.5)
    assert light.max() == pytest.approx(passer_by.brightness, rel=0.05)


@pytest.mark.parametrize("time_s", [0.0, 1000.0, 7200.0])
def test_between_its_passages_it_is_away(time_s):
    assert not painted(PasserBy(), time_s=time_s).any()
