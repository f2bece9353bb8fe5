import shutil

import pytest

from dystrack.images.image_file import ImageStatus, Verdict
from dystrack.images.readiness import Aborted, FileStamp, Gone, Ready, Wait
from dystrack.manager.events import FolderLost, FolderReturned, ImageNoticed, ImageVanished
from dystrack.manager.watching.folder import ClockWait
from dystrack.manager.watching.image_names import NameFilter
from dystrack.manager.watching.watcher import Watcher
from fakes import FakeClock, Recorder

WHOLE = ImageStatus(verdict=Verdict.COMPLETE)


class ScriptedArrival:
    """Waits as often as its path's script says, then is whole as of the file's own times."""

    def __init__(self, path, script=()):
        self._path = path
        self._script = list(script)

    def look(self):
        if self._script:
            return self._script.pop(0)
        return Ready(WHOLE, FileStamp.of(self._path))


class Folder:
    """A watched folder on a fake clock."""

    def __init__(self, path):
        self.path = path
        self.clock = FakeClock()
        self.told = Recorder()
        self.scripts = {}
        self.seen = []
        self.enough = None
        (path / "dystrack_journal.jsonl").touch()

    def watcher(self, *, max_checks=5, recurse=False, name_filter=NameFilter(), wait=None):  # noqa: B008
        return Watcher(
            self.path,
            is_target=name_filter.matches,
            recurse=recurse,
            delay_s=1.0,
            max_checks=max_checks,
            new_arrival=lambda path: ScriptedArrival(path, self.scripts.get(path.name, ())),
            should_stop=lambda: len(self.seen) == self.enough,
            tell=self.told,
            clock=self.clock,
            wait=wait or ClockWait(self.clock),
        )

    def plan_file(self, in_s, name, text="x"):
        self.clock.plan(in_s, lambda: self.write(name, text))

    def write(self, name, text="x"):
        path = self.path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path)


def names(images):
    return [image.path.name for image in images]


def test_files_that_are_there_already_are_left_alone(folder):
    folder.write("old.tif")
    watcher = folder.watcher()
    folder.plan_file(0.5, "new.tif")
    assert names(watcher) == ["new.tif"]
    assert (watcher.check_counter, watcher.found_counter) == (5, 1)


def test_checks_come_at_the_pace_of_the_delay(folder):
    started_s = folder.clock.monotonic()
    assert list(folder.watcher(max_checks=4)) == []
    assert folder.clock.monotonic() - started_s == pytest.approx(3.0)


def test_no_checks_at_all(folder):
    assert list(folder.watcher(max_checks=0)) == []


def test_images_come_in_the_order_of_writing_then_of_names(folder):
    watcher = folder.watcher()

    def write_at_once():
        import os

        for name, at_ns in (("b10.tif", 7), ("b9.tif", 7), ("a.tif", 9), ("z.tif", 1)):
            folder.write(name)
            os.utime(folder.path / name, ns=(10**18 + at_ns, 10**18 + at_ns))

    folder.clock.plan(0.5, write_at_once)
    assert names(watcher) == ["z.tif", "b9.tif", "b10.tif", "a.tif"]


def test_a_whole_image_does_not_wait_for_one_that_is_being_written(folder):
    folder.scripts["slow.tif"] = [Wait(0.3, "held")] * 4
    watcher = folder.watcher()
    folder.plan_file(0.5, "slow.tif")
    folder.plan_file(0.6, "quick.tif")
    assert names(watcher) == ["quick.tif", "slow.tif"]


def test_what_was_noticed_is_dealt_with_after_the_last_check(folder):
    folder.scripts["slow.tif"] = [Wait(10, "held")]
    watcher = folder.watcher(max_checks=2)
    folder.plan_file(0.5, "slow.tif")
    assert names(watcher) == ["slow.tif"]
    assert watcher.check_counter == 2


def test_an_image_that_never_becomes_whole_is_passed_on_with_the_reason(folder):
    folder.scripts["cut.tif"] = [Aborted("9 of 21 planes")]
    watcher = folder.watcher()
    folder.plan_file(0.5, "cut.tif")
    (image,) = watcher
    assert image.outcome == Aborted("9 of 21 planes")


def test_a_file_that_goes_away_and_comes_back(folder):
    folder.scripts["a.tif"] = [Gone()]
    watcher = folder.watcher()
    folder.plan_file(0.5, "a.tif")
    folder.clock.plan(1.2, folder.scripts.clear)
    gone, back = watcher
    assert gone.outcome == Gone()
    assert back.path == gone.path
    assert len(folder.told.of(ImageVanished)) == 1
    assert len(folder.told.of(ImageNoticed)) == 2


def test_only_fitting_names_are_targets_but_all_are_counted(folder):
    watcher = folder.watcher(name_filter=NameFilter(start="prescan"))
    for name in ("prescan ä 1.tif", "job_1.tif", "dystrack_coords.txt"):
        folder.plan_file(0.5, name)
    assert names(watcher) == ["prescan ä 1.tif"]
    assert watcher.found_counter == 2


@pytest.mark.parametrize(("recurse", "expected"), [(False, []), (True, ["deep.tif"])])
def test_subfolders(folder, recurse, expected):
    watcher = folder.watcher(recurse=recurse)
    folder.plan_file(0.5, "sub/deep.tif")
    assert names(watcher) == expected
    assert watcher.found_counter == len(expected)


