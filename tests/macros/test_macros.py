"""What holds for every macro and every bridge: its status, and that it can be read anywhere."""

import re
from importlib.resources import files

import pytest

from dystrack.scopes.catalogue import SCOPES
from scopes.bridges import BRIDGES

MACROS = sorted(
    (
        file
        for vendor in (files("dystrack") / "macros").iterdir()
        for file in vendor.iterdir()
        if file.is_file()  # an installed package has compiled files beside them
    ),
    key=str,
)
STATUS = re.compile(
    r"(run on real software \(.+, \d{4}-\d\d-\d\d\)(, not yet on a real microscope)?"
    r"|emulated from public documentation|simulated from beginning to end)"
    r"(; contains guesses: .+)?"
)


@pytest.mark.parametrize("macro", MACROS, ids=lambda file: file.name)
def test_a_macro_says_at_its_top_how_far_it_was_tried(macro):
    top = macro.read_text("utf-8")[:1200]
    (status,) = re.findall(r"^Status: (.+?)\.\s*\n\s*\n", top, re.MULTILINE | re.DOTALL)
    assert STATUS.fullmatch(" ".join(status.split()))


@pytest.mark.parametrize("macro", MACROS, ids=lambda file: file.name)
def test_a_macro_is_ascii_so_that_any_editor_shows_it(macro):
    assert macro.read_bytes().isascii()


def test_every_bridge_has_an_emulator():
    assert set(BRIDGES) == set(SCOPES)


@pytest.mark.parametrize("bridge", BRIDGES)
def test_a_bridge_says_how_far_it_was_tried(bridge):
    with BRIDGES[bridge]() as rig:
        assert STATUS.fullmatch(rig.scope.traits.status)
