import pytest

from closed_loop.shared_clock import SharedClock


def test_threads_take_turns_in_the_order_in_which_they_wake():
    clock, said = SharedClock(), []

    def tick(name, every_s):
        for _ in range(4):
            said.append((name, clock.monotonic()))
            clock.sleep(every_s)

    clock.run_beside(lambda: tick("a", 3.0))
    clock.run_beside(lambda: tick("b", 2.0))
    clock.finish()
    assert said == [("a", 0), ("b", 0), ("b", 2), ("a", 3), ("b", 4), ("a", 6), ("b", 6), ("a", 9)]
    assert clock.has_ended


def test_a_sleeper_alone_wakes_at_once():
    clock = SharedClock()
    clock.sleep(1e6)
    clock.sleep(-1.0)
    assert clock.monotonic() == 1e6


def test_what_goes_wrong_beside_is_raised():
    clock = SharedClock()

    def fail():
        raise RuntimeError("beside")

    clock.run_beside(fail)
    with pytest.raises(RuntimeError, match="beside"):
        clock.finish()
