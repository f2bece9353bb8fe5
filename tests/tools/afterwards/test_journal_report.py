"""What is told of a run, from its journal alone."""

import json

import pytest

from dystrack.core.errors import JournalError
from dystrack.tools.afterwards.report import describe_folder
from made_up_runs import made_up_run

CENTRE = (2.0, 10.0, 20.0)
AHEAD = (3.0, 10.0, 24.0)  # a step of 1 plane and 4 columns: 2 and 2 µm


def journal_of(folder):
    return folder / "dystrack_journal.jsonl"


def edit(folder, change):
    """Replace each record of the journal by what `change` returns; None drops it."""
    lines = journal_of(folder).read_text(encoding="utf-8").splitlines()
    changed = [change(json.loads(line)) for line in lines]
    text = "".join(json.dumps(record) + "\n" for record in changed if record is not None)
    journal_of(folder).write_text(text, encoding="utf-8")


def test_the_path_of_the_stage_is_the_sum_of_the_steps_sent_in_um(tmp_path):
    made_up_run(tmp_path, [AHEAD, AHEAD, CENTRE])
    (position,) = describe_folder(tmp_path).positions
    assert position.unit == "µm"
    assert [row.stage for row in position.rows] == [(0, 0, 0), (2, 0, 2), (4, 0, 4)]
    assert [row.target for row in position.rows] == [(2, 0, 2), (4, 0, 4), (4, 0, 4)]
    assert position.field_yx == (10.5, 20.5)
    assert position.interval_s == pytest.approx(10.0, abs=1.5)


def test_a_failure_has_its_reason_no_target_and_the_step_of_what_was_sent_instead(tmp_path):
    made_up_run(tmp_path, [AHEAD, RuntimeError("no tissue"), CENTRE])
    run = describe_folder(tmp_path)
    failed = run.positions[0].rows[1]
    assert (failed.outcome, failed.target, failed.step) == ("failed", None, (2, 0, 2))
    assert run.positions[0].rows[2].stage == (4, 0, 4)
    (failure,) = run.failures
    assert failure.reason == "RuntimeError: no tissue"
    assert failure.instead == "the previous coordinates of position 1"
    assert failure.picture is not None
    assert run.headline == "2 of 3 prescans tracked, 1 failed"


def test_positions_are_kept_apart_and_held_ones_are_told_from_failed_ones(tmp_path):
    bad = RuntimeError("dark")
    answers = [AHEAD, AHEAD, bad, AHEAD, bad, CENTRE, CENTRE]  # positions 1, 2, 1, 2, ...
    made_up_run(tmp_path, answers, n_positions=2, max_failures=1)
    first, second = describe_folder(tmp_path).positions
    assert [row.outcome for row in first.rows] == ["tracked", "failed", "held", "held"]
    assert [row.outcome for row in second.rows] == ["tracked"] * 3
    assert first.rows[-1].step == (0, 0, 0)


def test_latency_is_split_into_complete_analysed_and_sent(tmp_path):
    made_up_run(tmp_path, [AHEAD, RuntimeError("no tissue")])
    rows = describe_folder(tmp_path).rows
    assert all(0 <= row.complete_s <= row.analysed_s <= row.sent_s for row in rows)


@pytest.mark.parametrize(
    ("limits", "step", "travel"),
    [
        ({}, None, None),
        ({"max_step_um": "5,20,20"}, (5, 20, 20), None),
        ({"max_step_um": 5, "max_step_px": "1,inf,30"}, (2, 5, 5), None),
        ({"max_travel_px": 100}, None, (200, 50, 50)),
    ],
)
def test_limits_are_told_in_the_unit_of_the_steps(tmp_path, limits, step, travel):
    made_up_run(tmp_path, [CENTRE], **limits)
    (position,) = describe_folder(tmp_path).positions
    assert (position.most_step, position.most_travel) == (step, travel)


def test_settings_that_were_given_are_told_from_defaults(tmp_path):
    made_up_run(tmp_path, [CENTRE], max_failures=7)
    run = describe_folder(tmp_path)
    assert run.settings["max_failures"] == "7"
    assert run.defaults["recurse"] == "False"
    assert run.about["Version of dystrack"]


def test_where_voxel_sizes_are_not_known_places_are_in_pixels(tmp_path):
    made_up_run(tmp_path, [AHEAD, AHEAD])
    edit(tmp_path, lambda record: {**record, "voxel_size": None})
    run = describe_folder(tmp_path)
    (position,) = run.positions
    assert position.unit == "px"
    assert position.rows[1].stage == (1, 0, 4)
    assert any("voxel size" in text for text in run.unknown)


def test_of_an_older_journal_coordinates_are_shown_as_they_were_sent(tmp_path):
    made_up_run(tmp_path, [AHEAD, AHEAD])
    new = {"centre", "voxel_size", "axes"}
    edit(tmp_path, lambda record: {k: v for k, v in record.items() if k not in new})
    run = describe_folder(tmp_path)
    (position,) = run.positions
    assert not position.knows_path
    assert [(row.target, row.stage) for row in position.rows] == [(AHEAD, None)] * 2
    assert any("no path of the stage" in text for text in run.unknown)


