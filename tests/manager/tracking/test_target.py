from pathlib import Path

import pytest

from dystrack.images.image_file import ImageStatus, Verdict
from dystrack.images.outcomes import Aborted, Ready
from dystrack.images.stamps import FileStamp
from dystrack.manager.tracking.positions import Position
from dystrack.manager.tracking.target import Target
from dystrack.manager.watching.image_names import ImageLabel
from dystrack.manager.watching.waiting_line import ArrivedImage


def target(outcome, *, has_channel=False):
    image = ArrivedImage(Path("a.tif"), outcome, 0.0)
    return Target(image, ImageLabel("1", None), Position("1"), 1, has_channel)


@pytest.mark.parametrize(
    ("axes", "shape", "expected"),
    [
        ("ZYX", (9, 20, 30), (9, 20, 30)),
        ("YX", (20, 30), (1, 20, 30)),
        ("CZYX", (2, 9, 20, 30), (9, 20, 30)),
        ("CYX", (2, 20, 30), (1, 20, 30)),
        ("CYX", (7, 20, 30), (1, 20, 30)),
        ("TYX", (9, 20, 30), (1, 20, 30)),
        ("TZYX", (4, 9, 20, 30), (9, 20, 30)),
        ("", (), None),
        ("QS", (4, 9), None),
    ],
)
def test_size_along_the_axes_of_space(axes, shape, expected):
    status = ImageStatus(verdict=Verdict.COMPLETE, axes=axes, shape=shape)
    assert target(Ready(status, FileStamp(1, 1))).shape_zyx == expected


def test_an_image_that_never_became_whole_tells_nothing():
    aborted = target(Aborted("cut"))
    assert (aborted.shape, aborted.shape_zyx, aborted.centre) == ((), None, None)
    assert (aborted.n_planes, aborted.voxel_size) == (None, None)


@pytest.mark.parametrize(
    ("axes", "shape", "has_channel", "z"),
    [
        ("ZYX", (4, 9, 9), False, 1.5),
        ("ZYX", (4, 9, 9), True, 0),
        ("CZYX", (2, 4, 9, 9), True, 1.5),
        ("YX", (9, 9), True, 0),
    ],
)
def test_the_centre_of_axes_without_names_is_that_of_what_the_pipeline_sees(
    axes, shape, has_channel, z
):
    status = ImageStatus(Verdict.OPEN, axes=axes, shape=shape, axes_known=False)
    judged = target(Ready(status, FileStamp(1, 1)), has_channel=has_channel)
    assert judged.centre == (z, 4, 4)


def test_a_channel_does_not_change_a_stack_whose_axes_are_known():
    status = ImageStatus(Verdict.COMPLETE, axes="ZYX", shape=(4, 9, 9))
    assert target(Ready(status, FileStamp(1, 1)), has_channel=True).centre == (1.5, 4, 4)
