"""A check of every bridge on its emulator gives the transcript that is kept in `transcripts`.

A transcript that somebody sends of a real microscope goes there too, beside the emulator's.
"""

import json
import re
from pathlib import Path

import pytest

from dystrack.cli import main
from dystrack.core.errors import FolderError, ScopeError
from dystrack.scopes.geometry import PositionUm
from dystrack.tools.microscope.checking import check_scope
from scopes.bridges import BRIDGES, SimulatedRig

GOLDEN = Path(__file__).with_name("transcripts")
REPORTED = ("version", "more", "status")  # of the program that answers, not of the bridge


def transcript_of(scope, folder, *, says_yes=True):
    said = []
    is_well = check_scope(scope, folder / "t.jsonl", lambda _: says_yes, said.append)
    return (
        is_well,
        [json.loads(line) for line in (folder / "t.jsonl").read_text("utf-8").splitlines()],
        said,
    )


def essence(entries):
    """Return what has to be the same at every run."""
    kept = []
    for entry in entries:
        answered = entry.get("answered")
        if isinstance(answered, dict):
            answered = {name: value for name, value in answered.items() if name not in REPORTED}
        kept.append([entry["asked"], entry["with"], answered, entry.get("error")])
    return json.loads(re.sub(r"localhost:\d+", "localhost:PORT", json.dumps(kept)))


@pytest.mark.parametrize("bridge", BRIDGES)
def test_a_check_asks_and_hears_what_the_golden_transcript_says(bridge, tmp_path):
    with BRIDGES[bridge]() as rig:
        is_well, entries, _ = transcript_of(rig.scope, tmp_path)
    golden = [
        json.loads(line) for line in (GOLDEN / f"{bridge}.jsonl").read_text("utf-8").splitlines()
    ]
    assert is_well
    assert essence(entries) == golden


@pytest.mark.parametrize("bridge", BRIDGES)
def test_a_check_reads_only_unless_the_person_says_yes(bridge, tmp_path):
    with BRIDGES[bridge]() as rig:
        is_well, entries, said = transcript_of(rig.scope, tmp_path, says_yes=False)
        assert rig.commands == []
    assert is_well
    assert "Nothing was moved." in said
    assert {e["asked"] for e in entries} == {
        "traits",
        "facts",
        "position_um",
        "limits_um",
        "marked_um",
    }


@pytest.mark.parametrize("bridge", BRIDGES)
def test_a_check_never_goes_further_than_it_said(bridge, tmp_path):
    with BRIDGES[bridge]() as rig:
        start = rig.scope.position_um()
        transcript_of(rig.scope, tmp_path)
        for sent in rig.commands:
            for axis, value in sent.items():
                assert abs(value - getattr(start, axis)) <= 10.0 + 1e-6
        assert rig.scope.position_um().minus(start).length() < 1.0


def test_at_the_end_of_the_travel_it_goes_the_other_way(tmp_path):
    scope = SimulatedRig()
    scope._stage._position = PositionUm(0, 395, 0)
    is_well, _, _ = transcript_of(scope, tmp_path)
    assert is_well
    assert scope.commands[0] == {"y": 385, "x": 0}


@pytest.mark.parametrize("fault", ["does not read", "reads NaN", "stops half-way", "does not move"])
def test_what_fails_is_told_and_in_the_transcript(tmp_path, fault):
    scope = SimulatedRig()
    scope.fault = fault
    is_well, entries, said = transcript_of(scope, tmp_path)
    assert not is_well
    assert any(text.startswith("FAILED: ") for text in said)
    assert len(entries) > 2


def test_a_restless_stage_is_told(tmp_path, monkeypatch):
    places = iter(range(0, 1000, 3))
    monkeypatch.setattr(SimulatedRig, "position_um", lambda _: PositionUm(0, 0, next(places)))
    is_well, _, said = transcript_of(SimulatedRig(), tmp_path)
    assert not is_well
    assert "something moves it" in "".join(said)


def test_a_transcript_that_cannot_be_saved_is_one_error(tmp_path):
    with pytest.raises(FolderError, match="cannot be saved"):
        check_scope(SimulatedRig(), tmp_path / "none" / "t.jsonl", lambda _: False, print)


def test_the_command_saves_its_transcript_beside_the_person(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("builtins.input", lambda _: "yes")
    main(["scope", "check", "simulator"])
    assert "y: 10 µm asked, 10.00 reached" in capsys.readouterr().out
    assert (tmp_path / "dystrack_check_simulator.jsonl").exists()


def test_the_command_ends_with_an_error_if_something_is_wrong(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    from dystrack.scopes.simulated.scope import SimulatedScope

    def broken(self):
        raise ScopeError("no reply")

    monkeypatch.setattr(SimulatedScope, "position_um", broken)
    with pytest.raises(SystemExit) as ended:
        main(["scope", "check", "simulator"])
    assert ended.value.code == 1


if __name__ == "__main__":  # write the golden transcripts anew, and look at the difference
    import tempfile

    GOLDEN.mkdir(exist_ok=True)
    for name, rigged in BRIDGES.items():
        with rigged() as one, tempfile.TemporaryDirectory() as scratch:
            _, found, _ = transcript_of(one.scope, Path(scratch))
        lines = (json.dumps(part, ensure_ascii=False) for part in essence(found))
        (GOLDEN / f"{name}.jsonl").write_text("".join(f"{line}\n" for line in lines), "utf-8")
