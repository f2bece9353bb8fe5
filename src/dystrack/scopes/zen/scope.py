"""ZEN behind the contract of a scope.

A prescan is run by a call that waits: ZEN stops it if we go. A main scan is only started, so that
it goes on whatever happens to us; the next call waits until it has ended.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dystrack.core.errors import ScopeError
from dystrack.core.protocols import SYSTEM_CLOCK, Clock
from dystrack.scopes.bridge import Bridge, complete_files
from dystrack.scopes.geometry import PositionUm
from dystrack.scopes.protocols import Prescan, Scope, ScopeFacts, ScopeTraits
from dystrack.scopes.zen.connection import ZenConnection
from dystrack.scopes.zen.frames import FrameCollector, StreamedStack
from dystrack.scopes.zen.positions import read_positions
from dystrack.scopes.zen.services import ZenServices
from dystrack.scopes.zen.settings import TOKEN_FILE, ZenSettings

__all__ = ["STATUS", "ZenScope", "open_zen"]

STATUS = (
    "emulated from public documentation; contains guesses: reflection answers without a token; all "
    "experiments can be monitored before one runs; tiles with a single position are scanned there; "
    "positions stand in an exported experiment as SingleTileRegion, in µm"
)
_UM_PER_M = 1_000_000.0
_POLL_S = 0.1


class ZenScope(Bridge):
    """A microscope that runs under ZEN.

    Parameters
    ----------
    settings : ZenSettings
        Where it is, and what to run.
    clock : Clock, optional
        Time for waiting.

    Raises
    ------
    ConfigurationError
        If the extra is not installed, or token or certificate cannot be read.
    ScopeError
        If ZEN cannot be reached, or lacks a service or an experiment.
    """

    def __init__(self, settings: ZenSettings, clock: Clock = SYSTEM_CLOCK) -> None:
        super().__init__(clock)
        self._settings = settings
        self._zen = ZenConnection(settings)
        self._services = ZenServices.choose(self._zen.services)
        self._experiments = [settings.prescan_experiment]
        if settings.main_experiment:
            self._experiments.append(settings.main_experiment)
        self._check_experiments()
        self._reach_z_um = max(map(self._half_range_um, self._experiments))

    @property
    def traits(self) -> ScopeTraits:
        """What the bridge can do."""
        return ScopeTraits(
            name="zen",
            status=STATUS,
            delivers_pixels=True,
            reach_um=PositionUm(self._reach_z_um, 0.0, 0.0),
        )

    def facts(self) -> ScopeFacts:
        """Return what ZEN says of itself: its services, which tell the version apart."""
        address = f"{self._settings.host}:{self._settings.port}"
        more = {"stage": self._services.stage, "focus": self._services.focus}
        return ScopeFacts(microscope=f"ZEN at {address}", version="", more=more)

    def position_um(self) -> PositionUm:
        """Return what stage and focus read; a value that may have been left out is refused."""
        stage = self._zen.call(self._services.stage, "GetPosition")
        focus = self._zen.call(self._services.focus, "GetPosition")
        _refuse_zero("the focus", focus.value)
        _refuse_zero("the stage", stage.x, stage.y)
        per_stage, per_focus = self._services.um_per_stage, self._services.um_per_focus
        return PositionUm(focus.value * per_focus, stage.y * per_stage, stage.x * per_stage)

    def marked_um(self) -> Sequence[PositionUm]:
        """Return the positions that are stored in the prescan's experiment."""
        experiment = self._load(self._settings.prescan_experiment)
        exported = self._zen.call(self._services.experiments, "Export", experiment_id=experiment)
        return read_positions(exported.xml)

    def drive_stage(self, y_um: float, x_um: float) -> None:
        """Move the stage and return when it has stopped."""
        per_unit = self._services.um_per_stage
        target = {"x": x_um / per_unit, "y": y_um / per_unit}
        self._zen.call(self._services.stage, "MoveTo", **target)

    def drive_focus(self, z_um: float) -> None:
        """Move the focus and return when it has stopped."""
        value = z_um / self._services.um_per_focus
        self._zen.call(self._services.focus, "MoveTo", value=value)

    def prescan(self, stem: Path) -> Prescan:
        """Take a prescan where the stage is; its pixels, or its file where planes were lost."""
        self._wait_until_idle()
        experiment = self._placed(self._settings.prescan_experiment)
        responses = self._zen.stream(
            self._services.streaming, "MonitorAllExperiments", enable_raw_data=False
        )
        try:
            frames = self._collector(experiment, responses)
            done = self._run(experiment, "RunExperiment", stem, self._settings.scan_s)
            streamed = frames.stack(self._settings.stream_s)
        finally:
            responses.cancel()
        return _as_prescan(streamed) if streamed else self._saved_prescan(done.output_name)

    def main_scan(self, stem: Path) -> Path | None:
        """Start the main scan where the stage is, and wait for its end."""
        if not self._settings.main_experiment:
            return None
        self._wait_until_idle()
        experiment = self._placed(self._settings.main_experiment)
        done = self._run(experiment, "StartExperiment", stem, self._settings.answer_s)
        self._wait_for_end(experiment)
        return self._file(done.output_name)

    def stop(self) -> None:
        """Stop stage, focus and whatever is scanned."""
        for service in (self._services.stage, self._services.focus, self._services.experiments):
            self._zen.call(service, "Stop")

    def close(self) -> None:
        """Close the connection; what runs goes on."""
        self._zen.close()

    def _check_experiments(self) -> None:
        found = self._zen.call(self._services.experiments, "GetAvailableExperiments").experiments
        names = [one.name for one in found]
        for name in self._experiments:
            if name not in names:
                msg = (
                    f"ZEN has no experiment {name!r}. It has: {', '.join(names) or 'none'}. Save "
                    "your experiment in ZEN under the name that you give."
                )
                raise ScopeError(msg)

    def _half_range_um(self, name: str) -> float:
        experiment = self._load(name)
        return self._stack(experiment).range * _UM_PER_M / 2 if self._has_stack(experiment) else 0.0

    def _load(self, name: str) -> str:
        """Load an experiment and return the identifier of a copy, which may be changed."""
        load = self._zen.call(self._services.experiments, "Load", experiment_name=name)
        copy = self._zen.call(self._services.experiments, "Clone", experiment_id=load.experiment_id)
        return str(copy.experiment_id)

    def _placed(self, name: str) -> str:
        """Return the identifier of an experiment that is changed so that it scans right here."""
        experiment = self._load(name)
        here = self.position_um()
        if self._has_tiles(experiment):
            place = {axis: getattr(here, axis) / _UM_PER_M for axis in "xyz"}
            self._zen.call(self._services.tiles, "Clear", experiment_id=experiment)
            self._zen.call(
                self._services.tiles, "AddPositions", experiment_id=experiment, positions=[place]
            )
        elif self._has_stack(experiment):
            stack = self._stack(experiment)
            around = {"interval": stack.interval, "range": stack.range}
            self._zen.call(
                self._services.stacks,
                "ModifyZStackCenterRange",
                experiment_id=experiment,
                center=here.z / _UM_PER_M,
                **around,
            )
        return experiment

    def _has_tiles(self, experiment: str) -> bool:
        found = self._zen.call(self._services.tiles, "IsTilesExperiment", experiment_id=experiment)
        return bool(found.is_tiles_experiment)

    def _has_stack(self, experiment: str) -> bool:
        found = self._zen.call(
            self._services.stacks, "IsZStackExperiment", experiment_id=experiment
        )
        return bool(found.is_zstack_experiment)

    def _stack(self, experiment: str) -> Any:
        return self._zen.call(self._services.stacks, "GetZStackInfo", experiment_id=experiment)

    def _collector(self, experiment: str, responses: Any) -> FrameCollector:
        stack = self._stack(experiment) if self._has_stack(experiment) else None
        return FrameCollector(
            self._zen.until_broken(responses),
            experiment,
            channel=self._settings.prescan_channel,
            n_planes=stack.num_slices if stack else 1,
            z_step_um=stack.interval * _UM_PER_M if stack else 1.0,
        )

    def _run(self, experiment: str, method: str, stem: Path, timeout_s: float) -> Any:
        return self._zen.call(
            self._services.experiments,
            method,
            timeout_s=timeout_s,
            experiment_id=experiment,
            output_name=stem.name,
        )

    def _wait_for_end(self, experiment: str) -> None:
        """Wait for the end of a scan, and raise an error if it came too early."""
        fields = {"experiment_id": experiment} if experiment else {}
        deadline_s = self._clock.monotonic() + self._settings.scan_s
        while (status := self._status(**fields)) and status.is_experiment_running:
            if self._clock.monotonic() >= deadline_s:
                msg = (
                    f"ZEN has been scanning for {self._settings.scan_s:g} s. It goes on. Look at "
                    "it in ZEN, or allow more time with scan_s."
                )
                raise ScopeError(msg)
            self._clock.sleep(_POLL_S)
        if experiment and status and status.images_acquired_index < status.images_count:
            msg = (
                f"The main scan ended after {status.images_acquired_index} of "
                f"{status.images_count} images. Look into ZEN for why it failed or was stopped."
            )
            raise ScopeError(msg)

    def _status(self, **fields: str) -> Any:
        """Return the status of an experiment, or of whatever runs; None if nothing does."""
        found = self._zen.call_if_possible(self._services.experiments, "GetStatus", **fields)
        return found and found.status

    def _wait_until_idle(self) -> None:
        """Wait for the end of what was started before, by us in another life, or by a person."""
        self._wait_for_end("")

    def _saved_prescan(self, name: str) -> Prescan:
        """Return the prescan that ZEN has saved, once its file is complete."""
        path = self._file(name)
        complete_files([path], self._clock)
        return Prescan(path=path)

    def _file(self, name: str) -> Path:
        """Return where ZEN saves an image, as this computer sees it."""
        folder = (
            self._settings.image_folder
            or self._zen.call(self._services.experiments, "GetImageOutputPath").image_output_path
        )
        return Path(folder) / f"{name}.czi"


