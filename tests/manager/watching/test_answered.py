import numpy as np
import pytest
import tifffile

from dystrack.images.folder_habits import FolderHabits
from dystrack.images.image_file import inspect_image
from dystrack.images.outcomes import Ready
from dystrack.images.stamps import FileStamp, file_id
from dystrack.manager.events import AnsweredTooEarly
from dystrack.manager.watching.answered import AnsweredImages, Change
from fakes import FakeClock, Recorder

NOISE = np.random.default_rng(1).integers(1, 255, (5, 40, 50), dtype=np.uint8)
DARK = np.zeros((5, 64, 64), np.uint8)


class Scene:
    """A prescan that was answered."""

    def __init__(self, folder):
        self.path = folder / "prescan_1.tif"
        self.habits = FolderHabits()
        self.clock = FakeClock()
        self.told = Recorder()
        self.images = AnsweredImages(folder, self.habits, lambda name: "7", self.told, self.clock)

    def write_pages(self, stack):
        """Write a file that says nothing about its number of pages."""
        with tifffile.TiffWriter(self.path) as tiff:
            for plane in stack:
                tiff.write(plane, contiguous=False, metadata=None)

    def answer(self):
        ready = Ready(inspect_image(self.path), FileStamp.of(self.path))
        self.images.add(self.path.name, ready, file_id(self.path.stat()))

    def look(self):
        return self.images.look_at(self.path.name)


@pytest.fixture
def scene(tmp_path):
    return Scene(tmp_path)


def test_a_file_that_goes_on_growing_is_told_once_and_corrects_the_expectation(scene):
    scene.write_pages(NOISE[:1])
    scene.answer()
    for n_planes in (2, 3, 5):
        scene.write_pages(NOISE[:n_planes])
        assert scene.look() is Change.WENT_ON
        assert scene.look() is Change.NONE
    assert scene.habits.files_grow
    assert scene.habits.expected_planes("7", 1) == 5
    assert scene.told.events == [
        AnsweredTooEarly(path=str(scene.path), position="7", planes_read=1, planes_now=2)
    ]


def test_the_planes_of_a_file_that_does_not_count_them_are_noted(scene):
    scene.write_pages(NOISE)
    scene.answer()
    assert scene.habits.most_planes == scene.habits.expected_planes("7", None) == 5
    assert not scene.habits.files_grow


def test_a_file_that_is_cut_just_now_is_looked_at_again(scene):
    scene.write_pages(NOISE[:2])
    scene.answer()
    scene.write_pages(NOISE)
    whole = scene.path.read_bytes()
    scene.path.write_bytes(whole[:-900])
    assert scene.look() is Change.NONE
    scene.path.write_bytes(whole)
    assert scene.look() is Change.WENT_ON


def test_a_dark_file_that_is_filled_ends_the_trust(scene):
    scene.habits.note_unchanged(inspect_image_verdict(scene, DARK))
    tifffile.imwrite(scene.path, DARK, imagej=True)
    scene.answer()
    filled = DARK.copy()
    filled[0] = 9
    tifffile.imwrite(scene.path, filled, imagej=True)
    assert scene.look() is Change.WENT_ON
    for _ in range(3):
        scene.habits.note_unchanged(inspect_image_verdict(scene, DARK))
    assert not scene.habits.suspects_stay
    assert len(scene.told.of(AnsweredTooEarly)) == 1


def inspect_image_verdict(scene, stack):
    path = scene.path.with_name("other.tif")
    tifffile.imwrite(path, stack, imagej=True)
    return inspect_image(path).verdict


@pytest.mark.parametrize(("stack", "habit"), [(DARK, "suspects_stay"), (DARK + 9, "files_stay")])
def test_three_files_that_stay_for_10_s_are_a_habit(stack, habit, scene):
    for i in range(3):
        scene.path = scene.path.with_name(f"prescan_{i}.tif")
        tifffile.imwrite(scene.path, stack, imagej=True)
        scene.answer()
        scene.clock.sleep(9.0)
        assert scene.look() is Change.NONE
        assert not getattr(scene.habits, habit)
        scene.clock.sleep(1.0)
        scene.look()
        scene.look()
    assert getattr(scene.habits, habit)


def test_only_the_last_ones_are_looked_at_without_a_reason(scene):
    for i in range(100):
        scene.path = scene.path.with_name(f"prescan_{i}.tif")
        scene.path.write_bytes(b"x")
        scene.answer()
    assert scene.images.recent() == [f"prescan_{i}.tif" for i in range(99, 67, -1)]


def test_a_prescan_that_was_renamed_is_known(scene):
    scene.write_pages(NOISE)
    scene.answer()
    link = scene.path.with_name("link.tif")
    link.hardlink_to(scene.path)
    assert not scene.images.knows_under_another_name(link.stat())
    scene.path.unlink()
    assert scene.images.knows_under_another_name(link.stat())
    link.write_bytes(b"other")
    assert not scene.images.knows_under_another_name(link.stat())


def test_what_is_not_known_or_not_there_says_nothing(scene):
    assert scene.look() is Change.NONE
    scene.write_pages(NOISE)
    scene.answer()
    scene.path.unlink()
    assert scene.look() is Change.NONE
