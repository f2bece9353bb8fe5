"""A TCP connection to a microscope's software, whose messages come in pieces of any size."""

import socket

from dystrack.core.errors import ScopeError
from dystrack.core.protocols import Clock

__all__ = ["TcpLink"]

_PIECE = 65_536


class TcpLink:
    """Sends and receives bytes, with a deadline for everything.

    Parameters
    ----------
    host : str
        The computer.
    port : int
        Its port.
    name : str
        What answers there, for messages.
    clock : Clock
        The time.
    connect_s : float
        How long to wait for the connection.

    Raises
    ------
    ScopeError
        If nothing answers there.
    """

    def __init__(self, host: str, port: int, name: str, clock: Clock, connect_s: float) -> None:
        self._address = (host, port)
        self._name = name
        self._clock = clock
        self._connect_s = connect_s
        self._received = b""
        self._socket: socket.socket | None = None
        self._connected()

    def send(self, data: bytes) -> None:
        """Send bytes; connect anew if the connection was lost.

        Raises
        ------
        ScopeError
            If the other side is gone.
        """
        try:
            self._connected().sendall(data)
        except OSError as error:
            raise self._gone(str(error)) from None

    def line(self, deadline_s: float) -> str:
        """Return the next line without its end; what is no UTF-8 is replaced.

        Raises
        ------
        TimeoutError
            If it does not come in time.
        ScopeError
            If the other side is gone.
        """
        while b"\n" not in self._received:
            self._receive(deadline_s)
        line, _, self._received = self._received.partition(b"\n")
        return line.decode("utf-8", "replace").strip("\r\0 ")

    def exactly(self, n_bytes: int, deadline_s: float) -> bytes:
        """Return so many bytes.

        Raises
        ------
        TimeoutError
            If they do not come in time.
        ScopeError
            If the other side is gone.
        """
        while len(self._received) < n_bytes:
            self._receive(deadline_s)
        data, self._received = self._received[:n_bytes], self._received[n_bytes:]
        return data

    def close(self) -> None:
        """Close the connection, and forget what came; the next `send` makes a new one."""
        if self._socket is not None:
            self._socket.close()
        self._socket, self._received = None, b""

    def _connected(self) -> socket.socket:
        if self._socket is None:
            try:
                self._socket = socket.create_connection(self._address, timeout=self._connect_s)
            except (OSError, ValueError) as error:  # a name that cannot be one is a ValueError
                host, port = self._address
                msg = (
                    f"{self._name} does not answer at {host}:{port} ({error}). The stage stays "
                    "where it is. Look whether it runs, whether remote control is switched on in "
                    "it, and whether host and port are right."
                )
                raise ScopeError(msg) from None
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._socket

    def _receive(self, deadline_s: float) -> None:
        left_s = deadline_s - self._clock.monotonic()
        if left_s <= 0:
            raise TimeoutError
        link = self._connected()
        try:
            link.settimeout(left_s)
            piece = link.recv(_PIECE)
        except TimeoutError:
            raise
        except OSError as error:
            raise self._gone(str(error)) from None
        if not piece:
            raise self._gone("it closed the connection")
        self._received += piece

    def _gone(self, why: str) -> ScopeError:
        self.close()
        return ScopeError(
            f"{self._name} is gone: {why}. The stage stays where it is. Start it again; DySTrack "
            "connects anew by itself."
        )
