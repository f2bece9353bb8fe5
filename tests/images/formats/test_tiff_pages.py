import struct

import pytest
import tifffile

from dystrack.core.errors import IncompleteImageError
from dystrack.images.formats import ByteRange, FileView
from dystrack.images.formats.tiff_pages import read_pages
from genuine_files import noisy_stack

WIDTH, LENGTH, BITS, OFFSETS, COUNTS = 256, 257, 258, 273, 279


def tiff(entries, *, next_page=0, pixels=b"\x07" * 600):
    """Return a small classic TIFF; an entry is (code, kind, count, value)."""
    ifd = struct.pack("<H", len(entries))
    ifd += b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return struct.pack("<2sHI", b"II", 42, 8) + ifd + struct.pack("<I", next_page) + pixels


def page(**changes):
    entries = {
        "width": (WIDTH, 3, 1, 30),
        "length": (LENGTH, 3, 1, 20),
        "bits": (BITS, 3, 1, 8),
        "offsets": (OFFSETS, 4, 1, 74),
        "counts": (COUNTS, 4, 1, 600),
    } | changes
    return [entry for entry in entries.values() if entry]


def pages_of(data, tmp_path):
    path = tmp_path / "a.tif"
    path.write_bytes(data)
    with path.open("rb", buffering=0) as file:
        return read_pages(FileView(file, path.name))


def test_a_page_knows_where_its_pixels_are(tmp_path):
    (found,) = pages_of(tiff(page()), tmp_path)
    assert found.sizes == {"Y": 20, "X": 30, "S": 1}
    assert found.pixels == (ByteRange(74, 674),)
    assert found.kind.pixel_bytes == 1


def test_byte_counts_may_be_missing_for_a_single_strip(tmp_path):
    data = tiff([*page(counts=None), (262, 3, 1, 1)])
    assert pages_of(data, tmp_path)[0].pixels == (ByteRange(74, 674),)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"II", "header"),
        (b"not a tiff file", "begin like a TIFF"),
        (struct.pack("<2sHI", b"II", 42, 0), "first page is not written"),
        (struct.pack("<2sHHHQ", b"II", 43, 4, 0, 16), "begin like a BigTIFF"),
        (struct.pack("<2sHI", b"II", 42, 8) + b"\x01", "directory at byte 8"),
        (struct.pack("<2sHI", b"II", 42, 999), "directory at byte 999"),
        (tiff([]), "0 entries"),
        (tiff(page(), next_page=8), "does not end"),
        (tiff(page(), next_page=9999), "directory at byte 9999"),
        (tiff(page(width=(0, 0, 0, 0))), "empty entry"),
        (tiff(page(width=(WIDTH, 3, 1, 0))), "no valid size"),
        (tiff(page(width=(WIDTH, 4, 1, 1 << 31), length=(LENGTH, 4, 1, 1 << 31))), "no valid size"),
        (tiff(page(width=None)), "no valid size"),
        (tiff(page(offsets=(OFFSETS, 4, 1, 0))), "strips that are not written"),
        (tiff(page(counts=(COUNTS, 4, 1, 0))), "strips that are not written"),
        (tiff(page(counts=(COUNTS, 4, 1, 599))), "too few pixels"),
        (tiff(page(offsets=(OFFSETS, 4, 1, 75))), "the file has only 674"),
        (tiff(page(offsets=None)), "where its pixels are"),
        (tiff(page(offsets=(OFFSETS, 4, 1 << 30, 8))), "tag 273 ends"),
        (tiff(page(offsets=(OFFSETS, 1, 500, 8))), "where its pixels are"),
        (tiff([*page(), (270, 2, 40, 0)]), "tag 270 is not written"),
        (tiff([*page(), (270, 2, 40, 670)]), "tag 270 ends"),
    ],
)
def test_what_is_missing_is_said(data, reason, tmp_path):
    with pytest.raises(IncompleteImageError, match=reason):
        pages_of(data, tmp_path)


def test_more_strips_than_bytes_are_damage(tmp_path):
    """Two pages, each with 600 strips that are listed in the same 600 bytes."""
    entries = page(offsets=(OFFSETS, 1, 600, 74), counts=(COUNTS, 1, 600, 74))
    assert len(pages_of(tiff(entries), tmp_path)) == 1
    data = tiff(entries, next_page=674) + tiff(entries, pixels=b"")[8:]
    with pytest.raises(IncompleteImageError, match="more strips than"):
        pages_of(data, tmp_path)


@pytest.mark.parametrize("count", [1, 3])
def test_a_ring_of_pages_ends(count, tmp_path):
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as writer:
        for plane in noisy_stack((count, 20, 30), "u1"):
            writer.write(plane, metadata=None, photometric="minisblack")
    with tifffile.TiffFile(path) as file:
        last = file.pages[-1]
        n_tags = len(last.tags)
        pointer_at = last.offset + 2 + 12 * n_tags
    data = bytearray(path.read_bytes())
    data[pointer_at : pointer_at + 4] = struct.pack("<I", 8)
    with pytest.raises(IncompleteImageError, match="does not end"):
        pages_of(bytes(data), tmp_path)


@pytest.mark.parametrize(
    ("options", "pixel_bytes"),
    [({}, 2), ({"compression": "zlib"}, 1), ({"tile": (16, 16)}, 2), ({"rowsperstrip": 3}, 2)],
)
def test_strips_and_tiles_that_touch_are_joined(options, pixel_bytes, tmp_path):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, noisy_stack((20, 30), "u2"), metadata=None, **options)
    (found,) = pages_of(path.read_bytes(), tmp_path)
    assert found.kind.pixel_bytes == pixel_bytes
    assert len(found.pixels) == 1
