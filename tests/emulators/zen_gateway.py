"""An emulated ZEN API Gateway: TLS, the control token, reflection, and ZEN's state behind it.

It is faithful in what hurts: a run that stops when its caller goes, a stream that exists only while
an experiment runs, units that differ between versions, values left out that read as 0, and a
gateway that dies.
"""

import queue
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import grpc
from google.protobuf import message_factory
from grpc_reflection.v1alpha import reflection

from certificates import make_certificate
from emulators.zen_protos import make_pool

TOKEN = "f00d-cafe"  # noqa: S105 - of an emulator
_EXPERIMENTS = (
    "zen_api.acquisition.v1beta.ExperimentService",
    "zen_api.acquisition.v1beta.ExperimentStreamingService",
    "zen_api.lm.acquisition.v1beta.TilesService",
    "zen_api.lm.acquisition.v1beta.ZStackService",
)
GENERATIONS = {
    "2025.05": ("zen_api.lm.hardware.v1.StageService", "zen_api.lm.hardware.v1.FocusService"),
    "2025.10": ("zen_api.lm.hardware.v2.StageService", "zen_api.lm.hardware.v2.FocusService"),
    "2026.05": ("zen_api.hardware.v1.SimpleStageService", "zen_api.lm.hardware.v2.FocusService"),
    "unknown": ("zen_api.hardware.v1.SimpleStageService", "zen_api.lm.hardware.v3.FocusService"),
}
_READING = ("Get", "Is", "Monitor")
_UM_PER_M = 1e6


@dataclass
class Faults:
    """What goes wrong, as long as it is set."""

    leaves_out_focus: bool = False
    leaves_out_stage_z: bool = False
    supervised: bool = False  # ZEN is not in API mode
    lost_planes: int = 0  # of each stream, from its end
    doubled_planes: bool = False
    wrong_scaling: float = 1.0
    fails: str = ""  # an experiment that fails, by its name


