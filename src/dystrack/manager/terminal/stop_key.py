"""The Esc key, on Windows consoles and POSIX terminals; nothing where there is no terminal."""

import contextlib
import os
import re
import sys
from collections.abc import Callable, Iterator

__all__ = ["has_keyboard", "watch_for_esc"]

_ESC = 0x1B
_ARROW_PREFIXES = (b"\x00", b"\xe0")
_CONTROL_SEQUENCE = re.compile(rb"\x1b[\[O][0-9;]*[@-~]")  # an arrow key sends one


@contextlib.contextmanager
def watch_for_esc() -> Iterator[Callable[[], bool]]:
    """Watch the keyboard while the context lasts.

    Yields
    ------
    callable
        Says, each time it is called, whether Esc has been pressed since the last call. It never
        blocks, and is always false where no keyboard can be read.
    """
    if not has_keyboard():
        yield lambda: False
    elif sys.platform == "win32":
        yield _windows_esc_pressed
    else:
        with _single_keys() as fd:
            yield lambda: _posix_esc_pressed(fd)


def has_keyboard() -> bool:
    """Return whether a person's keyboard is at standard input, in the foreground."""
    try:
        fd = sys.stdin.fileno()
        if not os.isatty(fd):
            return False
        return sys.platform == "win32" or os.tcgetpgrp(fd) == os.getpgrp()
    except (AttributeError, OSError, ValueError):  # no stdin, a fake one, or a closed one
        return False


def _windows_esc_pressed() -> bool:
    """Return whether Esc is among the keys waiting in the console (not tried on Windows yet)."""
    import msvcrt  # noqa: PLC0415 - exists on Windows only

    pressed = False
    while msvcrt.kbhit():  # type: ignore[attr-defined,unused-ignore]
        key = msvcrt.getch()  # type: ignore[attr-defined,unused-ignore]
        if key in _ARROW_PREFIXES:
            msvcrt.getch()  # type: ignore[attr-defined,unused-ignore]
        pressed = pressed or key == bytes([_ESC])
    return pressed


@contextlib.contextmanager
def _single_keys() -> Iterator[int]:
    """Let keys arrive one by one, without echo, and put the terminal back afterwards."""
    import termios  # noqa: PLC0415 - exists on POSIX only
    import tty  # noqa: PLC0415

    fd = sys.stdin.fileno()
    before = termios.tcgetattr(fd)
    tty.setcbreak(fd, termios.TCSANOW)  # the others wait until the terminal has taken all output
    try:
        yield fd
    finally:
        termios.tcsetattr(fd, termios.TCSANOW, before)


def _posix_esc_pressed(fd: int) -> bool:
    """Return whether Esc is among the keys waiting in the terminal."""
    import select  # noqa: PLC0415 - for terminals on POSIX only

    if not select.select([fd], [], [], 0)[0]:
        return False
    keys = _CONTROL_SEQUENCE.sub(b"", os.read(fd, 1024))
    return _ESC in keys
