"""No pipeline takes one axis for another, however many a file has and in whatever order."""

import re
import warnings
from collections import Counter
from importlib import import_module
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from dystrack.core.errors import DyStrackError, UnsupportedImageError
from dystrack.images.image_file import inspect_image
from dystrack.images.readers import read_image
from dystrack.images.stack_axes import depth_of_stack
from dystrack.pipelines.utilities.loading import robustly_load_image_after_write
from pipelines.axes_files import PLANE, image_of, kinds, stack_of
from shipped import SELF_CONTAINED

README = Path(__file__).parents[2] / "README.md"
KINDS = kinds()
LENGTHS = (1, 2, 3, 21)
FEW = [(1, 1, 1), (1, 1, 21), (1, 2, 1), (1, 3, 21), (2, 1, 1), (1, 21, 1), (2, 3, 2)]
MOST_PLANES = 3 * 21 * 3  # in larger files, fewer channels are tried


def example_of_readme():
    code = re.search(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL).group(1)
    names = {}
    exec(code, names)  # noqa: S102 - it is our own README
    return names


def pipelines():
    """Return the names in the module of each shipped pipeline, and in README's example."""
    shipped = {name: vars(import_module(f"dystrack.pipelines.{name}")) for name in SELF_CONTAINED}
    return shipped | {"README": example_of_readme()}


PIPELINES = pipelines()


def answer_of(names, path, channel):
    """Return a pipeline's answer, or its error."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        try:
            return names["analyze_image"](str(path), channel=channel)
        except DyStrackError as error:
            return error


def answer_for(names, stack):
    """Return what a pipeline answers if the stack itself is put into its hands."""
    real = names["load_stack"]
    names["load_stack"] = lambda *_: stack
    try:
        return answer_of(names, "no file", None)
    finally:
        names["load_stack"] = real


def check(found, names, expected):
    """Fail unless an answer is right, or an error that names the axes; return which of them."""
    if isinstance(expected, str):
        assert isinstance(found, UnsupportedImageError)
        assert re.search(expected, str(found))
        return "refused"
    right = answer_for(names, expected)
    if isinstance(right, DyStrackError):
        assert (type(found), str(found)) == (type(right), str(right))
        return "nothing found"
    assert found[:3] == pytest.approx(right[:3], abs=1e-3, rel=0)
    return "right"


def check_file(name, sizes, folder):
    """Check every pipeline with every kind of channel, and return how often each outcome came."""
    kind, image = KINDS[name], image_of(*sizes)
    path = folder / f"prescan{kind.suffix}"
    kind.write(path, image)
    n_channels = sizes[1]
    channels = {None, 0, n_channels - 1}
    if image[..., 0, 0].size <= MOST_PLANES:
        channels |= {-1, n_channels, -n_channels - 1, 1}
    outcomes = []
    for channel in channels:
        expected = stack_of(kind, name, image, channel)
        check_judged_depth(path, channel, expected)
        outcomes += [
            check(answer_of(names, path, channel), names, expected) for names in PIPELINES.values()
        ]
    return Counter(outcomes)


def check_judged_depth(path, channel, expected):
    """Fail unless the manager judges z by the planes that a pipeline sees."""
    if isinstance(expected, str):
        return
    status = inspect_image(path)
    sizes = dict(zip(status.axes, status.shape, strict=True))
    depth = depth_of_stack(sizes, axes_known=status.axes_known, has_channel=channel is not None)
    assert (depth, *PLANE) == (1, *expected.shape)[-3:]


@pytest.mark.parametrize("sizes", FEW, ids=str)
@pytest.mark.parametrize("name", KINDS)
def test_axes(name, sizes, tmp_path):
    check_file(name, sizes, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
def test_axes_of_every_length(name, tmp_path):
    totals = Counter()
    for sizes in product(LENGTHS, repeat=3):
        totals += check_file(name, sizes, tmp_path)
    print(f"{name}: {dict(totals)}")  # noqa: T201 - the figures that are reported
    assert totals["right"] > 5 * totals["nothing found"]
    assert totals["refused"]


@pytest.mark.parametrize("sizes", [(1, 2, 3), (2, 3, 2), (3, 1, 1)], ids=str)
@pytest.mark.parametrize("name", KINDS)
def test_arrays_keep_their_order(name, sizes, tmp_path):
    kind, image = KINDS[name], image_of(*sizes)
    path = tmp_path / f"prescan{kind.suffix}"
    kind.write(path, image)
    array = robustly_load_image_after_write(path)
    expected = np.squeeze(image.reshape(-1, *PLANE) if name == "plain" else image)
    np.testing.assert_array_equal(array, expected, strict=True)
    assert read_image(path).axes_known is kind.is_labelled(sizes)
