import math
import sys

import numpy as np
import pytest

from dystrack.core.errors import InvalidAnswerError, WorkerError
from dystrack.manager.workers.answers import check_answer, contained
from misbehaving_pipelines import FailingDict


class Unspeakable:
    """Has no text, and ends the program of whoever asks for one."""

    def __str__(self):
        return sys.exit(3)


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (None, "NoneType"),
        ("12345", "12345"),
        ((1, 2, 3, "OK"), "4 values"),
        ((1, 2, 3, "OK", {}, 6), "6 values"),
        ((math.nan, 2, 3, "OK", {}), "z_pos is nan"),
        ((1, math.inf, 3, "OK", {}), "y_pos is inf"),
        ((1, 2, -math.inf, "OK", {}), "x_pos is -inf"),
        (("1", 2, 3, "OK", {}), "z_pos is '1'"),
        ((1, None, 3, "OK", {}), "y_pos is 'None'"),
        ((1, 2, 3j, "OK", {}), "x_pos"),
        ((True, 2, 3, "OK", {}), "z_pos is 'True'"),
        ((1, 2, np.array([3, 4]), "OK", {}), "x_pos"),
        ((1, 2, 3, "OK", None), "cache is 'None'"),
        ((1, 2, 3, "OK", {4: 5}), "key '4'"),
        ((10**5000, 2, 3, "OK", {}), "z_pos is no usable number"),
        ((1, 2, Unspeakable(), "OK", {}), "x_pos is '<Unspeakable without a text>'"),
    ],
)
def test_broken_contract(answer, complaint):
    with pytest.raises(InvalidAnswerError, match=complaint):
        check_answer(answer)


def test_numpy_scalars_and_messages():
    answer = (np.float32(1.5), np.int64(2), np.array(3.0), "a\tb\nc", {"n": 1})
    result = check_answer(answer)
    assert result[:5] == (1.5, 2.0, 3.0, "a b c", {"n": 1})
    assert [type(value) for value in result[:3]] == [float] * 3


def test_whatever_its_type_makes_of_it_a_cache_is_a_dictionary():
    result = check_answer((1, 2, 3, Unspeakable(), FailingDict(n=10**5000)))
    assert type(result.img_cache) is dict
    assert result.img_cache == {"n": 10**5000}
    assert result.img_msg == "<Unspeakable without a text>"


def test_what_would_end_the_process_ends_an_analysis():
    error = ValueError("no tissue")
    assert contained(error) is error
    assert str(contained(SystemExit(3))) == "The pipeline called sys.exit(3)."
    assert isinstance(contained(GeneratorExit("x")), WorkerError)
    assert "GeneratorExit: x" in str(contained(GeneratorExit("x")))
    assert "without a text" in str(contained(SystemExit(Unspeakable())))
