from pathlib import Path
from typing import Any, Literal, Optional, Union

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dystrack.core.errors import ConfigurationError
from dystrack.options.argument_types import (
    ValueType,
    type_of_annotation,
    type_of_default,
    type_of_text,
)


@pytest.mark.parametrize(
    ("text", "described"),
    [
        ("bool", "bool"),
        ("bool, optional, default False", "bool"),
        ("boolean", "bool"),
        ("int", "int"),
        ("int, optional, default None", "int"),
        ("integer, optional", "int"),
        ("int or None", "int or None"),
        ("None or int", "int or None"),
        ("int | None", "int or None"),
        ("int, optional (default 5)", "int"),
        ("int > 0", "int"),
        ("float, optional, default 3.0", "float"),
        ("float (µm)", "float"),
        ("`float`", "float"),
        ("int or float", "int or float"),
        ("float or array of float", "float"),
        (":class:`str`", "str"),
        ("str", "str"),
        ("string", "str"),
        ("path-like", "str"),
        ("Path", "str"),
        ("pathlib.Path", "str"),
        ("str or callable", "str"),
        ("bool or str", "bool or str"),
        ('str, {"a", "b"}', "{a, b}"),
        ("{'a', 'b'}, optional", "{a, b}"),
        ("{intensity, otsu}", "{intensity, otsu}"),
        ('{"txt", "MyPiC"} or callable', "{txt, MyPiC}"),
        ('bool or {"previous", "stay"}', "bool or {previous, stay}"),
        ('float or {"auto"}', "float or {auto}"),
        ('{"a", None}', "{a} or None"),
        ("{True, False, 'auto'}", "bool or {auto}"),
        ("{0, 1, 2}", "{0, 1, 2}"),
        ("STR", "str"),
    ],
)
def test_a_documented_type_that_can_be_offered(text: str, described: str) -> None:
    value_type = type_of_text(text)

    assert value_type.is_offerable
    assert value_type.describe() == described


@pytest.mark.parametrize(
    "text",
    [
        "",
        "dict",
        "dict, default {}",
        "callable",
        "callable or str",
        "list of int",
        "tuple of (int, int)",
        "ndarray of shape (Z, Y, X)",
        "array-like",
        "None",
        "optional",
        "Clock",
        "interval",
        "strategy",
        "{...}",
        "number",
    ],
)
def test_a_documented_type_that_cannot_be_offered(text: str) -> None:
    assert not type_of_text(text).is_offerable


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (bool, ValueType((bool,))),
        (int, ValueType((int,))),
        (int | None, ValueType((int,), accepts_none=True)),
        (Optional[float], ValueType((float,), accepts_none=True)),  # noqa: UP045 - users write it
        (Union[bool, str], ValueType((bool, str))),  # noqa: UP007 - the same
        (Literal["a", "b"], ValueType(choices=("a", "b"))),
        (Literal["a"] | None, ValueType(choices=("a",), accepts_none=True)),
        (Literal["a", None], ValueType(choices=("a",), accepts_none=True)),  # noqa: PYI061 - the same
        (Path, ValueType((Path,))),
        (str | Path, ValueType((str, Path))),
        (str | list[str], ValueType((str,))),
        (None, ValueType(accepts_none=True)),
        (dict, ValueType()),
        (list[int], ValueType()),
    ],
)
def test_the_type_of_an_annotation(annotation: Any, expected: ValueType) -> None:
    assert type_of_annotation(annotation) == expected


@pytest.mark.parametrize(
    ("default", "expected"),
    [
        (True, ValueType((bool,))),
        (2, ValueType((int,))),
        (3.0, ValueType((float,))),
        ("txt", ValueType((str,))),
        (Path("a"), ValueType((Path,))),
        (None, ValueType()),
        ({}, ValueType()),
        ((1, 2), ValueType()),
        (print, ValueType()),
    ],
)
def test_the_type_of_a_default(default: Any, expected: ValueType) -> None:
    assert type_of_default(default) == expected


@pytest.mark.parametrize(
    ("type_text", "typed", "value"),
    [
        ("bool", "False", False),
        ("bool", "true", True),
        ("bool", "NO", False),
        ("bool", "1", True),
        ("int", "-3", -3),
        ("int or None", "none", None),
        ("int or None", "None", None),
        ("int or float", "2", 2),
        ("int or float", "0.5", 0.5),
        ("float", "2", 2.0),
        ("float", "-1e-3", -0.001),
        ("float", "inf", float("inf")),
        ("bool or int", "1", 1),
        ("bool or int", "true", True),
        ("bool or str", "stay", "stay"),
        ("bool or str", "False", False),
        ("str", "none", "none"),
        ("str", "1", "1"),
        ("str", "", ""),
        ('float or {"auto"}', "auto", "auto"),
        ("{1, 2}", "2", 2),
        ('{"None", None}', "none", None),
    ],
)
def test_a_text_becomes_a_value(type_text: str, typed: str, value: Any) -> None:
    converted = type_of_text(type_text).convert(typed)

    assert converted == value
    assert type(converted) is type(value)


@pytest.mark.parametrize(
    ("type_text", "typed", "message"),
    [
        ("int", "3.7", "expects a whole number, not '3.7'."),
        ("int or None", "two", "expects a whole number or none, not 'two'."),
        ("float", "2,5", "expects a number, not '2,5'. Write 2.5 with a decimal point."),
        ("float", "nan", "expects a number, not 'nan'."),
        ("float", "", "expects a number, not ''."),
        ("bool", "maybe", "expects true or false, not 'maybe'."),
        (
            '{"intensity", "otsu"}',
            "Otsu",
            "expects one of intensity, otsu, not 'Otsu'. Did you mean otsu?",
        ),
        (
            'bool or {"previous", "stay"}',
            "stey",
            "expects true or false or one of previous, stay, not 'stey'. Did you mean stay?",
        ),
    ],
)
def test_a_text_that_is_no_such_value(type_text: str, typed: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        type_of_text(type_text).convert(typed)

    assert str(caught.value) == message


def test_a_path_stays_a_path() -> None:
    assert ValueType((Path,)).convert("C:\\data\\é x") == Path("C:\\data\\é x")


@pytest.mark.parametrize(
    ("type_text", "is_flag"),
    [("bool", True), ("bool or None", True), ("bool or str", False), ("str", False)],
)
def test_only_true_or_false_is_a_switch(type_text: str, is_flag: bool) -> None:
    assert type_of_text(type_text).is_flag is is_flag


@given(st.floats(allow_nan=False))
def test_every_number_survives_being_typed(number: float) -> None:
    assert ValueType((float,)).convert(repr(number)) == number


@given(st.text())
def test_any_text_is_read_or_refused_as_a_type(text: str) -> None:
    assert isinstance(type_of_text(text), ValueType)


@given(st.text(), st.sampled_from(["bool", "int", "float", "bool or int", "{1, 'a'} or None"]))
def test_any_text_is_read_or_refused_as_a_value(text: str, type_text: str) -> None:
    refusal = value = None
    try:
        value = type_of_text(type_text).convert(text)
    except ConfigurationError as error:
        refusal = str(error)

    assert value is None or isinstance(value, (bool, int, float, str))
    assert refusal is None or repr(text) in refusal
