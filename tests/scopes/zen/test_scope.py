"""ZEN's bridge against an emulated gateway: both generations, and everything that goes wrong."""

import socket
import time

import pytest

from dystrack.core.coordinates import VoxelSize
from dystrack.core.errors import ConfigurationError, ScopeError
from dystrack.images.readers import read_image
from dystrack.scopes.geometry import ScanSettings
from dystrack.scopes.zen.connection import ZenConnection
from dystrack.scopes.zen.positions import read_positions
from dystrack.scopes.zen.settings import ZenSettings
from emulators.labs import ZenLab
from emulators.world import PRESCAN
from emulators.zen_gateway import make_credentials

GENERATIONS = ["2025.05", "2025.10", "2026.05"]


@pytest.fixture
def lab(tmp_path):
    labs = []

    def make(generation="2026.05", **options):
        labs.append(ZenLab(tmp_path, generation=generation, **options))
        return labs[-1]

    yield make
    for one in labs:
        one.close()


@pytest.mark.parametrize("generation", GENERATIONS)
def test_positions_and_moves_have_the_right_units_in_each_generation(lab, generation):
    one = lab(generation)
    scope = one.open()
    assert scope.position_um() == pytest.approx(one.world.position)
    scope.drive_stage(1250.0, 2500.0)
    scope.drive_focus(750.0)
    assert one.world.position == pytest.approx((750.0, 1250.0, 2500.0))
    assert scope.position_um() == pytest.approx((750.0, 1250.0, 2500.0))


@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize("has_tiles", [True, False])
def test_scans_are_taken_where_the_stage_is(lab, tmp_path, generation, has_tiles):
    one = lab(generation, experiment={"has_tiles": has_tiles})
    scope = one.open()
    scope.drive_focus(811.0)
    taken = scope.prescan(tmp_path / "prescan_1_pos_1")
    assert taken.stack.shape == PRESCAN.shape
    assert taken.voxel_size == pytest.approx(PRESCAN.voxel_size)
    assert taken.stage_um == pytest.approx(one.world.position)
    assert taken.stage_um.z == pytest.approx(811.0)
    path = scope.main_scan(tmp_path / "job_1_pos_1")
    assert path == tmp_path / "job_1_pos_1.czi"
    assert path.exists()
    assert [scan.stage.z for scan in one.world.acquired] == pytest.approx([811.0, 811.0])
    assert scope.traits.reach_um.z == pytest.approx(16.0)


def test_the_stack_is_what_zen_saves(lab, tmp_path):
    scope = lab().open()
    taken = scope.prescan(tmp_path / "prescan_1_pos_1")
    assert (taken.stack == read_image(tmp_path / "prescan_1_pos_1.czi").pixels).all()


def test_a_camera_image_of_more_than_4_megabytes_arrives(lab, tmp_path):
    one = lab()
    one.server.state.experiments["prescan"].scan = ScanSettings(
        (1, 2100, 2100), VoxelSize(1.0, 0.1, 0.1)
    )
    taken = one.open().prescan(tmp_path / "prescan_1_pos_1")
    assert taken.stack.nbytes > 4_194_304


def test_lost_planes_are_read_from_the_file(lab, tmp_path):
    one = lab()
    one.faults.lost_planes = 1
    taken = one.open().prescan(tmp_path / "prescan_1_pos_1")
    assert taken.stack is None
    assert taken.path == tmp_path / "prescan_1_pos_1.czi"


def test_planes_that_come_twice_count_once(lab, tmp_path):
    one = lab()
    one.faults.doubled_planes = True
    assert one.open().prescan(tmp_path / "prescan_1_pos_1").stack.shape == PRESCAN.shape


def test_a_stage_position_left_out_of_a_frame_is_not_0(lab, tmp_path):
    one = lab()
    one.faults.leaves_out_stage_z = True
    assert one.open().prescan(tmp_path / "prescan_1_pos_1").stage_um is None


def test_a_focus_left_out_is_refused_and_nothing_moves(lab, tmp_path):
    one = lab()
    scope = one.open()
    one.faults.leaves_out_focus = True
    with pytest.raises(ScopeError, match="leaves the value out"):
        scope.prescan(tmp_path / "prescan_1_pos_1")
    assert one.world.commands == []


@pytest.mark.parametrize("factor", [1e6, 1e-6, 0.0])
def test_a_scaling_in_another_unit_is_refused(lab, tmp_path, factor):
    one = lab()
    one.faults.wrong_scaling = factor
    with pytest.raises(ScopeError, match="cannot be"):
        one.open().prescan(tmp_path / "prescan_1_pos_1")


def test_a_service_whose_unit_is_not_known_is_refused(lab):
    with pytest.raises(ScopeError, match=r"It offers zen_api.lm.hardware.v3.FocusService"):
        lab("unknown").open()


