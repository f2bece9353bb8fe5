"""Small models that are built here, of each kind that a person may bring."""

import json

import numpy as np
import pytest

from dystrack.core.errors import AnalysisError, ConfigurationError, TargetNotFoundError
from dystrack.core.findings import FINDINGS_KEY
from dystrack.pipelines.segmentation import analyze_image
from dystrack.pipelines.utilities.models.onnx_model import load_onnx
from dystrack.pipelines.utilities.models.tiling import map_in_tiles, tiles_of
from dystrack.pipelines.utilities.models.trust import looks_of
from pipelines.images import write_tiff

onnx = pytest.importorskip("onnx")
from onnx import TensorProto, helper  # noqa: E402

pytest.importorskip("onnxruntime")

ANY_PLANE = (1, 1, "y", "x")
ANY_STACK = (1, 1, "z", "y", "x")


def model_file(path, nodes, shape=ANY_PLANE, out_type=TensorProto.FLOAT, constants=(), looks=None):
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, shape)
    result = helper.make_tensor_value_info("result", out_type, None)
    graph = helper.make_graph(nodes, "small", [image], [result], list(constants))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    if looks:
        helper.set_model_props(model, {"dystrack_looks": json.dumps(looks)})
    path.write_bytes(model.SerializeToString())
    return str(path)


def constant(name, values, kind=TensorProto.FLOAT):
    values = np.asarray(values)
    return helper.make_tensor(name, kind, values.shape, values.ravel().tolist())


def brightness(path, shape=ANY_PLANE, **more):
    """Return a model whose probability is sigmoid(20 · (grey - 0.5))."""
    nodes = [
        helper.make_node("Sub", ["image", "half"], ["centred"]),
        helper.make_node("Mul", ["centred", "steep"], ["steeper"]),
        helper.make_node("Sigmoid", ["steeper"], ["result"]),
    ]
    constants = [constant("half", [0.5]), constant("steep", [20.0])]
    return model_file(path, nodes, shape, constants=constants, **more)


def numbered(path):
    """Return a model that gives each pixel the number of its 0.25 of brightness."""
    nodes = [
        helper.make_node("Mul", ["image", "four"], ["scaled"]),
        helper.make_node("Floor", ["scaled"], ["floored"]),
        helper.make_node("Cast", ["floored"], ["numbers"], to=TensorProto.INT64),
        helper.make_node("Squeeze", ["numbers", "axis"], ["result"]),
    ]
    constants = [constant("four", [4.0]), constant("axis", [1], TensorProto.INT64)]
    return model_file(path, nodes, out_type=TensorProto.INT64, constants=constants)


def pointing(path, rows):
    nodes = [
        helper.make_node("ReduceSum", ["image"], ["total"], keepdims=0),
        helper.make_node("Mul", ["total", "nothing"], ["zero"]),
        helper.make_node("Add", ["rows", "zero"], ["result"]),
    ]
    return model_file(path, nodes, constants=[constant("rows", [rows]), constant("nothing", [0.0])])


def blobs(shape, *centres, radius=4.0):
    image = np.zeros(shape)
    for centre in centres:
        squares = sum(
            ((i - c) / radius) ** 2 for i, c in zip(np.indices(shape), centre, strict=True)
        )
        image = np.maximum(image, np.exp(-0.5 * squares))
    noise = np.random.default_rng(0).normal(0, 2, shape)
    return np.clip(20 + 200 * image + noise, 0, 255).astype(np.uint8)


@pytest.fixture
def plane(tmp_path):
    return write_tiff(tmp_path, blobs((90, 130), (40, 60), (70, 110)))


@pytest.fixture
def stack(tmp_path):
    return write_tiff(tmp_path, blobs((9, 90, 130), (4, 40, 60), (4, 70, 110)))


@pytest.mark.parametrize("tile_px", [512, 48, 32])
def test_a_probability_map_in_tiles(plane, tmp_path, tile_px):
    model = brightness(tmp_path / "m.onnx")
    z, y, x, message, cache = analyze_image(plane, model, tile_px=tile_px, overlap_px=16)
    assert (z, message) == (0.0, "OK")
    assert (y, x) == pytest.approx((40, 60), abs=0.3)
    assert cache["size"] > 50


@pytest.mark.parametrize(
    ("name", "shape"),
    [("planes", ANY_PLANE), ("stacks", ANY_STACK), ("tiles of a fixed size", (1, 1, 64, 64))],
)
def test_a_stack_is_given_as_the_model_takes_it(stack, tmp_path, name, shape):
    model = brightness(tmp_path / "m.onnx", shape)
    z, y, x, _, cache = analyze_image(stack, model, findings=True)
    assert (z, y, x) == pytest.approx((4, 40, 60), abs=0.5)
    assert cache[FINDINGS_KEY]["confidence"] > 0.5
    assert cache[FINDINGS_KEY]["outline"]


def test_touching_objects_are_told_apart_by_their_numbers(tmp_path):
    image = np.full((80, 120), 20, np.uint8)
    image[30:50, 40:60] = 120
    image[30:50, 60:75] = 250
    image[0, 0] = 0
    prescan = write_tiff(tmp_path, image)
    model = numbered(tmp_path / "m.onnx")
    y, x = analyze_image(prescan, model, "labels", scaling="unit", choose="largest")[1:3]
    assert (y, x) == pytest.approx((39.5, 49.0), abs=1.0)


