"""The tracker over a resume, and on its way to a microscope that is driven by a function."""

import pytest

from dystrack.core.errors import TargetNotFoundError
from dystrack.core.exchange.coords_file import COORDS_FILE_NAME, read_lines
from dystrack.manager.events import Answered
from dystrack.manager.manager import run_dystrack_manager
from dystrack.manager.transmitters import Traits
from fakes import FakeClock, Recorder, write_prescan


def drifting(target_path, n=0):
    """Find a sample three pixels right of the middle, but at the eighth prescan."""
    if n == 7 or "dark" in target_path:
        raise TargetNotFoundError("nothing there")
    return 2.0, 9.5, 14.5 + 3.0 * (n > 0), "OK", {"n": n + 1}


def start(folder, names, *, wall_s=1_800_000_000.0, told=None, **settings):
    clock = FakeClock(wall_s)
    for i, name in enumerate(names):
        clock.plan(20.0 + 300.0 * i, lambda name=name: write_prescan(folder / name))
    run_dystrack_manager(
        folder,
        drifting,
        max_triggers=len(names),
        max_checks=10_000,
        progress=False,
        previews=False,
        clock=clock,
        on_event=told or Recorder(),
        **settings,
    )


NAMES = [f"prescan_{i}.tif" for i in range(1, 7)]


def test_a_resume_goes_on_with_what_the_tracker_knows(tmp_path):
    lines = []
    for name in ("at_once", "resumed"):
        folder = tmp_path / name
        folder.mkdir()
        names = [*NAMES, "prescan_7_dark.tif"]
        if name == "at_once":
            start(folder, names, track="auto")
        else:
            start(folder, names[:4], track="auto")
            told = Recorder()
            later_s = 1_800_000_000.0 + 4 * 300.0
            start(folder, names[4:], wall_s=later_s, told=told, resume=True)
            assert all(one.predicted is not None for one in told.of(Answered))
        lines.append(read_lines(folder / COORDS_FILE_NAME))
    assert [line.msg for line in lines[1]] == [line.msg for line in lines[0]]
    assert lines[1][-1].msg == "TRACKER:GAP"
    for one, other in zip(*lines, strict=True):
        assert (one.z, one.y, one.x) == pytest.approx((other.z, other.y, other.x), abs=0.2)


def test_a_function_that_asks_for_it_is_told_of_the_next_prescan(tmp_path):
    sent = []

    def transmit(z, y, x, msg, cache, error, target_dir, next_prescan):
        sent.append((x, next_prescan))

    transmit.traits = Traits(takes_next=True)
    start(tmp_path, NAMES, track="lead", tra_method=transmit)
    x, then = sent[-1]
    assert then.x - x > 1.0
    assert then.in_s is None or then.in_s < 300.0


def test_a_function_that_does_not_ask_gets_one_target(tmp_path):
    sent = []
    start(tmp_path, NAMES[:2], track="auto", tra_method=lambda *args: sent.append(args))
    assert {len(args) for args in sent} == {7}
