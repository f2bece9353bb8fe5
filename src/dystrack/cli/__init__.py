"""The `dystrack` command: one small file a command, imported when it is called."""

from dystrack.cli.application import main

__all__ = ["main"]
