import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dystrack.core.errors import CoordsFileError
from dystrack.core.exchange.coords_file import (
    HEADER,
    CoordsFollower,
    CoordsLine,
    append_line,
    clean_message,
    prepare_coords_file,
    read_lines,
    wait_for_line,
)
from fakes import FakeClock


@pytest.fixture
def path(tmp_path):
    return tmp_path / "dystrack_coords.txt"


def test_bytes_of_the_file(path):
    prepare_coords_file(path)
    append_line(path, CoordsLine(1, 2.00004, 3.00006, "OK"))
    append_line(path, CoordsLine(math.nan, 0, -0.5, "a\tb\r\nc"))
    assert (
        path.read_bytes()
        == b"Z\tY\tX\tmsg\n1.0000\t2.0000\t3.0001\tOK\nnan\t0.0000\t-0.5000\ta b c\n"
    )


def test_what_is_there_stays(path):
    path.write_text(f"{HEADER}\n1\t2\t3\told\n")
    prepare_coords_file(path)
    append_line(path, CoordsLine(4, 5, 6, "new"))
    assert [line.msg for line in read_lines(path)] == ["old", "new"]


def test_a_missing_file_is_made_with_its_header(path):
    append_line(path, CoordsLine(4, 5, 6, "new"))
    assert path.read_text().splitlines()[0] == HEADER
    assert len(read_lines(path)) == 1


@pytest.mark.parametrize(
    ("torn", "n_lines"), [("1.0\t2.", 1), ("1.0\t2.0\t35", 1), ("1.0\t2.0\t350.0\tO", 2), ("", 1)]
)
def test_a_torn_line_never_becomes_a_target(path, torn, n_lines):
    path.write_text(f"{HEADER}\n{torn}")
    prepare_coords_file(path)
    append_line(path, CoordsLine(4, 5, 6, "new"))
    lines = read_lines(path)
    assert len(lines) == n_lines
    assert (lines[-1].z, lines[-1].msg) == (4, "new")


@pytest.mark.parametrize(
    ("left", "n_lines"),
    [
        (f"{HEADER}\n1.0\t1.0\t2", 1),  # and not x = 24
        (f"{HEADER}\n1.0\t1.0\t2.0\tOK", 2),
        (HEADER, 1),
        ("Z\tY", 1),
        (f"{HEADER}\n" + "1" * 9000 + "\t2", 1),
    ],
)
def test_lines_never_merge_however_the_file_was_left(path, left, n_lines):
    prepare_coords_file(path)
    path.write_text(left)  # by somebody else, while a session runs
    append_line(path, CoordsLine(4, 5, 6, "new"))
    lines = read_lines(path)
    assert path.read_text().startswith(f"{HEADER}\n")
    assert len(lines) == n_lines
    assert lines[-1] == CoordsLine(4, 5, 6, "new")


def test_a_foreign_file_is_refused_and_kept(path):
    path.write_text("my notes\n")
    with pytest.raises(CoordsFileError, match="my notes"):
        prepare_coords_file(path)
    assert path.read_text() == "my notes\n"


def test_a_folder_in_its_place_is_refused(path):
    path.mkdir()
    with pytest.raises(CoordsFileError, match="cannot be written"):
        prepare_coords_file(path)


def test_a_full_disk_leaves_the_file_as_it_was(path, monkeypatch):
    append_line(path, CoordsLine(1, 2, 3, "OK"))
    before = path.read_bytes()
    real_open = Path.open

    def open_on_full_disk(self, *args, **kwargs):
        file = real_open(self, *args, **kwargs)

        class Half:
            def __enter__(self):
                return self

            def __exit__(self, *args):
                file.close()

            def write(self, data):
                return file.write(data[: len(data) // 2])

            def __getattr__(self, name):
                return getattr(file, name)

        return Half()

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", open_on_full_disk)
        with pytest.raises(OSError, match="full"):
            append_line(path, CoordsLine(4, 5, 6, "lost"))
    assert path.read_bytes() == before


def test_a_follower_reads_each_byte_once(path):
    follower = CoordsFollower(path)
    assert follower.look() == []
    prepare_coords_file(path)
    for i in range(3):
        append_line(path, CoordsLine(i, 0, 0, "OK"))
        with path.open("ab") as file:
            file.write(b"1.0\t")
        assert len(follower.look()) == i + 1
    assert follower._offset == path.stat().st_size - len("1.0\t")


def test_a_follower_notices_another_file(path):
    follower = CoordsFollower(path)
    for name in ("old", "older"):
        append_line(path, CoordsLine(1, 2, 3, name))
    assert len(follower.look()) == 2
    path.write_text(f"{HEADER}\n1\t2\t3\tnew\n")
    assert follower.look() == ["1\t2\t3\tnew"]


def test_waiting_sees_only_whole_lines(path):
    clock = FakeClock()
    prepare_coords_file(path)
    half = path.read_text() + "1.0\t2.0"
    clock.plan(1.0, lambda: path.write_text(half))
    clock.plan(2.0, lambda: path.write_text(half + "\t3.0\tOK\n"))
    line = wait_for_line(path, 0, timeout_s=5, clock=clock)
    assert line == CoordsLine(1, 2, 3, "OK")
    assert clock.monotonic() >= 1002


def test_waiting_has_an_end(path):
    with pytest.raises(TimeoutError, match="within 5 s"):
        wait_for_line(path, 0, timeout_s=5, clock=FakeClock())


numbers = st.floats(-1e6, 1e6)


@given(z=numbers, y=numbers, x=numbers, msg=st.text())
def test_no_text_breaks_a_line(z, y, x, msg):
    text = CoordsLine(z, y, x, msg).format()
    assert len(text.splitlines()) == 1
    assert len(text.split("\t")) == 4
    text.encode("utf-8")
    read = CoordsLine.parse(text)
    assert read.msg == clean_message(msg)
    assert (read.z, read.y, read.x) == pytest.approx((z, y, x), abs=5e-5)


@given(st.text())
def test_any_line_can_be_read(text):
    assert isinstance(CoordsLine.parse(text), CoordsLine)
