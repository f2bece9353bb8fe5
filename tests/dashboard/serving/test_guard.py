"""Attacks on a page, each refused; and what has to go through."""

import asyncio

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from dystrack.dashboard.serving.access import Access, Role
from dystrack.dashboard.serving.guard import Limits
from dystrack.dashboard.serving.rates import Rates
from dystrack.dashboard.serving.server import guarded
from fakes import FakeClock

ACCESS = Access(owner="owner", guest="guest", local_role=Role.GUEST)
COMMAND = {"x-dystrack": "1"}
OWNER = {"authorization": "Bearer owner"}
GUEST = {"authorization": "Bearer guest"}


async def show(request: Request):
    return PlainTextResponse(f"seen by {request.state.role.name}")


async def take(request: Request):
    return PlainTextResponse(f"taken {len(await request.body())}")


def asked(method="GET", path="/", *, client="203.0.113.9", limits=None, app=None, **more):
    app = app or guarded(
        [Route("/", show), Route("/do", take, methods=["POST"])], ACCESS, limits=limits
    )

    async def ask():
        transport = httpx.ASGITransport(app=app, client=(client, 4321))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8765") as web:
            return await web.request(method, path, **more)

    return asyncio.run(ask())


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({}, 401),
        ({"headers": {"authorization": "Bearer wrong"}}, 401),
        ({"headers": OWNER}, 200),
        ({"headers": GUEST}, 200),
        ({"client": "127.0.0.1"}, 200),
        ({"client": "127.0.0.1", "headers": {"x-forwarded-for": "203.0.113.9"}}, 401),
        ({"headers": OWNER | {"host": "evil.example"}}, 421),
        ({"client": "127.0.0.1", "headers": {"host": "evil.example:8765"}}, 421),
        ({"method": "POST", "path": "/do", "headers": OWNER | COMMAND}, 200),
        ({"method": "POST", "path": "/do", "headers": GUEST | COMMAND}, 403),
        ({"method": "POST", "path": "/do", "headers": COMMAND}, 401),
        ({"method": "POST", "path": "/do", "headers": OWNER}, 403),
        (
            {
                "method": "POST",
                "path": "/do",
                "headers": OWNER | COMMAND | {"origin": "http://evil.example"},
            },
            403,
        ),
        (
            {
                "method": "POST",
                "path": "/do",
                "headers": OWNER | COMMAND | {"origin": "http://localhost:8765"},
            },
            200,
        ),
        (
            {
                "method": "POST",
                "path": "/do",
                "headers": OWNER | COMMAND | {"sec-fetch-site": "cross-site"},
            },
            403,
        ),
        ({"method": "POST", "path": "/do", "headers": OWNER | COMMAND | {"origin": "null"}}, 403),
        ({"method": "POST", "path": "/do", "client": "127.0.0.1", "headers": COMMAND}, 403),
        (
            {"method": "POST", "path": "/do", "headers": OWNER | COMMAND, "content": b"x" * 65_000},
            413,
        ),
        (
            {
                "method": "POST",
                "path": "/do",
                "headers": OWNER | COMMAND | {"content-length": "-1"},
            },
            413,
        ),
        ({"path": "/nowhere", "headers": OWNER}, 404),
        ({"path": "/../../etc/passwd", "headers": OWNER}, 404),
        ({"path": "/%2e%2e/%2e%2e/etc/passwd", "headers": OWNER}, 404),
    ],
)
def test_only_what_is_allowed_gets_in(given, status):
    answer = asked(**given)
    assert answer.status_code == status, answer.text
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_body_of_unknown_length_is_limited_too():
    async def pieces():
        for _ in range(100):
            yield b"x" * 1000

    assert asked("POST", "/do", headers=OWNER | COMMAND, content=pieces()).status_code == 413


def test_a_token_becomes_a_cookie_that_scripts_and_other_sites_cannot_use():
    answer = asked(path="/enter?token=owner")
    cookie = answer.headers["set-cookie"].lower()
    assert answer.status_code == 200
    assert cookie.startswith("dystrack_8765=owner")
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    name = cookie.partition("=")[0]
    assert asked(headers={"cookie": f"{name}=owner"}).text == "seen by OWNER"


@pytest.mark.parametrize("query", ["", "?token=", "?token=wrong", "?token=%00"])
def test_the_entrance_is_shut_without_the_token(query):
    answer = asked(path=f"/enter{query}")
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers


def test_guessing_tokens_comes_to_an_end():
    clock = FakeClock()
    limits = Limits(wrong_tokens=Rates(0.2, 3, clock))
    app = guarded([Route("/", show)], ACCESS, limits=limits)
    statuses = [asked(app=app).status_code for _ in range(5)]
    assert statuses == [401, 401, 401, 429, 429]
    assert asked(app=app, client="203.0.113.10").status_code == 401  # others are not kept out
    assert asked(app=app, headers=OWNER).status_code == 200
    clock.sleep(5)
    assert asked(app=app).status_code == 401


def test_requests_are_limited_for_each_address():
    clock = FakeClock()
    app = guarded([Route("/", show)], ACCESS, limits=Limits(requests=Rates(1, 2, clock)))
    assert [asked(app=app, headers=OWNER).status_code for _ in range(3)] == [200, 200, 429]
    assert asked(app=app, headers=OWNER, client="203.0.113.10").status_code == 200
    clock.sleep(1)
    assert asked(app=app, headers=OWNER).status_code == 200
