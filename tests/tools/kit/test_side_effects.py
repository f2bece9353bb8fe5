"""What a pipeline changes beside its answer, and what is not its doing."""

import threading
import warnings

from dystrack.tools.kit.side_effects import noting_side_effects


def effects_of_new_filters():
    with warnings.catch_warnings(), noting_side_effects() as effects:
        warnings.simplefilter("ignore")
    return effects


def test_changed_warning_filters_are_noted():
    assert effects_of_new_filters() == ["changes the warning filters"]


def test_filters_that_our_compiler_changes_meanwhile_are_not_the_pipelines_doing():
    end = threading.Event()
    compiler = threading.Thread(target=end.wait, name="dystrack-compiler")
    compiler.start()
    try:
        assert effects_of_new_filters() == []
    finally:
        end.set()
        compiler.join()
