import numpy as np
import pytest

from dystrack.core.coordinates import VoxelSize, centre_of, offset_from_centre_um
from dystrack.core.errors import ConfigurationError
from dystrack.scopes.geometry import PlaneGrid, PositionUm, ScanSettings, View

STACK = ScanSettings((5, 10, 20), VoxelSize(2.0, 0.5, 0.25))
SECTION = ScanSettings((10, 20), VoxelSize(2.0, 0.5, 0.25))


def test_positions_add_up():
    a, b = PositionUm(1.0, 2.0, 3.0), PositionUm(10.0, 20.0, 30.0)
    assert a.plus(b) == PositionUm(11.0, 22.0, 33.0)
    assert b.minus(a) == PositionUm(9.0, 18.0, 27.0)
    assert a.times(2.0) == PositionUm(2.0, 4.0, 6.0)
    assert PositionUm(0.0, 3.0, 4.0).length() == 5.0


@pytest.mark.parametrize(
    ("scan", "shape", "field"),
    [
        (STACK, (5, 10, 20), PositionUm(10.0, 5.0, 5.0)),
        (SECTION, (1, 10, 20), PositionUm(2.0, 5.0, 5.0)),
    ],
)
def test_a_scan_knows_its_field(scan, shape, field):
    assert scan.shape_zyx == shape
    assert scan.field == field


@pytest.mark.parametrize("index", [0, 2, 4])
def test_every_pixel_lies_where_its_offset_from_the_centre_says(index):
    view = View(PositionUm(100.0, 200.0, 300.0), STACK)
    grid = view.plane(index)
    first = centre_of(STACK.shape)._replace(z=index, y=0, x=0)
    offset = PositionUm(*offset_from_centre_um(first, STACK.shape, STACK.voxel_size))
    assert PositionUm(grid.z_um, grid.y_um[0], grid.x_um[0]) == pytest.approx(
        view.centre.plus(offset)
    )
    assert np.diff(grid.y_um) == pytest.approx(0.5)
    assert np.diff(grid.x_um) == pytest.approx(0.25)


def test_a_shaken_section_is_shifted():
    view = View(PositionUm(0.0, 0.0, 0.0), SECTION)
    still, shaken = view.plane(0), view.plane(0, PositionUm(0.0, 1.0, -2.0))
    assert shaken.y_um - still.y_um == pytest.approx(1.0)
    assert shaken.x_um - still.x_um == pytest.approx(-2.0)


def test_a_grid_is_seen_from_a_point():
    grid = PlaneGrid(5.0, np.array([1.0, 2.0]), np.array([3.0])).relative_to(
        PositionUm(1.0, 1.0, 1.0)
    )
    assert (grid.z_um, list(grid.y_um), list(grid.x_um)) == (4.0, [0.0, 1.0], [2.0])


@pytest.mark.parametrize(
    ("scan", "low", "high", "inside"),
    [
        (STACK, PositionUm(-5, -2.5, -2.5), PositionUm(5, 2.5, 2.5), True),
        (STACK, PositionUm(-5.1, -1, -1), PositionUm(0, 1, 1), False),
        (STACK, PositionUm(-1, -1, -1), PositionUm(1, 2.6, 1), False),
        (STACK, PositionUm(-1, -1, -2.6), PositionUm(1, 1, 1), False),
        (SECTION, PositionUm(-50, -1, -1), PositionUm(50, 1, 1), True),
        (SECTION, PositionUm(0, -1, -1), PositionUm(0, 1, 2.6), False),
    ],
)
def test_a_box_is_inside_or_cut_off(scan, low, high, inside):
    assert View(PositionUm(0.0, 0.0, 0.0), scan).contains(low, high) is inside


@pytest.mark.parametrize(
    ("shape", "bit_depth", "message"),
    [((3, 4), 12, "bit depth 12"), ((5,), 8, r"\(5,\)"), ((2, 0, 4), 8, r"\(2, 0, 4\)")],
)
def test_what_cannot_be_scanned_is_refused(shape, bit_depth, message):
    with pytest.raises(ConfigurationError, match=message):
        ScanSettings(shape, VoxelSize(1.0, 1.0, 1.0), bit_depth)
