"""A TCP server that sends everything in pieces, for emulated microscopes."""

import contextlib
import socket
import threading


class TcpServer:
    """Listens on a port of its own; each connection is served in a thread."""

    def __init__(self):
        self.port = 0
        self.piece = 7  # bytes that are sent at once: messages arrive split
        self._connections = []
        self._speaking = threading.Lock()
        self._changing = threading.Lock()

    def start(self):
        """Start to listen, again on the same port if it was killed; return itself."""
        self._listener = socket.create_server(("localhost", self.port))
        self.port = self._listener.getsockname()[1]
        self._is_alive = True
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()
        return self

    def kill(self):
        """Close everything, in the middle of whatever is said."""
        with self._changing:
            self._is_alive = False
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)  # ends the waiting for connections
            self._listener.close()
            for connection in self._connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
                connection.close()
            self._connections.clear()

    def _accept(self, listener):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                with self._changing:
                    if not self._is_alive:
                        connection.close()
                        return
                    self._connections.append(connection)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with contextlib.suppress(OSError, EOFError):
            self.serve(connection)

    def send(self, connection, data):
        with self._speaking:
            for start in range(0, len(data), self.piece):
                connection.sendall(data[start : start + self.piece])
