"""Objects among several."""

import numpy as np
import pytest

from dystrack.pipelines.utilities.objects.labelled import objects_in, without_background

MASK = np.zeros((3, 12, 20), bool)
MASK[1, 2:4, 3:9] = True
MASK[:, 7:10, 12:18] = True


def test_objects_come_largest_first():
    objects, labels = objects_in(MASK)
    assert [one.n_voxels for one in objects] == [54, 12]
    assert objects[0].centre == (1.0, 8.0, 14.5)
    assert (labels == objects[1].label).sum() == 12


@pytest.mark.parametrize(("limits", "sizes"), [((13, None), [54]), ((1, 20), [12]), ((60, 0), [])])
def test_sizes_can_be_limited(limits, sizes):
    assert [one.n_voxels for one in objects_in(MASK, *limits)[0]] == sizes


def test_a_plane_has_no_depth():
    [one] = objects_in(MASK[1, :6])[0]
    assert one.centre == (0.0, 2.5, 5.5)


def test_what_changes_slowly_is_background():
    image = (np.indices((80, 90))[1] + 20).astype(np.uint8)
    image[38:42, 40:44] += 60
    flat = without_background(image, 12.0)
    assert flat[39, 41] > 40
    assert flat[10:30, 20:60].max() <= 2


def test_no_radius_subtracts_nothing():
    image = np.arange(12, dtype=np.uint8).reshape(3, 4)
    assert without_background(image, 0) is image
