import os
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st

from dystrack.core.coordinates import VoxelSize
from dystrack.images import image_file
from dystrack.images.formats import FileView
from dystrack.images.image_file import (
    SUPPORTED,
    ImageStatus,
    Verdict,
    inspect_image,
    inspect_image_closely,
)
from fakes import SHARED_PRESCANS
from genuine_files import genuine_files, noisy_stack, read_image

REAL = {
    "nikonAXR_chick_node_2d.tiff": ("YX", (512, 512), None),
    "nikonAXR_lateral_line.nd2": ("ZYX", (21, 128, 256), VoxelSize(2.5, 0.863167, 0.863167)),
    "nikonAXR_lateral_line.tiff": ("ZYX", (9, 212, 512), VoxelSize(5.0, 0.431584, 0.431584)),
    "zeiss880_organ_cyto.czi": ("ZYX", (25, 200, 200), VoxelSize(1.5, 0.640721, 0.640721)),
    "zeiss880_organ_cyto_2d.tif": ("YX", (200, 200), VoxelSize(0.0, 0.640722, 0.640722)),
    "zeiss980_lateral_line.czi": ("ZYX", (21, 200, 500), VoxelSize(2.0, 0.420179, 0.420179)),
    "zeiss980_lateral_line_2d.tif": ("YX", (200, 500), VoxelSize(0.0, 0.420180, 0.420180)),
    "zeiss980_lateral_line_imagej.tif": ("ZYX", (21, 200, 500), VoxelSize(2.0, 0.42018, 0.42018)),
}
NAMES = sorted(genuine_files())
PAGE = 4096


@pytest.mark.skipif(not SHARED_PRESCANS.exists(), reason="needs ../shared/prescans")
@pytest.mark.parametrize("name", REAL)
def test_real_prescans_are_complete_and_described(name):
    axes, shape, voxel_size = REAL[name]
    path = SHARED_PRESCANS / name
    status = inspect_image(path)
    assert (status.verdict, status.reason, status.axes) == (Verdict.COMPLETE, "", axes)
    assert status.shape == shape == read_image(path).shape
    assert status.voxel_size == (voxel_size and pytest.approx(voxel_size, abs=1e-6))
    assert status.n_planes == np.prod(shape[:-2])
    assert not status.is_colour
    assert inspect_image_closely(path).verdict in {Verdict.COMPLETE, Verdict.SUSPECT}


# Which format it is


@pytest.mark.parametrize("suffix", sorted(SUPPORTED - {".zarr"}))
@pytest.mark.parametrize("content", [b"\0", b"no image", bytes(5000), b"\xff" * 5000])
def test_what_does_not_begin_like_its_format_is_incomplete(suffix, content, tmp_path):
    path = tmp_path / f"prescan{suffix}"
    path.write_bytes(content)
    assert inspect_image(path).verdict is Verdict.INCOMPLETE


@pytest.mark.parametrize("suffix", [*sorted(SUPPORTED - {".zarr"}), ".oir", ""])
def test_an_empty_file_is_incomplete(suffix, tmp_path):
    path = tmp_path / f"prescan{suffix}"
    path.touch()
    assert inspect_image(path) == ImageStatus(Verdict.INCOMPLETE, "it is empty")


@pytest.mark.parametrize("content", [b"x", b"no image", bytes(5000)])
def test_other_formats_are_unknown(content, tmp_path):
    path = tmp_path / "prescan.oir"
    path.write_bytes(content)
    assert inspect_image(path) == ImageStatus(Verdict.UNKNOWN, "the format '.oir' is not known")


@pytest.mark.parametrize("name", ["ome_tiff", "multipage_tiff", "multipage_bigtiff", "czi", "nd2"])
def test_of_formats_known_by_their_first_bytes_only_the_verdict_counts(name, tmp_path):
    file = genuine_files()[name]
    path = tmp_path / "prescan.lsm"
    path.write_bytes(file.data)
    whole = inspect_image(path)
    assert whole == ImageStatus(whole.verdict, whole.reason)
    assert whole.verdict in {Verdict.COMPLETE, Verdict.OPEN}
    path.write_bytes(file.data[:-100])
    assert inspect_image(path).verdict is Verdict.INCOMPLETE


def test_folders_that_are_no_images_are_unknown(tmp_path):
    assert inspect_image(tmp_path).verdict is Verdict.UNKNOWN


