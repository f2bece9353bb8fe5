import struct

import pytest

from dystrack.core.coordinates import VoxelSize
from dystrack.images.image_file import Verdict, inspect_image

DIMENSIONS = [(1, 30, 1.16e-05, "m"), (2, 20, 9.5e-06, "m"), (3, 4, -6.0e-06, "m")]


def xml_of(*, dimensions, channels, size, version):
    dims = "".join(
        f'<DimensionDescription DimID="{kind}" NumberOfElements="{count}" Length="{length}" Unit="{unit}"/>'
        for kind, count, length, unit in dimensions
    )
    tags = "".join(f'<ChannelDescription ChannelTag="{tag}"/>' for tag in channels)
    return (
        f'<LMSDataContainerHeader Version="{version}"><Element><Data><Image><ImageDescription>'
        f"<Channels>{tags}</Channels><Dimensions>{dims}</Dimensions></ImageDescription></Image></Data>"
        f'<Memory Size="{size}" MemoryBlockID="MemBlock_1"/></Element></LMSDataContainerHeader>'
    )


def lif(
    *, dimensions=DIMENSIONS, channels=(0,), version=2, size=2400, promised=None, name="MemBlock_1"
):
    text = xml_of(dimensions=dimensions, channels=channels, version=version, size=promised or size)
    letters = text.encode("utf-16-le")
    data = struct.pack("<IIBI", 0x70, 5 + len(letters), 0x2A, len(text)) + letters
    body = struct.pack("<BQB" if version > 1 else "<BIB", 0x2A, size, 0x2A)
    body += struct.pack("<I", len(name)) + name.encode("utf-16-le")
    return data + struct.pack("<II", 0x70, len(body)) + body + b"\7" * size


def inspect(data, tmp_path):
    path = tmp_path / "a.lif"
    path.write_bytes(data)
    return inspect_image(path)


@pytest.mark.parametrize("version", [1, 2])
def test_a_stack(version, tmp_path):
    status = inspect(lif(version=version), tmp_path)
    assert (status.verdict, status.axes, status.shape) == (Verdict.COMPLETE, "ZYX", (4, 20, 30))
    assert status.voxel_size == pytest.approx(VoxelSize(2.0, 0.5, 0.4))
    assert status.n_planes == 4


@pytest.mark.parametrize(
    ("options", "axes", "shape", "is_colour"),
    [
        ({"channels": (0, 0)}, "CZYX", (2, 4, 20, 30), False),
        ({"dimensions": DIMENSIONS[:2]}, "YX", (20, 30), False),
        ({"dimensions": [*DIMENSIONS, (4, 3, 9.0, "s")]}, "TZYX", (3, 4, 20, 30), False),
        ({"dimensions": [*DIMENSIONS, (10, 3, 1.0, "")]}, "OZYX", (3, 4, 20, 30), False),
        ({"channels": (1, 2, 3)}, "ZYXS", (4, 20, 30, 3), True),
    ],
)
def test_axes(options, axes, shape, is_colour, tmp_path):
    status = inspect(lif(**options), tmp_path)
    assert (status.axes, status.shape, status.is_colour) == (axes, shape, is_colour)


def test_a_container_without_images(tmp_path):
    data = lif()
    text = '<LMSDataContainerHeader Version="2"/>'
    head = struct.pack("<IIBI", 0x70, 5 + 2 * len(text), 0x2A, len(text))
    block = data[data.rindex(struct.pack("<I", 0x70)) :]
    status = inspect(head + text.encode("utf-16-le") + block, tmp_path)
    assert (status.verdict, status.shape) == (Verdict.COMPLETE, ())


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (bytes(100), "begin like a LIF"),
        (lif()[:200], "the XML ends"),
        (
            lif().replace("Dimensions>".encode("utf-16-le"), "Dimension!>".encode("utf-16-le"), 1),
            "XML cannot be parsed",
        ),
        (lif()[:-1], "memory block MemBlock_1 ends"),
        (lif()[:-2410], "head of a memory block"),
        (lif() + b"\7", "a memory block"),
        (lif() + bytes(8), "no memory block at"),
        (lif(name="MemBlock_2"), "MemBlock_1 is not written yet"),
        (lif(promised=9999), "smaller than 9999"),
        (lif(dimensions=[(1, 0, 1.0, "m")]), "impossible image"),
    ],
)
def test_what_is_missing_is_said(data, reason, tmp_path):
    status = inspect(data, tmp_path)
    assert status.verdict is Verdict.INCOMPLETE
    assert reason in status.reason


def test_a_memory_that_is_all_zero_is_suspect(tmp_path):
    assert inspect(lif()[:-2400] + bytes(2400), tmp_path).verdict is Verdict.SUSPECT
