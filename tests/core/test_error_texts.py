import sys
from pathlib import Path

import numpy as np
import pytest

from dystrack.core.error_texts import (
    ErrorText,
    OriginalError,
    describe_error,
    format_error,
    safe_text,
)
from dystrack.core.errors import ConfigurationError
from dystrack.pipelines.utilities.smoothing import smooth


class SilentError(Exception):
    def __str__(self):
        raise RuntimeError("no")


class EndingError(Exception):
    def __str__(self):
        return sys.exit(3)


class Text(str):
    __slots__ = ()

    def __getitem__(self, _):
        raise RuntimeError("no")


def caught(function, *args):
    with pytest.raises(ValueError, match=r"reshape|gauss_sigma") as info:
        function(*args)
    return info.value


@pytest.mark.parametrize("kind", [SilentError, EndingError])
def test_an_error_without_a_text(kind):
    text = describe_error(kind())
    assert (text.type_name, text.message) == (kind.__name__, f"<{kind.__name__} without a text>")
    assert kind.__name__ in format_error(kind())


def test_texts():
    assert safe_text(ValueError(10**5000)) == "<ValueError without a text>"
    assert safe_text(Text("fine")) == "fine"
    assert len(safe_text("x" * 10**7)) == 100_001
    assert str(ErrorText("ValueError", "no tissue")) == "ValueError: no tissue"
    assert str(ErrorText("ValueError", "")) == "ValueError"


def interrupted():
    class CtrlCError(Exception):
        def __str__(self):
            raise KeyboardInterrupt

    return safe_text(CtrlCError())


def test_ctrl_c_is_not_swallowed():
    with pytest.raises(KeyboardInterrupt):
        interrupted()


def analyse():
    return np.reshape(np.zeros(3), 2)


def test_only_the_users_own_lines_are_told():
    lines = describe_error(caught(analyse)).traceback.splitlines()
    place = f"{__file__}:{analyse.__code__.co_firstlineno + 1}, in analyse"
    assert lines[-1] == f"{place}: return np.reshape(np.zeros(3), 2)"
    assert all(Path(line.rpartition(":")[0].partition(":")[0]) == Path(__file__) for line in lines)


def test_the_lines_of_a_shipped_pipeline_are_told_where_there_are_no_others():
    error = caught(smooth, np.zeros((3, 3), np.uint8), -1)
    assert isinstance(error, ConfigurationError)
    error.__traceback__ = error.__traceback__.tb_next
    assert "smoothing.py" in describe_error(error).traceback


def test_the_text_from_another_process_is_told():
    error = ValueError("no tissue")
    error.__cause__ = OriginalError(ErrorText("ValueError", "no tissue", "a.py:3"), "Traceback …")
    assert describe_error(error).traceback == "a.py:3"
    assert "Traceback …" in str(error.__cause__)
