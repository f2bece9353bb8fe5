"""`dystrack doctor [FOLDER]`: looks at everything, and says what is to be done."""

import getpass
import platform
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

from dystrack import __version__
from dystrack.tools.kit.doctor.environment import environment_remarks, package_versions
from dystrack.tools.kit.doctor.folder_health import folder_remarks
from dystrack.tools.kit.doctor.self_test import self_test_remarks
from dystrack.tools.kit.doctor.windows import windows_remarks
from dystrack.tools.kit.remarks import Remark, Screen

__all__ = ["examine", "report_text"]


def examine(folder: Path | None, package: str, console: Console) -> Screen:
    """Look at everything, and show it as it comes.

    Parameters
    ----------
    folder : Path or None
        The folder into which prescans come, if it is known.
    package : str
        Import name of the package with the shipped pipelines.
    console : rich.console.Console
        Where it is shown.

    Returns
    -------
    Screen
        What was said.
    """
    screen = Screen(console)
    with console.status("Looking at what is installed …"):
        told = list(environment_remarks(console))
    screen.say("What is installed", told)
    if folder is not None:
        with console.status(f"Trying the folder {folder} …"):
            told = list(folder_remarks(folder))
        screen.say("The folder", told)
    if sys.platform == "win32":
        with console.status("Asking Windows …"):
            told = list(windows_remarks(str(folder.absolute()) if folder else ""))
        screen.say("Windows", told)
    with console.status("Running a session of made-up prescans …"):
        told = list(self_test_remarks(package))
    screen.say("Self-test", told)
    return screen


def report_text(remarks: list[Remark]) -> str:
    """Return what was said as a text to send with a question, without personal data.

    Parameters
    ----------
    remarks : list of Remark
        What was said.

    Returns
    -------
    str
        The text: names of user, home folder and computer are replaced.
    """
    lines = [
        f"DySTrack {__version__}",
        f"Python {sys.version.split()[0]} on {platform.platform()}",
        *(f"{name} {number}" for name, number in package_versions().items()),
        "",
        *(f"{remark.weight.value}: {remark.text}" for remark in remarks),
        "",
    ]
    text = "\n".join(lines)
    for word, instead in _personal_words():
        text = text.replace(word, instead)
    return text


def _personal_words() -> Iterator[tuple[str, str]]:
    """Yield what tells who and where somebody is, the longest first, and what to write instead."""
    home = str(Path.home())
    if len(home) > 1:
        yield home, "HOME"
    for find, instead in ((getpass.getuser, "USER"), (socket.gethostname, "COMPUTER")):
        try:
            word = find()
        except (OSError, KeyError, ImportError):  # nobody, or nowhere
            continue
        if len(word) > 2:  # noqa: PLR2004 - a shorter one is part of other words
            yield word, instead