def test_a_run_without_an_end_goes_on_or_was_killed(tmp_path):
    made_up_run(tmp_path, [AHEAD, AHEAD])
    edit(tmp_path, lambda record: None if record["event"] == "SessionEnded" else record)
    with journal_of(tmp_path).open("a") as file:
        file.write('{"at": "2027-01-')
    run = describe_folder(tmp_path)
    assert "still goes on, or it was killed" in run.state
    assert len(run.rows) == 2
    assert any("1 lines of the journal are torn" in text for text in run.unknown)


def test_prescans_that_a_killed_run_left_unanswered_are_counted(tmp_path):
    made_up_run(tmp_path, [AHEAD, AHEAD])
    path = tmp_path / "dystrack_journal.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    second = [n for n, line in enumerate(lines) if '"ImageNoticed"' in line][1]
    path.write_text("".join(lines[: second + 1]))
    assert "1 prescan had no answer by then." in describe_folder(tmp_path).state


def test_a_failure_that_ended_the_session_is_told(tmp_path):
    with pytest.raises(RuntimeError, match="dark"):
        made_up_run(tmp_path, [RuntimeError("dark")])
    run = describe_folder(tmp_path)
    assert run.headline == "0 of 1 prescans tracked, 1 failed"
    assert run.failures[0].instead == "nothing, the session ends"
    assert "RuntimeError: dark" in run.state


def test_a_resumed_run_is_one_run_and_an_earlier_one_is_another(tmp_path):
    made_up_run(tmp_path, [AHEAD])
    made_up_run(tmp_path, [AHEAD], first=2)
    made_up_run(tmp_path, [AHEAD], first=3, resume=True)
    run = describe_folder(tmp_path)
    assert [row.name[:9] for row in run.rows] == ["prescan_2", "prescan_3"]
    assert run.rows[1].stage == (2, 0, 2)
    assert run.about["Resumed"] == "1 times"
    assert any("1 earlier runs" in text for text in run.unknown)


def test_an_answer_that_left_late_was_sent(tmp_path):
    made_up_run(tmp_path, [AHEAD, AHEAD])
    edit(tmp_path, lambda record: {**record, "sent": False} if "sent" in record else record)
    assert [row.outcome for row in describe_folder(tmp_path).rows] == ["not sent"] * 2
    lines = journal_of(tmp_path).read_text(encoding="utf-8").splitlines()
    first = next(json.loads(line) for line in lines if '"Answered"' in line)
    late = {**first, "event": "AnsweredLate", "state": None, "late_s": 40.0}
    with journal_of(tmp_path).open("a", encoding="utf-8") as file:
        file.write(json.dumps(late) + "\n")
    rows = describe_folder(tmp_path).rows
    assert [row.outcome for row in rows] == ["tracked", "not sent"]
    assert rows[1].stage == (2, 0, 2)


def test_pictures_show_what_was_sent(tmp_path):
    made_up_run(tmp_path, [AHEAD, RuntimeError("no tissue"), CENTRE])
    pictures = describe_folder(tmp_path).positions[0].pictures
    assert [picture.number for picture in pictures] == [1, 2, 3]
    assert [picture.outcome for picture in pictures] == ["tracked", "failed", "tracked"]
    assert [picture.target for picture in pictures] == [(10, 24), None, (10, 20)]
    assert {(picture.centre, picture.um_per_px) for picture in pictures} == {((10, 20), 0.5)}


def test_a_run_is_told_of_wherever_its_folder_lies_now(tmp_path):
    made_up_run(tmp_path / "then", [AHEAD])
    (tmp_path / "then").rename(tmp_path / "now")
    assert describe_folder(tmp_path / "now").positions[0].pictures


@pytest.mark.parametrize(
    "change",
    [
        lambda record: {**record, "z": "far"},
        lambda record: {**record, "path": None},
        lambda record: {**record, "at": "yesterday"},
        lambda record: {"event": record["event"], "at": record["at"]},
    ],
)
def test_a_journal_that_cannot_be_understood_is_an_error_that_says_so(tmp_path, change):
    made_up_run(tmp_path, [AHEAD])
    edit(tmp_path, change)
    with pytest.raises(JournalError, match="cannot be understood"):
        describe_folder(tmp_path)


def test_a_journal_without_a_run_leaves_the_coordinates(tmp_path):
    journal_of(tmp_path).write_text('5\n{"event": "Warned"}\n', encoding="utf-8")
    assert describe_folder(tmp_path) is None
    (tmp_path / "dystrack_coords.txt").write_text(
        "Z\tY\tX\tmsg\n1.0\t2.0\t3.0\tOK\nnan\tnan\tnan\tOK\n4.0\t5.0\t6.0\tImage analysis failed!\n"
    )
    run = describe_folder(tmp_path)
    assert run.headline == "1 of 3 lines with a target"
    assert [row.outcome for row in run.rows] == ["tracked", "failed", "failed"]
    assert run.rows[0].target == (1.0, 2.0, 3.0)
    assert len(run.unknown) == 2


def test_pictures_show_what_the_pipeline_found(tmp_path):
    made_up_run(tmp_path, [AHEAD, RuntimeError("no tissue")])
    (position,) = describe_folder(tmp_path).positions
    found, failed = position.pictures
    assert len(found.outline) == 4
    assert not failed.outline
