import contextlib

import pytest

from dystrack.cli.running import agent as command
from dystrack.manager.workers import agent as agents


@pytest.fixture
def started(monkeypatch):
    """Return with what the agent was started; it ends at once."""
    calls = []

    @contextlib.contextmanager
    def open_agent(port, key_file, *, host, n_sessions):
        calls.append((port, key_file, host, n_sessions))
        yield f"{'tls' if key_file else 'tcp'}://0.0.0.0:{port}"

    def interrupt(seconds):
        raise KeyboardInterrupt

    def write(key_file):
        is_new = not key_file.exists()
        key_file.touch()
        return is_new

    monkeypatch.setattr(agents, "open_agent", open_agent)
    monkeypatch.setattr(agents, "own_addresses", lambda: ["192.168.0.7"])
    monkeypatch.setattr(agents, "prepared_key", write)
    monkeypatch.setattr(command.time, "sleep", interrupt)
    return calls


def test_what_to_type_on_the_other_computer_is_shown(started, tmp_path, capsys):
    key = tmp_path / "agent.pem"
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            command.agent(port=9000, key=key)
    shown = capsys.readouterr().out
    assert started == [(9000, str(key), "", 4)] * 2
    assert "--executor tls://192.168.0.7:9000 --executor_key agent.pem" in shown
    assert shown.count("A new key was written") == 1


def test_no_protection_is_warned_of(started, capsys):
    with pytest.raises(KeyboardInterrupt):
        command.agent(protected=False, host="10.0.0.1", sessions=2)
    shown = capsys.readouterr().out
    assert started == [(8786, "", "10.0.0.1", 2)]
    assert "--executor tcp://10.0.0.1:8786" in shown
    assert "whoever reaches this address can run programs here" in shown
