"""The pages lead somewhere, and the commands that they show exist."""

import re
from pathlib import Path

import pytest

from dystrack.cli.application import _COMMANDS

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
LINK = re.compile(r"\]\(([^)#\s]+)(?:#([^)\s]+))?\)|\]\(#([^)\s]+)\)")
COMMAND = re.compile(r"(?:^|[`&]\s*|^\s+)dystrack ([a-z]\w*)", re.MULTILINE)


def read(page):
    return page.read_text(encoding="utf-8")


def anchors(page):
    titles = re.findall(r"^#+ (.+)$", read(page), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target, anchor, own_anchor in LINK.findall(read(page)):
        if target.startswith(("http://", "https://")):
            continue
        goal = (page.parent / target) if target else page
        assert goal.exists(), target
        if anchor or own_anchor:
            assert (anchor or own_anchor) in anchors(goal), (target, anchor)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_exist(page):
    shown = {command for command in COMMAND.findall(read(page)) if command != "import"}
    assert shown <= set().union(*_COMMANDS.values())


def test_the_readme_leads_to_every_page():
    linked = {target for target, *_ in LINK.findall(read(ROOT / "README.md"))}
    assert {f"docs/{page.name}" for page in PAGES if page.parent.name == "docs"} <= linked
