import ast
import math
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import dystrack
from dystrack.core.errors import (
    ConfigurationError,
    ForbiddenMoveError,
    IncompleteImageError,
    ScopeError,
)
from dystrack.scopes.box import Box
from dystrack.scopes.geometry import PositionUm
from dystrack.scopes.guard import Guard, GuardRules
from dystrack.scopes.protocols import ZOwner
from scopes.bridges import BRIDGES, SimulatedRig

BOX = Box(PositionUm(-50, -300, -200), PositionUm(60, 200, 300))
STEP = PositionUm(5, 40, 50)
ORIGIN = PositionUm(0, 0, 0)
N_SEQUENCES = 10_000


@pytest.fixture
def scope():
    return SimulatedRig()


@pytest.fixture
def told():
    return []


def guarded(scope, told, **rules):
    return Guard(scope, GuardRules(BOX, **rules), told.append)


# What may never happen, whatever is asked and whatever fails

somewhere = st.floats(-500, 500) | st.sampled_from([math.nan, math.inf, -math.inf])
places = st.builds(PositionUm, somewhere, somewhere, somewhere)
near = st.builds(PositionUm, *[st.floats(-60, 60)] * 3)
commands = st.one_of(
    st.tuples(st.sampled_from(["visit", "follow", "by_hand"]), places | near),
    st.tuples(st.just("fault"), st.integers(0, 20)),
    st.tuples(st.sampled_from(["prescan", "main_scan", "stop"]), st.none()),
)
rules = st.builds(
    GuardRules,
    box=st.just(BOX),
    max_step_um=st.just(STEP),
    approach_um=st.sampled_from([ORIGIN, PositionUm(2, 10, 10), PositionUm(-2, 10, -10)]),
)


def try_all(bridge, rules, sequence):
    with BRIDGES[bridge]() as rig:
        guard = Guard(rig.scope, rules, lambda _: None)
        for command, what in sequence:
            before = len(rig.commands)
            try:
                obey(rig, guard, command, what)
            except ForbiddenMoveError:
                assert len(rig.commands) == before, "refused, and moved all the same"
            except ScopeError:
                pass
        for sent in rig.commands:
            for axis, value in sent.items():
                low, high = getattr(guard.box.low, axis), getattr(guard.box.high, axis)
                assert low <= value <= high, (axis, value)


def obey(rig, guard, command, what):
    match command:
        case "by_hand":
            if all(map(math.isfinite, what)):
                rig.move_by_hand(what)
        case "fault":
            list(rig.faults.values())[what % len(rig.faults)]()
        case "visit" | "follow":
            getattr(guard, command)(what)
        case "prescan" | "main_scan":
            getattr(guard, command)(Path("stem"))
        case "stop":
            guard.stop()


