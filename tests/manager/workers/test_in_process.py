import sys
import threading

import pytest

from dystrack.manager.workers.in_process import InProcessWorker, warm_up
from fakes import fixed_pipeline


def test_answers_and_errors_pass_through():
    worker = InProcessWorker(fixed_pipeline)
    assert worker.run("a.tif", {"answer": (4, 5, 6)}, {})[:3] == (4, 5, 6)
    with pytest.raises(TypeError, match="answer"):
        worker.run("a.tif", {"answer": (4, 5, 6)}, {"answer": (1, 2, 3)})


def test_warm_up_of_the_pipelines_module(monkeypatch):
    warm_up(fixed_pipeline)
    warmed = threading.Event()
    monkeypatch.setattr(sys.modules["fakes"], "warm_up", warmed.set, raising=False)
    InProcessWorker(fixed_pipeline).start()
    assert warmed.wait(10)


def test_a_failing_warm_up_is_left_to_the_first_prescan(monkeypatch, caplog):
    def broken():
        raise RuntimeError("no reader")

    monkeypatch.setattr(sys.modules["fakes"], "warm_up", broken, raising=False)
    warm_up(fixed_pipeline)
    assert "no reader" in caplog.text
