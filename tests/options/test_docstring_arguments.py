import functools
import inspect
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dystrack.core.errors import ConfigurationError
from dystrack.options.docstring_arguments import Argument, Arguments, read_arguments

if typing.TYPE_CHECKING:
    from decimal import Decimal


def published_style(target_path, channel=None, gauss_sigma=3.0, verbose=False):
    """My very nice image analysis pipeline. It works by magic.

    Parameters
    ----------
    target_path : str
        Path to the image file that is to be analyzed.
    channel : int, optional, default None
        Index of channel to use for masking in case of multi-channel images.
        If not specified, a single-channel image is assumed.
    gauss_sigma : float, optional, default 3.0
        Sigma for Gaussian filter prior to masking.
    verbose : bool, optional, default False
        If True, more information is printed.

    Returns
    -------
    z_pos, y_pos, x_pos : floats
        New coordinates for the next acquisition. For 2D inputs, z_pos is 0.0.
    img_msg : "_"
        A string output message.
    img_cache : {}
        A dictionary.
    """


def annotated(
    target_path: str,
    channel: int | None = None,
    mode: Literal["fast", "exact"] = "fast",
    fallback: bool | str = True,
    model: Path = Path("model.bin"),
    late: "float" = 1.0,
    only_checked: "Decimal" = 3,  # type: ignore[assignment]
    anything: Any = 2,
    table: dict[str, int] | None = None,
    on_end: Callable[[], None] | None = None,
) -> None:
    """Use annotations.

    Parameters
    ----------
    fallback : bool or {"previous", "stay"}, default True
        What to do.
    only_checked : float, optional
        Its annotation exists for type checkers only.
    """


def bare(target_path, channel, sigma=3.0, count=2, name="x", flag=True, cache=None, table={}):  # noqa: B006 - users do
    pass


def by_name(arguments: Arguments) -> dict[str, Argument]:
    return {argument.name: argument for argument in arguments.offered}


def types_of(arguments: Arguments) -> dict[str, str]:
    return {argument.name: argument.value_type.describe() for argument in arguments.offered}


def test_a_published_pipeline_is_read_as_its_author_documented_it() -> None:
    arguments = read_arguments(published_style, n_positional=1)

    assert types_of(arguments) == {
        "channel": "int or None",
        "gauss_sigma": "float",
        "verbose": "bool",
    }
    assert arguments.summary == "My very nice image analysis pipeline. It works by magic."
    assert arguments.withheld == ()
    assert not arguments.takes_any
    assert arguments.names == ("channel", "gauss_sigma", "verbose")
    channel = by_name(arguments)["channel"]
    assert channel.default is None
    assert not channel.required
    assert channel.description == (
        "Index of channel to use for masking in case of multi-channel images."
        " If not specified, a single-channel image is assumed."
    )
    assert by_name(arguments)["gauss_sigma"].default_text == "3.0"


def test_annotations_come_before_the_docstring() -> None:
    arguments = read_arguments(annotated, n_positional=1)

    assert types_of(arguments) == {
        "channel": "int or None",
        "mode": "{fast, exact}",
        "fallback": "bool or {previous, stay}",
        "model": "path",
        "late": "float",
        "only_checked": "float",
        "anything": "int",
    }
    assert [item.name for item in arguments.withheld] == ["table", "on_end"]
    assert arguments.withheld[0].reason == "its annotation is dict[str, int] | None"


def test_without_a_docstring_the_defaults_tell() -> None:
    arguments = read_arguments(bare, n_positional=1)

    assert types_of(arguments) == {"sigma": "float", "count": "int", "name": "str", "flag": "bool"}
    assert {item.name: item.required for item in arguments.withheld} == {
        "channel": True,
        "cache": False,
        "table": False,
    }
    assert "no documented type" in arguments.withheld[0].reason
    assert arguments.summary == ""


@pytest.mark.parametrize("type_text", ["dict", "callable", "ndarray of shape (3,)", "Sigma of it"])
def test_a_documented_type_that_cannot_be_typed_is_withheld_with_its_name(type_text: str) -> None:
    def pipeline(target_path, thing=3.0):
        pass

    pipeline.__doc__ = f"Do it.\n\nParameters\n----------\nthing : {type_text}\n    A thing.\n"
    arguments = read_arguments(pipeline, n_positional=1)

    assert arguments.offered == ()
    assert arguments.withheld[0].reason == f"its type is documented as {type_text!r}"


def test_keywords_that_only_the_docstring_names_need_somewhere_to_go() -> None:
    def open_ended(target_path, **kwargs):
        """Do it.

        Parameters
        ----------
        target_path : str
            Path.
        sigma, tau : float, optional
            Two of them.
        table : dict
            No.
        **kwargs
            More.
        """

    def closed(target_path):
        pass

    closed.__doc__ = open_ended.__doc__

    arguments = read_arguments(open_ended, n_positional=1)
    assert arguments.takes_any
    assert types_of(arguments) == {"sigma": "float", "tau": "float"}
    assert by_name(arguments)["tau"].default_text == ""
    assert not by_name(arguments)["tau"].required
    assert [item.name for item in arguments.withheld] == ["table"]
    assert read_arguments(closed, n_positional=1).names == ()


