import shutil

import pytest

from dystrack.images.folder_habits import FolderHabits
from dystrack.images.image_file import ImageStatus, Verdict
from dystrack.images.outcomes import Aborted, Gone, Ready, Wait
from dystrack.images.stamps import FileStamp
from dystrack.manager.events import (
    FolderLost,
    FolderReturned,
    ImageNoticed,
    ImageRenamed,
    ImagesIgnored,
    ImageVanished,
    PrescansMissing,
    Warned,
)
from dystrack.manager.watching.folder import ClockWait
from dystrack.manager.watching.image_names import NameFilter, PositionPattern
from dystrack.manager.watching.watcher import Watcher
from fakes import FakeClock, Recorder, write_prescan

WHOLE = ImageStatus(verdict=Verdict.COMPLETE, n_planes=5)


class ScriptedArrival:
    """Waits as often as its path's script says, then is complete as of the file's own times."""

    def __init__(self, path, script=()):
        self._path = path
        self._script = list(script)

    def look(self):
        if not self._path.exists():
            return Gone()
        return self._script.pop(0) if self._script else Ready(WHOLE, FileStamp.of(self._path))


class Folder:
    """A watched folder on a fake clock."""

    def __init__(self, path):
        self.path = path
        self.clock = FakeClock()
        self.told = Recorder()
        self.scripts = {}
        self.habits = FolderHabits()
        self.seen = []
        self.enough = None
        (path / "dystrack_journal.jsonl").touch()

    def watcher(self, *, max_checks=5, recurse=False, name_filter=NameFilter(), wait=None):  # noqa: B008
        return Watcher(
            self.path,
            name_filter=name_filter,
            naming=PositionPattern(),
            recurse=recurse,
            delay_s=1.0,
            max_checks=max_checks,
            new_arrival=lambda path, is_new: ScriptedArrival(path, self.scripts.get(path.name, ())),
            habits=self.habits,
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


def test_images_of_one_listing_come_in_the_order_of_writing_then_of_names(folder):
    watcher = folder.watcher()

    def write_at_once():
        import os

        for name, at_ns in (("b10.tif", 7), ("b9.tif", 7), ("a.tif", 9), ("z.tif", 1)):
            folder.write(name)
            os.utime(folder.path / name, ns=(10**18 + at_ns, 10**18 + at_ns))

    folder.clock.plan(0.5, write_at_once)
    assert names(watcher) == ["z.tif", "b9.tif", "b10.tif", "a.tif"]


@pytest.mark.parametrize("kind", [Ready, Aborted, Gone])
def test_a_later_prescan_waits_for_an_earlier_one(kind, folder):
    folder.scripts["slow.tif"] = [Wait(0.3, "held")] * 5
    if kind is Aborted:
        folder.scripts["slow.tif"].append(Aborted("9 of 21 planes"))
    if kind is Gone:
        folder.clock.plan(2.2, (folder.path / "slow.tif").unlink)
    watcher = folder.watcher(max_checks=8)
    folder.plan_file(0.5, "slow.tif")
    folder.plan_file(1.6, "quick.tif")
    found = list(watcher)
    assert [(image.path.name, type(image.outcome)) for image in found] == [
        ("slow.tif", kind),
        ("quick.tif", Ready),
    ]


def test_an_earlier_one_that_is_written_last_comes_first_all_the_same(folder):
    folder.scripts["first.tif"] = [Wait(2.0, "held")]
    watcher = folder.watcher(max_checks=8)
    folder.plan_file(0.5, "first.tif")
    folder.plan_file(1.5, "second.tif")
    folder.plan_file(2.6, "first.tif", "longer")
    assert names(watcher) == ["first.tif", "second.tif"]


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


def test_a_prescan_that_is_deleted_is_yielded_as_gone(folder):
    folder.scripts["a.tif"] = [Wait(0.2, "held")] * 3
    watcher = folder.watcher()
    folder.plan_file(0.5, "a.tif")
    folder.clock.plan(1.1, (folder.path / "a.tif").unlink)
    folder.plan_file(3.5, "a.tif")
    assert [type(image.outcome) for image in watcher] == [Gone, Ready]
    assert len(folder.told.of(ImageVanished)) == 1
    assert len(folder.told.of(ImageNoticed)) == 2


def test_a_prescan_that_is_deleted_and_soon_written_anew_is_one(folder):
    folder.scripts["a.tif"] = [Wait(0.2, "held")] * 3
    watcher = folder.watcher()
    folder.plan_file(0.5, "a.tif")
    folder.clock.plan(1.1, (folder.path / "a.tif").unlink)
    folder.plan_file(1.9, "a.tif")
    assert [type(image.outcome) for image in watcher] == [Ready]


def test_a_prescan_that_is_renamed_before_it_is_whole_is_one(folder):
    folder.scripts["a_tmp.tif"] = [Wait(0.2, "held")] * 9
    watcher = folder.watcher()
    folder.plan_file(0.5, "a_tmp.tif")
    folder.plan_file(0.6, "b.tif")
    folder.clock.plan(1.3, lambda: (folder.path / "a_tmp.tif").rename(folder.path / "c.tif"))
    assert names(watcher) == ["c.tif", "b.tif"]
    (renamed,) = folder.told.of(ImageRenamed)
    assert renamed.path.endswith("c.tif")
    assert watcher.found_counter == 2


def test_a_prescan_that_gets_a_name_which_is_none_is_gone(folder):
    folder.scripts["a.tif"] = [Wait(0.2, "held")] * 9
    watcher = folder.watcher(name_filter=NameFilter(end=".tif"))
    folder.plan_file(0.5, "a.tif")
    folder.clock.plan(1.3, lambda: (folder.path / "a.tif").rename(folder.path / "a.bak"))
    assert [type(image.outcome) for image in watcher] == [Gone]


def test_the_number_of_a_deleted_file_is_used_again(folder):
    folder.scripts["a.tif"] = [Wait(0.1, "held")] * 9
    watcher = folder.watcher()
    folder.plan_file(0.5, "a.tif")
    folder.clock.plan(1.3, (folder.path / "a.tif").unlink)
    folder.plan_file(1.6, "b.tif")
    assert [(i.path.name, type(i.outcome)) for i in watcher] == [("a.tif", Gone), ("b.tif", Ready)]


def test_a_prescan_that_was_answered_and_then_renamed_is_not_answered_again(folder):
    watcher = folder.watcher(max_checks=8)
    for i in range(6):
        tmp, final = folder.path / f"{i}_tmp.tif", folder.path / f"{i}.tif"
        folder.plan_file(0.1 + i, tmp.name, f"pixels {i}")
        folder.clock.plan(0.95 + i, lambda tmp=tmp, final=final: tmp.rename(final))
    watcher._wait = watching_events(folder)
    assert names(watcher) == [f"{i}_tmp.tif" for i in range(6)]
    assert folder.told.of(ImagesIgnored)[0].reason.endswith("under another name")


def watching_events(folder):
    """Return a wait that reports every change of the folder at once, as systems do."""

    def wait(seconds):
        before = set(folder.path.iterdir())
        folder.clock.sleep(seconds)
        return set(folder.path.iterdir()) - before

    return wait


def test_only_fitting_names_are_targets_but_all_are_counted(folder):
    watcher = folder.watcher(name_filter=NameFilter(start="prescan"))
    for name in ("prescan ä 1.tif", "job_1.tif", "dystrack_coords.txt", "prescan.tif.part"):
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
    assert watcher._listing.is_due()


def test_what_the_pipeline_writes_beside_its_prescan_is_ignored(folder):
    watcher = folder.watcher(max_checks=8)
    for i in (1, 2, 10):
        folder.plan_file(0.5 + i / 2, f"prescan_{i}.tif", f"pixels {i}")
    seen = []
    for image in watcher:
        seen.append(image.path.name)
        folder.write(f"{image.path.stem}_m.tif")
        folder.write(f"{image.path.stem}_overlay.tif")
    assert seen == ["prescan_1.tif", "prescan_2.tif", "prescan_10.tif"]
    assert folder.told.of(ImagesIgnored)[0] == ImagesIgnored(
        reason="were written by the pipeline beside its prescan",
        names=("prescan_1_m.tif", "prescan_1_overlay.tif"),
        count=2,
    )


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("prescan_1.tif", "prescan_10.tif"),
        ("scan.tif", "scan_1.tif"),
        ("fish_1.tif", "fish_2_overview.tif"),
    ],
)
def test_a_prescan_that_comes_during_the_analysis_is_not_the_pipelines(first, second, folder):
    watcher = folder.watcher()
    folder.plan_file(0.5, first)
    seen = []
    for image in watcher:
        if image.path.name == first:
            folder.write(second, "other pixels")
        seen.append(image.path.name)
    assert seen == [first, second]


