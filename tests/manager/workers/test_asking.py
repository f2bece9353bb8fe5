import threading

import numpy as np
import pytest
import tifffile

from dystrack.core.findings import FINDINGS_KEY
from dystrack.images import evidence
from dystrack.images.evidence import evidence_of_pattern
from dystrack.manager.workers.asking import Asking
from dystrack.manager.workers.isolated import IsolatedWorker
from misbehaving_pipelines import misbehave

LONGEST_S = 20.0


@pytest.fixture
def prescan(tmp_path):
    path = tmp_path / "a_1.tif"
    random = np.random.default_rng(0)
    tifffile.imwrite(
        path, random.integers(1, 200, (3, 60, 60), dtype=np.uint8), photometric="minisblack"
    )
    return path


@pytest.fixture
def judged(monkeypatch):
    """What was judged, while that is replaced by something that can be waited for."""
    has_judged = threading.Event()

    def judge(image):
        has_judged.set()
        return 0.25

    monkeypatch.setattr(evidence, "evidence_of_pattern", judge)
    return has_judged


def test_an_image_is_judged_while_a_pipeline_runs_that_does_not_say_how_sure_it_is(prescan, judged):
    was_judged_meanwhile = []

    def wait_for_judgement(target_path):
        was_judged_meanwhile.append(judged.wait(LONGEST_S if was_judged_meanwhile else 0))
        return 1.0, 20.0, 20.0, "OK", {}

    ask = Asking(wait_for_judgement)
    answers = [ask(str(prescan), {}, {}) for _ in range(2)]
    assert [answer.evidence for answer in answers] == [0.25, 0.25]
    assert was_judged_meanwhile == [False, True]


def test_a_pipeline_that_says_how_sure_it_is_has_nothing_judged(prescan, judged):
    def say_how_sure(target_path):
        return 1.0, 20.0, 20.0, "OK", {FINDINGS_KEY: {"confidence": 0.9}}

    ask = Asking(say_how_sure)
    answers = [ask(str(prescan), {}, {}) for _ in range(2)]
    assert [answer.evidence for answer in answers] == [None, None]
    assert not judged.is_set()


def test_a_pipeline_that_sometimes_says_so_is_judged_whenever_it_does_not(prescan, judged):
    confidences = iter([None, 0.9, 0.9, None])

    def say_now_and_then(target_path):
        confidence = next(confidences)
        cache = {} if confidence is None else {FINDINGS_KEY: {"confidence": confidence}}
        return 1.0, 20.0, 20.0, "OK", cache

    ask = Asking(say_now_and_then)
    answers = [ask(str(prescan), {}, {}) for _ in range(4)]
    assert [answer.evidence for answer in answers] == [0.25, None, None, 0.25]


def test_what_cannot_be_read_is_not_judged(tmp_path):
    ask = Asking(misbehave)
    assert [ask(str(tmp_path / "none.tif"), {}, {}).evidence for _ in range(2)] == [None, None]


def test_a_process_of_its_own_judges_alike_beside_the_pipeline_and_after_it(prescan):
    worker = IsolatedWorker(misbehave, LONGEST_S, n_processes=1)
    try:
        found = [worker.run(str(prescan), {}, {}).evidence for _ in range(3)]
    finally:
        worker.close()
    assert found == [evidence_of_pattern(tifffile.imread(prescan))] * 3
