import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dystrack.core.errors import ConfigurationError
from dystrack.options.command_parser import Request, parse_words
from made_up_options import options_of


def parse(*words: str, **fixed: dict[str, Any]) -> Request:
    return parse_words(options_of(**fixed), words)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], {}),
        (["--gauss_sigma", "2.5"], {"gauss_sigma": 2.5}),
        (["--gauss-sigma", "2.5"], {"gauss_sigma": 2.5}),
        (["--gauss_sigma=2.5"], {"gauss_sigma": 2.5}),
        (["--gauss-sigma=-1e-3"], {"gauss_sigma": -0.001}),
        (["--gauss_sigma", "-1"], {"gauss_sigma": -1.0}),
        (["--gauss_sigma", "-.5"], {"gauss_sigma": -0.5}),
        (["--channel", "none"], {"channel": None}),
        (["--channel", "None"], {"channel": None}),
        (["--channel", "0"], {"channel": 0}),
        (["--method", "otsu"], {"method": "otsu"}),
        (["--await_write", "0.5"], {"await_write": 0.5}),
        (["--await_write", "3"], {"await_write": 3}),
        (["--verbose"], {"verbose": True}),
        (["--verbose", "False"], {"verbose": False}),
        (["--verbose", "True"], {"verbose": True}),
        (["--verbose=False"], {"verbose": False}),
        (["--verbose", "no"], {"verbose": False}),
        (["--verbose", "0"], {"verbose": False}),
        (["--no-verbose"], {"verbose": False}),
        (["--no_verbose"], {"verbose": False}),
        (["--no-verbose", "True"], {"verbose": False}),
        (["--verbose", "--show", "False"], {"verbose": True, "show": False}),
        (["--show", "True", "--verbose", "False"], {"show": True, "verbose": False}),
    ],
)
def test_what_is_typed_reaches_the_pipeline(words: list[str], expected: dict[str, Any]) -> None:
    request = parse("FOLDER", *words)

    assert request == Request("FOLDER", expected, {})
    assert [type(v) for v in request.analysis_kwargs.values()] == [
        type(v) for v in expected.values()
    ]
    assert parse(*words, "FOLDER") == request


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--max_checks", "1"], {"max_checks": 1}),
        (["--max-checks=none"], {"max_checks": None}),
        (["--file_start", ""], {"file_start": ""}),
        (["--file_start="], {"file_start": ""}),
        (["--file_start", "scan é 1_"], {"file_start": "scan é 1_"}),
        (["--file_start", "none"], {"file_start": "none"}),
        (["--file_start", "true"], {"file_start": "true"}),
        (["--file_start=-x"], {"file_start": "-x"}),
        (["--file_start=a=b"], {"file_start": "a=b"}),
        (["--file_start", "[1, 2]"], {"file_start": "[1, 2]"}),
        (["--img_err_fallback", "stay"], {"img_err_fallback": "stay"}),
        (["--img_err_fallback", "False"], {"img_err_fallback": False}),
        (["--img-err-fallback=false"], {"img_err_fallback": False}),
        (["--no-img_err_fallback"], {"img_err_fallback": False}),
        (["--no-img-err-fallback"], {"img_err_fallback": False}),
        (["--end_on_esc", "False"], {"end_on_esc": False}),
    ],
)
def test_what_is_typed_reaches_the_manager(words: list[str], expected: dict[str, Any]) -> None:
    assert parse("FOLDER", *words) == Request("FOLDER", {}, expected)


def test_a_bare_option_with_an_optional_value_is_true() -> None:
    request = parse("FOLDER", "--img_err_fallback", "--verbose")

    assert request.manager_kwargs == {"img_err_fallback": True}


def test_a_name_that_both_sides_have_sets_both() -> None:
    assert parse("FOLDER", "--delay", "2") == Request("FOLDER", {"delay": 2.0}, {"delay": 2.0})


@pytest.mark.parametrize(
    ("fixed", "analysis", "manager_side"),
    [
        ({"analysis_kwargs": {"delay": 9.0}}, {}, {"delay": 2.0}),
        ({"analysis_cache": {"delay": 9.0}}, {}, {"delay": 2.0}),
        ({"manager_kwargs": {"delay": 9.0}}, {"delay": 2.0}, {}),
    ],
)
def test_a_side_that_the_run_file_fixes_keeps_its_value(
    fixed: dict[str, Any], analysis: dict[str, Any], manager_side: dict[str, Any]
) -> None:
    assert parse("FOLDER", "--delay", "2", **fixed) == Request("FOLDER", analysis, manager_side)


def test_both_sides_have_to_accept_a_shared_value() -> None:
    def other(target_path, end_on_esc: int = 3) -> None:
        pass

    options = options_of(other)

    assert parse_words(options, ["F", "--end_on_esc", "1"]) == Request(
        "F", {"end_on_esc": 1}, {"end_on_esc": True}
    )
    with pytest.raises(ConfigurationError, match="--end_on_esc expects a whole number, not 'no'"):
        parse_words(options, ["F", "--end_on_esc", "no"])


@pytest.mark.parametrize(
    "folder",
    [
        "C:\\Users\\me\\my data\\2024",
        "\\\\server\\share\\new",
        "/data/with space/é µ 細胞",
        "-1",
        "@folder",
        "{folder}",
        "none",
    ],
)
def test_a_folder_may_have_any_name(folder: str) -> None:
    assert parse(folder, "--channel", "1") == Request(folder, {"channel": 1}, {})


@pytest.mark.parametrize("folder", ["--odd", "-x", "--help"])
def test_a_folder_like_an_option_stands_behind_two_hyphens(folder: str) -> None:
    assert parse("--channel", "1", "--", folder) == Request(folder, {"channel": 1}, {})


