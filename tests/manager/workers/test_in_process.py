import threading

import pytest

from dystrack.core.error_texts import describe_error
from dystrack.core.errors import ConfigurationError, WorkerError
from dystrack.manager.workers.in_process import InProcessWorker
from fakes import fixed_pipeline
from misbehaving_pipelines import misbehave


def test_answers_and_errors_pass_through():
    worker = InProcessWorker(fixed_pipeline)
    assert worker.run("a.tif", {"answer": (4, 5, 6)}, {})[:3] == (4, 5, 6)
    with pytest.raises(TypeError, match="answer"):
        worker.run("a.tif", {"answer": (4, 5, 6)}, {"answer": (1, 2, 3)})


@pytest.mark.parametrize("how", ["exit", "raise_base"])
def test_what_would_end_the_session_is_a_failed_analysis(how):
    with pytest.raises(WorkerError) as caught:
        InProcessWorker(misbehave).run("a.tif", {"how": how}, {})
    assert "misbehaving_pipelines.py" in describe_error(caught.value).traceback


def test_ctrl_c_belongs_to_the_session():
    def interrupted(path):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        InProcessWorker(interrupted).run("a.tif", {}, {})


def test_what_is_kept_is_a_copy():
    reused = {}

    def pipeline(path, **cache):
        reused["paths"] = [*cache.get("paths", ()), path]
        return 1, 2, 3, "OK", reused

    worker = InProcessWorker(pipeline)
    first = worker.run("p1.tif", {}, {}).img_cache
    second = worker.run("p2.tif", {}, {}).img_cache
    assert (first, second) == ({"paths": ["p1.tif"]}, {"paths": ["p2.tif"]})
    reused["paths"].append("later")
    assert second == {"paths": ["p2.tif"]}


def test_options_that_a_pipeline_refuses_are_told_by_the_check():
    worker = InProcessWorker(fixed_pipeline)
    worker.check()
    worker.start({"thresh": 3})
    for thread in threading.enumerate():
        if thread.name == "dystrack-warm-up":
            thread.join()
    with pytest.raises(ConfigurationError, match="thresh"):
        worker.check()
