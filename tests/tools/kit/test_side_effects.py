"""What a pipeline changes beside its answer, and what is not its doing."""

import threading
import warnings

import pytest

from dystrack.tools.kit.side_effects import noting_side_effects


def effects_of_new_filters():
    with warnings.catch_warnings(), noting_side_effects() as effects:
        warnings.simplefilter("ignore")
    return effects


def while_there_are(monkeypatch, *names):
    """Have only these threads run, whatever tests before this one have left."""
    threads = [threading.Thread(name=name) for name in names]
    monkeypatch.setattr(threading, "enumerate", lambda: threads)


@pytest.mark.parametrize("thread", ["dystrack-cores_0", "somebody's"])
def test_changed_warning_filters_are_noted(monkeypatch, thread):
    while_there_are(monkeypatch, thread)
    assert effects_of_new_filters() == ["changes the warning filters"]


@pytest.mark.parametrize("thread", ["dystrack-compiler", "dystrack-warm-up"])
def test_filters_that_preparing_our_kernels_changes_are_not_the_pipelines_doing(
    monkeypatch, thread
):
    while_there_are(monkeypatch, thread)
    assert effects_of_new_filters() == []


def test_threads_are_the_pipelines_if_it_started_them():
    end, going = threading.Event(), []

    def started():
        going.append(threading.Thread(target=end.wait))
        going[-1].start()

    with noting_side_effects() as effects:
        middle = threading.Thread(target=started)
        middle.start()
        middle.join()
    assert effects == ["leaves a thread running"]  # by a thread of its own

    ask, asked = threading.Event(), threading.Event()
    other = threading.Thread(target=lambda: [ask.wait(), started(), asked.set()])
    other.start()
    with noting_side_effects() as effects:
        ask.set()
        asked.wait()
    assert effects == []
    end.set()
    for thread in (*going, other):
        thread.join()
