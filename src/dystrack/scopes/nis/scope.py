"""NIS-Elements behind the contract of a scope: four or five small JOBS that a person exports.

How to make the jobs stands in docs/microscopes.md.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PureWindowsPath

import attrs

from dystrack.core.errors import ScopeError
from dystrack.core.protocols import SYSTEM_CLOCK, Clock
from dystrack.scopes.bridge import Bridge, complete_files
from dystrack.scopes.geometry import PositionUm
from dystrack.scopes.nis.scheduler import JobResult, Scheduler
from dystrack.scopes.protocols import Prescan, Scope, ScopeFacts, ScopeTraits
from dystrack.scopes.setting_rules import is_above_zero, is_host, is_not_negative, is_port

__all__ = ["STATUS", "NisScope", "NisSettings", "open_nis"]

STATUS = (
    "emulated from public documentation; contains guesses: names of states; the paths of state, "
    "abort and version; that output arguments hold numbers by their names"
)


@attrs.frozen(kw_only=True)
class NisSettings:
    """The keyword arguments of `open_nis`, of that meaning."""

    jobs_folder: str = r"C:\dystrack_jobs"
    reach_z_um: float = attrs.field(default=0.0, validator=is_not_negative)
    takes_main_scans: bool = True
    image_folder: str = ""
    host: str = attrs.field(default="localhost", validator=is_host)
    port: int = attrs.field(default=8444, validator=is_port)
    answer_s: float = attrs.field(default=30.0, validator=is_above_zero)
    scan_s: float = attrs.field(default=3600.0, validator=is_above_zero)


class NisScope(Bridge):
    """A microscope that runs under NIS-Elements.

    Parameters
    ----------
    settings : NisSettings
        Where it is, and what to run.
    clock : Clock, optional
        The time.
    """

    def __init__(self, settings: NisSettings, clock: Clock = SYSTEM_CLOCK) -> None:
        super().__init__(clock)
        self._settings = settings
        self._scheduler = Scheduler(settings.host, settings.port, clock, settings.answer_s)

    @property
    def traits(self) -> ScopeTraits:
        """What the bridge can do."""
        return ScopeTraits("nis", STATUS, reach_um=PositionUm(self._settings.reach_z_um, 0.0, 0.0))

    def facts(self) -> ScopeFacts:
        """Return what NIS says of itself."""
        return ScopeFacts(f"NIS at {self._settings.host}", version=self._scheduler.version())

    def position_um(self) -> PositionUm:
        """Return what stage and focus read; a value left out is refused."""
        values = self._run("position", self._settings.answer_s).values
        return PositionUm(*(_number(values.get(axis), axis) for axis in "ZYX"))

    def drive_stage(self, y_um: float, x_um: float) -> None:
        """Move the stage and return when the job has ended."""
        self._run("move_xy", self._settings.answer_s, X=x_um, Y=y_um)

    def drive_focus(self, z_um: float) -> None:
        """Move the focus and return when the job has ended."""
        self._run("move_z", self._settings.answer_s, Z=z_um)

    def prescan(self, stem: Path) -> Prescan:
        """Take a prescan where the stage is, and wait until its file is complete."""
        files = self._run("prescan", self._settings.scan_s, Name=stem.name).files
        if len(files) != 1:
            msg = (
                f"The prescan's job left {len(files)} files, {list(files)}. It must save exactly "
                "one. The stage stays where it is."
            )
            raise ScopeError(msg)
        path = self._local(files[0])
        complete_files([path], self._clock)
        return Prescan(path=path)

    def main_scan(self, stem: Path) -> Path | None:
        """Take the main scan where the stage is."""
        if not self._settings.takes_main_scans:
            return None
        files = self._run("main", self._settings.scan_s, Name=stem.name).files
        return self._local(files[0]) if files else None

    def stop(self) -> None:
        """Abort the job that runs."""
        self._scheduler.stop()

    def _run(self, name: str, timeout_s: float, **parameters: float | str) -> JobResult:
        job = str(PureWindowsPath(self._settings.jobs_folder, f"dystrack_{name}.bin"))
        return self._scheduler.run(job, timeout_s, **parameters)

    def _local(self, path: str) -> Path:
        """Return where a file of NIS lies, as this computer sees it."""
        folder = self._settings.image_folder
        return Path(folder, PureWindowsPath(path).name) if folder else Path(path)


def _number(value: object, axis: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        msg = (
            f"The position job says that {axis} is {value!r}, which is no number. Nothing is "
            f"moved. Give it an output argument {axis} in µm."
        )
        raise ScopeError(msg)
    return float(value)


@contextmanager
def open_nis(
    *,
    jobs_folder: str = r"C:\dystrack_jobs",
    reach_z_um: float = 0.0,
    takes_main_scans: bool = True,
    image_folder: str = "",
    host: str = "localhost",
    port: int = 8444,
    answer_s: float = 30.0,
    scan_s: float = 3600.0,
) -> Iterator[Scope]:
    r"""Drive NIS-Elements through its Scheduler API.

    Parameters
    ----------
    jobs_folder : str, optional
        Folder on NIS's computer with the exported jobs ``dystrack_position.bin``,
        ``dystrack_move_xy.bin``, ``dystrack_move_z.bin``, ``dystrack_prescan.bin`` and
        ``dystrack_main.bin``; by default ``C:\dystrack_jobs``.
    reach_z_um : float, default 0.0
        How far a scan moves to either side along z: half of the deeper stack.
    takes_main_scans : bool, default True
        Whether there is a job for main scans.
    image_folder : str, default ""
        NIS's image folder as this computer sees it; empty if the paths are the same.
    host : str, default "localhost"
        The computer on which the Scheduler API runs.
    port : int, default 8444
        Its port.
    answer_s : float, default 30.0
        How long to wait for an answer, and for a click into a message box of NIS.
    scan_s : float, default 3600.0
        How long a scan may take.

    Yields
    ------
    Scope
        The microscope.
    """
    yield NisScope(NisSettings(**locals()))
