"""Standard output, and names that others have chosen, made ready to be printed."""

import io
import sys

__all__ = ["printable", "replace_unknown_characters"]


def replace_unknown_characters() -> None:
    """Let standard output print a question mark for each letter that its encoding lacks.

    Windows consoles and pipes often take cp1252 only; a file name with other letters would
    otherwise end the program. Standard error needs no such care. Does nothing where standard
    output is no ordinary text stream, as in a notebook.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


def printable(text: str) -> str:
    """Return a text on one line, in which control characters are shown instead of obeyed."""
    return "".join(map(_printable_character, text))


def _printable_character(character: str) -> str:
    if character.isprintable():
        return character
    return " " if character.isspace() else character.encode("unicode_escape").decode("ascii")