def test_a_gateway_that_accepts_and_says_nothing_is_given_up(tmp_path):
    token = tmp_path / "token"
    token.write_text("secret", "utf-8")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host, port = silent.getsockname()
        settings = ZenSettings(host=host, port=port, token_file=str(token), answer_s=0.3)
        with pytest.raises(ScopeError, match="The stage stays where it is"):
            ZenConnection(settings)


def test_a_second_call_waits_for_a_main_scan_that_goes_on(lab, tmp_path):
    one = lab()
    scope = one.open()
    one.server.scan_s = 0.4
    scope._run(scope._placed("main_scan"), "StartExperiment", tmp_path / "job_1_pos_1", 30.0)
    scope.close()  # we die, and ZEN goes on
    later = one.open()
    one.server.scan_s = 0.01
    later.prescan(tmp_path / "prescan_2_pos_1")
    assert [scan.name for scan in one.world.acquired] == ["job_1_pos_1", "prescan_2_pos_1"]


def test_a_prescan_ends_when_we_go(lab, tmp_path):
    one = lab()
    scope = one.open(scan_s=0.2)
    one.server.scan_s = 1.0
    with pytest.raises(ScopeError, match="did not answer in time"):
        scope.prescan(tmp_path / "prescan_1_pos_1")
    one.server.wait_until_idle()
    assert one.world.acquired == []


def test_a_main_scan_that_fails_is_an_error(lab, tmp_path):
    one = lab()
    one.faults.fails = "job"
    with pytest.raises(ScopeError, match="ended after 0 of 9 images"):
        one.open().main_scan(tmp_path / "job_1_pos_1")


def test_a_gateway_that_dies_is_told_and_found_again(lab, tmp_path):
    one = lab()
    scope = one.open()
    one.server.kill()
    with pytest.raises(ScopeError, match="does not answer"):
        scope.prescan(tmp_path / "prescan_1_pos_1")
    one.server.start()
    taken = None
    for _ in range(50):  # the channel reconnects within a second
        try:
            taken = scope.prescan(tmp_path / "prescan_1_pos_1")
            break
        except ScopeError:
            time.sleep(0.1)
    assert taken.stack is not None


def test_a_wrong_token_is_one_clear_message(lab, tmp_path):
    one = lab()
    (tmp_path / "token.txt").write_text("old")
    with pytest.raises(ScopeError, match=r"refuses the control token.*stays where it is"):
        one.open()
    assert one.world.commands == []


def test_supervised_mode_is_one_clear_message(lab):
    one = lab()
    scope = one.open()
    one.faults.supervised = True
    with pytest.raises(ScopeError, match="Enable Unsupervised API Mode"):
        scope.drive_stage(1.0, 2.0)
    scope.position_um()  # asking is allowed
    assert one.world.commands == []


def test_over_tls_with_the_gateways_certificate(lab, tmp_path):
    one = lab(credentials=make_credentials(tmp_path))
    scope = one.open(certificate=str(tmp_path / "root.pem"))
    assert scope.position_um() == pytest.approx(one.world.position)


def test_an_expired_certificate_is_one_clear_message(lab, tmp_path):
    one = lab(credentials=make_credentials(tmp_path, began_days_ago=3))
    with pytest.raises(ScopeError, match="certificate of ZEN's API Gateway was refused"):
        one.open(certificate=str(tmp_path / "root.pem"))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"token_file": "nowhere.txt"},
            r"nowhere\.txt cannot be read: .* Give the path of the control token",
        ),
        (
            {"certificate": "nowhere.pem"},
            r"nowhere\.pem cannot be read: .* Give the path of the root certificate",
        ),
        ({"answer_s": 0}, "answer_s is 0. Give a number above 0"),
    ],
)
def test_settings_that_cannot_be(lab, settings, message):
    with pytest.raises(ConfigurationError, match=message):
        lab().open(**settings)


def test_an_unknown_experiment_is_named(lab):
    with pytest.raises(ScopeError, match=r"no experiment 'mian'. It has: prescan, main_scan"):
        lab().open(main_experiment="mian")


def test_no_gateway_at_all(lab):
    one = lab()
    one.server.kill()
    with pytest.raises(ScopeError, match="does not answer"):
        one.open()


def test_stored_positions_are_marked(lab):
    one = lab()
    assert one.open().marked_um() == [pytest.approx(at) for at in one.world.starts()]


@pytest.mark.parametrize("value", ["", "<Z/>", "<Z>NaN</Z>"])
def test_a_stored_position_without_its_focus_is_refused(value):
    xml = f"<E><SingleTileRegion Name='P1'><X>1</X><Y>2</Y>{value}</SingleTileRegion></E>"
    with pytest.raises(ScopeError, match=r"'P1' of ZEN's experiment has .* as its Z"):
        read_positions(xml)
