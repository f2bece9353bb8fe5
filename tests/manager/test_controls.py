import dataclasses
import threading

import pytest

from dystrack.manager.controls import Controls, GoOn, Hold, Pause, SessionStatus
from dystrack.manager.events import StopReason


def test_commands_are_taken_once_in_their_order():
    controls = Controls()
    threads = [threading.Thread(target=controls.ask, args=(Pause(),)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    controls.ask(Hold("2", "look"))
    controls.ask(GoOn())
    assert controls.take() == [Pause()] * 20 + [Hold("2", "look"), GoOn()]
    assert controls.take() == []


def test_the_first_reason_to_stop_counts():
    controls, pressed = Controls(), []
    controls.stop_when(lambda: bool(pressed), StopReason.ESC)
    assert controls.stop_reason is None
    pressed.append("esc")
    assert controls.stop_reason is StopReason.ESC
    pressed.clear()  # a key is reported once
    controls.stop()
    assert controls.stop_reason is StopReason.ESC


def test_a_stop_without_a_reason_was_asked_for():
    controls = Controls()
    controls.stop()
    assert controls.stop_reason is StopReason.ASKED


def test_a_status_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        SessionStatus().n_sent = 3
