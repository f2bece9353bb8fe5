"""Writes a stack as an ND2 file, the format of Nikon's NIS Elements (version 3.0 of the format).

A file is a row of chunks. Each begins with a magic number, the length of its name and the length
of its data. The last chunk maps the names to offsets, and the last 40 bytes say where it is::

    signature │ attributes │ z loop │ calibration │ plane 0 │ plane 1 │ … │ map │ where the map is

Metadata are "lite variants": a type code, a name in UTF-16 and a value, or a level of more of them.
The layout is the one that the parsers of the `nd2` package accept.
"""

import struct
from collections.abc import Iterator, Mapping
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dystrack.core.coordinates import VoxelSize

__all__ = ["nd2_chunks"]

_MAGIC = 0x0ABECEDA
_HEADER = struct.Struct("<IIQ")  # magic, length of the name, length of the data
_ALIGNMENT = 4096
_FILE_SIGNATURE = b"ND2 FILE SIGNATURE CHUNK NAME01!"
_MAP_NAME = b"ND2 FILEMAP SIGNATURE NAME 0001!"
_MAP_SIGNATURE = b"ND2 CHUNK MAP SIGNATURE 0000001!"
_NAME_RESERVE = 20
_PLANE_NAME_LENGTH = 4072  # header, name and time stamp together fill one aligned block
_PLANE_INTERVAL_MS = 10.0
_ZSTACK_LOOP = 4
_ZSTACK_AROUND_HOME = 6
_NOT_COMPRESSED = 2
_TEXT_CODE = 8
_LEVEL_CODE = 11


class _Number(NamedTuple):
    """A number of a lite variant: its type code, how it is packed, and its value."""

    code: int
    packing: str
    value: float


_Lite: TypeAlias = "_Number | str | Mapping[str, _Lite]"


def nd2_chunks(stack: NDArray[np.integer], voxel_size: VoxelSize) -> Iterator[bytes]:
    """Yield the bytes of an ND2 file, chunk by chunk.

    Parameters
    ----------
    stack : ndarray of shape (Z, Y, X) or (Y, X)
        Image of type uint8 or uint16.
    voxel_size : VoxelSize
        Distance between voxels in µm. The format has one value for x and y; x is taken.

    Yields
    ------
    bytes
        The next chunk, padded to the alignment of the format. Joined, they are the file.
    """
    planes = stack[np.newaxis] if stack.ndim == 2 else stack  # noqa: PLR2004 -- (Y, X)
    offsets: dict[bytes, tuple[int, int]] = {}
    position = 0
    for name, data in _named_data(planes, voxel_size):
        chunk = _chunk(name, data)
        if name != _FILE_SIGNATURE:
            offsets[name] = (position, len(data))
        position += len(chunk)
        yield chunk
    yield _map_chunk(offsets, position)


def _named_data(
    planes: NDArray[np.integer], voxel_size: VoxelSize
) -> Iterator[tuple[bytes, bytes]]:
    """Yield name and data of all chunks but the map."""
    yield _FILE_SIGNATURE, b"Ver3.0".ljust(64, b"\0")
    yield b"ImageAttributesLV!", _lite("SLxImageAttributes", _attributes(planes))
    if len(planes) > 1:
        yield b"ImageMetadataLV!", _lite("SLxExperiment", _z_loop(len(planes), voxel_size.z_um))
    yield b"ImageMetadataSeqLV|0!", _lite("SLxPictureMetadata", _calibration(voxel_size.x_um))
    for index, plane in enumerate(planes):
        time_stamp = struct.pack("<d", index * _PLANE_INTERVAL_MS)
        pixels = plane.astype(plane.dtype.newbyteorder("<"), copy=False).tobytes()
        yield b"ImageDataSeq|%d!" % index, time_stamp + pixels
    times = np.arange(len(planes), dtype="<f8") * _PLANE_INTERVAL_MS
    yield b"CustomData|AcqTimesCache!", times.tobytes()


def _chunk(name: bytes, data: bytes) -> bytes:
    """Return one chunk, padded to the alignment of the format."""
    if name.startswith(b"ImageDataSeq|"):
        name_length = _PLANE_NAME_LENGTH
    elif name == _FILE_SIGNATURE:
        name_length = len(name)
    else:
        name_length = len(name) + _NAME_RESERVE
    chunk = _HEADER.pack(_MAGIC, name_length, len(data)) + name.ljust(name_length, b"\0") + data
    return chunk + bytes(-len(chunk) % _ALIGNMENT)


def _map_chunk(offsets: Mapping[bytes, tuple[int, int]], position: int) -> bytes:
    """Return the map of all chunks, which ends with its own `position`."""
    entries = b"".join(name + struct.pack("<QQ", *place) for name, place in offsets.items())
    data = entries + _MAP_SIGNATURE + struct.pack("<Q", position)
    return _HEADER.pack(_MAGIC, len(_MAP_NAME), len(data)) + _MAP_NAME + data


