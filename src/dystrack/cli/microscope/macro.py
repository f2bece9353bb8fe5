"""`dystrack macro`."""

import re
import sys
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from rich.console import Console
from rich.text import Text

from dystrack.core.errors import ConfigurationError

__all__ = ["macro"]

_STATUS = re.compile(r"^Status: (?P<status>.+?)\.?\s*\n\s*\n", re.MULTILINE | re.DOTALL)


def macro(name: str = "", *, folder: str = ".") -> None:
    """List the macros for microscopes, or write one out.

    Parameters
    ----------
    name : str
        Which one to write out; none to list them.
    folder : str
        Where it goes; it is made if it is not there.
    """
    if name:
        _write_out(name, Path(folder))
    else:
        _list_all()


def _macros() -> dict[str, Traversable]:
    """Return the file of each macro: the only one in its folder."""
    folders = (one for one in (files("dystrack") / "macros").iterdir() if one.is_dir())
    found = {}
    for vendor in sorted(folders, key=lambda one: one.name):
        for file in vendor.iterdir():
            if file.name.startswith("dystrack_"):
                found[vendor.name] = file
    return found


def _list_all() -> None:
    console = Console(highlight=False)
    for name, file in _macros().items():
        text = file.read_text("utf-8")
        status = _STATUS.search(text)
        title = next(line for line in text.splitlines() if ":" in line and "coding" not in line)
        console.print(Text.assemble((name, "bold"), "  ", title.strip('"/* ')))
        console.print(Text(" ".join(status["status"].split()) if status else "", style="dim"))
        console.print()
    console.print("Write one out with: dystrack macro NAME --folder FOLDER")
    console.print("How to set each of them up, and what else there is: docs/microscopes.md")


def _write_out(name: str, folder: Path) -> None:
    macros = _macros()
    if name not in macros:
        msg = f"There is no macro {name!r}. Choose {', '.join(macros)}."
        raise ConfigurationError(msg)
    path = folder / macros[name].name
    if path.exists():
        msg = f"{path} is there already, perhaps with your settings. It was left as it is."
        raise ConfigurationError(msg)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_bytes(macros[name].read_bytes())
    except OSError as error:
        msg = f"{path} cannot be written: {error.strerror}. Give another --folder."
        raise ConfigurationError(msg) from None
    sys.stdout.write(f"{path}: read its first lines, then change the settings below them.\n")
