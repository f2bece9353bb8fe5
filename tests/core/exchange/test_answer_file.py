import math
from pathlib import Path

import pytest

from dystrack.core.exchange.answer_file import answer_path, read_answer, write_answer
from dystrack.core.exchange.coords_file import CoordsLine


def test_an_answer_file_holds_one_line(tmp_path):
    prescan = tmp_path / "prescan 1.ome.tif"
    assert read_answer(prescan) is None
    write_answer(prescan, CoordsLine(1, 2.5, math.nan, "a\tb"))
    assert [path.name for path in tmp_path.iterdir()] == ["prescan 1.ome.tif.answer.txt"]
    assert answer_path(prescan).read_bytes() == b"Z\tY\tX\tmsg\n1.0000\t2.5000\tnan\ta b\n"
    write_answer(prescan, CoordsLine(4, 5, 6, "OK"))
    assert read_answer(prescan) == CoordsLine(4, 5, 6, "OK")


def test_readers_of_answer_files_go_by_the_header(tmp_path):
    prescan = tmp_path / "a.tif"
    answer_path(prescan).write_text("msg\tX\tnextX\tY\tZ\nOK\t3\t9\t2\t1\n")
    assert read_answer(prescan) == CoordsLine(1, 2, 3, "OK")
    answer_path(prescan).write_text("msg\tX\tY\nOK\t3\t2\n")
    assert math.isnan(read_answer(prescan).x)


def test_an_answer_file_is_complete_or_not_there(tmp_path, monkeypatch):
    def full(self, data):
        self.touch()
        raise OSError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        with pytest.raises(OSError, match="full"):
            write_answer(tmp_path / "a.tif", CoordsLine(1, 2, 3, "OK"))
    assert list(tmp_path.iterdir()) == []
