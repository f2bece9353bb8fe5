"""The bridge to LAS X against an emulated CAM server, with everything that goes wrong."""

import pytest

from dystrack.core.errors import ScopeError
from dystrack.scopes.leica.cam import parse_words
from dystrack.scopes.leica.planes import local_path
from emulators.labs import LasXLab
from emulators.world import PRESCAN


@pytest.fixture
def lab(tmp_path):
    one = LasXLab(tmp_path)
    one.scope = one.open()
    yield one
    one.close()


def look_and_take(lab):
    lab.scope.position_um()
    take(lab)


def take(lab):
    return lab.scope.prescan(lab.folder / "prescan_1_pos_1")


def test_words_with_blanks_and_colons_are_read():
    words = parse_words(r"/app:matrix /relpath:a b\D:c--Z00.tif /inf:scanfinished")
    assert words == {"app": "matrix", "relpath": r"a b\D:c--Z00.tif", "inf": "scanfinished"}


@pytest.mark.parametrize("unit", ["meter", "microns"])
@pytest.mark.parametrize("decimal_comma", [True, False])
def test_positions_are_read_in_the_unit_that_they_are_told_in(lab, unit, decimal_comma):
    lab.faults.unit, lab.faults.decimal_comma = unit, decimal_comma
    assert lab.scope.position_um() == pytest.approx(lab.world.position)


def test_moves_are_made(lab):
    lab.scope.drive_stage(1250.0, 2500.0)
    lab.scope.drive_focus(750.0)
    assert lab.world.position == pytest.approx((750.0, 1250.0, 2500.0))


def test_planes_become_a_stack(lab):
    for _ in range(2):
        taken = take(lab)
        assert taken.stack.shape == PRESCAN.shape
        assert taken.voxel_size == pytest.approx(PRESCAN.voxel_size)


@pytest.mark.parametrize(
    "fault",
    [
        {"announces_twice": True},
        {"announcements_lost": 3},
        {"stale_end": True},
        {"decimal_comma": True},
    ],
)
def test_a_stack_is_complete_in_spite_of(lab, fault):
    take(lab)
    vars(lab.faults).update(fault)
    stacks = [take(lab).stack for _ in range(2)]
    assert all(stack.shape == PRESCAN.shape for stack in stacks)
    assert (stacks[0] != stacks[1]).any()  # none is that of the scan before


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({"planes_lost": 2}, r"missing: \[7, 8\]"),
        ({"announcements_lost": 9}, r"missing: \[0, 1"),
        ({"box_waits": True}, "message box waits in LAS X"),
        ({"unit": "inch"}, "unit 'inch'"),
        ({"reads": "1.0.0"}, "no position"),
        ({"reads": "nan"}, "no position"),
    ],
)
def test_it_fails_with_one_message_and_moves_nothing(lab, fault, message):
    vars(lab.faults).update(fault)
    if lab.faults.box_waits:
        lab.scope = lab.open(answer_s=0.2)
    with pytest.raises(ScopeError, match=message):
        look_and_take(lab)
    assert lab.world.commands == []


def test_a_late_answer_is_not_taken_for_that_to_a_later_question(lab):
    scope = lab.open(answer_s=0.2)
    before = lab.world.position
    lab.faults.box_waits = True
    with pytest.raises(ScopeError, match="message box"):
        scope.position_um()
    lab.faults.box_waits = False
    lab.world.move(x=before.x + 500.0)
    lab.server.is_late_about = before
    assert scope.position_um() == pytest.approx(lab.world.position)


def test_a_scan_that_never_ends_is_told(lab):
    lab.faults.fails = True
    scope = lab.open(scan_s=0.3)
    with pytest.raises(ScopeError, match=r"did not answer the scan within 0\.3 s"):
        scope.prescan(lab.folder / "prescan_1_pos_1")


def test_a_server_that_goes_in_a_scan_is_told_at_once(lab):
    lab.server.dies_in_scan = True
    with pytest.raises(ScopeError, match="is gone"):
        take(lab)
    lab.server.dies_in_scan = False
    lab.server.start()
    assert take(lab).stack.shape == PRESCAN.shape


def test_no_server_at_all(lab):
    lab.server.kill()
    with pytest.raises(ScopeError, match="does not answer at localhost"):
        lab.open()


@pytest.mark.parametrize("announced", [r"..\x.tif", r"C:\x.tif", r"\\host\x.tif"])
def test_a_file_elsewhere_is_not_read(tmp_path, announced):
    with pytest.raises(ScopeError, match="not in its image folder"):
        local_path(tmp_path, announced)