@pytest.mark.parametrize("bridge", BRIDGES)
@settings(
    max_examples=300 // len(BRIDGES),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(rules, st.lists(commands, min_size=3, max_size=25))
def test_no_move_ever_leaves_the_box(bridge, rules, sequence):
    try_all(bridge, rules, sequence)


@pytest.mark.slow
@pytest.mark.parametrize("bridge", BRIDGES)
@settings(
    max_examples=-(-N_SEQUENCES // len(BRIDGES)),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(rules, st.lists(commands, min_size=3, max_size=25))
def test_ten_thousand_sequences_never_leave_the_box(bridge, rules, sequence):
    try_all(bridge, rules, sequence)


def test_only_the_guard_drives():
    source = Path(dystrack.__file__).parent
    callers = {
        path.relative_to(source).as_posix()
        for path in source.rglob("*.py")
        if "macros" not in path.parts
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in {"drive_stage", "drive_focus"}
    }
    assert callers == {"scopes/guard.py"}


# One rule after the other


@pytest.mark.parametrize(
    "target",
    [
        PositionUm(0, 0, 301),
        PositionUm(61, 0, 0),
        PositionUm(45, 0, 0),  # half of the stack reaches beyond
        PositionUm(0, math.nan, 0),
        PositionUm(0, 0, math.inf),
    ],
)
@pytest.mark.parametrize("verb", ["visit", "follow"])
def test_what_lies_outside_is_refused_and_the_stage_stays(scope, told, verb, target):
    guard = guarded(scope, told)
    with pytest.raises(ForbiddenMoveError, match="outside of where the stage may go"):
        getattr(guard, verb)(target)
    assert (scope.commands, scope.position_um()) == ([], ORIGIN)


def test_limits_of_the_microscope_count_too(scope, told):
    wide = Box(PositionUm(-9e3, -9e3, -9e3), PositionUm(9e3, 9e3, 9e3))
    guard = Guard(scope, GuardRules(wide), told.append)
    assert (guard.box.low.x, guard.box.high.y) == (-400, 400)
    assert guard.box.high.z == 90 - 18  # half of 25 planes, 1.5 µm apart


def test_a_box_without_room_for_the_stack_is_refused(scope, told):
    flat = Box(PositionUm(-10, -10, -10), PositionUm(10, 10, 10))
    with pytest.raises(ConfigurationError, match="No position is allowed along z"):
        Guard(scope, GuardRules(flat), told.append)


def test_a_step_has_a_limit_a_visit_has_none(scope, told):
    guard = guarded(scope, told, max_step_um=STEP)
    with pytest.raises(ForbiddenMoveError, match=r"step along x would be 51\.00 µm.*50 µm"):
        guard.follow(PositionUm(0, 0, 51))
    assert scope.commands == []
    assert guard.visit(PositionUm(0, 0, 51)) == PositionUm(0, 0, 51)
    assert guard.follow(PositionUm(5, 40, 101)) == PositionUm(5, 40, 101)


def test_it_is_not_sent_to_where_it_is(scope, told):
    guard = guarded(scope, told)
    guard.visit(PositionUm(3, 20, 0))
    guard.visit(PositionUm(3, 20, 0.01))
    guard.visit(PositionUm(4, 20, 0))
    assert scope.commands == [{"y": 20, "x": 0}, {"z": 3}, {"z": 4}]


def test_it_is_not_sent_twice_to_where_it_came_close(scope, told, monkeypatch):
    guard = guarded(scope, told)
    real = SimulatedRig.drive_stage
    monkeypatch.setattr(SimulatedRig, "drive_stage", lambda s, y, x: real(s, y + 0.3, x))
    guard.visit(PositionUm(0, 20, 0))
    guard.visit(PositionUm(0, 20, 0))
    assert len(scope.commands) == 1


@pytest.mark.parametrize(
    ("approach", "target", "sent"),
    [
        (10, 100, [100]),  # on the path already
        (10, -100, [-110, -100]),
        (10, 5, [-5, 5]),
        (-10, 100, [110, 100]),
        (10, -200, [-200]),  # the end of the box: as near as may be
    ],
)
def test_the_last_part_of_a_move_is_always_on_the_same_side(scope, told, approach, target, sent):
    guard = guarded(scope, told, approach_um=PositionUm(0, 0, approach))
    guard.visit(PositionUm(0, 0, target))
    assert [command["x"] for command in scope.commands] == sent


def test_the_focus_rests_when_only_the_stage_comes_from_one_side(scope, told):
    guard = guarded(scope, told, approach_um=PositionUm(2, 10, 10))
    guard.visit(PositionUm(0, 0, -50))
    assert not any("z" in command for command in scope.commands)


def test_a_person_who_moved_the_stage_is_told_of(scope, told):
    guard = guarded(scope, told)
    guard.visit(PositionUm(0, 0, 100))
    scope._stage._position = PositionUm(0, 50, 100)
    guard.visit(PositionUm(0, 0, 100))
    assert len(told) == 1
    assert "left at z 0.00, y 0.00, x 100.00" in told[0]
    assert scope.position_um() == PositionUm(0, 0, 100)


def test_a_stage_that_was_moved_out_of_the_box_stays_there(scope, told, tmp_path):
    guard = guarded(scope, told)
    scope._stage._position = outside = PositionUm(0, 0, 350)
    for ask in (lambda: guard.visit(ORIGIN), lambda: guard.prescan(tmp_path / "p")):
        with pytest.raises(ForbiddenMoveError, match=r"x 350\.00 µm, outside.*by hand"):
            ask()
    assert (scope.commands, scope.position_um()) == ([], outside)


def test_a_focus_lock_owns_z(scope, told, monkeypatch):
    locked = replace(scope.traits, z_owner=ZOwner.FOCUS_LOCK)
    monkeypatch.setattr(SimulatedRig, "traits", locked)
    guard = guarded(scope, told, approach_um=PositionUm(2, 0, 0), max_step_um=STEP)
    guard.visit(PositionUm(500, 20, 0))
    scope._stage._position = scope._stage.position._replace(z=4.0)  # the lock follows the sample
    guard.follow(PositionUm(-500, 30, 0))
    assert not any("z" in command for command in scope.commands)
    assert told == []


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("reads NaN", "no position"),
        ("does not read", "read the position of the stage: OSError: the port is closed"),
        ("stops half-way", "sent to z 3.00, y 0.00, x 10.00 µm and reads z 3.00, y 0.00, x 5.00"),
        ("does not move", "RuntimeError: motor"),
        ("fails after the move", "no reply"),
    ],
)
def test_what_fails_is_one_clear_error(scope, told, fault, says):
    guard = guarded(scope, told)
    scope.fault = fault
    with pytest.raises(ScopeError, match=says.replace(".", r"\.")):
        guard.visit(PositionUm(3, 0, 10))
    guard.visit(ORIGIN)
    assert (scope.position_um(), told) == (ORIGIN, [])


def test_a_prescan_knows_where_it_was_taken(scope, told, tmp_path):
    guard = guarded(scope, told)
    guard.visit(PositionUm(1, 2, 3))
    assert guard.prescan(tmp_path / "prescan").stage_um == PositionUm(1, 2, 3)


@pytest.mark.parametrize(
    "wrong",
    [
        {"least_move_um": 0.0},
        {"arrival_um": math.nan},
        {"max_step_um": PositionUm(-1, 1, 1)},
        {"approach_um": PositionUm(0, math.inf, 0)},
    ],
)
def test_rules_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ConfigurationError, match=next(iter(wrong))):
        GuardRules(BOX, **wrong)


@pytest.mark.parametrize("error", [IncompleteImageError("it ends at byte 8."), OSError("gone")])
def test_a_prescan_that_cannot_be_read_is_a_fault_of_the_microscope(
    scope, told, monkeypatch, error
):
    def prescan(_):
        raise error

    monkeypatch.setattr(scope, "prescan", prescan)
    with pytest.raises(ScopeError, match=r"could not take the prescan: \w+: [^.]+\. Nothing more"):
        guarded(scope, told).prescan(Path("stem"))
