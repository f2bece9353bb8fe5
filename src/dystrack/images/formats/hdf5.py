"""Is an HDF5 complete (also Imaris ``.ims``)? Its superblock must agree with the file's length.

Source: HDF5 File Format Specification version 3.0, section II.A (superblock).
"""

import struct
from typing import Final

from dystrack.core.errors import IncompleteImageError
from dystrack.images.formats import FileView, Structure

__all__ = ["MAGIC", "read_structure"]

MAGIC: Final = b"\x89HDF\r\n\x1a\n"

_VERSION_AT: Final = len(MAGIC)
_FLAGGED_VERSIONS: Final = frozenset({2, 3})
_END_AT: Final = {0: (13, 24), 1: (13, 28), 2: (9, 12), 3: (9, 12)}  # size of offsets, addresses
_FLAGS_AT: Final = 11
_IS_WRITTEN: Final = 0b101  # open for writing; open for one writer and many readers
_ADDRESSES_BEFORE_END: Final = 2
_CODES: Final = {2: "<H", 4: "<I", 8: "<Q"}
_HEAD_BYTES: Final = 64


def read_structure(view: FileView) -> Structure:
    """Compare the end of the file with what the superblock says.

    Parameters
    ----------
    view : FileView
        The file.

    Returns
    -------
    Structure
        No shape: that would need all of the object tree. Old superblocks (versions 0 and 1) have no
        mark of a writer, so they leave a doubt.

    Raises
    ------
    IncompleteImageError
        If a writer's mark is set, or the file is shorter or longer than it says.
    """
    head = view.read(0, min(_HEAD_BYTES, view.size), "the superblock")
    if not head.startswith(MAGIC) or len(head) < _HEAD_BYTES:
        raise IncompleteImageError("it does not begin like HDF5")
    version = head[_VERSION_AT]
    if version not in _END_AT:
        raise IncompleteImageError(f"the superblock has the unknown version {version}")
    size_at, addresses_at = _END_AT[version]
    size = head[size_at]
    if size not in _CODES:
        raise IncompleteImageError(f"the superblock has offsets of {size} bytes")
    is_flagged = version in _FLAGGED_VERSIONS
    if is_flagged and head[_FLAGS_AT] & _IS_WRITTEN:
        raise IncompleteImageError("the superblock says that a program is writing it")
    (end,) = struct.unpack_from(_CODES[size], head, addresses_at + _ADDRESSES_BEFORE_END * size)
    if end != view.size:
        raise IncompleteImageError(f"it should have {end} bytes, but has {view.size}")
    return Structure(doubt="" if is_flagged else "old HDF5 files do not say if they are finished")
