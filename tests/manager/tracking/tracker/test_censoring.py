import pytest

from dystrack.core.coordinates import PixelPosition, VoxelSize
from dystrack.manager.tracking.tracker.censoring import MEANINGS, reading_of
from dystrack.manager.tracking.tracker.looks import Failure, Look

SHAPE, VOXEL = (21, 200, 500), VoxelSize(2.0, 0.5, 0.5)
CENTRE = (0.0, 0.0, 0.0)
CATCH_UP, MASK_FAIL = "WARN:CATCH-UP-STEP", "WARN:MASK-FAIL-DEFAULT-STEP"


def look_at(place, message="OK", failure=None):
    return Look(0.0, SHAPE, VOXEL, PixelPosition(*place) if place else None, message, failure)


@pytest.mark.parametrize(
    ("place", "message", "bounds"),
    [
        ((11.3, 90.0, 300.0), "OK", (0, 0, 0)),
        ((12.0, 90.0, 300.0), "OK", (1, 0, 0)),
        ((6.0, 90.0, 300.0), "OK", (-1, 0, 0)),
        ((11.3, 0.0, 499.0), "OK", (0, -1, 1)),
        ((11.3, 90.0, 350.0), CATCH_UP, (0, 0, 1)),
        ((11.3, 90.0, 350.0), f"{CATCH_UP} BOUND:-y", (0, -1, 0)),
        ((11.3, 90.0, 350.0), f"{CATCH_UP} WARN:UNLIKE-TRAINING", (0, 0, 1)),
        ((11.3, 90.0, 312.5), MASK_FAIL, (None, None, -1)),
        ((11.3, 90.0, 300.0), "OK BOUND:+x", (0, 0, 1)),
        ((11.3, 90.0, 300.0), "MINE;BOUND:-y,NONE:z", (None, -1, 0)),
        ((11.3, 90.0, 300.0), "OUTBOUND:+xy", (0, 0, 0)),
    ],
)
def test_what_an_answer_says_along_each_axis(place, message, bounds):
    assert reading_of(look_at(place, message), 2, CENTRE).bounds == bounds


def test_a_place_is_read_in_the_unit_of_the_image():
    assert reading_of(look_at((11, 100.5, 300.5)), 1, CENTRE).offset == (2.0, 0.5, 25.5)


def test_a_single_plane_says_nothing_along_z():
    look = Look(0.0, (1, 200, 500), None, PixelPosition(0.0, 99.5, 200.0))
    reading = reading_of(look, 1, CENTRE)
    assert reading.bounds == (None, 0, 0)
    assert reading.offset == (0.0, 0.0, -49.5)


@pytest.mark.parametrize(("n_repeats", "share"), [(1, 0.1), (2, 0.2), (3, 0.4), (4, 0.4), (9, 0.4)])
def test_a_default_step_that_repeats_itself_is_doubled(n_repeats, share):
    reading = reading_of(look_at((10.5, 99.5, 350.0), CATCH_UP), n_repeats, CENTRE)
    assert reading.reach == pytest.approx((0.0, 0.0, share * 250.0))


@pytest.mark.parametrize(
    ("n_repeats", "seen_x", "believed"),
    [(1, 0.0, False), (2, 0.0, True), (1, -70.0, True), (1, -50.0, False)],
)
def test_a_failed_mask_is_believed_at_the_second_time_or_where_it_agrees(
    n_repeats, seen_x, believed
):
    look = look_at((10.5, 99.5, 312.5), MASK_FAIL)
    reading = reading_of(look, n_repeats, (0.0, 0.0, seen_x))
    assert (reading is not None) == believed
    assert not believed or reading.offset[2] == pytest.approx(-0.3 * 250.0)


@pytest.mark.parametrize("failure", Failure)
def test_a_failure_says_nothing(failure):
    assert reading_of(look_at(None, failure=failure), 9, CENTRE) is None
    assert reading_of(look_at((1, 2, 3), failure=failure), 9, CENTRE) is None


def test_a_pipeline_may_say_that_it_looks_ahead_itself():
    assert reading_of(look_at((11.3, 90, 300), "OK LEADS"), 1, CENTRE).leads
    assert not reading_of(look_at((11.3, 90, 300), "MISLEADS"), 1, CENTRE).leads


def test_the_messages_are_those_of_our_pipelines():
    from pathlib import Path

    from dystrack import pipelines

    source = "".join(p.read_text("utf-8") for p in Path(pipelines.__path__[0]).glob("*.py"))
    assert all(message in source for message in MEANINGS)
