import os

import pytest

from dystrack.core.errors import ConfigurationError, FolderError
from dystrack.manager.watching.image_names import NameFilter
from dystrack.tools.rehearsal.recordings import LONGEST_GAP_S, Recording, find_recordings, pauses_s

ALL = NameFilter()


def record(folder, name, written_s=1000.0):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"II*\0")
    os.utime(path, (written_s, written_s))
    return path


def names(recordings):
    return [recording.name for recording in recordings.prescans]


def test_recordings_come_in_the_order_of_writing_then_of_names(tmp_path):
    for name, written_s in (("a_10.tif", 5), ("a_9.tif", 5), ("z.czi", 3), ("b.nd2", 7)):
        record(tmp_path, name, written_s)
    assert names(find_recordings(tmp_path, ALL)) == ["z.czi", "a_9.tif", "a_10.tif", "b.nd2"]


def test_without_a_rule_all_images_are_prescans(tmp_path):
    for name in ("a.tif", "notes.txt", "b.TIFF", "dystrack_coords.txt", "c.tif.part"):
        record(tmp_path, name)
    found = find_recordings(tmp_path, ALL)
    assert names(found) == ["a.tif", "b.TIFF"]
    assert found.left_out == ("notes.txt",)


def test_with_a_rule_it_alone_decides(tmp_path):
    for name in ("prescan_1.czi", "prescan_1.xml", "job_1.czi"):
        record(tmp_path, name)
    found = find_recordings(tmp_path, NameFilter(regex="prescan.*"))
    assert sorted(names(found)) == ["prescan_1.czi", "prescan_1.xml"]
    assert found.left_out == ()


@pytest.mark.parametrize(
    ("recurse", "expected"), [(False, ["a.tif"]), (True, ["a.tif", "sub/b.tif"])]
)
def test_subfolders_count_if_wanted(tmp_path, recurse, expected):
    record(tmp_path, "a.tif")
    record(tmp_path, "sub/b.tif")
    found = names(find_recordings(tmp_path, ALL, recurse=recurse))
    assert [name.replace(os.sep, "/") for name in found] == expected


def test_images_may_be_folders(tmp_path):
    (tmp_path / "a.ome.zarr").mkdir()
    assert names(find_recordings(tmp_path, ALL)) == ["a.ome.zarr"]


@pytest.mark.parametrize(
    ("files", "rule", "complaint"),
    [
        ([], ALL, "There are no files in"),
        (["a.doc", "b.xml"], ALL, r"None of the 2 files .* knows \(a.doc, b.xml\)"),
        (["a.tif"], NameFilter(start="pre", end=".czi"), "by file_start 'pre', file_end '.czi'"),
        ([f"{i}.tif" for i in range(5)], NameFilter(regex="x"), r"\(0.tif, 1.tif, 2.tif, …\)"),
    ],
)
def test_nothing_to_replay_is_explained(tmp_path, files, rule, complaint):
    for name in files:
        record(tmp_path, name)
    with pytest.raises(ConfigurationError, match=complaint):
        find_recordings(tmp_path, rule)


def test_a_folder_that_is_none_is_refused(tmp_path):
    with pytest.raises(FolderError, match="does not exist"):
        find_recordings(tmp_path / "none", ALL)
    file = record(tmp_path, "a.tif")
    with pytest.raises(FolderError, match="is not a folder"):
        find_recordings(file, ALL)


def test_a_folder_that_cannot_be_read_is_refused(tmp_path, monkeypatch):
    def denied(folder, *, recurse):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("dystrack.tools.rehearsal.recordings.list_names", denied)
    with pytest.raises(FolderError, match=r"cannot be read.*Permission denied"):
        find_recordings(tmp_path, ALL)


@pytest.mark.parametrize(
    ("interval_s", "expected"),
    [(None, [0.0, 2.0, LONGEST_GAP_S, 0.0]), (0.0, [0.0] * 4), (1.5, [0.0, 1.5, 1.5, 1.5])],
)
def test_the_pace_is_the_recorded_one_or_another(tmp_path, interval_s, expected):
    times = (100.0, 102.0, 900.0, 900.0)
    recordings = [Recording(tmp_path, str(t), t) for t in times]
    assert pauses_s(recordings, interval_s) == expected
