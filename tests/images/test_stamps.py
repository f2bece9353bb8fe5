import os

import numpy as np
import pytest
import tifffile

from dystrack.images.stamps import FileStamp, file_id, sample, shows_same_image


def test_stamp_of_a_file(tmp_path):
    path = tmp_path / "a.tif"
    path.write_bytes(b"pixels")
    os.utime(path, ns=(5, 123_456_789))
    assert FileStamp.of(path) == FileStamp(6, 123_456_789)


def test_stamp_of_a_folder_notices_what_happens_deep_inside(tmp_path):
    chunk = tmp_path / "a.zarr" / "0" / "1" / "2"
    chunk.parent.mkdir(parents=True)
    chunk.write_bytes(b"pixels")
    before = FileStamp.of(tmp_path / "a.zarr")
    assert before.size == 6
    os.utime(chunk, ns=(0, before.mtime_ns + 1000))
    assert FileStamp.of(tmp_path / "a.zarr").mtime_ns == before.mtime_ns + 1000
    chunk.write_bytes(b"more pixels")
    assert FileStamp.of(tmp_path / "a.zarr").size == 11


def test_stamp_of_a_folder_passes_over_what_vanishes(tmp_path, monkeypatch):
    folder = tmp_path / "a.zarr"
    folder.mkdir()
    (folder / "0").write_bytes(b"pixels")
    walk = [(str(folder), [], ["0", "temporary"])]
    monkeypatch.setattr(os, "walk", lambda path: iter(walk))
    assert FileStamp.of(folder).size == 6


def test_a_new_name_does_not_change_who_a_file_is(tmp_path):
    path = tmp_path / "a.tif"
    path.touch()
    before = file_id(path.stat())
    assert file_id(path.rename(tmp_path / "b.tif").stat()) == before


NOISE = np.random.default_rng(1).integers(1, 255, (4, 40, 50), dtype=np.uint8)
OTHER = NOISE[::-1].copy()


@pytest.mark.parametrize(
    ("before", "now", "is_same"),
    [
        (NOISE[:1], NOISE, True),
        (NOISE[:1], NOISE[:2], True),
        (NOISE, NOISE, True),
        (NOISE, OTHER, False),
        (NOISE[:1], OTHER, False),
        (np.where(np.arange(4)[:, None, None] < 2, NOISE, 0).astype(np.uint8), NOISE, True),
    ],
    ids=["grown", "by a page", "touched", "other", "other and grown", "filled"],
)
def test_the_same_image_is_recognised(before, now, is_same, tmp_path):
    path = tmp_path / "a.tif"
    write_pages(path, before)
    samples = sample(path)
    write_pages(path, now)
    assert shows_same_image(path, samples) is is_same


def write_pages(path, stack):
    with tifffile.TiffWriter(path) as tiff:
        for plane in stack:
            tiff.write(plane, contiguous=False, metadata=None)


def test_nothing_can_be_said_of_blank_files_and_folders(tmp_path):
    path = tmp_path / "a.tif"
    path.write_bytes(bytes(1000))
    assert shows_same_image(path, sample(path)) is None
    assert sample(tmp_path) is None