@pytest.mark.parametrize(
    ("rows", "place"),
    [
        ([[40.0, 60.0], [5.0, 5.0]], (40, 60)),  # the nearer one
        ([[40.0, 60.0, 0.2], [5.0, 5.0, 0.9]], (5, 5)),  # the one with a score
    ],
)
def test_points_with_and_without_scores(plane, tmp_path, rows, place):
    model = pointing(tmp_path / "m.onnx", rows)
    assert analyze_image(plane, model, "points")[1:3] == place


def test_the_object_of_last_time_is_followed(plane, tmp_path):
    model = brightness(tmp_path / "m.onnx")
    cache = analyze_image(plane, model)[-1]
    assert analyze_image(plane, model, **cache)[1] == pytest.approx(40, abs=0.3)


def test_the_end_of_an_object_can_be_the_aim(plane, tmp_path):
    model = brightness(tmp_path / "m.onnx")
    x = analyze_image(plane, model, aim="right")[2]
    assert x == pytest.approx(60 + 5 + 0.2 * 130 - 65, abs=2)


def test_images_unlike_the_training_are_doubted(plane, tmp_path):
    known = looks_of(blobs((90, 130), (40, 60), (70, 110)))
    looks = {name: [value, value] for name, value in known.items()}
    alike = brightness(tmp_path / "alike.onnx", looks=looks)
    assert analyze_image(plane, alike)[3] == "OK"
    other = brightness(tmp_path / "other.onnx")
    (tmp_path / "other.looks.json").write_text(json.dumps({"contrast": [900, 1000]}))
    assert analyze_image(plane, other)[3] == "WARN:UNLIKE-TRAINING"
    cut = write_tiff(tmp_path, blobs((90, 63), (40, 60)), "cut.tif")
    assert analyze_image(cut, other, aim="right")[3].split() == [
        *("WARN:CATCH-UP-STEP", "BOUND:+x", "WARN:UNLIKE-TRAINING")
    ]


def test_where_the_model_finds_nothing_there_is_no_target(plane, tmp_path):
    with pytest.raises(TargetNotFoundError, match="No object is large enough"):
        analyze_image(plane, brightness(tmp_path / "m.onnx"), min_size=10**6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model": "missing.onnx"}, "no file"),
        ({"output": "boxes"}, "`output` is 'boxes'"),
        ({"scaling": "log"}, "`scaling` is 'log'"),
        ({"choose": "best"}, "`choose` is 'best'"),
        ({"probability": 1.5}, "`probability` 1.5"),
    ],
)
def test_what_cannot_be_is_refused(plane, tmp_path, options, message):
    options = {"model": brightness(tmp_path / "m.onnx"), **options}
    with pytest.raises(ConfigurationError, match=message):
        analyze_image(plane, **options)


def test_a_file_that_is_no_model_is_refused(plane, tmp_path):
    (tmp_path / "m.onnx").write_bytes(b"no model")
    with pytest.raises(ConfigurationError, match="cannot be loaded"):
        analyze_image(plane, str(tmp_path / "m.onnx"))


def test_a_model_that_takes_no_image_is_refused(tmp_path):
    nodes = [helper.make_node("Identity", ["image"], ["result"])]
    path = model_file(tmp_path / "m.onnx", nodes, shape=(1, 10))
    with pytest.raises(ConfigurationError, match=r"of shape \[1, 10\]"):
        load_onnx(path)


def test_a_model_that_was_written_anew_is_read_again(tmp_path):
    path = brightness(tmp_path / "m.onnx")
    assert not load_onnx(path).is_3d
    assert load_onnx(brightness(tmp_path / "m.onnx", ANY_STACK)).is_3d


def test_a_model_for_stacks_takes_no_plane(plane, tmp_path):
    with pytest.raises(ConfigurationError, match="single plane"):
        analyze_image(plane, brightness(tmp_path / "m.onnx", ANY_STACK))


def test_a_map_may_have_its_channels_behind_as_tensorflow_has_them(plane, tmp_path):
    nodes = [
        helper.make_node("Identity", ["image"], ["same"]),
        helper.make_node("Transpose", ["same"], ["result"], perm=[0, 2, 3, 1]),
    ]
    behind = model_file(tmp_path / "behind.onnx", nodes)
    before = model_file(
        tmp_path / "before.onnx", [helper.make_node("Identity", ["image"], ["result"])]
    )
    assert analyze_image(plane, behind)[:4] == analyze_image(plane, before)[:4]


def test_a_model_that_gives_no_map_is_told(plane, tmp_path):
    nodes = [helper.make_node("ReduceMax", ["image"], ["result"], axes=[2], keepdims=1)]
    with pytest.raises(AnalysisError, match="not a map of the same size"):
        analyze_image(plane, model_file(tmp_path / "m.onnx", nodes))


@pytest.mark.parametrize("size", [1, 5, 16, 30, 31, 32, 33, 100])
@pytest.mark.parametrize(("tile", "overlap"), [(32, 0), (32, 8), (16, 15)])
def test_tiles_cover_an_axis_once(size, tile, overlap):
    parts = list(tiles_of(max(size, tile), tile, overlap))
    covered = [i for _, first, last in parts for i in range(first, last)]
    assert covered == list(range(max(size, tile)))
    assert all(start <= first < last <= start + tile for start, first, last in parts)


@pytest.mark.parametrize("shape", [(7, 9), (64, 100), (3, 40, 50)])
def test_a_map_of_tiles_is_the_image_where_nothing_is_changed(shape):
    image = np.random.default_rng(0).random(shape).astype(np.float32)
    sizes = [None] * len(shape)
    assert np.array_equal(map_in_tiles(image, sizes, 8, 32, lambda tile: tile), image)