def test_names_like_those_of_prescans_are_never_the_pipelines(folder):
    watcher = folder.watcher()
    folder.plan_file(0.5, "a_1_left.tif")
    folder.plan_file(1.5, "a_2.tif")
    seen = []
    for image in watcher:
        if image.path.name == "a_2.tif":
            folder.write("a_2_left.tif")
        seen.append(image.path.name)
    assert seen == ["a_1_left.tif", "a_2.tif", "a_2_left.tif"]


# What is said of files that are ignored


def test_files_that_do_not_fit_are_told_once_for_each_kind(folder):
    watcher = folder.watcher(name_filter=NameFilter(start="prescan", end=".tif"), max_checks=8)
    for in_s, name in ((0.5, "prescan_1.czi"), (0.5, "prescan_2.czi"), (0.6, "job_1.tif")):
        folder.plan_file(in_s, name)
    for i in range(3, 11):
        folder.plan_file(1.5, f"prescan_{i}.czi")
    assert names(watcher) == []
    assert [(e.reason, e.count) for e in folder.told.of(ImagesIgnored)] == [
        ("do not end with .tif", 2),
        ("do not start with prescan", 1),
        ("do not end with .tif", 10),
    ]
    assert folder.told.of(ImagesIgnored)[0].names == ("prescan_1.czi", "prescan_2.czi")


