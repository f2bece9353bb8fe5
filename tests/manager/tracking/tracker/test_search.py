import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dystrack.manager.tracking.tracker.search import next_look

FRAME = (100.0, 200.0)
HERE = (0.0, 0.0)


def all_looks(seen, expected, n):
    """Return where a search looks, at once each time, from where the sample was expected."""
    visited, camera = [(0.0, *expected)], expected
    for _ in range(n):
        camera = next_look(seen, expected, visited, camera, FRAME)
        visited.append((0.0, *camera))
    return visited[1:]


def test_with_nothing_looked_at_it_begins_in_the_middle():
    assert next_look(HERE, HERE, [], HERE, FRAME) == pytest.approx(HERE, abs=1e-9)


def test_fields_that_were_empty_are_not_looked_at_again_soon():
    looks = all_looks(HERE, HERE, 8)
    for i, (_, y, x) in enumerate(looks):
        assert abs(y) >= 40 or abs(x) >= 80
        assert not any(abs(y - b) < 20 and abs(x - a) < 40 for _, b, a in looks[:i])


def test_a_field_is_forgiven_with_time():
    fresh = next_look(HERE, HERE, [(0.0, *HERE)], HERE, FRAME)
    old = next_look(HERE, HERE, [(50.0, *HERE)], HERE, FRAME)
    assert fresh != pytest.approx(HERE, abs=10)
    assert old == pytest.approx(HERE, abs=1e-9)


def test_it_looks_between_the_last_place_and_the_expected_one_first():
    looks = all_looks(HERE, (0.0, 400.0), 2)
    assert [place for _, *place in looks] == [[0.0, 200.0], [0.0, 0.0]]


@settings(max_examples=50, deadline=None)
@given(*[st.tuples(st.floats(-1e5, 1e5), st.floats(-1e5, 1e5))] * 2)
def test_wherever_it_was_it_looks_within_reach(seen, expected):
    y, x = next_look(seen, expected, [(0.0, *expected)], expected, FRAME)
    assert min(seen[0], expected[0]) - 400 <= y <= max(seen[0], expected[0]) + 400
    assert min(seen[1], expected[1]) - 800 <= x <= max(seen[1], expected[1]) + 800
