"""A real server: its links, slow connections, a taken port, what is missing."""

import contextlib
import socket
import ssl
import sys
import threading

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from certificates import make_certificate
from dystrack.core.errors import ConfigurationError
from dystrack.dashboard.serving import connections
from dystrack.dashboard.serving.access import Access, Role
from dystrack.dashboard.serving.greeting import greeting
from dystrack.dashboard.serving.server import access_for, guarded, open_server
from dystrack.dashboard.settings import DashboardSettings


async def show(request):
    return PlainTextResponse("here")


@contextlib.contextmanager
def running(settings, access=None):
    server = open_server(guarded([Route("/", show)], access or access_for(settings)), settings)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join(10)


def test_it_listens_at_this_computer_only_unless_told_otherwise():
    with running(DashboardSettings(port=0)) as server:
        assert server.links == [f"http://127.0.0.1:{server.port}"]
        assert httpx.get(server.links[0]).text == "here"


def test_200_slow_connections_keep_nobody_out():
    with running(DashboardSettings(port=0)) as server, contextlib.ExitStack() as stack:
        for _ in range(200):
            slow = stack.enter_context(socket.create_connection(("127.0.0.1", server.port), 5))
            with contextlib.suppress(OSError):  # one too many of this address
                slow.sendall(b"GET / HTTP/1.1\r\nHost: local")
        with httpx.Client(transport=httpx.HTTPTransport(local_address="127.0.0.2")) as other:
            assert other.get(server.links[0]).text == "here"


def test_connections_that_say_nothing_are_closed_others_are_not(monkeypatch):
    monkeypatch.setattr(connections, "_LONGEST_SILENCE_S", 0.2)
    with running(DashboardSettings(port=0)) as server, contextlib.ExitStack() as stack:
        silent, slow, kept = (
            stack.enter_context(socket.create_connection(("127.0.0.1", server.port), 10))
            for _ in range(3)
        )
        slow.sendall(b"GET / HTTP/1.1\r\nHost: local")
        request = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
        kept.sendall(request)
        assert read_until(kept, b"here")
        for one in (silent, slow):
            with contextlib.suppress(ConnectionResetError):
                assert one.recv(10) == b""  # within the 10 s that it waits at most
        kept.sendall(request)  # it was quiet for as long, but had asked for something
        assert read_until(kept, b"here")


def read_until(connection, end):
    got = b""
    while not got.endswith(end):
        piece = connection.recv(4000)
        assert piece, got
        got += piece
    return got


def test_with_a_certificate_nobody_can_read_along(tmp_path):
    certificate, key = make_certificate()
    (tmp_path / "cert.pem").write_bytes(certificate)
    (tmp_path / "key.pem").write_bytes(key)
    settings = DashboardSettings(
        port=0, certificate=str(tmp_path / "cert.pem"), key=str(tmp_path / "key.pem")
    )
    with running(settings) as server:
        (link,) = server.links
        assert link == f"https://127.0.0.1:{server.port}"
        trusting = ssl.create_default_context(cadata=certificate.decode())
        assert httpx.get(link, verify=trusting).text == "here"
        with pytest.raises(httpx.ConnectError, match="certificate"):
            httpx.get(link)
        with pytest.raises(httpx.HTTPError):
            httpx.get(link.replace("https", "http"))


@pytest.mark.parametrize("key", ["", "another.pem", "no such key.pem"])
def test_a_certificate_without_its_key_is_told(tmp_path, key):
    (tmp_path / "cert.pem").write_bytes(make_certificate()[0])
    (tmp_path / "another.pem").write_bytes(make_certificate()[1])
    settings = DashboardSettings(
        port=0, certificate=str(tmp_path / "cert.pem"), key=key and str(tmp_path / key)
    )
    with pytest.raises(ConfigurationError, match="cannot be used"):
        open_server(guarded([], access_for(settings)), settings)


def test_a_taken_port_leads_to_the_next_one():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with running(DashboardSettings(port=port)) as server:
            assert server.port > port


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"port": 70_000}, "port is 70000"),
        ({"port": True}, "port is True"),
        ({"host": 5}, "host is 5"),
        ({"control": "yes"}, "control is 'yes'"),
        ({"key": "key.pem"}, "no certificate"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings, words):
    with pytest.raises(ConfigurationError, match=words):
        DashboardSettings(**settings)


@pytest.mark.parametrize(
    "settings", [{"host": "203.0.113.77"}, {"certificate": "no such file.pem"}]
)
def test_what_cannot_be_served_is_told(settings):
    settings = DashboardSettings(port=0, **settings)
    with pytest.raises(ConfigurationError, match=r"cannot be used|Nothing can be served"):
        open_server(guarded([], access_for(settings)), settings)


def test_a_missing_web_server_is_told_with_what_to_type(monkeypatch):
    monkeypatch.setitem(sys.modules, "starlette.applications", None)
    with pytest.raises(ConfigurationError, match=r'pip install "dystrack\[dashboard\]"'):
        guarded([], Access())


def test_a_link_for_this_computer_needs_no_token():
    said = greeting(DashboardSettings(), Access(owner="owner"), ["http://127.0.0.1:8765"])
    assert said == "The page is http://127.0.0.1:8765"


def test_a_token_of_any_characters_opens_the_page():
    settings = DashboardSettings(port=0)
    access = Access(owner='a & b; "+%20" \u00e4', local_role=Role.NOBODY)
    with running(settings, access) as server, httpx.Client(base_url=server.links[0]) as browser:
        said = greeting(settings, access, server.links)
        link = said.split("The page is ")[1].split("  (may")[0]
        assert [browser.get(path).status_code for path in ("/", link, "/")] == [401, 200, 200]


def test_links_for_others_have_tokens_a_code_and_a_warning():
    settings = DashboardSettings(host="192.168.1.7", control=True)
    access = Access(owner="the-owner", guest="the-guest", local_role=Role.GUEST)
    said = greeting(settings, access, ["http://192.168.1.7:8765"])
    assert "http://192.168.1.7:8765/enter?token=the-owner  (may look and command" in said
    assert "http://192.168.1.7:8765/enter?token=the-guest  (may look)" in said
    assert "without a certificate" in said
    assert "\u2584" in said  # the QR code
