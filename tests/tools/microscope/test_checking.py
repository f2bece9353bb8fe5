"""A check of every bridge on its emulator gives the transcript that is kept in `transcripts`.

A transcript that somebody sends of a real microscope goes there too, beside the emulator's.
"""

import json
import re
from contextlib import nullcontext
from pathlib import Path

import pytest

from dystrack.cli import main
from dystrack.core.errors import FolderError, ScopeError
from dystrack.scopes.geometry import PositionUm
from dystrack.tools.microscope.checking import check_scope
from emulators.zen_gateway import TOKEN
from scopes.bridges import BRIDGES, SimulatedRig
from scopes.vendor_bridges import lab_of

GOLDEN = Path(__file__).with_name("transcripts")
REPORTED = ("version", "more", "status", "no_calibration")  # of what answers, not of the bridge


def transcript_of(scope, folder, *, says_yes=True):
    """Return whether all is well on a bridge that is open, the questions to it, and what was said."""
    said = []
    path = folder / "t.jsonl"
    opener = lambda: nullcontext(scope)  # noqa: E731
    is_well = check_scope(opener, {}, path, lambda _: says_yes, said.append)
    opened, *entries = entries_of(path)
    assert opened["asked"] == "open"
    return is_well, entries, said


def entries_of(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def golden(name):
    return entries_of(GOLDEN / f"{name}.jsonl")


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
    assert is_well
    assert essence(entries) == golden(bridge)


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
        transcript_of(SimulatedRig(), tmp_path / "none")


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


# What cannot be opened: a transcript all the same, with the options and the error

NOBODY = ["--port", "1"]
NOT_OPENED = {
    "zen, no gateway": ["zen", "--token_file", "token.txt", *NOBODY],
    "zen, no token": ["zen", "--token_file", "nowhere.txt"],
    "zen, wrong token": ["zen", "--token_file", "wrong.txt", "--port", "PORT"],
    "zen, no such experiment": [
        "zen", "--token_file", "token.txt", "--port", "PORT", "--prescan_experiment", "quick",
    ],
    "las_x, no server": ["las_x", "--image_folder", ".", *NOBODY],
    "las_x, no folder": ["las_x"],
    "viventis, no server": ["viventis", *NOBODY],
    "micromanager, no configuration": ["micromanager", "--config", "none/none.cfg"],
    "micromanager, no such objective": ["micromanager", "--objective", "1000x"],
}  # fmt: skip


def check_what_cannot_be_opened(words):
    """Run the command where there is one emulated gateway, and return its transcript."""
    lab = lab_of("zen")
    lab.forget_faults()
    Path("token.txt").write_text(TOKEN, "utf-8")
    Path("wrong.txt").write_text("1234", "utf-8")
    with pytest.raises(SystemExit) as ended:
        main(["scope", "check", *[str(lab.server.port) if w == "PORT" else w for w in words]])
    assert ended.value.code in {1, 2}
    return entries_of(Path(f"dystrack_check_{words[0]}.jsonl"))


def essence_of_failure(entries):
    """Return what holds on any computer: without ports, and what its network says in brackets."""
    (entry,) = json.loads(json.dumps(entries).replace("\\\\", "/"))
    given = {key: value for key, value in entry["with"].items() if key != "port"}
    return [entry["asked"], given, re.sub(r"\([^()]*\)", "(…)", entry["error"])]


@pytest.mark.parametrize("case", NOT_OPENED)
def test_what_cannot_be_opened_leaves_the_transcript_that_is_kept(
    case, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    found = essence_of_failure(check_what_cannot_be_opened(NOT_OPENED[case]))
    assert found == json.loads((GOLDEN / "not_opened.json").read_text("utf-8"))[case]
    said = capsys.readouterr()
    assert said.err.count("\n") == 1
    assert "The transcript is" in said.out


def test_nothing_is_asked_if_the_transcript_could_not_be_saved(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dystrack_check_simulator.jsonl").mkdir()
    asked = []
    monkeypatch.setattr("builtins.input", asked.append)
    with pytest.raises(SystemExit):
        main(["scope", "check", "simulator"])
    assert asked == []


if __name__ == "__main__":  # write the golden transcripts anew, and look at the difference
    import contextlib
    import tempfile

    GOLDEN.mkdir(exist_ok=True)
    for name, rigged in BRIDGES.items():
        with rigged() as one, tempfile.TemporaryDirectory() as scratch:
            _, found, _ = transcript_of(one.scope, Path(scratch))
        lines = (json.dumps(part, ensure_ascii=False) for part in essence(found))
        (GOLDEN / f"{name}.jsonl").write_text("".join(f"{line}\n" for line in lines), "utf-8")
    with tempfile.TemporaryDirectory() as scratch, contextlib.chdir(scratch):
        failures = {
            name: essence_of_failure(check_what_cannot_be_opened(words))
            for name, words in NOT_OPENED.items()
        }
    text = json.dumps(failures, ensure_ascii=False, indent=1)
    (GOLDEN / "not_opened.json").write_text(f"{text}\n", "utf-8")
