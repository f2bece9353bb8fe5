import io
from typing import Any

import pytest
from rich.console import Console

from dystrack.options.command_options import CommandOptions, command_options
from dystrack.options.option_help import help_screen, option_table

LONG_DEFAULT = "(?P<position>" + "x" * 60 + ")"


def pipeline(target_path, *, needed: int, method="a", sigma=3.0, delay=1.0, model=None, channel=1):
    """Find [the] tip.

    Parameters
    ----------
    method : {"a", "b"}, default "a"
        How. See `[1]`.
    sigma : float or None, default 3.0
        Width in px.
    delay : float, default 1.0
        Shared.
    """


def manager(
    target_dir: str,
    delay: float = 1.0,
    position_pattern: str = LONG_DEFAULT,
    tra_method: str = "txt",
    tra_kwargs: dict[str, Any] = {},  # noqa: B006
) -> None:
    pass


def bare(target_path, delay=1.0):
    pass


def watch(target_dir: str, delay: float = 1.0) -> None:
    pass


def printed(renderable: Any, encoding: str = "utf-8", width: int = 80) -> str:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="replace")
    Console(file=stream, width=width, highlight=False).print(renderable)
    stream.flush()
    return stream.buffer.getvalue().decode(encoding)


@pytest.fixture
def options() -> CommandOptions:
    settings = {"model": "net.bin", "channel": list(range(100))}
    return command_options(pipeline, manager, settings, {}, {"tra_method": "MyPiC"})


def test_the_screen_shows_everything_that_can_be_set(options: CommandOptions) -> None:
    screen = printed(help_screen("dystrack run tip", options))

    assert screen.startswith(
        "Usage: dystrack run tip TARGET_DIR [--option value ...]\n\nFind [the] tip.\n"
    )
    lines = [" ".join(line.split()) for line in screen.splitlines()]
    assert "--needed int [required]" in lines
    assert "--method {a|b} How. See [1]. [default 'a']" in lines
    assert "--sigma float or None Width in px. [default 3.0]" in lines
    assert "--delay float Shared. Also given to the manager." in " ".join(lines)
    assert sum(line.startswith("--delay") for line in lines) == 1
    assert all(len(line) <= 80 for line in screen.splitlines())


def test_the_screen_shows_what_is_set_already(options: CommandOptions) -> None:
    lines = [
        line.strip().split(maxsplit=1) for line in printed(help_screen("x", options)).splitlines()
    ]
    fixed = lines[lines.index(["Already", "set in the run file"]) :]

    assert ["model", "'net.bin'"] in fixed
    assert ["tra_method", "'MyPiC'"] in fixed
    assert ["channel", "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, …"] in fixed


def test_the_screen_names_what_only_a_run_file_can_set(options: CommandOptions) -> None:
    screen = printed(help_screen("x", options))

    assert "Can only be set in a run file\n  tra_kwargs" in screen


def test_a_long_default_is_left_out(options: CommandOptions) -> None:
    assert "(?P<position>" not in printed(help_screen("x", options), width=500)


def test_sections_without_content_are_left_out() -> None:
    screen = printed(help_screen("x", command_options(bare, watch, {}, {}, {})))

    for title in ("Already set", "Can only be set"):
        assert title not in screen


def test_a_console_without_the_characters_shows_the_screen_all_the_same(
    options: CommandOptions,
) -> None:
    assert "--needed" in printed(help_screen("細胞", options), encoding="cp1252")


def test_a_table_of_options_alone(options: CommandOptions) -> None:
    assert printed(option_table(options.analysis.values())).split()[:2] == ["--needed", "int"]
