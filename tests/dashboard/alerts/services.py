"""A mail server and a webhook of this computer, which keep what they get."""

import contextlib
import json
import socket
import threading
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from aiosmtpd.controller import Controller


class Mails:
    """Keeps mails."""

    def __init__(self):
        self.got = []

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - as it is called
        self.got.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"

    @property
    def subjects(self):
        return [str(mail["subject"]) for mail in self.got]


class Hooks:
    """Keeps what was posted; `is_down` makes it fail."""

    def __init__(self):
        self.got, self.n_beats, self.is_down = [], 0, False

    def handler(self):
        hooks = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                content = self.rfile.read(int(self.headers["content-length"]))
                if not hooks.is_down:
                    hooks.got.append(json.loads(content))
                self.send_response(503 if hooks.is_down else 200)
                self.end_headers()

            def do_GET(self):
                hooks.n_beats += 1
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        return Handler

    @property
    def titles(self):
        return [message["title"] for message in self.got]


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


@contextlib.contextmanager
def mail_server():
    mails = Mails()
    controller = Controller(mails, hostname="127.0.0.1", port=free_port())
    controller.start()
    try:
        yield (
            mails,
            f"mailto://127.0.0.1:{controller.port}/?from=scope@example.org&to=lab@example.org&mode=insecure",
        )
    finally:
        controller.stop()


@contextlib.contextmanager
def web_server():
    hooks = Hooks()
    server = ThreadingHTTPServer(("127.0.0.1", 0), hooks.handler())
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield hooks, f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
