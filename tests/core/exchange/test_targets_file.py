import json

import pytest

from dystrack.core.coordinates import VoxelSize
from dystrack.core.exchange.targets_file import write_targets
from dystrack.core.findings import ExtraTarget

TARGETS = [
    ExtraTarget(z=1, y=2.5, x=3, name="cell 1", priority=2),
    ExtraTarget(z=0, y=1, x=1, name="leader", region=((0, 0), (0, 2), (2, 2))),
]


def test_macros_read_a_line_for_each_target(tmp_path):
    prescan = tmp_path / "prescan 1.czi"
    write_targets(prescan, TARGETS)
    assert (tmp_path / "prescan 1.czi.targets.txt").read_bytes() == (
        b"name\tpriority\tZ\tY\tX\tregion\n"
        b"cell_1\t2\t1.0000\t2.5000\t3.0000\t\n"
        b"leader\t0\t0.0000\t1.0000\t1.0000\t"
        b"0.0000,0.0000;0.0000,2.0000;2.0000,2.0000\n"
    )
    names = {"prescan 1.czi.targets.json", "prescan 1.czi.targets.txt"}
    assert {path.name for path in tmp_path.iterdir()} == names


def test_programs_read_the_same_with_lengths_in_um(tmp_path):
    prescan = tmp_path / "a.czi"
    write_targets(prescan, TARGETS, (3, 5, 7), VoxelSize(2.0, 0.5, 0.5))
    content = json.loads((tmp_path / "a.czi.targets.json").read_text("utf-8"))
    cell, leader = content.pop("targets")
    assert content == {
        "prescan": "a.czi",
        "shape_zyx": [3, 5, 7],
        "voxel_size_zyx_um": [2.0, 0.5, 0.5],
    }
    assert ExtraTarget(**{k: v for k, v in cell.items() if k != "offset_zyx_um"}) == TARGETS[0]
    assert cell["offset_zyx_um"] == pytest.approx([0.0, 0.25, 0.0])
    assert leader["region"] == [[0, 0], [0, 2], [2, 2]]


def test_older_targets_are_not_left_for_an_answer_without_any(tmp_path):
    prescan = tmp_path / "a.czi"
    write_targets(prescan, TARGETS)
    write_targets(prescan, [])
    assert list(tmp_path.iterdir()) == []
    write_targets(tmp_path / ("a" * 255), [])
