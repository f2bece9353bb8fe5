"""What holds for every macro and every bridge: its status, and that it can be read anywhere."""

import importlib
import re
from importlib.resources import files

import pytest

from dystrack.scopes.catalogue import SCOPES

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
    r"(run on real software \(.+, \d{4}-\d\d-\d\d\)|emulated from public documentation)"
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


@pytest.mark.parametrize("scope", sorted(set(SCOPES) - {"simulator", "micromanager"}))
def test_a_bridge_says_how_far_it_was_tried(scope):
    module = importlib.import_module(SCOPES[scope].partition(":")[0])
    assert STATUS.fullmatch(module.STATUS)
