import numpy as np
import pytest

from dystrack.core.coordinates import VoxelSize
from dystrack.scopes.geometry import PositionUm, ScanSettings, View
from dystrack.scopes.samples.bodies import DividingCells, Node, Organoid, Primordium

BODIES = [Primordium(), Organoid(), Node(), DividingCells()]
CENTRE = PositionUm(3.0, -7.0, 11.0)
SCAN = ScanSettings((25, 120, 160), VoxelSize(1.5, 1.0, 1.0))


def painted(body, centre=CENTRE, time_s=0.0, middle=CENTRE):
    light = np.zeros(SCAN.shape, np.float32)
    view = View(middle, SCAN)
    for index, plane in enumerate(light):
        body.paint(plane, view.plane(index), centre, time_s)
    return light


def grid_um(axis):
    """Return where the voxels along an axis lie, relative to the middle of the scan."""
    size, step = SCAN.shape[axis], SCAN.voxel_size[axis]
    return (np.arange(size) - (size - 1) / 2) * step


def centroid_um(light):
    weights = [light.sum(axis=tuple({0, 1, 2} - {axis})) for axis in range(3)]
    return PositionUm(
        *(float(np.average(grid_um(axis), weights=weights[axis])) for axis in range(3))
    )


@pytest.mark.parametrize("body", BODIES)
def test_light_is_between_dark_and_one(body):
    light = painted(body)
    assert light.min() == 0.0 or isinstance(body, Node)
    assert 0.8 < light.max() <= 1.0


@pytest.mark.parametrize("body", BODIES)
def test_far_away_there_is_nothing(body):
    assert painted(body, middle=PositionUm(500.0, 500.0, 500.0)).max() < 1e-6


@pytest.mark.parametrize("body", [Primordium(), Organoid(), DividingCells()])
def test_cells_move_with_the_body(body):
    way = PositionUm(4.5, 10.0, -20.0)
    there = painted(body, CENTRE.plus(way), middle=CENTRE.plus(way))
    assert np.mean(np.abs(there - painted(body)) > 0.01) < 0.01


def test_nuclei_stay_while_the_edge_passes():
    before, after = painted(Node()), painted(Node(), CENTRE.plus(PositionUm(0.0, 0.0, -15.0)))
    left = slice(0, 30)
    correlation = np.corrcoef(before[..., left].ravel(), after[..., left].ravel())[0, 1]
    assert correlation > 0.98
    assert after.sum() < 0.9 * before.sum()


@pytest.mark.parametrize("body", [Organoid(), DividingCells()])
@pytest.mark.parametrize("time_s", [0.0, 4800.0, 6000.0, 12_000.0, 20_000.0])
def test_the_centre_is_in_the_middle_of_the_light(body, time_s):
    assert np.abs(centroid_um(painted(body, time_s=time_s))).max() < 0.7


@pytest.mark.parametrize("body", [Primordium(half_width_um=12.0), Organoid(), DividingCells()])
@pytest.mark.parametrize("time_s", [0.0, 5000.0, 20_000.0])
def test_all_light_is_in_the_extent(body, time_s):
    light = painted(body, time_s=time_s) > 0.05
    low, high = body.extent(time_s)
    for axis in range(3):
        inside = grid_um(axis)[light.any(axis=tuple({0, 1, 2} - {axis}))]
        if axis < 2 or not isinstance(body, Primordium):
            assert low[axis] <= inside.min()
            assert low[axis] + 4 > inside.min()
        assert inside.max() <= high[axis]
        assert inside.max() > high[axis] - 4


def test_a_primordium_is_dark_in_front_and_leaves_a_trail():
    middle = CENTRE.plus(PositionUm(0.0, 0.0, -140.0))
    light = painted(Primordium(), middle=middle).max(axis=(0, 1))
    x_um = grid_um(2) - 140.0
    assert light[x_um > -138].min() > 0.5
    assert 0.05 < light[x_um < -150].max() < 0.6
    assert painted(Primordium()).max(axis=(0, 1))[grid_um(2) > 0].max() == 0.0


@pytest.mark.parametrize(("blank_fract", "expected"), [(0.2, -60.0), (0.5, 0.0), (0.3, -40.0)])
def test_a_primordium_leaves_part_of_the_field_free(blank_fract, expected):
    aim = Primordium(blank_fract=blank_fract).aim(PositionUm(42.0, 84.0, 200.0))
    assert aim == pytest.approx(PositionUm(0.0, 0.0, expected))


@pytest.mark.parametrize("body", BODIES[1:])
def test_all_others_belong_in_the_middle(body):
    assert body.aim(PositionUm(42.0, 84.0, 200.0)) == PositionUm(0.0, 0.0, 0.0)


def test_the_light_of_a_node_falls_to_a_half_at_its_edge():
    light = np.mean([painted(Node(seed=seed)).mean(axis=(0, 1)) for seed in range(6)], axis=0)
    left, right = light[:20].mean(), light[-20:].mean()
    assert right < 0.05 * left
    edge_um = np.interp(-0.5 * left, -light, grid_um(2))
    assert edge_um == pytest.approx(0.0, abs=4.0)


@pytest.mark.parametrize(("time_s", "n_cells"), [(0.0, 2), (6000.0, 3), (20_000.0, 4)])
def test_cells_divide_one_after_the_other(time_s, n_cells):
    body = DividingCells()
    assert len(set(body._cells(time_s))) == n_cells
    volume = sum(radius**3 for _, radius in set(body._cells(time_s)))
    assert volume == pytest.approx(2 * body.radius_um**3)


def test_a_division_is_smooth():
    times = np.arange(0.0, 20_000.0, 60.0)
    places = np.array([[[*middle, r] for middle, r in DividingCells()._cells(t)] for t in times])
    assert np.abs(np.diff(places, axis=0)).max() < 0.3
