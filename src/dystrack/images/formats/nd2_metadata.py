"""Reads the metadata of ND2 files: "lite variants", or XML in older files.

A lite variant is a type code, a name in UTF-16 and a value. A level is a variant whose value is a
row of further variants; it is only read when it is asked for.
"""

import re
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypeAlias

from dystrack.core.errors import IncompleteImageError

__all__ = ["Level", "Loop", "read_loops", "read_variants"]

Value: TypeAlias = "int | float | Level | None"

_NUMBERS: Final[Mapping[int, struct.Struct]] = MappingProxyType(
    {
        1: struct.Struct("<?"),
        2: struct.Struct("<i"),
        3: struct.Struct("<I"),
        4: struct.Struct("<q"),
        5: struct.Struct("<Q"),
        6: struct.Struct("<d"),
        7: struct.Struct("<Q"),
    }
)
_TEXT: Final = 8
_BYTES: Final = 9
_LEVEL: Final = 11
_COMPRESSED: Final = 76
_LEVEL_HEAD: Final = struct.Struct("<IQ")
_COMPRESSED_HEAD_BYTES: Final = 12
_MOST_BYTES: Final = 1 << 26
_XML_NUMBER: Final = re.compile(rb'<(\w+)\s+runtype="[^"]*"\s+value="(-?[\d.eE+-]+)"')

_AXIS_OF_LOOP: Final[Mapping[int, str]] = MappingProxyType(
    {1: "T", 2: "P", 4: "Z", 7: "O", 8: "T"}  # time, position, z, custom, several phases of time
)
_COUNTED_LOOPS: Final = frozenset({1, 4})
_MOST_LOOPS: Final = 16


@dataclass(frozen=True, slots=True)
class Level:
    """A row of variants, not read yet.

    Attributes
    ----------
    data : bytes
        The variants.
    count : int
        Their number.
    """

    data: bytes
    count: int

    def __iter__(self) -> Iterator[tuple[str, Value]]:
        return _variants(self.data, self.count)

    def values(self) -> dict[str, Value]:
        """Return the values by name; of several without a name, the first."""
        values: dict[str, Value] = {}
        for name, value in self:
            values.setdefault(name, value)
        return values


@dataclass(frozen=True, slots=True)
class Loop:
    """One loop of an acquisition.

    Attributes
    ----------
    axis : str
        Its letter: T, Z, P (position) or O (other).
    count : int or None
        Number of steps; None where only the number of frames tells.
    step_um : float or None
        Distance of the planes of a z loop in µm.
    """

    axis: str
    count: int | None
    step_um: float | None = None


def read_variants(data: bytes) -> dict[str, Value]:
    """Return the numbers and levels of a chunk's outermost level; of XML, all numbers.

    Raises
    ------
    IncompleteImageError
        If the content is cut off.
    """
    if data.startswith(b"<"):
        return {name.decode(): float(value) for name, value in _XML_NUMBER.findall(data)}
    for _, value in _variants(data, 1):
        if isinstance(value, Level):
            return value.values()
    return {}


def read_loops(experiment: Mapping[str, Value]) -> list[Loop]:
    """Read the loops of an acquisition, the outermost first.

    Parameters
    ----------
    experiment : mapping
        Values of the chunk that describes the acquisition.

    Returns
    -------
    list of Loop
        Loops over channels are left out: all channels of a frame lie in one chunk.
    """
    loops: list[Loop] = []
    level: Mapping[str, Value] | None = experiment
    while level and len(loops) < _MOST_LOOPS:
        kind, details = level.get("eType"), level.get("uLoopPars")
        if isinstance(kind, int) and kind in _AXIS_OF_LOOP and isinstance(details, Level):
            loops.append(_loop(kind, details.values()))
        inner = level.get("ppNextLevelEx")
        level = None
        if isinstance(inner, Level):
            level = next((item.values() for _, item in inner if isinstance(item, Level)), None)
    return loops


def _loop(kind: int, details: Mapping[str, Value]) -> Loop:
    """Return a loop; where NIS gives no distance of the planes, it follows from their range."""
    count = _number(details, "uiCount")
    if kind not in _COUNTED_LOOPS or count is None:
        return Loop(_AXIS_OF_LOOP[kind], None)
    step_um = _number(details, "dZStep")
    low_um, high_um = _number(details, "dZLow"), _number(details, "dZHigh")
    if not step_um and low_um is not None and high_um is not None:
        step_um = (high_um - low_um) / max(count - 1, 1)
    return Loop(_AXIS_OF_LOOP[kind], int(count), abs(step_um) if step_um else None)


def _number(values: Mapping[str, Value], name: str) -> float | None:
    value = values.get(name)
    return None if isinstance(value, Level) else value


def _variants(data: bytes, count: int) -> Iterator[tuple[str, Value]]:
    """Yield name and value of each variant."""
    at = 0
    for _ in range(count):
        if at + 2 > len(data):
            raise IncompleteImageError("the metadata are cut off")
        kind, length = data[at], data[at + 1]
        if kind == _COMPRESSED:
            yield from _variants(_inflated(data[at + _COMPRESSED_HEAD_BYTES :]), 1)
            return
        value_at = at + 2 + 2 * length
        name = data[at + 2 : value_at - 2].decode("utf-16-le")
        value, at = _value(data, kind, at, value_at)
        yield name, value


def _value(data: bytes, kind: int, start: int, value_at: int) -> tuple[Value, int]:
    """Return the value of a variant and the offset behind it."""
    if kind in _NUMBERS:
        packing = _NUMBERS[kind]
        if value_at + packing.size > len(data):
            raise IncompleteImageError("the metadata are cut off")
        return packing.unpack_from(data, value_at)[0], value_at + packing.size
    if kind == _TEXT:
        stop = data.find(b"\0\0", value_at)
        while stop >= 0 and (stop - value_at) % 2:
            stop = data.find(b"\0\0", stop + 1)
        return None, (stop if stop >= 0 else len(data)) + 2
    if kind == _BYTES and value_at + 8 <= len(data):
        return None, value_at + 8 + int.from_bytes(data[value_at : value_at + 8], "little")
    if kind == _LEVEL and value_at + _LEVEL_HEAD.size <= len(data):
        count, length = _LEVEL_HEAD.unpack_from(data, value_at)
        first, stop = value_at + _LEVEL_HEAD.size, start + length
        if first <= stop <= len(data):
            return Level(data[first:stop], count), stop + 8 * count
    raise IncompleteImageError("the metadata are cut off")


def _inflated(data: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(data, _MOST_BYTES)
    except zlib.error as error:
        raise IncompleteImageError(f"the metadata cannot be decompressed ({error})") from error
