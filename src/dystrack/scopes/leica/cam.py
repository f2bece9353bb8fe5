"""LAS X's CAM interface: lines of ``/key:value`` words over TCP."""

from collections.abc import Callable, Mapping
from typing import Any

from dystrack.core.errors import ScopeError
from dystrack.core.protocols import Clock
from dystrack.scopes.leica.link import TcpLink

__all__ = ["CamConnection", "Words", "format_words", "parse_words"]

Words = Mapping[str, str]
"""The words of a line by their keys."""


def parse_words(line: str) -> dict[str, str]:
    """Return the words of a line such as ``/dev:stage /unit:meter``, by keys in lower case."""
    words = {}
    for part in f" {line}".split(" /")[1:]:
        key, _, value = part.partition(":")
        words[key.strip().lower()] = value.strip()
    return words


def format_words(**words: object) -> str:
    """Return the line that has these words, in this order."""
    return " ".join(f"/{key}:{value}" for key, value in words.items())


class CamConnection:
    """A client of the CAM server; what comes while it waits for something else is kept.

    Parameters
    ----------
    link : TcpLink
        The connection.
    clock : Clock
        The time.
    answer_s : float
        How long to wait for an answer.
    """

    def __init__(self, link: TcpLink, clock: Clock, answer_s: float) -> None:
        self._link = link
        self._clock = clock
        self._answer_s = answer_s
        self._kept: list[Words] = []
        self._n_sent = 0

    def command(self, name: str, **words: object) -> None:
        """Send a command and wait until the server has echoed it.

        Raises
        ------
        ScopeError
            If it is not echoed in time.
        """
        us = self._send(name, words)
        self.wait_for(
            lambda heard: heard.get("cli") == us and heard.get("cmd") == name,
            f"the command {name}",
            self._answer_s,
        )

    def ask(self, about: str) -> Words:
        """Return what the server says of ``stage``, ``zdrive`` or ``scanstatus``.

        Raises
        ------
        ScopeError
            If it does not say it in time.
        """
        us = self._send("getinfo", {"dev": about})
        return self.wait_for(
            lambda heard: heard.get("info_for") == us and heard.get("dev") == about,
            f"the question for {about}",
            self._answer_s,
        )

    def wait_for(self, is_it: Callable[[Words], bool], what: str, timeout_s: float) -> Words:
        """Return the first line that is meant; all others are kept.

        Parameters
        ----------
        is_it : callable
            Says whether a line is meant.
        what : str
            What it answers, for messages.
        timeout_s : float
            How long to wait.

        Returns
        -------
        mapping of str to str
            Its words.

        Raises
        ------
        ScopeError
            If it does not come in time, or if the server is gone.
        """
        for index, heard in enumerate(self._kept):
            if is_it(heard):
                return self._kept.pop(index)
        deadline_s = self._clock.monotonic() + timeout_s
        while True:
            try:
                heard = parse_words(self._link.line(deadline_s))
            except TimeoutError:
                msg = (
                    f"LAS X did not answer {what} within {timeout_s:g} s. The stage stays where it "
                    "is. Look whether a message box waits in LAS X for a click."
                )
                raise ScopeError(msg) from None
            if is_it(heard):
                return heard
            self._kept.append(heard)

    def forget(self) -> None:
        """Forget what was kept."""
        self._kept.clear()

    def kept(self, key: str) -> list[str]:
        """Return the values of a key in everything that was kept."""
        return [heard[key] for heard in self._kept if key in heard]

    def close(self) -> None:
        """Close the connection."""
        self._link.close()

    def _send(self, name: str, words: Mapping[str, Any]) -> str:
        """Send a command under a name of its own, so that a late answer is nobody else's."""
        self._n_sent += 1
        us = f"dystrack{self._n_sent}"
        line = format_words(cli=us, app="matrix", sys=1, cmd=name, **words)
        self._link.send(f"{line}\r\n".encode())
        return us
