"""`dystrack evaluate PIPELINE FOLDER`."""

from dystrack.cli.pipeline_words import load_first_word, said_help

__all__ = ["evaluate"]

_FILE_WIDTH = 130  # of a table that no terminal shows
_PURPOSE = """\
Run PIPELINE on each prescan in FOLDER as it is and under stress: shifted, dimmed, noisier, blurred,
with debris, empty, and so on; and say what is safe, where it answers OK and is wrong, and what to
set. Without a table of targets, a prescan that is shifted must give an answer that is shifted.
FOLDER is only read. --compare OTHER ... evaluates other pipelines beside it; --tune OPTION=1,2,3
... tries settings, and writes the best into the experiment file."""


def evaluate(*words: str) -> None:
    """Say how far a pipeline can be trusted, from prescans under stress."""
    if said_help("evaluate", _PURPOSE, words):
        return
    loaded = load_first_word("evaluate", words)
    from rich.console import Console  # noqa: PLC0415 - a typing mistake comes first

    from dystrack.tools.kit.evaluation.command import run_evaluation  # noqa: PLC0415

    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _FILE_WIDTH
    reference, *rest = words
    run_evaluation(
        reference, loaded, rest, console, lambda other: load_first_word("evaluate", [other])
    )
