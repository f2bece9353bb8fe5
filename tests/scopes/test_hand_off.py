import math

import pytest

from dystrack.core.exchange.answer_file import write_answer
from dystrack.core.exchange.coords_file import COORDS_FILE_NAME, CoordsLine, append_line
from dystrack.scopes.clocks import SimulatedClock
from dystrack.scopes.hand_off import NO_ANSWER, FolderHandOff, InProcessHandOff

LINE = CoordsLine(1.0, 2.0, 3.0, "OK")
OTHER = CoordsLine(7.0, 8.0, 9.0, "OK")


class ManagerClock(SimulatedClock):
    """A clock by which somebody answers while the microscope waits."""

    def __init__(self, coords_path, line, after_s, give=append_line):
        super().__init__()
        self.give = give
        self.coords_path, self.line, self.after_s = coords_path, line, after_s

    def sleep(self, seconds):
        super().sleep(seconds)
        if self.line and self.monotonic() >= self.after_s:
            self.give(self.coords_path, self.line)
            self.line = None


def writer(folder, seconds=0.0):
    def write(clock):
        clock.advance(seconds)
        return folder / "prescan.tif"

    return write


@pytest.mark.parametrize("lines_before", [[], [OTHER], [OTHER, OTHER]])
def test_one_more_line_is_waited_for(tmp_path, lines_before):
    path = tmp_path / COORDS_FILE_NAME
    for line in lines_before:
        append_line(path, line)
    hand_off = FolderHandOff(tmp_path, clock=ManagerClock(path, LINE, after_s=2.0))

    answer = hand_off.exchange(writer(tmp_path, seconds=0.5))

    assert answer.line == LINE
    assert answer.path == tmp_path / "prescan.tif"
    assert answer.writing_s == 0.5
    assert answer.latency_s == pytest.approx(1.5, abs=0.1)


def test_an_answer_that_is_there_when_the_file_is_closed_counts(tmp_path):
    def write(clock):
        append_line(tmp_path / COORDS_FILE_NAME, LINE)
        return tmp_path / "prescan.tif"

    answer = FolderHandOff(tmp_path, clock=SimulatedClock()).exchange(write)
    assert answer.line == LINE
    assert answer.latency_s == 0.0


def test_without_a_line_there_is_no_target(tmp_path):
    clock = SimulatedClock()
    answer = FolderHandOff(tmp_path, timeout_s=9.0, clock=clock).exchange(writer(tmp_path))
    assert answer.line.msg == NO_ANSWER
    assert math.isnan(answer.line.x)
    assert answer.latency_s == pytest.approx(9.0, abs=0.1)


def test_an_answer_file_is_waited_for(tmp_path):
    path = tmp_path / "prescan.tif"
    append_line(tmp_path / COORDS_FILE_NAME, OTHER)
    clock = ManagerClock(path, LINE, after_s=2.0, give=write_answer)
    answer = FolderHandOff(tmp_path, clock=clock, answer_files=True).exchange(writer(tmp_path))
    assert answer.line == LINE
    assert answer.latency_s == pytest.approx(2.0, abs=0.1)


def test_without_an_answer_file_there_is_no_target(tmp_path):
    clock = ManagerClock(tmp_path / COORDS_FILE_NAME, OTHER, after_s=2.0)
    hand_off = FolderHandOff(tmp_path, timeout_s=9.0, clock=clock, answer_files=True)
    assert hand_off.exchange(writer(tmp_path)).line.msg == NO_ANSWER


def test_a_function_is_asked_with_the_path(tmp_path):
    asked = []
    hand_off = InProcessHandOff(lambda path: asked.append(path) or LINE)
    answer = hand_off.exchange(writer(tmp_path, seconds=0.3))
    assert asked == [tmp_path / "prescan.tif"]
    assert (answer.line, answer.writing_s, answer.latency_s) == (LINE, 0.3, 0.0)
