"""Commands from a browser: who may, what is passed on, and what the session says of it."""

import json

import pytest

from dystrack.dashboard.serving.access import Role
from dystrack.manager.orders import place_order
from made_up_runs import made_up_run

from .pages import COMMAND, GUEST, OWNER, Pages

AHEAD = (2.0, 10.0, 24.0)
PATH = "/api/sessions/{id}/commands"
HOLD = {"command": "hold", "position": "1", "by": "Anna"}


def a_run(folder, answers=(AHEAD, AHEAD), **settings):
    made_up_run(folder, list(answers), control=True, **settings)
    journal = folder / "dystrack_journal.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(line for line in lines if b"SessionEnded" not in line))


def pages_of(folder, **more):
    return Pages(folder, local_role=Role.GUEST, takes_commands=True, **more)


def post(pages, words, **more):
    more.setdefault("headers", OWNER | COMMAND)
    content = words if isinstance(words, bytes) else json.dumps(words)
    return pages.ask(PATH, method="POST", content=content, **more)


def orders_in(folder):
    place = folder / "dystrack_commands"
    return [json.loads(path.read_text("utf-8")) for path in sorted(place.glob("*.json"))]


def test_an_order_is_passed_on_with_who_and_when(tmp_path):
    a_run(tmp_path)
    pages = pages_of(tmp_path)
    answer = post(pages, HOLD)
    assert answer.status_code == 202
    (order,) = orders_in(tmp_path)
    assert order["id"] == answer.json()["id"]
    assert (order["command"], order["position"], order["by"]) == ("hold", "1", "Anna at 127.0.0.1")
    (shown,) = pages.watch.view(pages.session)["commands"]
    assert (shown["state"], shown["command"]) == ("asked", "Hold position 1")


def test_a_click_names_a_prescan_by_its_number_and_never_a_path(tmp_path):
    a_run(tmp_path)
    words = {
        "command": "retarget",
        "position": "1",
        "number": 2,
        "zyx": [None, 3, 4],
        "path": "/etc/passwd",
    }
    post(pages_of(tmp_path), words)
    (order,) = orders_in(tmp_path)
    assert order["path"] == str(tmp_path / "prescan_2_pos_1.ome.tif")


@pytest.mark.parametrize(
    ("words", "more", "status"),
    [
        (HOLD, {"headers": GUEST | COMMAND}, 403),
        (HOLD, {"headers": COMMAND}, 403),  # at this very computer, but without the token
        (HOLD, {"headers": COMMAND, "client": "203.0.113.9"}, 401),
        (HOLD, {"headers": OWNER}, 403),  # as a form of another site would send it
        (HOLD, {"headers": OWNER | COMMAND | {"origin": "http://evil.example"}}, 403),
        (HOLD, {"headers": OWNER | COMMAND | {"host": "evil.example"}}, 421),
        (b"x" * 70_000, {}, 413),
        (b"{", {}, 400),
        (b"[1]", {}, 400),
        (b"[" * 50_000, {}, 400),
        ({"command": "explode"}, {}, 400),
        ({"command": "hold"}, {}, 400),
    ],
)
def test_what_may_not_be_asked_is_not_passed_on(tmp_path, words, more, status):
    a_run(tmp_path)
    assert post(pages_of(tmp_path), words, **more).status_code == status
    assert orders_in(tmp_path) == []


def test_a_page_without_control_has_no_commands(tmp_path):
    a_run(tmp_path)
    assert post(Pages(tmp_path), HOLD).status_code == 404


def test_a_session_without_control_takes_none(tmp_path):
    made_up_run(tmp_path, [AHEAD])
    answer = post(pages_of(tmp_path), HOLD)
    assert answer.status_code == 409
    assert "--control" in answer.json()["error"]


def test_the_page_says_what_came_of_a_command_and_with_which_prescan(tmp_path):
    clicks = [
        {"command": "retarget", "zyx": [None, 12.0, 20.0]},
        {"command": "retarget", "zyx": [None, 12.0, 90.0]},
    ]

    def listen(event):
        if type(event).__name__ == "Answered" and clicks:
            words = clicks.pop(0) | {"position": "1", "path": event.path}
            place_order(tmp_path, words, by="Anna", at="2027-01-15T08:00:00+00:00")

    a_run(tmp_path, [AHEAD, AHEAD, AHEAD], on_event=listen)
    pages = pages_of(tmp_path)
    pages.watch.look()
    first, second = pages.watch.view(pages.session)["commands"]
    assert (first["state"], first["with"], first["reason"]) == (
        "done",
        "prescan_2_pos_1.ome.tif",
        "",
    )
    assert second["with"] == "prescan_3_pos_1.ome.tif"
    assert "outside the image" in second["reason"]
