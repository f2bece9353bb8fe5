from pathlib import Path

import pytest

from dystrack.history.kept_pictures import picture_path


@pytest.mark.parametrize(
    ("watched", "prescan", "name"),
    [
        ("/data/run", "/data/run/p_1.tif", "p_1.tif.png"),
        ("/data/run", "/data/run/sub/p_1.tif", "sub__p_1.tif.png"),
        ("D:\\run", "D:\\run\\sub\\p_1.tif", "sub__p_1.tif.png"),
        ("/data/run", "/elsewhere/p_1.tif", "p_1.tif.png"),
        ("/data/run", "/data/run/../../etc/passwd", "..__..__etc__passwd.png"),
        ("D:\\run", "D:\\run\\..\\..\\x", "..__..__x.png"),
    ],
)
def test_a_picture_lies_in_the_folder_of_pictures_whatever_the_journal_says(watched, prescan, name):
    assert picture_path(Path("here"), watched, prescan) == Path("here/dystrack_previews") / name