def test_a_missing_file_is_said(tmp_path):
    for inspect in (inspect_image, inspect_image_closely):
        with pytest.raises(FileNotFoundError):
            inspect(tmp_path / "gone.tif")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (PermissionError(13, "Permission denied"), "Permission denied"),
        (OSError(5, "Input/output error"), "Input/output error"),
        (OSError("odd"), "odd"),
    ],
)
def test_a_file_that_may_not_be_read_is_incomplete(error, reason, tmp_path, monkeypatch):
    def refuse(*arguments, **options):
        raise error

    path = tmp_path / "prescan.tif"
    path.write_bytes(b"II*\0")
    monkeypatch.setattr(Path, "open", refuse)
    assert inspect_image(path) == ImageStatus(
        Verdict.INCOMPLETE, f"it cannot be read now ({reason})"
    )


# What looks as if it had not been written


def blank(data, start, n_bytes):
    return data[:start] + bytes(len(data[start : start + n_bytes])) + data[start + n_bytes :]


@pytest.fixture
def stack(tmp_path):
    """A stack of three 16 KiB planes behind each other, at the end of the file."""
    path = tmp_path / "prescan.tif"
    image = noisy_stack((3, 128, 128), "u1")
    with tifffile.TiffWriter(path, imagej=True) as tiff:
        tiff.write(image, metadata={"axes": "ZYX"}, truncate=True)
    return path


@pytest.mark.parametrize(
    ("n_bytes", "verdict", "closely"),
    [
        (0, "complete", "complete"),
        (1, "complete", "suspect"),
        (511, "complete", "suspect"),
        (512, "suspect", "suspect"),
    ],
)
def test_a_blank_end(n_bytes, verdict, closely, stack):
    data = stack.read_bytes()
    stack.write_bytes(blank(data, len(data) - n_bytes, n_bytes) if n_bytes else data)
    assert inspect_image(stack).verdict == verdict
    assert inspect_image_closely(stack).verdict == closely


def test_a_blank_page_in_the_midst_is_found_by_a_close_look(stack):
    data = stack.read_bytes()
    for start in range(PAGE, len(data) - PAGE, PAGE):
        stack.write_bytes(blank(data, start, PAGE))
        status = inspect_image_closely(stack)
        assert status.verdict is Verdict.SUSPECT
        assert status.reason == f"its bytes from {start} to {start + PAGE} are zero"
        assert status.shape == (3, 128, 128)


def test_a_page_that_is_all_but_blank_is_written(stack):
    data = stack.read_bytes()
    for at in (0, 1, 2047, PAGE - 1):
        page = bytearray(PAGE)
        page[at] = 1
        stack.write_bytes(data[: 2 * PAGE] + bytes(page) + data[3 * PAGE :])
        assert inspect_image_closely(stack).verdict is Verdict.COMPLETE