def test_a_callable_whose_signature_cannot_be_read_offers_what_it_documents() -> None:
    class Opaque:
        __signature__ = "not a signature"

        def __call__(self, target_path, sigma=1.0):
            """Do it.

            Parameters
            ----------
            target_path : str
                Path.
            sigma : float
                Sigma.
            """

    arguments = read_arguments(Opaque(), n_positional=1)

    assert types_of(arguments) == {"sigma": "float"}
    assert arguments.takes_any


class Analyser:
    """Not the docstring of the call.

    Parameters
    ----------
    size : int
        For the constructor.
    """

    def __call__(self, target_path: str, size: float = 1.0) -> None:
        """Analyse.

        Parameters
        ----------
        size : float
            For the call.
        """

    def method(self, target_path: str, size: float = 1.0) -> None:
        """Analyse."""


@functools.wraps(annotated)
def wrapped(*args: Any, **kwargs: Any) -> None:
    pass


@pytest.mark.parametrize(
    ("function", "name", "described", "default"),
    [
        (functools.partial(published_style, gauss_sigma=2.0), "gauss_sigma", "float", 2.0),
        (functools.partial(functools.partial(annotated), late=5.0), "late", "float", 5.0),
        (wrapped, "late", "float", 1.0),
        (Analyser(), "size", "float", 1.0),
        (Analyser().method, "size", "float", 1.0),
        (lambda target_path, sigma=1.5: None, "sigma", "float", 1.5),
    ],
    ids=["partial", "partial of partial", "wrapped", "object", "method", "lambda"],
)
def test_any_kind_of_callable(function: Any, name: str, described: str, default: Any) -> None:
    argument = by_name(read_arguments(function, n_positional=1))[name]

    assert argument.value_type.describe() == described
    assert argument.default == default


def test_an_object_is_described_by_its_call_not_by_its_class() -> None:
    arguments = read_arguments(Analyser(), n_positional=1)

    assert arguments.summary == "Analyse."
    assert by_name(arguments)["size"].description == "For the call."


@pytest.mark.parametrize(
    "docstring",
    [
        "",
        "   ",
        "One line",
        "Parameters\n----------",
        "Do.\n\nParameters\n----------\nsigma float\n",
        "Do.\n\nParameters\n----------\nsigma :\n    Text without a type.\n",
        "Do.\n\nParameters\n---\nsigma : int\n    Too short a line.\n",
        "Do.\n\n:param sigma: in another style\n:type sigma: int\n",
        "Do.\n\nArgs:\n    sigma (int): In yet another style.\n",
    ],
)
def test_a_docstring_that_is_not_numpydoc_leaves_the_default_to_tell(docstring: str) -> None:
    def pipeline(target_path, sigma=3.0):
        pass

    pipeline.__doc__ = docstring

    assert types_of(read_arguments(pipeline, n_positional=1)) == {"sigma": "float"}


@given(
    st.lists(
        st.one_of(
            st.text(max_size=12),
            st.sampled_from(
                [
                    "Parameters",
                    "----------",
                    "sigma : float",
                    "    Sigma.",
                    "sigma",
                    ": int",
                    "",
                    "Returns",
                    ".. deprecated::",
                    ".. index::",
                    "**kwargs",
                    "{",
                    "default",
                    " : ",
                ]
            ),
        ),
        max_size=12,
    )
)
def test_no_docstring_keeps_a_pipeline_from_being_used(lines: list[str]) -> None:
    def pipeline(target_path, sigma=3.0):
        pass

    pipeline.__doc__ = "\n".join(lines)

    assert read_arguments(pipeline, n_positional=1).names == ("sigma",)


def test_a_parameter_by_position_only_is_no_option() -> None:
    def pipeline(target_path, other=1, /, sigma=1.0, *rest: int) -> None:
        pass

    assert read_arguments(pipeline, n_positional=1).names == ("sigma",)


def test_what_is_required_is_told() -> None:
    def pipeline(target_path, *, sigma: float) -> None:
        pass

    argument = by_name(read_arguments(pipeline, n_positional=1))["sigma"]

    assert argument.required
    assert argument.default is inspect.Parameter.empty
    assert argument.default_text == ""


def test_a_value_that_is_refused_is_named_with_its_option() -> None:
    argument = by_name(read_arguments(published_style, n_positional=1))["channel"]

    assert argument.convert("none") is None
    with pytest.raises(ConfigurationError, match="--channel expects a whole number or none, not"):
        argument.convert("first")
