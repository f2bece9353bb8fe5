"""The bridge on a real MMCore with the demonstration devices, without a display."""

import logging

import pytest

from dystrack.core.coordinates import VoxelSize
from dystrack.core.errors import ConfigurationError, ScopeError
from dystrack.scopes.box import Box
from dystrack.scopes.geometry import PositionUm
from dystrack.scopes.guard import Guard, GuardRules
from dystrack.scopes.micromanager.bridge import MicroManagerScope
from dystrack.scopes.micromanager.opening import loaded_core, open_micromanager
from dystrack.scopes.micromanager.recipe import Recipe, parse_channels
from dystrack.scopes.protocols import ZOwner

DEMO = "MMConfig_demo.cfg"


@pytest.fixture
def core():
    with loaded_core(DEMO) as core:
        yield core


@pytest.fixture
def scope(core):
    return MicroManagerScope(
        core, Recipe(5, 2.0, 1.0), Recipe(3, 1.0, 1.0, parse_channels("DAPI, FITC"))
    )


def raising(*_):
    raise RuntimeError("the motor is stuck")


def test_stage_and_focus_are_moved_and_read_in_um(scope):
    scope.drive_stage(20.0, -10.0)
    scope.drive_focus(3.5)
    scope.settle()
    assert scope.position_um() == pytest.approx((3.5, 20.0, -10.0), abs=0.01)


def test_it_says_what_it_is(scope):
    facts = scope.facts()
    assert facts.microscope == "DemoCamera-Camera/DemoCamera-XY/DemoCamera-Z"
    assert "MMCore" in facts.version
    assert (facts.objective, facts.pixel_size_um) == ("Nikon 10X S Fluor", 1.0)
    assert (scope.traits.reach_um.z, scope.limits_um(), scope.marked_um()) == (4.0, None, [])


def test_a_prescan_is_a_stack_around_the_focus_which_stays(scope, tmp_path):
    scope.drive_focus(7.0)
    taken = scope.prescan(tmp_path / "prescan_1_pos_1")
    assert (taken.stack.shape, taken.voxel_size) == ((5, 512, 512), VoxelSize(2.0, 1.0, 1.0))
    assert scope.position_um().z == pytest.approx(7.0)


def test_channels_and_binning(core, tmp_path):
    scope = MicroManagerScope(
        core, Recipe(2, 1.0, 1.0, parse_channels("DAPI, FITC@2"), binning="2")
    )
    taken = scope.prescan(tmp_path / "p")
    assert (taken.stack.shape, taken.voxel_size.x_um) == ((2, 2, 256, 256), 2.0)


def test_each_position_has_its_series_of_main_scans(scope, tmp_path):
    first = scope.main_scan(tmp_path / "job_1_pos_1")
    scope.main_scan(tmp_path / "job_2_pos_1")
    other = scope.main_scan(tmp_path / "job_1_pos_2")
    scope.series.close()
    import zarr

    assert zarr.open(first / "0").shape == (2, 2, 3, 512, 512)
    assert (first.name, other.name) == ("main_pos_1.ome.zarr", "main_pos_2.ome.zarr")


def test_without_a_recipe_no_main_scan_is_taken(core, tmp_path):
    assert MicroManagerScope(core, Recipe()).main_scan(tmp_path / "job_1_pos_1") is None


def test_a_stack_that_the_hardware_can_take_is_one_event(core, scope, tmp_path):
    core.setProperty("Z", "UseSequences", "Yes")
    with scope.scanning(Recipe(5, 2.0, 1.0)) as events:
        assert len(events) == 1
        assert list(events[0].z_sequence) == [-4.0, -2.0, 0.0, 2.0, 4.0]
    assert scope.prescan(tmp_path / "p").stack.shape == (5, 512, 512)
    assert scope.position_um().z == pytest.approx(0.0)


@pytest.mark.parametrize(
    "call", ["setPosition", "snapImage", "setExposure", "setXYPosition", "setConfig"]
)
@pytest.mark.parametrize("level", [logging.WARNING, logging.CRITICAL])
def test_the_engine_raises_what_the_stock_one_only_logs(core, monkeypatch, call, level):
    import useq

    scope = MicroManagerScope(core, Recipe())
    monkeypatch.setattr(logging.getLogger("pymmcore-plus"), "level", level)
    event = useq.MDAEvent(
        x_pos=5, y_pos=5, z_pos=3, exposure=2, channel={"config": "DAPI", "group": "Channel"}
    )
    monkeypatch.setattr(core, call, raising)
    with pytest.raises((ScopeError, RuntimeError), match="the motor is stuck"):
        core.mda.run(iter([event]))
    assert not scope.engine.frames


