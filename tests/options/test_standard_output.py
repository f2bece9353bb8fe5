import io

import pytest

from dystrack.options.standard_output import replace_unknown_letters


def test_letters_that_the_console_lacks_become_question_marks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="cp1252", write_through=True)
    monkeypatch.setattr("sys.stdout", stream)

    replace_unknown_letters()
    print("細 é µ")  # noqa: T201 - what is tested

    assert stream.buffer.getvalue().decode("cp1252").strip() == "? é µ"


def test_a_stream_of_another_kind_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout", io.StringIO())

    replace_unknown_letters()
