"""`dystrack check PIPELINE [FOLDER]`."""

from dystrack.cli.pipeline_words import SHIPPED, load_first_word, said_help

__all__ = ["check"]

_FILE_WIDTH = 140  # of a table that no terminal shows
_NOT_READY = 1
_PURPOSE = """\
Say in plain words what is wrong with PIPELINE: as it is written, and on prescans that are shifted,
mirrored and empty. With a FOLDER of prescans, also what DySTrack understands of them, which would
be answered and which ignored, and the target drawn on each. FOLDER may be left out, and is only
read. Ends with "Ready", or with exit code 1 and what is to be done."""


def check(*words: str) -> None:
    """Say what is wrong with a pipeline or with prescans, before a sample is at stake."""
    if said_help("check", _PURPOSE, words):
        return
    loaded = load_first_word("check", words)
    from rich.console import Console  # noqa: PLC0415 - a typing mistake comes first

    from dystrack.tools.kit.checking.command import run_check  # noqa: PLC0415

    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _FILE_WIDTH
    reference, *rest = words
    if not run_check(reference, loaded, rest, SHIPPED, console):
        raise SystemExit(_NOT_READY)