class ZenGateway:
    """The server; `start` and `kill` it as often as wanted, on the same port."""

    def __init__(self, state, generation="2026.05", credentials=None, scan_s=0.01):
        self.state = state
        self.services = (*_EXPERIMENTS, *GENERATIONS[generation])
        self.pool = make_pool(self.services)
        self.credentials = credentials
        self.scan_s = scan_s  # real seconds that a scan takes
        self.faults = Faults()
        self.port = 0
        self.held = ""  # a scan that does not end as long as its name stands here
        self.n_status = 0  # how often a status was asked for
        self.monitors = []
        self.stopped = set()
        self.server = None

    def start(self):
        """Start to listen; return itself."""
        self.server = grpc.server(
            ThreadPoolExecutor(16),
            options=[("grpc.max_send_message_length", -1), ("grpc.so_reuseport", 0)],
        )
        for name in self.services:
            self.server.add_generic_rpc_handlers([self._handlers(name)])
        names = (*self.services, reflection.SERVICE_NAME)
        reflection.enable_server_reflection(names, self.server, pool=self.pool)
        address = f"localhost:{self.port}"
        if self.credentials is None:
            self.port = self.server.add_insecure_port(address)
        else:
            self.port = self.server.add_secure_port(address, self.credentials)
        self.server.start()
        return self

    def kill(self):
        """Go away in the middle of whatever is asked; ZEN itself goes on."""
        self.server.stop(None).wait()

    def wait_until_idle(self):
        """Return when nothing is running any more."""
        while self.state.active:
            time.sleep(0.001)

    def _handlers(self, service):
        methods = {}
        for method in self.pool.FindServiceByName(service).methods:
            request = message_factory.GetMessageClass(method.input_type)
            response = message_factory.GetMessageClass(method.output_type)
            kind = "unary_stream" if method.server_streaming else "unary_unary"
            methods[method.name] = getattr(grpc, f"{kind}_rpc_method_handler")(
                self._answerer(service, method, response),
                request_deserializer=request.FromString,
                response_serializer=response.SerializeToString,
            )
        return grpc.method_handlers_generic_handler(service, methods)

    def _answerer(self, service, method, response):
        short = service.rpartition(".")[2].removesuffix("Service").removeprefix("Simple")
        answer = getattr(self, f"_{short}_{method.name}".lower())
        unit = 1.0 if ".hardware.v1." in service and "Simple" not in service else _UM_PER_M

        def handle(request, context):
            self._check(method.name, context)
            return answer(request, response, context, unit)

        def stream(request, context):
            self._check(method.name, context)
            yield from answer(request, response, context, unit)

        return stream if method.server_streaming else handle

    def _check(self, method, context):
        given = dict(context.invocation_metadata()).get("control-token")
        if given != TOKEN:
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "Missing or wrong control token.")
        if self.faults.supervised and not method.startswith(_READING):
            context.abort(
                grpc.StatusCode.PERMISSION_DENIED,
                "Permission denied - Execution of API methods that can change the system state "
                "is currently not allowed.",
            )

    # ---- stage and focus

    def _stage_getposition(self, _request, response, _context, per_unit):
        where = self.state.world.position
        return response(x=where.x / per_unit, y=where.y / per_unit)

    def _stage_moveto(self, request, response, _context, per_unit):
        axes = {
            axis: getattr(request, axis).value * per_unit for axis in "xy" if request.HasField(axis)
        }
        self.state.world.move(**axes)
        return response(position_changed=True)

    def _stage_stop(self, _request, response, _context, _unit):
        return response()

    def _focus_getposition(self, _request, response, _context, per_unit):
        if self.faults.leaves_out_focus:
            return response()
        return response(value=self.state.world.position.z / per_unit)

    def _focus_moveto(self, request, response, _context, per_unit):
        self.state.world.move(z=request.value * per_unit)
        return response(position_changed=True)

    def _focus_stop(self, _request, response, _context, _unit):
        return response()

    # ---- experiments

    def _experiment_getavailableexperiments(self, _request, response, _context, _unit):
        found = response()
        for name in self.state.experiments:
            found.experiments.add(name=name)
        return found

    def _experiment_getimageoutputpath(self, _request, response, _context, _unit):
        return response(image_output_path=str(self.state.folder))

    def _experiment_load(self, request, response, context, _unit):
        if request.experiment_name not in self.state.experiments:
            context.abort(grpc.StatusCode.NOT_FOUND, f"No experiment {request.experiment_name}.")
        return response(experiment_id=self.state.load(request.experiment_name))

    def _experiment_export(self, request, response, _context, _unit):
        return response(xml=self.state.xml(request.experiment_id))

    def _experiment_clone(self, request, response, _context, _unit):
        return response(experiment_id=self.state.clone(request.experiment_id))

    def _experiment_getstatus(self, request, response, context, _unit):
        self.n_status += 1
        identifier = request.experiment_id or next(iter(self.state.active), "")
        if not identifier:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, "No experiment is active.")
        found = response()
        found.status.is_experiment_running = identifier in self.state.active
        found.status.images_count = self.state.loaded[identifier].scan.shape_zyx[0]
        has_images = identifier in self.state.finished
        found.status.images_acquired_index = found.status.images_count if has_images else 0
        return found

    def _experiment_stop(self, request, response, _context, _unit):
        self.stopped.update([request.experiment_id] if request.experiment_id else self.state.active)
        return response(experiment_id=request.experiment_id)

    def _experiment_startexperiment(self, request, response, context, _unit):
        self._refuse_second(context)
        name = self._free_name(request)
        self.state.active[request.experiment_id] = name
        run = (request.experiment_id, name)
        threading.Thread(target=self._run, args=run, daemon=True).start()
        return response(output_name=name)

    def _experiment_runexperiment(self, request, response, context, _unit):
        self._refuse_second(context)
        name = self._free_name(request)
        self.state.active[request.experiment_id] = name
        context.add_callback(lambda: self.stopped.add(request.experiment_id))
        if not self._run(request.experiment_id, name):
            context.abort(grpc.StatusCode.ABORTED, "The experiment failed or was stopped.")
        return response(output_name=name)

    def _free_name(self, request):
        """Return a name that no image has yet, as ZEN does."""
        name, number = request.output_name, 1
        while (Path(self.state.folder) / f"{name}.czi").exists():
            number += 1
            name = f"{request.output_name}-{number:02}"
        return name

    def _refuse_second(self, context):
        if self.state.active:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, "An experiment is running already.")

    def _run(self, identifier, name):
        """Acquire, stream and save; return whether it came to its end."""
        experiment = self.state.loaded[identifier]
        try:
            end_s = time.monotonic() + self.scan_s
            while time.monotonic() < end_s or name == self.held:
                if identifier in self.stopped:
                    return False
                time.sleep(0.001)
            if self.faults.fails and self.faults.fails in name:
                return False
            with self.state.lock:
                self.state._go_there(experiment)
                image = self.state.world.scan(experiment.scan, name)
                where = self.state.world.position
            self._stream(identifier, image, experiment.scan, where)
            self.state.save(image, experiment.scan, name, self.state.folder)
            self.state.finished.append(identifier)
        finally:
            self.state.active.pop(identifier, None)
            for frames in self.monitors:
                frames.put(None)
        return True

    # ---- pixels

    def _stream(self, identifier, image, scan, where):
        planes = image.reshape(-1, *image.shape[-2:])
        numbers = list(range(len(planes) - self.faults.lost_planes))
        for z in numbers * 2 if self.faults.doubled_planes else numbers:
            for frames in self.monitors:
                frames.put((identifier, z, planes[z], scan, where))

    def _experimentstreaming_monitorallexperiments(self, _request, response, context, _unit):
        frames = queue.Queue()
        self.monitors.append(frames)
        context.add_callback(lambda: frames.put("gone"))
        context.send_initial_metadata(())
        try:
            while (frame := frames.get()) != "gone":
                if frame is not None:
                    yield self._frame(response, *frame)
        finally:
            self.monitors.remove(frames)

    def _experimentstreaming_monitorexperiment(self, request, response, context, unit):
        if request.experiment_id not in self.state.active:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, "The experiment is not running.")
        return self._experimentstreaming_monitorallexperiments(request, response, context, unit)

    def _frame(self, response, identifier, z, plane, scan, where):
        found = response()
        data = found.frame_data
        data.experiment_id = identifier
        data.frame_position.z = z
        data.frame_size.height, data.frame_size.width = plane.shape
        for axis in "xy":
            getattr(data.frame_stage_position, axis).value = getattr(where, axis) / _UM_PER_M
        if not self.faults.leaves_out_stage_z:
            depth = scan.shape_zyx[0]
            z_um = where.z + (z - (depth - 1) / 2) * scan.voxel_size.z_um
            data.frame_stage_position.z.value = z_um / _UM_PER_M
        data.scaling.x = scan.voxel_size.x_um / _UM_PER_M * self.faults.wrong_scaling
        data.scaling.y = scan.voxel_size.y_um / _UM_PER_M * self.faults.wrong_scaling
        pixels = data.pixel_data
        pixels.size.height, pixels.size.width = plane.shape
        pixels.pixel_type = 1 if plane.dtype.itemsize == 1 else 2
        pixels.raw_data = plane.astype(plane.dtype.newbyteorder("<")).tobytes()
        return found

    # ---- tiles and stacks

    def _tiles_istilesexperiment(self, request, response, _context, _unit):
        has_tiles = self.state.loaded[request.experiment_id].has_tiles
        return response(is_tiles_experiment=has_tiles)

    def _tiles_clear(self, request, response, _context, _unit):
        self.state.loaded[request.experiment_id].positions.clear()
        return response()

    def _tiles_addpositions(self, request, response, _context, _unit):
        positions = self.state.loaded[request.experiment_id].positions
        positions += [tuple(v * _UM_PER_M for v in (p.x, p.y, p.z)) for p in request.positions]
        return response()

    def _zstack_iszstackexperiment(self, request, response, _context, _unit):
        depth = self.state.loaded[request.experiment_id].scan.shape_zyx[0]
        return response(is_zstack_experiment=depth > 1)

    def _zstack_getzstackinfo(self, request, response, _context, _unit):
        experiment = self.state.loaded[request.experiment_id]
        depth, interval = experiment.scan.shape_zyx[0], experiment.scan.voxel_size.z_um / _UM_PER_M
        return response(num_slices=depth, interval=interval, range=(depth - 1) * interval)

    def _zstack_modifyzstackcenterrange(self, request, response, _context, _unit):
        experiment = self.state.loaded[request.experiment_id]
        experiment.centre_z_um = request.center.value * _UM_PER_M
        return response()


def make_credentials(folder: Path, *, days=1, began_days_ago=0):
    """Write a self-signed certificate as the gateway's installer does; return how to serve it."""
    pem, secret = make_certificate(days=days, began_days_ago=began_days_ago)
    (folder / "root.pem").write_bytes(pem)
    return grpc.ssl_server_credentials([(secret, pem)])
