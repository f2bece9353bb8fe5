"""Standard output, and names that others have chosen, made ready to be printed."""

import contextlib
import io
import os
import sys

__all__ = ["let_go_of_output", "printable", "replace_unknown_characters", "takes_output"]


def replace_unknown_characters() -> None:
    """Let standard output print a question mark for each character that its encoding lacks.

    Windows consoles and pipes often take cp1252 only; a file name with other characters would
    otherwise end the program. Standard error needs no such care. Does nothing where standard
    output is no ordinary text stream, as in a notebook.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


def takes_output() -> bool:
    """Return whether standard output can be written: no full disk, no pipe without a reader."""
    try:
        sys.stdout.write("\n")
        sys.stdout.flush()
    except OSError:
        return False
    return True


def let_go_of_output() -> None:
    """Lead standard output nowhere, so that what is left of it is not tried again at the end."""
    with contextlib.suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def printable(text: str) -> str:
    """Return a text on one line, in which control characters are shown instead of obeyed."""
    return "".join(map(_printable_character, text))


def _printable_character(character: str) -> str:
    if character.isprintable():
        return character
    return " " if character.isspace() else character.encode("unicode_escape").decode("ascii")