def _as_prescan(streamed: StreamedStack) -> Prescan:
    return Prescan(
        stack=streamed.pixels, voxel_size=streamed.voxel_size, stage_um=streamed.stage_um
    )


def _refuse_zero(what: str, *values: float) -> None:
    """Refuse what reads exactly 0: so does a value that was left out of a message."""
    if not any(values):
        msg = (
            f"ZEN says that {what} is at exactly 0, which is also what it says when it leaves the "
            "value out. Nothing is moved. If it really is at 0, move it a little by hand."
        )
        raise ScopeError(msg)


@contextmanager
def open_zen(  # a command line has its options as parameters
    *,
    prescan_experiment: str = "prescan",
    main_experiment: str = "main_scan",
    host: str = "localhost",
    port: int = 5002,
    token_file: str = TOKEN_FILE,
    certificate: str = "",
    image_folder: str = "",
    prescan_channel: int = 0,
    answer_s: float = 30.0,
    scan_s: float = 3600.0,
    stream_s: float = 2.0,
) -> Iterator[Scope]:
    """Connect to ZEN through its API Gateway.

    Parameters
    ----------
    prescan_experiment : str, default "prescan"
        Name of the prescan's experiment, as ZEN lists it.
    main_experiment : str, default "main_scan"
        Name of the main scan's experiment; no main scans are taken if it is empty.
    host : str, default "localhost"
        The computer on which the gateway runs, by the name in its certificate.
    port : int, default 5002
        Port of the gateway.
    token_file : str, optional
        File with the control token; the gateway's own if not given.
    certificate : str, default ""
        The gateway's root certificate, a PEM file; empty for a gateway that was set to use none.
    image_folder : str, default ""
        ZEN's image folder as this computer sees it; empty if the paths are the same.
    prescan_channel : int, default 0
        Index of the prescan's channel that is fetched.
    answer_s : float, default 30.0
        How long to wait for an answer.
    scan_s : float, default 3600.0
        How long a scan may take.
    stream_s : float, default 2.0
        How long to wait for the last plane after a prescan; then its file is read.

    Yields
    ------
    Scope
        The microscope.

    Raises
    ------
    ConfigurationError
        If the extra is not installed, or token or certificate cannot be read.
    ScopeError
        If ZEN cannot be reached, or lacks a service or an experiment.
    """
    scope = ZenScope(ZenSettings(**locals()))
    try:
        yield scope
    finally:
        scope.close()