@pytest.mark.parametrize("is_there_before", [True, False])
def test_prescans_in_a_subfolder_are_told(is_there_before, folder):
    if is_there_before:
        folder.write("sub/old.tif")
    watcher = folder.watcher()
    folder.plan_file(1.5, "sub/prescan_1.tif")
    folder.plan_file(2.5, "sub/prescan_2.tif")
    assert names(watcher) == []
    (ignored,) = folder.told.of(ImagesIgnored)
    assert ignored.names == ("sub/prescan_1.tif",)
    assert "--recurse" in ignored.reason


def test_a_folder_image_is_no_subfolder(folder):
    folder.write("old.zarr/a.tif")
    watcher = folder.watcher()
    folder.plan_file(0.5, "old.zarr/b.tif")
    list(watcher)
    assert folder.told.of(ImagesIgnored) == []


def test_a_silence_of_three_usual_intervals_is_told_once(folder):
    watcher = folder.watcher(max_checks=200)
    for time_point in range(4):
        for position in (1, 2):
            at_s = 0.5 + 20 * time_point + 3 * position
            folder.plan_file(at_s, f"t{time_point}_p{position}.tif", f"{at_s}")
    told_at_s = []
    tell = folder.told.__call__

    def note(event):
        tell(event)
        if isinstance(event, PrescansMissing):
            told_at_s.append(folder.clock.monotonic() - 1000)

    watcher._tell = note
    list(watcher)
    (missing,) = folder.told.of(PrescansMissing)
    assert missing.usual_s == pytest.approx(20, abs=1.1)
    assert missing.silent_s == pytest.approx(60, abs=3)
    assert told_at_s == [pytest.approx(127, abs=3)]


def test_the_first_name_without_a_position_is_told_and_a_pattern_offered(folder):
    watcher = folder.watcher()
    folder.plan_file(0.5, "p-embryo1-x.czi", "1")
    folder.plan_file(1.5, "p-embryo2-x.czi", "2")
    folder.plan_file(2.5, "p-embryo3-x.czi", "3")
    list(watcher)
    first, offer = [event.message for event in folder.told.of(Warned)]
    assert "p-embryo1-x.czi tells no position" in first
    assert '--position_pattern "-embryo(?P<position>\\d+)"' in offer


# What becomes of prescans after their answer


@pytest.mark.parametrize("way", ["overwritten", "replaced", "deleted and rewritten"])
def test_the_same_name_again_is_a_new_prescan(way, folder):
    watcher = folder.watcher(max_checks=20)
    folder.plan_file(0.5, "prescan.tif", "pixels 0")

    def write_again(i):
        path = folder.path / "prescan.tif"
        if way == "replaced":
            path.rename(folder.path / "old.bak")
        elif way != "overwritten":
            path.unlink()
        folder.write("prescan.tif", f"{i} other {i} pixels {i}" * 9)

    for i in range(1, 12):
        folder.clock.plan(0.5 + 1.2 * i, lambda i=i: write_again(i))
    assert names(watcher) == ["prescan.tif"] * 12


def test_a_file_that_is_touched_is_told_and_not_answered_again(folder):
    watcher = folder.watcher()
    folder.clock.plan(0.5, lambda: write_prescan(folder.path / "prescan.tif"))
    folder.clock.plan(2.5, (folder.path / "prescan.tif").touch)
    assert names(watcher) == ["prescan.tif"]
    assert "same pixels" in folder.told.of(ImagesIgnored)[0].reason


# Long lines


def test_a_backlog_is_yielded_the_oldest_first_and_only_its_front_is_looked_at(folder):
    import os

    for i in range(200):
        folder.write(f"prescan_{i}.tif")
        os.utime(folder.path / f"prescan_{i}.tif", ns=(0, 10**18 + (i * 77) % 200))
    (folder.path / "dangling.tif").symlink_to(folder.path / "nothing")
    watcher = folder.watcher()
    looked_at = []
    make = watcher._new_arrival
    watcher._new_arrival = lambda path, is_new: (
        looked_at.append((path, is_new)),
        make(path, is_new),
    )[1]
    order = [(i * 77) % 200 for i in range(200)]
    existing = watcher.existing_names()
    assert existing == [f"prescan_{order.index(k)}.tif" for k in range(200)]
    watcher.expect(existing)
    first = next(iter(watcher))
    assert first.path.name == "prescan_0.tif"
    assert looked_at == [(first.path, False)]
    assert len(folder.told.of(ImageNoticed)) == 1
    assert not watcher.is_idle
    rest = [image.path.name for image in watcher]
    assert rest == existing[1:]


def test_files_that_need_rest_rest_at_the_same_time(folder):
    for i in range(10):
        folder.write(f"{i}.tif")
        folder.scripts[f"{i}.tif"] = [Wait(1.0, "rests")] * 2
    watcher = folder.watcher()
    watcher.expect(watcher.existing_names())
    assert len(names(watcher)) == 10
    assert folder.clock.monotonic() < 1005
