import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dystrack.core.coordinates import PixelPosition, VoxelSize
from dystrack.manager.record.encoding import decode, encode
from dystrack.manager.tracking.tracker.looks import Look, TrackState, plain_of, state_of
from dystrack.manager.tracking.tracker.prediction import step


@pytest.mark.parametrize(
    ("shape", "voxel", "unit", "scale"),
    [
        ((21, 200, 500), VoxelSize(2.0, 0.5, 0.5), "um", (2.0, 0.5, 0.5)),
        ((21, 200, 500), None, "px", (1.0, 1.0, 1.0)),
        ((21, 200, 500), VoxelSize(0.0, 0.5, 0.5), "px", (1.0, 1.0, 1.0)),
        ((1, 200, 500), VoxelSize(0.0, 0.5, 0.5), "um", (1.0, 0.5, 0.5)),
    ],
)
def test_lengths_are_in_microns_where_the_file_gives_them(shape, voxel, unit, scale):
    look = Look(0.0, shape, voxel, None)
    assert (look.unit, look.scale) == (unit, scale)


pixels = st.tuples(st.floats(0, 20), st.floats(0, 199), st.floats(0, 499))


@given(pixels)
def test_a_pixel_and_its_offset_belong_together(position):
    look = Look(0.0, (21, 200, 500), VoxelSize(2.0, 0.5, 0.5), None)
    assert look.pixel_at(look.offset_of(PixelPosition(*position))) == pytest.approx(position)


def test_a_state_comes_back_from_a_journal_as_it_was():
    state, voxel = TrackState("auto"), VoxelSize(2.0, 0.5, 0.5)
    assert state_of(plain_of(state)) == state
    for index, x in enumerate([250.0, 260.0, 271.0, 450.0]):
        look = Look(300.0 * index, (21, 200, 500), voxel, PixelPosition(10.5, 90.0, x), "OK")
        state = step(state, look).state
    assert state.doubts
    stored = json.loads(json.dumps(encode(plain_of(state))))
    assert state_of(decode(stored)) == state