def test_the_folder_can_be_named() -> None:
    assert parse("--target_dir", "F").target_dir == "F"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "The folder to watch is missing. Give it as the first word."),
        (["--verbose"], "The folder to watch is missing."),
        ([""], "The name of the folder to watch is empty."),
        (["  "], "The name of the folder to watch is empty."),
        (["my", "data"], "'data': only one folder can be watched. A folder with spaces"),
        (['C:\\my data" --verbose'], "contains a quotation mark. On Windows a backslash before"),
        (["F", "--gaus_sigma", "2"], "There is no option --gaus_sigma. Did you mean --gauss_sigma"),
        (["F", "--gaus-sigma=2"], "There is no option --gaus-sigma. Did you mean --gauss_sigma?"),
        (["F", "--Verbose"], "There is no option --Verbose. Did you mean --verbose?"),
        (["F", "-v"], "There is no option -v."),
        (["F", "--xyzzy"], "There is no option --xyzzy."),
        (["F", "--tra_kwargs", "{}"], "--tra_kwargs cannot be given as text: set tra_kwargs in a"),
        (["F", "--gauss_sigma"], "--gauss_sigma needs a value: float. One that begins with a"),
        (["F", "--gauss_sigma", "--verbose"], "--gauss_sigma needs a value: float."),
        (["F", "--file_start", "-x"], "is written --file_start=VALUE."),
        (["F", "--gauss_sigma", "2,5"], "--gauss_sigma expects a number, not '2,5'. Write 2.5"),
        (["F", "--gauss_sigma", "nan"], "--gauss_sigma expects a number, not 'nan'."),
        (["F", "--channel", "1.5"], "--channel expects a whole number or none, not '1.5'."),
        (["F", "--channel="], "--channel expects a whole number or none, not ''."),
        (["F", "--method", "Otsu"], "one of intensity, otsu, objct, not 'Otsu'. Did you mean otsu"),
        (["F", "--verbose", "maybe"], "--verbose expects true or false, not 'maybe'."),
        (["F", "--verbose=maybe"], "--verbose expects true or false, not 'maybe'."),
        (["F", "--verbose="], "--verbose expects true or false, not ''."),
        (["F", "--no-gauss_sigma"], "There is no option --no-gauss_sigma."),
        (["F", "--channel", "1", "--channel", "2"], "--channel is given more than once."),
        (["F", "--verbose", "--no-verbose"], "--no-verbose is given more than once."),
        (["F", "--img_kwargs", "x"], "There is no option --img_kwargs."),
    ],
)
def test_a_typing_mistake_is_explained(words: list[str], message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse(*words)

    assert message in str(caught.value)


def test_what_the_run_file_fixes_is_no_option() -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse("F", "--channel", "2", analysis_kwargs={"channel": 1})

    assert str(caught.value) == ("--channel is already set to 1 in the run file: change it there.")


def test_what_the_pipeline_needs_has_to_be_typed() -> None:
    def pipeline(target_path, *, sigma: float) -> None:
        pass

    assert parse_words(options_of(pipeline), ["F", "--sigma", "1"]).analysis_kwargs == {
        "sigma": 1.0
    }
    with pytest.raises(ConfigurationError, match="--sigma is missing: the pipeline needs it"):
        parse_words(options_of(pipeline), ["F"])


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--T", "1", "--t", "2"], {"T": 1, "t": 2}),
        (["--camelCase", "1"], {"camelCase": 1}),
        (["--größe", "1"], {"größe": 1}),
        (["--trailing_", "1"], {"trailing_": 1}),
        (["--_leading", "1"], {"_leading": 1}),
        (["--no_light"], {"no_light": True}),
        (["--light"], {"light": True}),
        (["--no_light", "False"], {"no_light": False}),
        (["--version", "3"], {"version": 3}),
        (["--words", "3"], {"words": 3}),
    ],
)
def test_keywords_may_have_any_name(words: list[str], expected: dict[str, Any]) -> None:
    def pipeline(
        target_path,
        T: int = 0,  # noqa: N803 - users do
        t: int = 0,
        camelCase: int = 0,  # noqa: N803
        größe: int = 0,  # noqa: PLC2401
        trailing_: int = 0,
        _leading: int = 0,
        light: bool = False,
        no_light: bool = False,
        version: int = 0,
        words: int = 0,
    ) -> None:
        pass

    assert parse_words(options_of(pipeline), ["F", *words]).analysis_kwargs == expected


@given(
    st.lists(
        st.one_of(
            st.text(max_size=8),
            st.sampled_from(["--channel", "--verbose", "--gauss_sigma=1", "--", "-1", "True", "F"]),
        ),
        max_size=6,
    )
)
def test_whatever_is_typed_is_understood_or_refused_in_one_message(words: list[str]) -> None:
    request, refusal = None, ""
    try:
        request = parse_words(OPTIONS, words)
    except ConfigurationError as error:
        refusal = str(error)

    assert request.target_dir.strip() if request else refusal


OPTIONS = options_of()


def test_the_same_words_beside_pydantic() -> None:
    """cyclopts checks more once any other package has imported pydantic."""
    code = (
        "import pydantic\n"
        "from dystrack.options.command_parser import parse_words\n"
        "from dystrack.options.command_options import command_options\n"
        "from dystrack.manager.manager import run_dystrack_manager\n"
        "from dystrack.pipelines.center_of_mass import analyze_image\n"
        "options = command_options(analyze_image, run_dystrack_manager, {}, {}, {})\n"
        "request = parse_words(options, ['F', '--verbose', 'False', '--channel', 'none'])\n"
        "print(request)\n"
    )
    pytest.importorskip("pydantic")
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert "'verbose': False" in result.stdout
    assert "'channel': None" in result.stdout
