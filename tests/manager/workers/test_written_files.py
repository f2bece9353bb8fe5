"""Which files a pipeline writes, as far as Python says."""

import os
import threading
from pathlib import Path

import numpy as np
import pytest
import tifffile

from dystrack.manager.workers.written_files import written_files


def by_a_temporary_name(path):
    part = path.with_name("part")
    part.write_bytes(b"x")
    os.replace(part, path)  # noqa: PTH105 - one of the ways


def by_the_system(path):
    os.close(os.open(path, os.O_CREAT | os.O_RDWR))


WAYS = [
    lambda path: path.write_text("x"),
    lambda path: np.save(path, np.zeros(3)),
    lambda path: tifffile.imwrite(path, np.zeros((3, 4), np.uint8)),
    lambda path: path.open("ab").close(),
    by_a_temporary_name,
    by_the_system,
]


@pytest.mark.parametrize("write", WAYS)
def test_whoever_writes_is_heard(write, tmp_path):
    path = tmp_path / "mask.npy"
    with written_files() as written:
        write(path)
    assert str(path) in written


def test_names_are_made_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with written_files() as written:
        Path("mask.tif").write_text("x")
    assert written == {str(tmp_path / "mask.tif")}


def test_neither_reading_nor_another_thread_nor_what_comes_later_counts(tmp_path):
    path = tmp_path / "prescan.tif"
    path.write_text("x")
    with written_files() as written:
        path.read_text()
        microscope = threading.Thread(target=path.write_text, args=("y",))
        microscope.start()
        microscope.join()
    path.write_text("z")
    assert written == set()
