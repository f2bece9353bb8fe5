"""A macro that is wrong about an axis of the stage is caught before the sample is lost."""

import pytest

from closed_loop.joined import scene_sites, track_scene
from dystrack.core.coordinates import centre_of
from dystrack.manager.events import PositionHeld, Warned
from dystrack.manager.tracking.runaway import wrong_axes
from dystrack.scopes.geometry import PositionUm
from dystrack.scopes.samples.scenes import SCENES
from dystrack.scopes.stage import StageAxes

pytestmark = pytest.mark.filterwarnings("ignore:z was limited")

WITHIN = 6
MISPLACEMENT = PositionUm(2.0, -2.5, 2.0)  # nobody centres a sample exactly
WRONG = {
    "z counts the wrong way": StageAxes(z_sign=-1),
    "y counts the wrong way": StageAxes(y_sign=-1),
    "x counts the wrong way": StageAxes(x_sign=-1),
    "y and x count the wrong way": StageAxes(y_sign=-1, x_sign=-1),
    "y and x are swapped": StageAxes(swaps_yx=True),
    "y and x are swapped and one of them counts the wrong way": StageAxes(swaps_yx=True, x_sign=-1),
    "y and x are swapped and the other one counts the wrong way": StageAxes(
        swaps_yx=True, y_sign=-1
    ),
}
SIGN_OF_Y, SIGN_OF_X = list(WRONG)[1:3]


def track_wrongly(folder, scene, wrong, **session):
    return track_scene(
        folder,
        scene,
        WITHIN,
        sites=scene_sites(scene, misplacement=MISPLACEMENT),
        macro_axes=WRONG[wrong],
        session=session,
    )


def corrections(visits, scene):
    centre = centre_of(SCENES[scene].prescan.shape)
    lines = [(visit.line.z, visit.line.y, visit.line.x) for visit in visits]
    return [tuple(a - b for a, b in zip(line, centre, strict=True)) for line in lines]


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("scene", SCENES)
def test_it_is_seen_within_six_time_points(tmp_path, scene, wrong):
    joined = track_wrongly(tmp_path, scene, wrong)
    steps = corrections(joined.visits, scene)
    found = {wrong_axes(steps[:n]) for n in range(1, WITHIN + 1)} - {""}
    assert found
    assert {what.startswith("z") for what in found} == {wrong.startswith("z")}
    warnings = [event.message for event in joined.told.of(Warned)]
    assert any("The corrections of position 1 grow" in message for message in warnings)


@pytest.mark.parametrize("wrong", WRONG)
def test_the_session_holds_the_position(tmp_path, wrong):
    joined = track_wrongly(tmp_path, "organoid", wrong, on_runaway="hold")
    assert len(joined.told.of(PositionHeld)) == 1
    held_at = next(i for i, visit in enumerate(joined.visits) if not visit.moved)
    assert held_at < WITHIN
    for visit in joined.visits[held_at:]:
        assert visit.stage_after_um == joined.visits[held_at].stage_before_um


@pytest.mark.parametrize("scene", SCENES)
def test_nothing_is_wrong_with_a_macro_that_is_right(tmp_path, scene):
    joined = track_scene(tmp_path, scene, 12)
    steps = corrections(joined.visits, scene)
    assert not any(wrong_axes(steps[:n]) for n in range(len(steps)))