def _attributes(planes: NDArray[np.integer]) -> dict[str, _Lite]:
    """Return what NIS stores about the frames: their size, number and depth."""
    depth, height, width = planes.shape
    bits = planes.dtype.itemsize * 8
    return {
        "uiWidth": _uint(width),
        "uiWidthBytes": _uint(width * planes.dtype.itemsize),
        "uiHeight": _uint(height),
        "uiComp": _uint(1),
        "uiBpcInMemory": _uint(bits),
        "uiBpcSignificant": _uint(bits),
        "uiSequenceCount": _uint(depth),
        "uiTileWidth": _uint(width),
        "uiTileHeight": _uint(height),
        "eCompression": _int(_NOT_COMPRESSED),
        "dCompressionParam": _double(0.0),
        "ePixelType": _uint(1),
        "uiVirtualComponents": _uint(1),
    }


def _z_loop(n_planes: int, step_um: float) -> dict[str, _Lite]:
    """Return the experiment loop of a z-stack."""
    loop: dict[str, _Lite] = {
        "uiCount": _uint(n_planes),
        "bAbsolute": _bool(False),
        "bTriggeredPiezo": _bool(False),
        "bZInverted": _bool(False),
        "dReferencePosition": _double(0.0),
        "dZHigh": _double(step_um * (n_planes - 1)),
        "dZHome": _double(0.0),
        "dZLow": _double(0.0),
        "dZStep": _double(step_um),
        "iType": _int(_ZSTACK_AROUND_HOME),
    }
    return {
        "eType": _uint(_ZSTACK_LOOP),
        "wsApplicationDesc": "",
        "wsUserDesc": "",
        "uLoopPars": loop,
        "uiRepeatCount": _uint(1),
        "uiNextLevelCount": _uint(0),
    }


def _calibration(pixel_um: float) -> dict[str, _Lite]:
    """Return the metadata of the first frame: one channel and the pixel size."""
    channel: dict[str, _Lite] = {
        "uiCompCount": _uint(1),
        "uiSampleIndex": _uint(0),
        "pFluorescentProbe": {
            "m_ExcitationSpectrum": _spectrum(488.0),
            "m_EmissionSpectrum": _spectrum(520.0),
        },
        "sDescription": "prescan",
        "uiColor": _uint(0x00FF00),
        "dAcqTime": _double(0.0),
    }
    return {
        "dTimeMSec": _double(0.0),
        "dTimeAbsolute": _double(2460000.5),
        "dXPos": _double(0.0),
        "dYPos": _double(0.0),
        "dZPos": _double(0.0),
        "dAngle": _double(0.0),
        "uiRow": _uint(0),
        "sPicturePlanes": {
            "uiCount": _uint(1),
            "uiCompCount": _uint(1),
            "sPlaneNew": {"a0": channel},
            "uiSampleCount": _uint(1),
        },
        "dCalibration": _double(pixel_um),
        "bCalibrated": _bool(True),
        "dAspect": _double(1.0),
        "wsObjectiveName": "",
        "dObjectiveMag": _double(20.0),
        "dObjectiveNA": _double(0.8),
    }


def _spectrum(wavelength_nm: float) -> dict[str, _Lite]:
    """Return a spectrum of a single line."""
    line: dict[str, _Lite] = {
        "eType": _uint(1),
        "dWavelength": _double(wavelength_nm),
        "dTValue": _double(1.0),
    }
    return {"uiCount": _uint(1), "pPoint": {"Point0": line}}


def _bool(value: bool) -> _Number:
    return _Number(1, "<B", value)


def _int(value: int) -> _Number:
    return _Number(2, "<i", value)


def _uint(value: int) -> _Number:
    return _Number(3, "<I", value)


def _double(value: float) -> _Number:
    return _Number(6, "<d", value)


def _lite(name: str, value: _Lite) -> bytes:
    """Return a named lite variant; a mapping becomes a level with a table of its items' offsets."""
    if isinstance(value, str):
        return _lite_head(_TEXT_CODE, name) + _utf16(value)
    if isinstance(value, _Number):
        return _lite_head(value.code, name) + struct.pack(value.packing, value.value)
    head = _lite_head(_LEVEL_CODE, name)
    items = [_lite(key, item) for key, item in value.items()]
    first = len(head) + struct.calcsize("<IQ")
    lengths = [len(item) for item in items]
    starts = np.cumsum([first, *lengths], dtype="<u8")
    size = struct.pack("<IQ", len(items), int(starts[-1]))
    return head + size + b"".join(items) + starts[:-1].tobytes()


def _lite_head(code: int, name: str) -> bytes:
    return struct.pack("BB", code, len(name) + 1) + _utf16(name)


def _utf16(text: str) -> bytes:
    return (text + "\0").encode("utf-16-le")
