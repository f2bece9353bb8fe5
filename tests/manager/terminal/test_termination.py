import os
import signal
import sys
import threading

import pytest

from dystrack.manager.cmdline import run_via_cmdline
from dystrack.manager.events import SessionEnded, StopReason
from dystrack.manager.record.journal import read_journal
from dystrack.manager.terminal.termination import termination_as_interrupt
from fakes import Recorder

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="has no SIGTERM to be heard")


def never_asked(target_path):
    """Answer nothing."""
    raise AssertionError(target_path)


def test_a_run_that_is_asked_to_end_tells_of_its_end(tmp_path):
    told = Recorder()
    settings = {
        "on_event": told,
        "should_stop": lambda: os.kill(os.getpid(), signal.SIGTERM),
        "progress": False,
        "max_checks": 100,
    }
    _, stats = run_via_cmdline(["run.py", str(tmp_path)], never_asked, manager_kwargs=settings)
    assert stats["target_counter"] == 0
    records, _ = read_journal(tmp_path / "dystrack_journal.jsonl")
    assert (records[-1]["event"], records[-1]["reason"]) == ("SessionEnded", "terminated")
    assert told.of(SessionEnded)[0].reason is StopReason.TERMINATED


def test_afterwards_everything_is_as_before_and_other_threads_are_left_alone():
    before = signal.getsignal(signal.SIGTERM)
    with termination_as_interrupt():
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before

    def elsewhere():
        with termination_as_interrupt():
            seen.append(signal.getsignal(signal.SIGTERM))

    seen = []
    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert seen == [before]