def test_missing_planes_are_told(scope, tmp_path, monkeypatch):
    events = Recipe.events
    monkeypatch.setattr(Recipe, "events", lambda self, z: list(events(self, z))[:-1])
    with pytest.raises(ScopeError, match="4 of 5 planes"):
        scope.prescan(tmp_path / "p")


def test_the_focus_comes_back_after_a_scan_that_failed(scope, core, tmp_path, monkeypatch):
    scope.drive_focus(7.0)
    monkeypatch.setattr(core, "snapImage", raising)
    with pytest.raises(ScopeError):
        scope.prescan(tmp_path / "p")
    assert scope.position_um().z == pytest.approx(7.0)


def test_a_pixel_size_that_nobody_knows_is_told(core, tmp_path):
    core.deletePixelSizeConfig("Res10x")
    with pytest.raises(ScopeError, match="does not know the pixel size"):
        MicroManagerScope(core, Recipe()).prescan(tmp_path / "p")
    known = MicroManagerScope(core, Recipe(), pixel_size_um=0.65)
    assert known.prescan(tmp_path / "p").voxel_size == (0.0, 0.65, 0.65)


def test_colour_cameras_are_told(core, tmp_path):
    core.setProperty("Camera", "PixelType", "32bitRGB")
    with pytest.raises(ScopeError, match="grey values of 8 or 16 bits"):
        MicroManagerScope(core, Recipe()).prescan(tmp_path / "p")


@pytest.mark.parametrize(
    ("role", "device"), [("Camera", "camera"), ("XYStage", "XY stage"), ("Focus", "focus drive")]
)
def test_a_missing_device_is_told(core, role, device):
    core.setProperty("Core", role, "")
    with pytest.raises(ConfigurationError, match=f"has no {device}"):
        MicroManagerScope(core, Recipe())


class TestFocusLock:
    """The demonstration autofocus, which locks whenever it is on and keeps an offset."""

    @pytest.fixture
    def lock(self, core, monkeypatch):
        calls, enable = [], core.enableContinuousFocus
        monkeypatch.setattr(
            core, "enableContinuousFocus", lambda on: (calls.append(on), enable(on))
        )
        enable(True)
        core.setAutoFocusOffset(12.0)
        return calls

    def test_nobody_else_may_own_z(self, core, lock):
        with pytest.raises(ConfigurationError, match="would fight every correction"):
            MicroManagerScope(core, Recipe())
        core.enableContinuousFocus(False)
        with pytest.raises(ConfigurationError, match="focus lock is off"):
            MicroManagerScope(core, Recipe(), z_owner=ZOwner.FOCUS_LOCK)

    def test_it_rests_during_a_stack_and_is_engaged_once(self, core, lock, tmp_path):
        recipe = Recipe(3, 1.0, 1.0, parse_channels("DAPI, FITC"))
        MicroManagerScope(core, recipe, z_owner=ZOwner.FOCUS_LOCK).prescan(tmp_path / "p")
        assert lock == [False, True]
        assert core.isContinuousFocusLocked()

    def test_it_is_engaged_again_after_a_stack_that_failed(self, core, lock, tmp_path, monkeypatch):
        scope = MicroManagerScope(core, Recipe(3, 1.0, 1.0), z_owner=ZOwner.FOCUS_LOCK)
        monkeypatch.setattr(core, "snapImage", raising)
        with pytest.raises(ScopeError):
            scope.prescan(tmp_path / "p")
        assert lock == [False, True]

    def test_one_plane_leaves_it_on(self, core, lock, tmp_path):
        MicroManagerScope(core, Recipe(), z_owner=ZOwner.FOCUS_LOCK).prescan(tmp_path / "p")
        assert lock == []

    def test_the_offset_is_what_moves(self, core, lock):
        scope = MicroManagerScope(core, Recipe(), z_owner=ZOwner.OFFSET)
        before = core.getPosition()
        scope.drive_focus(15.0)
        scope.settle()
        assert (scope.position_um().z, core.getPosition()) == (15.0, before)

    @pytest.mark.parametrize("z_owner", [ZOwner.FOCUS_LOCK, ZOwner.OFFSET])
    def test_an_answer_moves_z_only_where_dystrack_owns_it(self, core, lock, z_owner):
        scope = MicroManagerScope(core, Recipe(3, 1.0, 1.0), z_owner=z_owner)
        start, drive = scope.position_um(), core.getPosition()
        guard = Guard(scope, GuardRules(Box.around([start], PositionUm(9, 9, 9))), print)
        reads = guard.follow(start.plus(PositionUm(4.0, 0.0, 2.0)))
        moved_um = 4.0 if z_owner is ZOwner.OFFSET else 0.0
        assert reads.minus(start) == pytest.approx((moved_um, 0.0, 2.0), abs=0.01)
        assert core.getPosition() == drive

    def test_a_lock_that_does_not_lock_is_told(self, core, lock, monkeypatch):
        from dystrack.scopes.clocks import SimulatedClock

        monkeypatch.setattr(core, "isContinuousFocusLocked", lambda: False)
        scope = MicroManagerScope(core, Recipe(), z_owner=ZOwner.FOCUS_LOCK, clock=SimulatedClock())
        with pytest.raises(ScopeError, match="did not lock within 3 s"):
            scope.settle()


