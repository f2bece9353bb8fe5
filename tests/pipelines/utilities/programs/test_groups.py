"""The job object of Windows, with a stand-in for its kernel."""

import pytest

from dystrack.pipelines.utilities.programs.groups import _Job


class Kernel:
    """Writes down what it is asked for."""

    def __init__(self, refuses=""):
        self.calls = []
        self.refuses = refuses

    def __getattr__(self, name):
        def call(*arguments):
            self.calls.append((name, *arguments))
            return 0 if name == self.refuses else 77

        return call


class Process:
    _handle = 123


def test_a_program_is_put_into_a_job_that_ends_with_us():
    kernel = Kernel()
    job = _Job(Process(), kernel)
    names = [name for name, *_ in kernel.calls]
    assert names == ["CreateJobObjectW", "SetInformationJobObject", "AssignProcessToJobObject"]
    _, handle, kind, limits, size = kernel.calls[1]
    assert (handle, kind, size) == (77, 9, 144)
    assert int.from_bytes(limits[16:20], "little") == 0x2000
    assert kernel.calls[2][1:] == (77, 123)
    job.end()
    job.end()
    assert [name for name, *_ in kernel.calls[3:]] == ["TerminateJobObject", "CloseHandle"]


@pytest.mark.parametrize(
    "refuses", ["CreateJobObjectW", "SetInformationJobObject", "AssignProcessToJobObject"]
)
def test_a_program_that_could_outlive_us_is_refused(refuses):
    with pytest.raises(OSError, match="no job object"):
        _Job(Process(), Kernel(refuses))
