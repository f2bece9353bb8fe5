"""Writers that close their files before they are finished, or rest for long while they write.

The files and the question who writes are real, the time is not.
"""

import os
import random
from pathlib import Path

import numpy as np
import pytest
import tifffile

from dystrack.core.coordinates import VoxelSize
from dystrack.images import write_lock
from dystrack.images.folder_habits import FolderHabits
from dystrack.images.outcomes import Aborted, Ready
from dystrack.images.readiness import ImageArrival
from dystrack.manager.events import AnsweredTooEarly
from dystrack.manager.watching.folder import ClockWait
from dystrack.manager.watching.image_names import NameFilter, PositionPattern
from dystrack.manager.watching.watcher import Watcher
from dystrack.scopes.writing.writers import SUFFIXES, encode
from fakes import FakeClock, Recorder

LONGEST_PAUSE_S = 3.5
SHAPE = (6, 96, 128)  # planes of 12 KiB
N_POSITIONS = 2


def filled_through_memory(path, image, rng):
    """Save zeros, close, open again as memory, and fill it plane by plane in any order."""
    tifffile.imwrite(path, np.zeros_like(image), imagej=True, metadata={"axes": "ZYX"})
    yield
    memory = tifffile.memmap(path, mode="r+")
    for index in rng.sample(range(len(image)), len(image)):
        memory[index] = image[index]
        memory.flush()
        yield
    memory._mmap.close()


def preallocated_and_closed(path, image, rng):
    """Make a file of the final size, and open it anew for each piece, in any order."""
    data = encoded(path, image)
    path.write_bytes(bytes(len(data)))
    yield
    for start in shuffled_starts(data, rng):
        with path.open("r+b") as file:
            file.seek(start)
            file.write(data[start : start + len(data) // 6 + 1])
        yield


def closed_after_each_page(path, image, rng):
    """Append page by page to a TIFF that says nothing about their number."""
    for plane in image:
        tifffile.imwrite(path, plane, append=True, contiguous=False, metadata=None)
        yield


def held_in_random_order(path, image, rng):
    """Keep the file open, and write its pieces in any order."""
    data = encoded(path, image)
    with path.open("wb") as file:
        for start in shuffled_starts(data, rng):
            file.seek(start)
            file.write(data[start : start + len(data) // 6 + 1])
            file.flush()
            yield


def encoded(path, image):
    file_format = next(name for name, suffix in SUFFIXES.items() if path.name.endswith(suffix))
    return encode(file_format, image, VoxelSize(2.0, 0.5, 0.5))


def shuffled_starts(data, rng):
    starts = list(range(0, len(data), len(data) // 6 + 1))
    return rng.sample(starts, len(starts))


WRITERS = {
    "filled through memory": (filled_through_memory, (".tif",)),
    "preallocated and closed": (preallocated_and_closed, (".ome.tif", ".czi", ".nd2")),
    "closed after each page": (closed_after_each_page, (".tiff",)),
    "held, in random order": (held_in_random_order, (".ome.tif", ".czi", ".nd2")),
}


class Microscope:
    """Writes prescans on a fake clock, one after the other, with pauses of any length."""

    def __init__(self, folder, writer, clock, rng):
        self.folder = folder
        self.write, self.suffixes = WRITERS[writer]
        self.clock = clock
        self.rng = rng
        self.images = {}
        self.finished = {}
        self.is_done = False

    def start(self, n_prescans):
        self.steps = self.all_steps(n_prescans)
        self.clock.plan(0.3, self.go_on)

    def all_steps(self, n_prescans):
        noise = np.random.default_rng(self.rng.randrange(10**9))
        for i in range(n_prescans):
            suffix = self.suffixes[i % len(self.suffixes)]
            path = self.folder / f"t{i // N_POSITIONS}_p{i % N_POSITIONS}{suffix}"
            image = noise.integers(1, 255, SHAPE, dtype=np.uint8)
            for _ in self.write(path, image, self.rng):
                yield path, self.rng.choice((0.0, self.rng.uniform(0.0, LONGEST_PAUSE_S)))
            self.finished[path.name] = path.read_bytes()
            yield None, 60.0
        self.is_done = True

    def go_on(self):
        for path, pause_s in self.steps:
            if path is not None:
                now_ns = int(self.clock.time() * 1e9)
                os.utime(path, ns=(now_ns, now_ns))
            self.clock.plan(pause_s, self.go_on)
            return


def track(folder, writer, is_being_written, n_prescans, seed):
    """Return what was read of each prescan, what it was in the end, and what was told."""
    clock, told, habits = FakeClock(), Recorder(), FolderHabits()
    microscope = Microscope(folder, writer, clock, random.Random(seed))
    planes = {}
    (folder / "dystrack_journal.jsonl").touch()

    def new_arrival(path, is_new):
        position = PositionPattern().label(path.name).position
        return ImageArrival(
            path,
            expected_planes=planes.get(position),
            position=position,
            habits=habits,
            is_new=is_new,
            clock=clock,
            is_being_written=is_being_written,
        )

    watcher = Watcher(
        folder,
        name_filter=NameFilter(),
        naming=PositionPattern(),
        recurse=False,
        delay_s=0.05,
        max_checks=None,
        new_arrival=new_arrival,
        habits=habits,
        should_stop=lambda: microscope.is_done,
        tell=told,
        clock=clock,
        wait=ClockWait(clock),
    )
    microscope.start(n_prescans)
    read = {}
    for image in watcher:
        assert not isinstance(image.outcome, Aborted), image
        assert isinstance(image.outcome, Ready)
        assert image.path.name not in read
        read[image.path.name] = image.path.read_bytes()
        planes[PositionPattern().label(image.path.name).position] = image.outcome.status.n_planes
    return read, microscope.finished, told


@pytest.mark.parametrize("n_prescans", [6, pytest.param(125, marks=pytest.mark.slow)])
@pytest.mark.parametrize("knows_who_writes", [True, False])
@pytest.mark.parametrize("writer", WRITERS)
def test_no_unfinished_file_is_read(tmp_path, writer, knows_who_writes, n_prescans):
    probe = tmp_path / "probe"
    probe.touch()
    if knows_who_writes and write_lock.is_being_written(probe) is None:
        pytest.skip("this file system does not say who writes")
    folder = tmp_path / "watched"
    folder.mkdir()
    ask = write_lock.is_being_written if knows_who_writes else write_lock._cannot_know
    read, finished, told = track(folder, writer, ask, n_prescans, seed=n_prescans)
    assert read.keys() == finished.keys()
    assert len(read) == n_prescans
    wrong = [name for name in read if read[name] != finished[name]]
    if writer == "closed after each page":
        assert wrong in ([], ["t0_p0.tiff"])
        assert [Path(e.path).name for e in told.of(AnsweredTooEarly)] == wrong
    else:
        assert wrong == []
