"""Where people read what happens: lines, and in a terminal a live picture below them.

::

    say ──► waiting lines ──► a thread of its own ──► terminal, pipe or notebook
                 └─ full: dropped and counted

A terminal in which somebody marks text, or a pipe that nobody reads, takes no output. Tracking must
not wait for that, nor end with it.
"""

import contextlib
import io
import os
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Self, TextIO, cast

from rich.console import Console as RichConsole
from rich.console import RenderableType
from rich.live import Live
from rich.markup import escape
from rich.text import Text

from dystrack.core.protocols import SYSTEM_CLOCK, Clock
from dystrack.manager.terminal.stop_key import has_keyboard
from dystrack.options.standard_output import printable

__all__ = ["Screen"]

_REFRESH_S = 0.25
_MOST_WAITING = 1000
_EXIT_WAIT_S = 1.0
_ROWS_BESIDE_TABLE = 8  # its head, and what is said above and below


class Screen(ABC):
    """Base of what people watch: writes lines, with the time of day, and a live picture.

    Parameters
    ----------
    output : rich.console.Console or None, default None
        Where to write; standard output if not given.
    clock : Clock, optional
        The time of day.
    """

    def __init__(self, output: RichConsole | None = None, clock: Clock = SYSTEM_CLOCK) -> None:
        self._own_stream = None if output else _second_standard_output()
        self._output = output or RichConsole(file=self._own_stream or sys.stdout, highlight=False)
        self._clock = clock
        self._live: Live | None = None
        self._waiting: deque[str] = deque()
        self._n_dropped = 0
        self._n_written = 0
        self._is_over = False
        self._news = threading.Condition()
        self._thread = threading.Thread(target=self._write_all, name="screen", daemon=True)
        self._others_prints = contextlib.ExitStack()

    def __enter__(self) -> Self:
        """Begin to show."""
        if self.is_live:
            self._live = self._new_live()
            printed = _PrintedLines(self.say)  # what others print would tear the picture
            self._others_prints.callback(printed.finish)
            for redirect in (contextlib.redirect_stdout, contextlib.redirect_stderr):
                self._others_prints.enter_context(redirect(cast("TextIO", printed)))
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Leave the last picture standing; wait only as long as output is taken."""
        self._others_prints.close()
        with self._news:
            self._is_over = True
            self._news.notify()
        n_before = -1
        while self._thread.is_alive() and self._n_written != n_before:
            n_before = self._n_written
            self._thread.join(_EXIT_WAIT_S)

    @abstractmethod
    def picture(self) -> RenderableType:
        """Return what is to be seen now; called in a thread of its own."""

    @property
    def is_live(self) -> bool:
        """Whether there is a picture."""
        return self._output.is_terminal

    @property
    def most_rows(self) -> int:
        """How many rows a table may have."""
        return max(1, self._output.height - _ROWS_BESIDE_TABLE)

    @property
    def width(self) -> int:
        """How many characters a line has."""
        return self._output.width

    @property
    def has_bars(self) -> bool:
        """Whether it has characters for little bars."""
        return self._output.encoding.startswith("utf")

    def how_to_stop(self, *, takes_esc: bool = True) -> str:
        """Return how a person ends what is shown here, such as ``with Esc or Ctrl-C``."""
        if self._output.is_jupyter:
            return "when the kernel is interrupted"
        return "with Esc or Ctrl-C" if takes_esc and has_keyboard() else "with Ctrl-C"

    def say(self, text: str) -> None:
        """Show a line, beneath those before it."""
        self._put(escape(self.shown(text)))

    def warn(self, text: str) -> None:
        """Show a line that needs attention."""
        self._put(f"[bold yellow]![/] {escape(self.shown(text))}")

    def shown(self, text: str) -> str:
        """Return a text as it can be shown here: without control characters, in its encoding."""
        encoding = self._output.encoding
        return printable(text).encode(encoding, "replace").decode(encoding)

    def _put(self, markup: str) -> None:
        time_of_day = time.strftime("%H:%M:%S", time.localtime(self._clock.time()))
        with self._news:
            if len(self._waiting) >= _MOST_WAITING:
                self._n_dropped += 1
                return
            self._tell_gap()
            self._waiting.append(f"[dim]{time_of_day}[/]  {markup}")
            self._news.notify()

    def _tell_gap(self) -> None:
        if self._n_dropped:
            text = f"{self._n_dropped} lines are missing here: nothing was read for a while."
            self._waiting.append(f"[bold yellow]![/] {text}")
            self._n_dropped = 0

    def _write_all(self) -> None:
        with contextlib.suppress(OSError, ValueError, SystemExit):  # nobody is there any more
            with self._live or contextlib.nullcontext():
                for line in self._next_lines():
                    self._write(line)
            if self._own_stream is not None:
                self._own_stream.close()

    def _next_lines(self) -> Iterator[str | None]:
        """Yield each line, and None when the picture is to be drawn anew."""
        pause_s = _REFRESH_S if self._live else None
        while True:
            with self._news:
                self._news.wait_for(lambda: self._waiting or self._is_over, pause_s)
                if not self._waiting:
                    self._tell_gap()
                line = self._waiting.popleft() if self._waiting else None
                if line is None and self._is_over:
                    return
            yield line

    def _write(self, line: str | None) -> None:
        if line is not None:
            self._output.print(line, soft_wrap=not self._output.is_terminal)
        if self._live is not None:
            self._live.refresh()
        self._n_written += 1

    def _new_live(self) -> Live:
        return Live(
            console=self._output,
            get_renderable=self.picture,
            auto_refresh=False,
            redirect_stdout=False,
            redirect_stderr=False,
        )


class _PrintedLines:
    """Stands for standard output and hands on complete lines."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._rest = ""
        self._replaced = sys.stdout

    def write(self, text: str) -> int:
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self._say(Text.from_ansi(line).plain)
        return len(text)

    def flush(self) -> None:
        """Do nothing: only complete lines are shown."""

    def finish(self) -> None:
        if self._rest:
            self.write("\n")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._replaced, name)


class _SecondOutput(io.TextIOWrapper):
    """Standard output with a lock of its own: left in the middle of a write, it blocks nobody."""

    def fileno(self) -> int:
        """Return the number of standard output, by which rich knows a console of Windows."""
        return sys.__stdout__.fileno() if sys.__stdout__ else super().fileno()


def _second_standard_output() -> _SecondOutput | None:
    """Return a stream that writes where standard output does; None where that is no file."""
    if sys.stdout is not sys.__stdout__ or sys.stdout is None:
        return None
    try:
        sys.stdout.flush()
        raw = open(os.dup(sys.stdout.fileno()), "wb")  # noqa: PTH123, SIM115 - closed by the thread
    except (OSError, ValueError):
        return None
    return _SecondOutput(raw, encoding=sys.stdout.encoding, errors="replace")
