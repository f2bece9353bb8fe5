import io
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dystrack.options.standard_output import printable, replace_unknown_characters


def test_letters_that_the_console_lacks_become_question_marks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="cp1252", write_through=True)
    monkeypatch.setattr("sys.stdout", stream)

    replace_unknown_characters()
    print("細 é µ")  # noqa: T201 - what is tested

    assert stream.buffer.getvalue().decode("cp1252").strip() == "? é µ"


def test_a_stream_of_another_kind_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr("sys.stdout", stream)

    replace_unknown_characters()

    assert sys.stdout is stream


@given(st.text())
def test_nothing_that_is_shown_can_command_a_terminal(text):
    assert printable(text).isprintable()
    assert printable(printable(text)) == printable(text)


def test_escape_codes_and_line_breaks_are_shown():
    assert printable("a\x1b[2J\r\nb\udce4\u202e ä細") == "a\\x1b[2J  b\\udce4\\u202e ä細"
