"""The bridge to NIS-Elements against an emulated Scheduler API, with everything that goes wrong."""

import pytest

from dystrack.core.errors import ScopeError
from dystrack.images.readers import read_image
from emulators.labs import NisLab
from emulators.world import PRESCAN


@pytest.fixture
def lab(tmp_path):
    one = NisLab(tmp_path)
    one.scope = one.open()
    yield one
    one.close()


def take(lab, scope=None):
    return (scope or lab.scope).prescan(lab.folder / "prescan_1_pos_1")


def test_moves_are_made_and_read(lab):
    lab.scope.drive_stage(1250.0, 2500.0)
    lab.scope.drive_focus(750.0)
    assert lab.world.position == pytest.approx((750.0, 1250.0, 2500.0))
    assert lab.scope.position_um() == pytest.approx((750.0, 1250.0, 2500.0))
    assert lab.scope.facts().version == "6.20.00 emulated"


def test_scans_are_files_that_are_complete(lab):
    taken = take(lab)
    assert taken.path == lab.folder / "prescan_1_pos_1.nd2"
    assert read_image(taken.path).pixels.shape == PRESCAN.shape
    path = lab.scope.main_scan(lab.folder / "job_1_pos_1")
    assert path == lab.folder / "job_1_pos_1.nd2"
    assert lab.open(takes_main_scans=False).main_scan(lab.folder / "job_2_pos_1") is None


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({"status": "failed"}, "has failed: stage error 12"),
        ({"status": "aborted"}, "has aborted"),
        ({"status": "pending"}, r"still pending after 10 s"),
        ({"status": "waiting_for_user"}, "waits for a click in NIS"),
        ({"n_files": 0}, "left 0 files"),
        ({"n_files": 2}, "left 2 files"),
        ({"refuses": True}, "refuses POST /nis/v2/job_run: 422"),
        ({"says_nonsense": True}, "refuses"),
    ],
)
def test_a_prescan_fails_with_one_message(lab, fault, message):
    vars(lab.faults).update(fault)
    with pytest.raises(ScopeError, match=message):
        take(lab, lab.open(answer_s=2.0, scan_s=10.0))
    assert lab.world.commands == []


@pytest.mark.parametrize("axis", ["X", "Y", "Z"])
def test_a_value_left_out_is_not_0(lab, axis):
    lab.faults.leaves_out = axis
    with pytest.raises(ScopeError, match=f"{axis} is None"):
        lab.scope.position_um()


def test_a_service_that_goes_is_told_and_found_again(lab):
    lab.server.kill()
    with pytest.raises(ScopeError, match="does not answer"):
        take(lab)
    lab.server.start()
    assert take(lab).path.exists()