def test_a_stack_never_leaves_the_box(core, tmp_path, monkeypatch):
    sent = []
    move = core.setPosition
    monkeypatch.setattr(core, "setPosition", lambda *args: (sent.append(args[-1]), move(*args)))
    box = Box(PositionUm(-10, -100, -100), PositionUm(10, 100, 100))
    guard = Guard(MicroManagerScope(core, Recipe(5, 2.0, 1.0)), GuardRules(box), print)
    guard.visit(PositionUm(6.0, 0.0, 0.0))
    guard.prescan(tmp_path / "p")
    assert (min(sent), max(sent)) == (2.0, 10.0)
    with pytest.raises(ScopeError, match="outside"):
        guard.visit(PositionUm(6.1, 0.0, 0.0))


def test_it_is_stopped_though_one_part_has_no_stop(scope, core, monkeypatch):
    stopped = []

    def stop(device):
        stopped.append(device)
        raising()

    monkeypatch.setattr(core, "stop", stop)
    monkeypatch.setattr(core.mda, "cancel", lambda: stopped.append("scan"))
    scope.stop()
    scope.stop()
    assert stopped == ["scan", core.getXYStageDevice(), core.getFocusDevice()] * 2


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ({"config": "/nowhere/scope.cfg"}, "There is no configuration /nowhere/scope.cfg"),
        ({"config": "MMConfig_nonsense.cfg"}, "could not be loaded"),
        ({"z_owner": "me"}, "z_owner is 'me'"),
        ({"objective": "1000x"}, "There is no objective '1000x'. Choose one of Nikon 40X"),
        (
            {"prescan_channels": "GFP"},
            "There is no preset 'GFP' in the group 'Channel'. It has: Cy5",
        ),
        ({"main_planes": 3, "main_channels": "Lasers/488"}, "in the group 'Lasers'. It has: none"),
        ({"prescan_binning": "7"}, "The camera has no binning '7'. Choose one of 1, 2"),
        ({"settle_s": -1.0}, "settle_s is -1.0"),
        ({"prescan_planes": 0}, "planes of a scan is 0"),
        ({"main_planes": 3, "main_channels": "a/b/c"}, "'a/b/c' is not understood"),
    ],
)
def test_what_cannot_be_opened_is_one_message(words, says):
    with (
        pytest.raises(ConfigurationError, match=says.replace(".", r"\.")),
        open_micromanager(**words),
    ):
        pass


def test_a_device_that_somebody_else_holds_is_told(tmp_path):
    path = tmp_path / "scope.cfg"
    path.write_text("Device,Camera,NoSuchAdapter,Cam\nProperty,Core,Initialize,1\n", "utf-8")
    with (
        pytest.raises(ConfigurationError, match="Close Micro-Manager Studio"),
        open_micromanager(config=str(path)),
    ):
        pass


def test_the_defaults_open_the_demonstration_devices():
    with open_micromanager() as scope:
        assert scope.traits.reach_um.z == 20.0


def test_an_objective_is_put_in_place():
    with open_micromanager(objective="Nikon 40X Plan Fluor ELWD") as scope:
        assert scope.facts().objective == "Nikon 40X Plan Fluor ELWD"
        assert scope.facts().pixel_size_um == 0.25
