import struct

import nd2
import numpy as np
import pytest

from dystrack.core.coordinates import VoxelSize
from dystrack.scopes.writing.nd2_file import nd2_chunks

MAP_END = b"ND2 CHUNK MAP SIGNATURE 0000001!"


@pytest.fixture
def stack():
    return np.arange(4 * 11 * 9, dtype=np.uint16).reshape(4, 11, 9)


@pytest.fixture
def path(tmp_path, stack):
    path = tmp_path / "prescan.nd2"
    path.write_bytes(b"".join(nd2_chunks(stack, VoxelSize(2.0, 0.5, 0.5))))
    return path


def test_the_last_forty_bytes_say_where_the_map_is(path):
    data = path.read_bytes()
    signature, position = struct.unpack("<32sQ", data[-40:])
    assert signature == MAP_END
    assert b"ND2 FILEMAP SIGNATURE NAME 0001!" in data[position : position + 64]


def test_every_chunk_but_the_map_is_aligned(stack):
    chunks = list(nd2_chunks(stack, VoxelSize(2.0, 0.5, 0.5)))
    assert [len(chunk) % 4096 for chunk in chunks[:-1]] == [0] * (len(chunks) - 1)


def test_a_reader_finds_frames_and_metadata(path, stack):
    with nd2.ND2File(path) as file:
        assert file.version == (3, 0)
        assert dict(file.sizes) == {"Z": 4, "Y": 11, "X": 9}
        assert file.attributes.sequenceCount == 4
        assert file.attributes.bitsPerComponentInMemory == 16
        assert file.experiment[0].parameters.stepUm == 2.0
        for index, plane in enumerate(stack):
            np.testing.assert_array_equal(file.read_frame(index), plane)


def test_big_endian_pixels_are_turned_round(tmp_path, stack):
    path = tmp_path / "prescan.nd2"
    path.write_bytes(b"".join(nd2_chunks(stack.astype(">u2"), VoxelSize(2.0, 0.5, 0.5))))
    np.testing.assert_array_equal(nd2.imread(path), stack)
