import io

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st

from dystrack.core.coordinates import VoxelSize
from dystrack.scopes.writing.growth import chunk_pieces, header_last_pieces, plane_pieces
from dystrack.scopes.writing.writers import WRITERS, encode

STACK = np.random.default_rng(1).integers(1, 255, (4, 30, 40)).astype(np.uint8)
VOXEL_SIZE = VoxelSize(2.0, 0.5, 0.5)


def laid(pieces, length):
    file = bytearray(length)
    for offset, data in pieces:
        file[offset : offset + len(data)] = data
    return bytes(file)


@pytest.mark.parametrize("cut", [chunk_pieces, header_last_pieces, plane_pieces])
@given(data=st.binary(min_size=1, max_size=20_000), n_chunks=st.integers(1, 50))
def test_all_pieces_together_are_the_file(cut, data, n_chunks):
    data = b"ND2" + data
    assert laid(cut(data, n_chunks), len(data)) == data


@pytest.mark.parametrize("cut", [chunk_pieces, header_last_pieces, plane_pieces])
@pytest.mark.parametrize("name", WRITERS)
def test_all_pieces_of_a_real_format_are_the_file(cut, name):
    data = encode(name, STACK, VOXEL_SIZE)
    assert laid(cut(data, 7), len(data)) == data


def test_the_header_comes_last():
    *_, last = header_last_pieces(bytes(range(250)) * 100, 5)
    assert last.offset == 0
    assert len(last.data) == 4096


@pytest.mark.parametrize("name", ["multipage_tiff", "multipage_bigtiff"])
def test_a_tiff_is_valid_and_shorter_after_each_page(name):
    data = encode(name, STACK, VOXEL_SIZE)
    file, seen = bytearray(), []
    for offset, piece in plane_pieces(data, 8):
        file[offset : offset + len(piece)] = piece
        pixels = tifffile.imread(io.BytesIO(bytes(file)))
        n_pages = 1 if pixels.ndim == 2 else len(pixels)
        np.testing.assert_array_equal(pixels.reshape(n_pages, 30, 40), STACK[:n_pages])
        seen.append(n_pages)
    assert seen == [1, 1, 2, 2, 3, 3, 4]


@pytest.mark.parametrize("magic", [b"MM\0*", b"MM\0+"])
def test_big_endian_tiffs_are_cut_at_their_pages(magic):
    file = io.BytesIO()
    with tifffile.TiffWriter(file, byteorder=">", bigtiff=magic[3:] == b"+") as tiff:
        for plane in STACK:
            tiff.write(plane, contiguous=False, metadata=None)
    data = file.getvalue()
    assert data[:4] == magic
    assert len(list(plane_pieces(data, 99))) == 7
