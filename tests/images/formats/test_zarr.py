import itertools
import json

import pytest

from dystrack.core.coordinates import VoxelSize
from dystrack.images.formats.zarr import is_zarr
from dystrack.images.image_file import Verdict, inspect_image

AXES = [
    {"name": "c", "type": "channel"},
    *({"name": name, "type": "space", "unit": "micrometer"} for name in "zyx"),
]
SCALE = [1, 2.0, 0.5, 0.4]
SHAPE, CHUNKS = [2, 3, 20, 30], [1, 1, 20, 16]
RAW_CHUNK_BYTES = 20 * 16 * 2


def multiscales(axes=AXES, scale=SCALE):
    transforms = [{"type": "scale", "scale": scale}]
    return [{"axes": axes, "datasets": [{"path": "0", "coordinateTransformations": transforms}]}]


def put(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


def chunk_names(shape, chunks, separator):
    counts = [-(-size // step) for size, step in zip(shape, chunks, strict=True)]
    for index in itertools.product(*map(range, counts)):
        yield separator.join(map(str, index))


def write_old(
    folder, *, shape=SHAPE, chunks=CHUNKS, separator="/", n_bytes=RAW_CHUNK_BYTES, axes=AXES
):
    """Write an OME-Zarr 0.4 image, version 2 of Zarr."""
    put(folder / ".zattrs", {"multiscales": multiscales(axes)})
    put(
        folder / "0" / ".zarray",
        {
            "shape": shape,
            "chunks": chunks,
            "dtype": "<u2",
            "compressor": None,
            "filters": None,
            "dimension_separator": separator,
        },
    )
    for name in chunk_names(shape, chunks, separator):
        path = folder / "0" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"\7" * n_bytes)
    return folder


def write_new(folder, *, encoding=None):
    """Write an OME-Zarr 0.5 image, version 3 of Zarr."""
    encoding = encoding or {"name": "default", "configuration": {"separator": "/"}}
    grid = {"name": "regular", "configuration": {"chunk_shape": CHUNKS}}
    put(
        folder / "zarr.json",
        {"node_type": "group", "attributes": {"ome": {"multiscales": multiscales()}}},
    )
    put(
        folder / "0" / "zarr.json",
        {"node_type": "array", "shape": SHAPE, "chunk_grid": grid, "chunk_key_encoding": encoding},
    )
    separator = encoding["configuration"]["separator"]
    for name in chunk_names(SHAPE, CHUNKS, separator):
        prefix = "c" + separator if encoding["name"] == "default" else ""
        path = folder / "0" / (prefix + name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"\7" * 99)
    return folder


@pytest.mark.parametrize(
    "write",
    [
        write_old,
        lambda folder: write_old(folder, separator="."),
        write_new,
        lambda folder: write_new(
            folder, encoding={"name": "default", "configuration": {"separator": "."}}
        ),
        lambda folder: write_new(
            folder, encoding={"name": "v2", "configuration": {"separator": "."}}
        ),
    ],
)
def test_a_whole_image(write, tmp_path):
    status = inspect_image(write(tmp_path / "a.ome.zarr"))
    assert (status.verdict, status.axes, status.shape) == (Verdict.COMPLETE, "CZYX", (2, 3, 20, 30))
    assert status.voxel_size == pytest.approx(VoxelSize(2.0, 0.5, 0.4))
    assert (status.n_planes, status.axes_known) == (6, True)


def test_the_first_image_of_a_collection(tmp_path):
    put(tmp_path / "a.zarr" / ".zattrs", {"bioformats2raw.layout": 3})
    write_old(tmp_path / "a.zarr" / "0")
    assert inspect_image(tmp_path / "a.zarr").shape == (2, 3, 20, 30)


def test_a_bare_array(tmp_path):
    folder = write_old(tmp_path / "group.zarr") / "0"
    status = inspect_image(folder)
    assert (status.axes, status.voxel_size, status.axes_known) == ("CZYX", None, False)


def test_units_that_are_no_lengths_give_no_voxel_size(tmp_path):
    axes = [{"name": name, "unit": "second"} for name in "czyx"]
    assert inspect_image(write_old(tmp_path / "a.zarr", axes=axes)).voxel_size is None


@pytest.mark.parametrize(
    ("missing", "verdict", "reason"),
    [
        (["0/1/0/1"], "suspect", "1 chunks are missing or black"),
        (["0/0/0/0", "1/0/0/1"], "suspect", "2 chunks are missing or black"),
        (["1/2/0/1"], "incomplete", "11 of 12 chunks"),
        (["0/0/0/0", "1/2/0/1"], "incomplete", "10 of 12 chunks"),
    ],
)
def test_missing_chunks(missing, verdict, reason, tmp_path):
    folder = write_old(tmp_path / "a.zarr")
    for name in missing:
        (folder / "0" / name).unlink()
    status = inspect_image(folder)
    assert status.verdict == verdict
    assert reason in status.reason


@pytest.mark.parametrize("n_bytes", [0, RAW_CHUNK_BYTES - 1])
def test_a_chunk_that_is_too_short(n_bytes, tmp_path):
    folder = write_old(tmp_path / "a.zarr", n_bytes=n_bytes)
    assert "is not written to its end" in inspect_image(folder).reason


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("0/.zarray", None, "description of the array"),
        ("0/.zarray", '{"shape": [2', ".zarray is not written"),
        ("0/.zarray", "[]", "description of the array"),
        ("0/.zarray", '{"shape": [2], "chunks": [0], "dtype": "<u2"}', "impossible shape"),
        ("0/.zarray", '{"shape": [9], "chunks": [1, 2], "dtype": "<u2"}', "impossible shape"),
        ("0/.zarray", '{"shape": [99999999], "chunks": [1], "dtype": "<u2"}', "more than"),
        ("0/.zarray", '{"shape": "x"}', "damaged"),
        (".zattrs", '{"multiscales": [{"datasets": [{"path": "7"}]}]}', "description of the array"),
        (".zattrs", '{"multi', ".zattrs is not written"),
    ],
)
def test_what_is_missing_is_said(name, content, reason, tmp_path):
    folder = write_old(tmp_path / "a.zarr")
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_text(content, encoding="utf-8")
    status = inspect_image(folder)
    assert status.verdict is Verdict.INCOMPLETE
    assert reason in status.reason


def test_more_axes_than_names(tmp_path):
    folder = write_old(tmp_path / "a.zarr", shape=[1] * 6, chunks=[1] * 6, n_bytes=2)
    assert "6 axes without names" in inspect_image(folder).reason


def test_what_is_a_zarr(tmp_path):
    assert is_zarr(tmp_path / "new.ZARR")
    assert not is_zarr(tmp_path)
    (tmp_path / ".zgroup").touch()
    assert is_zarr(tmp_path)
