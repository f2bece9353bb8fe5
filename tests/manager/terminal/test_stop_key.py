import io
import os
import sys

import pytest

from dystrack.manager.terminal import stop_key
from dystrack.manager.terminal.stop_key import watch_for_esc


@pytest.mark.parametrize("stdin", [None, io.StringIO("\x1b"), open(os.devnull)])  # noqa: PTH123, SIM115
def test_no_terminal_is_no_trouble(monkeypatch, stdin):
    monkeypatch.setattr(sys, "stdin", stdin)
    with watch_for_esc() as pressed:
        assert pressed() is False


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX terminals")
@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (b"", False),
        (b"\x1b", True),
        (b"abc", False),
        (b"\x1b[A", False),
        (b"ab\x1b", True),
        (b"\x1bq", True),
        (b"\x1b[A\x1b", True),
    ],
)
def test_keys_of_a_terminal(monkeypatch, keys, expected):
    import pty
    import termios

    master, slave = pty.openpty()
    before = termios.tcgetattr(slave)
    with os.fdopen(slave) as terminal:
        monkeypatch.setattr(sys, "stdin", terminal)
        monkeypatch.setattr(os, "tcgetpgrp", lambda _: os.getpgrp())
        with watch_for_esc() as pressed:
            os.write(master, keys)
            assert pressed() is expected
            assert pressed() is False
        assert termios.tcgetattr(slave) == before
    os.close(master)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX terminals")
def test_a_terminal_that_takes_no_output_is_not_waited_for(monkeypatch):
    import pty
    import termios
    import tty

    whens = []
    for module in (termios, tty):
        monkeypatch.setattr(module, "tcsetattr", lambda fd, when, attributes: whens.append(when))
    master, slave = pty.openpty()
    with os.fdopen(slave) as terminal:
        monkeypatch.setattr(sys, "stdin", terminal)
        monkeypatch.setattr(os, "tcgetpgrp", lambda _: os.getpgrp())
        with watch_for_esc():
            pass
    os.close(master)
    assert whens == [termios.TCSANOW] * 2


@pytest.mark.parametrize(
    ("keys", "expected"),
    [([], False), ([b"\x1b"], True), ([b"a", b"\x1b"], True), ([b"\xe0", b"\x1b"], False)],
)
def test_keys_of_a_windows_console(monkeypatch, keys, expected):
    class Console:
        kbhit = staticmethod(lambda: bool(keys))
        getch = staticmethod(lambda: keys.pop(0))

    monkeypatch.setitem(sys.modules, "msvcrt", Console)
    assert stop_key._windows_esc_pressed() is expected