@pytest.mark.parametrize("recurse", [False, True])
def test_a_zarr_folder_is_one_image(folder, recurse):
    watcher = folder.watcher(recurse=recurse)
    folder.plan_file(0.5, "a.ome.zarr/zarr.json")
    assert names(watcher) == ["a.ome.zarr"]


def test_a_folder_that_goes_away_is_waited_for(folder, tmp_path_factory):
    watcher = folder.watcher(max_checks=8)
    folder.write("old.tif")
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "share"
    folder.clock.plan(1.5, lambda: shutil.move(folder.path, elsewhere))
    folder.clock.plan(4.5, lambda: (elsewhere / "late.tif").write_text("x"))
    folder.clock.plan(4.6, lambda: shutil.move(elsewhere, folder.path))
    assert names(watcher) == ["old.tif", "late.tif"]
    assert len(folder.told.of(FolderLost)) == len(folder.told.of(FolderReturned)) == 1


def test_an_empty_mount_point_does_not_make_old_files_new(folder, tmp_path_factory):
    folder.write("old.tif")
    watcher = folder.watcher(max_checks=8)
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "share"

    def drop_out():
        shutil.move(folder.path, elsewhere)
        folder.path.mkdir()

    def come_back():
        folder.path.rmdir()
        shutil.move(elsewhere, folder.path)

    folder.clock.plan(1.5, drop_out)
    folder.clock.plan(4.5, come_back)
    assert names(watcher) == []
    assert len(folder.told.of(FolderLost)) == len(folder.told.of(FolderReturned)) == 1


def test_a_stop_ends_between_two_images(folder):
    watcher = folder.watcher(max_checks=None)
    folder.plan_file(0.5, "a.tif")
    folder.plan_file(0.5, "b.tif")
    folder.enough = 1
    folder.seen.extend(image.path.name for image in watcher)
    assert folder.seen == ["a.tif"]


def test_an_image_that_was_changed_is_looked_at_again(folder):
    watcher = folder.watcher()
    folder.plan_file(0.5, "a.tif")
    attempts = []
    for image in watcher:
        attempts.append(image.attempt)
        if image.attempt < 3:
            watcher.look_again(image)
    assert attempts == [1, 2, 3]


def waking(folder, *names):
    """Return a wait that writes a file and reports it, and after that only rests."""
    left = list(names)

    def wait(seconds):
        folder.clock.sleep(seconds)
        if not left:
            return set()
        name = left.pop(0)
        folder.write(name)
        return {folder.path / name}

    return wait


def test_a_change_in_the_folder_ends_the_rest(folder):
    watcher = folder.watcher(max_checks=2, wait=waking(folder, "woken.tif"))
    image = next(iter(watcher))
    assert image.path.name == "woken.tif"
    assert image.noticed_s < 1001
    assert watcher.check_counter == 1


def test_what_was_reported_is_not_noticed_again_by_the_listing(folder):
    watcher = folder.watcher(wait=waking(folder, "a.tif", "a.tif", "dystrack_coords.txt"))
    assert names(watcher) == ["a.tif"]
    assert watcher.found_counter == 1


@pytest.mark.parametrize(("recurse", "expected"), [(False, []), (True, ["b.tif"])])
def test_a_reported_folder_is_listed_where_subfolders_count(folder, recurse, expected):
    def wait(seconds):
        folder.clock.sleep(seconds)
        folder.write("sub/b.tif")
        return {folder.path / "sub"}

    watcher = folder.watcher(max_checks=1, recurse=recurse, wait=wait)
    watcher._max_checks = None
    folder.enough = len(expected)
    for image in watcher:
        folder.seen.append(image.path.name)
    assert folder.seen == expected


def test_parts_of_a_zarr_image_are_not_images(folder):
    watcher = folder.watcher(recurse=True, wait=waking(folder, "a.zarr/0", "b.tif"))
    assert sorted(names(watcher)) == ["a.zarr", "b.tif"]


def test_a_report_by_another_name_of_the_folder(folder):
    def wait(seconds):
        folder.clock.sleep(seconds)
        folder.write("a.tif")
        return {folder.path.parent.parent / "elsewhere" / "a.tif"}

    assert names(folder.watcher(max_checks=2, wait=wait)) == ["a.tif"]


@pytest.mark.parametrize(("age_s", "n_listings"), [(0, 9), (1000, 4)])
def test_an_unchanged_folder_is_listed_only_now_and_then(folder, monkeypatch, age_s, n_listings):
    import os
    import time

    from dystrack.manager.watching import folder as folders

    listings = []
    real = folders.list_names
    monkeypatch.setattr(
        folders, "list_names", lambda *args, **kw: (listings.append(1), real(*args, **kw))[1]
    )
    watcher = folder.watcher(max_checks=8)
    os.utime(folder.path, (time.time() - age_s,) * 2)
    assert list(watcher) == []
    assert len(listings) == n_listings


def test_a_folder_that_cannot_be_looked_at_is_listed(folder):
    watcher = folder.watcher()
    folder.path.rename(folder.path.with_name("away"))
    assert watcher._may_have_changed()
