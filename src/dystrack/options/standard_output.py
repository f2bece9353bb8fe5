"""What a command does to standard output before it prints names that others have chosen."""

import io
import sys

__all__ = ["replace_unknown_letters"]


def replace_unknown_letters() -> None:
    """Let standard output print a question mark for each letter that its encoding lacks.

    Windows consoles and pipes often take cp1252 only; a file name with other letters would
    otherwise end the program. Standard error needs no such care. Does nothing where standard
    output is no ordinary text stream, as in a notebook.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
