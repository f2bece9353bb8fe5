import dataclasses

import pytest

from dystrack.manager import events
from dystrack.manager.events import Broadcast, Event, Warned
from fakes import Recorder

KINDS = [
    kind
    for name in events.__all__
    if isinstance(kind := getattr(events, name), type) and issubclass(kind, Event)
]


@pytest.mark.parametrize("kind", KINDS)
def test_events_are_frozen(kind):
    assert kind.__dataclass_params__.frozen
    assert all(field.kw_only for field in dataclasses.fields(kind))


def test_a_failing_listener_stops_nothing_and_is_reported_once():
    def broken(event):
        raise RuntimeError("no dashboard")

    others = Recorder()
    tell = Broadcast([broken, others])
    tell(Warned(message="one"))
    tell(Warned(message="two"))
    messages = [event.message for event in others.events]
    assert messages[1:] == ["one", "two"]
    assert "RuntimeError: no dashboard" in messages[0]
