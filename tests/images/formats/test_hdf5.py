import struct

import pytest

from dystrack.images.image_file import inspect_image

MAGIC = b"\x89HDF\r\n\x1a\n"


def old_file(version=0, *, end=None, size=8):
    """Return a file with a superblock of version 0 or 1."""
    code = {4: "I", 8: "Q"}.get(size, "Q")
    head = MAGIC + bytes([version, 0, 0, 0, 0, size, size, 0]) + struct.pack("<HHI", 4, 16, 0)
    head += b"\x20\0\0\0" if version else b""
    length = 600
    head += struct.pack(f"<3{code}", 0, (1 << 8 * min(size, 8)) - 1, length if end is None else end)
    return head.ljust(length - 1, b"\7") + b"\7"


def new_file(version=3, *, end=None, flags=0):
    """Return a file with a superblock of version 2 or 3."""
    length = 600
    head = MAGIC + bytes([version, 8, 8, flags])
    head += struct.pack("<4Q", 0, (1 << 64) - 1, length if end is None else end, 48)
    return head.ljust(length - 1, b"\7") + b"\7"


@pytest.mark.parametrize("suffix", [".h5", ".hdf5", ".ims", ".IMS"])
@pytest.mark.parametrize(
    ("data", "verdict", "reason"),
    [
        (new_file(), "complete", ""),
        (new_file(2), "complete", ""),
        (new_file(flags=1), "incomplete", "a program is writing"),
        (new_file(flags=5), "incomplete", "a program is writing"),
        (new_file(end=700), "incomplete", "700 bytes, but has 600"),
        (new_file(end=500), "incomplete", "500 bytes, but has 600"),
        (old_file(), "open", "do not say"),
        (old_file(1), "open", "do not say"),
        (old_file(size=4), "open", "do not say"),
        (old_file(size=3), "incomplete", "offsets of 3 bytes"),
        (old_file(end=700), "incomplete", "700 bytes"),
        (new_file(9), "incomplete", "unknown version 9"),
        (new_file()[:50], "incomplete", "begin like HDF5"),
        (bytes(600), "incomplete", "begin like HDF5"),
        (new_file()[:80].ljust(600, b"\0"), "suspect", "last 512 bytes"),
    ],
)
def test_superblocks(data, verdict, reason, suffix, tmp_path):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(data)
    status = inspect_image(path)
    assert status.verdict == verdict
    assert reason in status.reason
    assert (status.axes, status.shape, status.n_planes) == ("", (), None)
