"""The messages and services of ZEN's API that DySTrack uses, rebuilt from its public documentation.

Field numbers are guesses: a client that builds its messages from the server's reflection never
needs to know them.
"""

from google.protobuf import descriptor_pb2, descriptor_pool, duration_pb2, wrappers_pb2

_KINDS = {
    "string": (9, ""),
    "double": (1, ""),
    "int32": (5, ""),
    "bool": (8, ""),
    "bytes": (12, ""),
}
_WRAPPED = {
    "Double": ".google.protobuf.DoubleValue",
    "Int32": ".google.protobuf.Int32Value",
}

_ACQUISITION = {
    "ExperimentStatus": "images_acquired_index:int32 images_count:int32 "
    "is_experiment_running:bool is_acquisition_running:bool",
    "ExperimentDescriptor": "name:string",
    "FramePosition": "x:int32 y:int32 z:int32 t:int32 s:int32 m:int32 c:int32 h:int32",
    "FrameStagePosition": "x:Double y:Double z:Double",
    "Scaling": "x:double y:double",
    "IntSize": "width:int32 height:int32",
    "IntPoint": "x:int32 y:int32",
    "FramePixelData": "start_position:IntPoint size:IntSize pixel_type:PixelType raw_data:bytes",
    "FrameData": "experiment_id:string frame_number:int32 frame_position:FramePosition "
    "frame_size:IntSize frame_stage_position:FrameStagePosition scaling:Scaling "
    "pixel_data:FramePixelData",
}
_PIXEL_TYPES = {"UNSPECIFIED": 0, "GRAY8": 1, "GRAY16": 2, "BGR24": 4, "BGR48": 5}

_RUN = ("experiment_id:string output_name:string", "output_name:string")
_MONITOR = "channel_index:Int32 enable_raw_data:bool"
_ID = "experiment_id:string"
_XY = "x:double y:double"
_STAGE = {"GetPosition": ("", _XY), "MoveTo": ("x:Double y:Double", "position_changed:bool")}
_STAGE["Stop"] = ("", "")
_FOCUS = {"GetPosition": ("", "value:double"), "MoveTo": ("value:double", "position_changed:bool")}
_FOCUS["Stop"] = ("", "")

# Each service: package, and for each method its request and its response.
_SERVICES = {
    "zen_api.acquisition.v1beta.ExperimentService": {
        "GetAvailableExperiments": ("", "experiments:ExperimentDescriptor*"),
        "GetImageOutputPath": ("", "image_output_path:string"),
        "GetStatus": (_ID, "status:ExperimentStatus"),
        "Load": ("experiment_name:string", _ID),
        "Clone": (_ID, _ID),
        "Export": (_ID, "xml:string"),
        "RunExperiment": _RUN,
        "StartExperiment": _RUN,
        "Stop": (_ID, _ID),
    },
    "zen_api.acquisition.v1beta.ExperimentStreamingService": {
        "MonitorAllExperiments": (_MONITOR, "frame_data:FrameData", "stream"),
        "MonitorExperiment": (f"{_ID} {_MONITOR}", "frame_data:FrameData", "stream"),
    },
    "zen_api.lm.acquisition.v1beta.TilesService": {
        "IsTilesExperiment": (_ID, "is_tiles_experiment:bool"),
        "Clear": (_ID, ""),
        "AddPositions": (f"{_ID} positions:Position3d*", ""),
    },
    "zen_api.lm.acquisition.v1beta.ZStackService": {
        "IsZStackExperiment": (_ID, "is_zstack_experiment:bool"),
        "GetZStackInfo": (_ID, "interval:double range:double num_slices:int32 offset:double"),
        "ModifyZStackCenterRange": (f"{_ID} center:Double interval:Double range:Double", ""),
    },
    "zen_api.lm.hardware.v1.StageService": _STAGE,
    "zen_api.lm.hardware.v2.StageService": _STAGE,
    "zen_api.hardware.v1.SimpleStageService": _STAGE,
    "zen_api.lm.hardware.v1.FocusService": _FOCUS,
    "zen_api.lm.hardware.v2.FocusService": _FOCUS,
    "zen_api.lm.hardware.v3.FocusService": _FOCUS,
}
_SHARED = {
    "zen_api.acquisition.v1beta": _ACQUISITION,
    "zen_api.lm.acquisition.v1beta": {"Position3d": "x:double y:double z:double"},
}


def make_pool(services):
    """Return a pool with the descriptors of some services."""
    pool = descriptor_pool.DescriptorPool()
    for module in (wrappers_pb2, duration_pb2):
        pool.AddSerializedFile(module.DESCRIPTOR.serialized_pb)
    by_package = {}
    for name in services:
        by_package.setdefault(name.rpartition(".")[0], []).append(name.rpartition(".")[2])
    for package, names in by_package.items():
        pool.AddSerializedFile(_file(package, names).SerializeToString())
    return pool


def _file(package, names):
    file = descriptor_pb2.FileDescriptorProto(
        name=f"{package.replace('.', '/')}.proto",
        package=package,
        syntax="proto3",
        dependency=["google/protobuf/wrappers.proto"],
    )
    for name, fields in _SHARED.get(package, {}).items():
        _message(file, name, fields)
    if package == "zen_api.acquisition.v1beta":
        kinds = file.enum_type.add(name="PixelType")
        for name, number in _PIXEL_TYPES.items():
            kinds.value.add(name=f"PIXEL_TYPE_{name}", number=number)
    for name in names:
        service = file.service.add(name=name)
        for method, (request, response, *stream) in _SERVICES[f"{package}.{name}"].items():
            _message(file, f"{name}{method}Request", request)
            _message(file, f"{name}{method}Response", response)
            service.method.add(
                name=method,
                input_type=f".{package}.{name}{method}Request",
                output_type=f".{package}.{name}{method}Response",
                server_streaming=bool(stream),
            )
    return file


def _message(file, name, fields):
    message = file.message_type.add(name=name)
    for number, text in enumerate(fields.split(), 1):
        field_name, _, kind = text.partition(":")
        field = message.field.add(name=field_name, number=number)
        field.label = 3 if kind.endswith("*") else 1
        kind = kind.rstrip("*")
        if kind in _KINDS:
            field.type = _KINDS[kind][0]
        elif kind == "PixelType":
            field.type, field.type_name = 14, f".{file.package}.PixelType"
        else:
            field.type = 11
            field.type_name = _WRAPPED.get(kind, f".{file.package}.{kind}")
