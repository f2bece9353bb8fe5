import numpy as np
import pytest

from dystrack.core.coordinates import VoxelSize
from dystrack.core.errors import ScopeError
from dystrack.images.readers import read_image
from dystrack.scopes.prescan_file import geometry_of, put_in_place
from dystrack.scopes.protocols import Prescan
from dystrack.scopes.writing.writers import write_ome_tiff

STACK = np.arange(3 * 8 * 9, dtype=np.uint8).reshape(3, 8, 9)
VOXELS = VoxelSize(2.0, 0.5, 0.5)


@pytest.fixture
def elsewhere(tmp_path):
    path = tmp_path / "elsewhere" / "image_7.ome.tif"
    path.parent.mkdir()
    write_ome_tiff(path, STACK, VOXELS)
    return path


def test_pixels_are_written(tmp_path):
    path = put_in_place(Prescan(stack=STACK, voxel_size=VOXELS), tmp_path / "prescan_1_pos_1")
    assert path == tmp_path / "prescan_1_pos_1.ome.tif"
    assert (read_image(path).pixels == STACK).all()


def test_a_file_in_the_folder_stays_as_it_is(elsewhere):
    prescan = Prescan(path=elsewhere)
    assert put_in_place(prescan, elsewhere.parent / "prescan_1_pos_1") == elsewhere


def test_a_file_elsewhere_is_brought_under_the_name_of_the_run(tmp_path, elsewhere):
    path = put_in_place(Prescan(path=elsewhere), tmp_path / "prescan_1_pos_1")
    assert path == tmp_path / "prescan_1_pos_1.ome.tif"
    assert path.read_bytes() == elsewhere.read_bytes()
    assert sorted(one.name for one in tmp_path.iterdir()) == ["elsewhere", path.name]
    assert geometry_of(Prescan(path=elsewhere), path) == ((3, 8, 9), VOXELS)


def test_nothing_is_written_over(tmp_path, elsewhere):
    stem = tmp_path / "prescan_1_pos_1"
    put_in_place(Prescan(path=elsewhere), stem)
    with pytest.raises(ScopeError, match="exists already"):
        put_in_place(Prescan(path=elsewhere), stem)


@pytest.mark.parametrize("prescan", [Prescan(), Prescan(stack=STACK)])
def test_a_prescan_of_nothing_is_a_fault_of_its_bridge(tmp_path, prescan):
    with pytest.raises(ScopeError, match="Its bridge is wrong"):
        put_in_place(prescan, tmp_path / "prescan_1_pos_1")


def test_a_file_that_cannot_be_read_is_told(tmp_path):
    gone = Prescan(path=tmp_path / "elsewhere" / "gone.nd2")
    with pytest.raises(ScopeError, match=r"prescan_1_pos_1\.nd2 could not be written"):
        put_in_place(gone, tmp_path / "prescan_1_pos_1")