def test_the_last_page_of_a_plane_is_always_looked_at(tmp_path):
    path = tmp_path / "prescan.ome.tif"
    with tifffile.TiffWriter(path, ome=True) as tiff:
        for plane in noisy_stack((3, 128, 128), "u1"):
            tiff.write(plane, photometric="minisblack", contiguous=False, metadata={"axes": "YX"})
    with tifffile.TiffFile(path) as file:
        ends = [page.dataoffsets[0] + page.databytecounts[0] for page in file.pages]
    data = path.read_bytes()
    path.write_bytes(blank(data, ends[1] // PAGE * PAGE - PAGE, PAGE))
    assert inspect_image(path).verdict is Verdict.SUSPECT


def test_suspicion_comes_before_doubt(tmp_path):
    path = tmp_path / "prescan.tif"
    tifffile.imwrite(path, np.zeros((20, 300), "u1"), metadata=None)
    status = inspect_image(path)
    assert status.verdict is Verdict.SUSPECT
    assert status.reason.startswith("its last 512 bytes are zero; nothing in the file says")


def test_a_black_stack_is_only_suspect(tmp_path):
    path = tmp_path / "prescan.ome.tif"
    tifffile.imwrite(path, np.zeros((5, 64, 64), "u2"), metadata={"axes": "ZYX"})
    status = inspect_image_closely(path)
    assert (status.verdict, status.shape) == (Verdict.SUSPECT, (5, 64, 64))


# Damage of any kind


@pytest.fixture
def count_reads(monkeypatch):
    """Count how often the file is read, as a measure of work that does not depend on the time."""
    counts = []
    read = FileView.read

    def counted(self, *arguments):
        counts.append(arguments)
        return read(self, *arguments)

    monkeypatch.setattr(FileView, "read", counted)
    return counts


def mutated(data: bytes, rng: np.random.Generator) -> bytes:
    """Return the file with a few bytes changed, most often near its beginning or end."""
    changed = bytearray(data)
    for _ in range(rng.integers(1, 8)):
        reach = int(rng.choice([200, 2000, len(data)]))
        at = int(rng.integers(0, min(reach, len(data))))
        at = len(data) - 1 - at if rng.random() < 0.4 else at
        kind = rng.integers(0, 5)
        width = int(rng.integers(1, 9))
        if kind == 0:
            changed[at] ^= 1 << int(rng.integers(0, 8))
        elif kind == 1:
            changed[at : at + width] = bytes(len(changed[at : at + width]))
        elif kind == 2:
            changed[at : at + width] = b"\xff" * len(changed[at : at + width])
        elif kind == 3:
            changed[at : at + width] = rng.bytes(len(changed[at : at + width]))
        else:
            other = int(rng.integers(0, len(data)))
            changed[at : at + 16] = data[other : other + 16][: len(changed[at : at + 16])]
    return bytes(changed[: len(data)])


@pytest.mark.parametrize("repeats", [40, pytest.param(4000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", NAMES)
def test_damage_of_any_kind_gives_a_verdict_without_much_work(name, repeats, tmp_path, count_reads):
    file = genuine_files()[name]
    path = tmp_path / f"prescan{file.suffix}"
    rng = np.random.default_rng(len(name))
    for _ in range(repeats):
        path.write_bytes(mutated(file.data, rng))
        count_reads.clear()
        assert isinstance(inspect_image_closely(path), ImageStatus)
        assert len(count_reads) < 500


MAGICS = {
    ".tif": [b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08", b"II+\0\x08\0\0\0\x10\0\0\0\0\0\0\0"],
    ".czi": [b"ZISRAWFILE".ljust(16, b"\0") + b"\0\2\0\0\0\0\0\0" * 2],
    ".nd2": [b"\xda\xce\xbe\x0a\x20\0\0\0\x40\0\0\0\0\0\0\0ND2 FILE SIGNATURE CHUNK NAME01!"],
    ".lif": [b"\x70\0\0\0\x99\0\0\0\x2a\x08\0\0\0"],
    ".h5": [b"\x89HDF\r\n\x1a\n\x03\x08\x08\0", b"\x89HDF\r\n\x1a\n\0\0\0\0\0\x08\x08\0"],
}


@settings(max_examples=300, deadline=None)
@given(data=st.data(), content=st.binary(max_size=600), tail=st.binary(max_size=60))
def test_anything_at_all_gives_a_verdict(tmp_path_factory, data, content, tail):
    suffix = data.draw(st.sampled_from(sorted(MAGICS)))
    magic = data.draw(st.sampled_from([b"", *MAGICS[suffix]]))
    path = tmp_path_factory.getbasetemp() / f"anything{suffix}"
    path.write_bytes(magic + content + tail)
    assert inspect_image_closely(path).verdict in Verdict


@settings(max_examples=200, deadline=None)
@given(
    name=st.sampled_from(NAMES),
    place=st.floats(0, 1),
    how=st.sampled_from(["cut", "allocated", "hole"]),
    pages=st.integers(1, 4),
)
def test_no_wrong_array_looks_whole(tmp_path_factory, name, place, how, pages):
    file = genuine_files()[name]
    path = tmp_path_factory.getbasetemp() / f"mutated{file.suffix}"
    cut = int(place * len(file.data))
    if how == "cut":
        path.write_bytes(file.data[:cut])
    elif how == "allocated":
        path.write_bytes(blank(file.data, cut, len(file.data)))
    else:
        path.write_bytes(blank(file.data, cut // PAGE * PAGE, pages * PAGE))
    if inspect_image_closely(path).verdict is Verdict.COMPLETE:
        assert file.holds(path)


@pytest.mark.skipif(sys.platform == "win32", reason="sparse files are made in another way there")
def test_of_a_huge_file_little_is_read(tmp_path, count_reads):
    path = tmp_path / "prescan.tif"
    plane = noisy_stack((64, 64), "u1")
    tifffile.imwrite(path, plane, metadata=None)
    os.truncate(path, 4 << 30)
    assert inspect_image(path).verdict is Verdict.SUSPECT
    assert sum(length for _, length, _ in count_reads) < 20_000


def test_every_verdict_is_a_word():
    assert [str(verdict) for verdict in Verdict] == [
        "complete", "open", "suspect", "incomplete", "unknown",
    ]  # fmt: skip


def test_no_file_is_left_open(tmp_path, monkeypatch):
    opened = []
    view = image_file.FileView

    def remembering(file, name):
        opened.append(file)
        return view(file, name)

    monkeypatch.setattr(image_file, "FileView", remembering)
    path = tmp_path / "prescan.tif"
    for content in (b"II*\0", genuine_files()["ome_tiff"].data):
        path.write_bytes(content)
        inspect_image(path)
    assert [file.closed for file in opened] == [True, True]
