"""`dystrack rehearse PIPELINE FOLDER`."""

from dystrack.cli.pipeline_words import load_first_word, said_help

__all__ = ["rehearse"]

_FILE_WIDTH = 140  # of a table that no terminal shows
_PURPOSE = """\
Replay the prescans that were recorded in FOLDER into a session, without any microscope: at their
recorded pace, or one every so many seconds with --interval; written as the software of a microscope
does, see --behaviour. FOLDER is only read. At the end it says for each prescan what the answer was,
how long it took, and what there was to warn of."""


def rehearse(*words: str) -> None:
    """Replay recorded prescans into a session, without any microscope."""
    if said_help("rehearse", _PURPOSE, words):
        return
    loaded = load_first_word("rehearse", words)
    from rich.console import Console  # noqa: PLC0415 - a typing mistake comes first

    from dystrack.tools.rehearsal.command import run_rehearsal  # noqa: PLC0415

    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _FILE_WIDTH
    reference, *rest = words
    run_rehearsal(f"dystrack rehearse {reference}", loaded, rest, console.print)
