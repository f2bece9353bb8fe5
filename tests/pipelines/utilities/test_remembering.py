"""A file is read once, and again where it was written anew."""

import os
from pathlib import Path

import pytest

from dystrack.pipelines.utilities.remembering import remembering


class Reads:
    """Reads texts, and counts how often."""

    def __init__(self, n_files=2):
        self.n = 0
        self.text = remembering(n_files)(self._read)

    def _read(self, path, tail=""):
        self.n += 1
        return Path(path).read_text(encoding="utf-8") + tail


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("one", encoding="utf-8")
    return path


def test_it_is_read_once_for_the_same_options(file):
    reads = Reads()
    assert [reads.text(str(file)), reads.text(str(file)), reads.text(str(file), "!")] == [
        "one",
        "one",
        "one!",
    ]
    assert reads.n == 2


@pytest.mark.parametrize("text", ["two", "three"])
def test_what_was_written_anew_is_read_again(file, text):
    reads = Reads()
    reads.text(str(file))
    file.write_text(text, encoding="utf-8")
    os.utime(file, (1, 1))
    assert reads.text(str(file)) == text


def test_what_is_gone_is_still_known(file):
    reads = Reads()
    reads.text(str(file))
    file.unlink()
    assert reads.text(str(file)) == "one"
    with pytest.raises(FileNotFoundError):
        reads.text(str(file), "!")


def test_only_the_newest_are_kept(tmp_path):
    reads = Reads(n_files=2)
    for name in "abca":
        path = tmp_path / name
        path.write_text(name, encoding="utf-8")
        os.utime(path, (0, 0))
        assert reads.text(str(path)) == name
    assert reads.n == 4
