import pytest

from dystrack.dashboard.serving.access import Access, Role, own_names

ACCESS = Access(owner="owner", guest="guest", names=frozenset({"localhost", "scope-1"}))


@pytest.mark.parametrize(
    ("client", "headers", "role"),
    [
        ("127.0.0.1", {}, Role.OWNER),
        ("::1", {}, Role.OWNER),
        ("127.0.0.1", {"x-forwarded-for": "203.0.113.9"}, Role.NOBODY),
        ("192.168.1.7", {}, Role.NOBODY),
        ("192.168.1.7", {"cookie": "dystrack_1=owner"}, Role.OWNER),
        ("192.168.1.7", {"cookie": "dystrack_2=owner"}, Role.NOBODY),
        ("192.168.1.7", {"cookie": "dystrack_1=guest"}, Role.GUEST),
        ("192.168.1.7", {"cookie": "dystrack_1=wrong"}, Role.NOBODY),
        ("192.168.1.7", {"cookie": "dystrack_1="}, Role.NOBODY),
        ("192.168.1.7", {"cookie": 'other={"a": 1}; flag; a@b=1; dystrack_1=owner'}, Role.OWNER),
        ("192.168.1.7", {"cookie": "xdystrack_1=owner; dystrack_1"}, Role.NOBODY),
        ("192.168.1.7", {"cookie": "dystrack_1=\u00e9"}, Role.NOBODY),
        ("192.168.1.7", {"authorization": "Bearer guest"}, Role.GUEST),
        ("192.168.1.7", {"authorization": "owner"}, Role.NOBODY),
        ("not an address", {}, Role.NOBODY),
    ],
)
def test_a_role_comes_from_the_address_or_a_token(client, headers, role):
    assert ACCESS.role_of(client, headers, "dystrack_1") is role


@pytest.mark.parametrize(
    ("host", "is_known"),
    [
        ("localhost:8765", True),
        ("LOCALHOST.", True),
        ("127.0.0.1:8765", True),
        ("[::1]:8765", True),
        ("192.168.1.7", True),
        ("scope-1:80", True),
        ("evil.example", False),
        ("localhost.evil.example:8765", False),
        ("", False),
    ],
)
def test_only_own_names_and_addresses_are_answered_to(host, is_known):
    assert ACCESS.knows_host(host) is is_known


def test_tokens_are_random_and_not_shown():
    one, other = Access(), Access()
    assert one.owner != other.owner
    assert one.owner != one.guest
    assert len(one.owner) >= 32
    assert one.owner not in repr(one)


def test_tokens_may_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("DYSTRACK_DASHBOARD_TOKEN", "kept over a restart")
    assert Access().owner == "kept over a restart"


def test_of_two_tokens_that_are_the_same_nobody_commands():
    assert Access(owner="same", guest="same").role_for("same") is Role.GUEST


def test_names_are_compared_in_lower_case():
    assert "scope.example" in own_names(["Scope.Example", ""])
