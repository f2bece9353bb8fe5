"""The bridge to a Viventis light sheet against an emulated one, with everything that goes wrong."""

import pytest

from dystrack.core.errors import ScopeError
from emulators.labs import ViventisLab
from emulators.world import PRESCAN


@pytest.fixture
def lab(tmp_path):
    one = ViventisLab(tmp_path)
    one.scope = one.open()
    yield one
    one.close()


def look_and_take(lab):
    lab.scope.position_um()
    take(lab)


def take(lab):
    return lab.scope.prescan(lab.folder / "prescan_1_pos_1")


def test_moves_are_made_and_read(lab):
    lab.scope.drive_stage(1250.0, 2500.0)
    lab.scope.drive_focus(750.0)
    assert lab.world.position == pytest.approx((750.0, 1250.0, 2500.0))
    assert lab.scope.position_um() == pytest.approx((750.0, 1250.0, 2500.0))


def test_planes_become_a_stack(lab):
    for _ in range(2):
        taken = take(lab)
        assert (taken.stack == lab.server.image).all()
        assert taken.voxel_size == pytest.approx(PRESCAN.voxel_size)
    assert lab.scope.main_scan(lab.folder / "job_1_pos_1") is None
    assert [one.name for one in lab.world.acquired] == ["prescan_1", "prescan_2", "main_scan_3"]


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({"refuses": "Snap"}, "refused Snap of TimeLapseController: device error 17"),
        ({"refuses": "PositionGet"}, "refused PositionGet"),
        ({"planes_lost": 1}, "refused ImageGet of CAM: no such plane"),
        ({"torn": True}, "which are not"),
        ({"voxel_factor": 1e-6}, "cannot be"),
        ({"voxel_factor": 1e3}, "cannot be"),
        ({"leaves_out": "Z"}, "Z is None"),
        ({"leaves_out": "VoxelX"}, "X is None"),
        ({"leaves_out": "Success"}, "refused"),
        ({"length": -1}, "message of -1 bytes"),
    ],
)
def test_it_fails_with_one_message_and_moves_nothing(lab, fault, message):
    vars(lab.faults).update(fault)
    with pytest.raises(ScopeError, match=message):
        look_and_take(lab)
    assert lab.world.commands == []


def test_the_image_before_is_not_taken_again(lab):
    take(lab)
    lab.faults.old_image = True
    with pytest.raises(ScopeError, match="still shows the image before"):
        take(lab)


def test_a_late_answer_is_not_taken_for_that_to_a_later_question(lab):
    scope = lab.open(answer_s=0.1)
    lab.faults.box_waits_s = 0.3
    with pytest.raises(ScopeError, match="message box"):
        scope.position_um()
    lab.faults.box_waits_s = 0.0
    lab.world.move(x=2500.0)
    assert scope.position_um().x == 2500.0


def test_a_server_that_goes_is_told_and_found_again(lab):
    lab.server.kill()
    with pytest.raises(ScopeError, match=r"is gone|does not answer"):
        take(lab)
    lab.server.start()
    assert take(lab).stack.shape == PRESCAN.shape
