"""What a night-long run needs of Windows: no sleep, no restart, no scanner in the way, long paths.

Everything is asked of Windows' own programs through one function, `run_program`, so that tests
answer in their place. It has not been run on Windows yet.
"""

import re
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import PureWindowsPath

from dystrack.tools.kit.remarks import Remark, good, note, problem

__all__ = ["RunProgram", "run_program", "windows_remarks"]

RunProgram = Callable[[Sequence[str]], str | None]
"""Returns what a program prints; None if it fails or is not there."""

_LIMIT_S = 20
_HEX = re.compile(r"0x([0-9a-fA-F]+)")
_SLEEP = ("powercfg", "/query", "SCHEME_CURRENT", "SUB_SLEEP", "STANDBYIDLE")
_RESTART = (
    "reg",
    "query",
    r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update\RebootRequired",
)
_PAUSED = (
    "reg",
    "query",
    r"HKLM\SOFTWARE\Microsoft\WindowsUpdate\UX\Settings",
    "/v",
    "PauseUpdatesExpiryTime",
)
_LONG_PATHS = (
    "reg",
    "query",
    r"HKLM\SYSTEM\CurrentControlSet\Control\FileSystem",
    "/v",
    "LongPathsEnabled",
)
_SCANNED = ("powershell", "-NoProfile", "-Command", "(Get-MpPreference).ExclusionPath")
_SCANNER = (
    "powershell",
    "-NoProfile",
    "-Command",
    "(Get-MpComputerStatus).RealTimeProtectionEnabled",
)


def run_program(words: Sequence[str]) -> str | None:
    """Return what a program of the system prints; None if it fails or is not there."""
    try:
        result = subprocess.run(  # noqa: S603 - fixed words
            words, capture_output=True, text=True, errors="replace", timeout=_LIMIT_S, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return result.stdout


def windows_remarks(folder: str, run: RunProgram = run_program) -> Iterator[Remark]:
    """Yield what, on Windows, would end or slow a run in the night."""
    yield _about_sleep(run(_SLEEP))
    yield from _about_updates(run)
    yield from _about_scanner(folder, run)
    yield _about_long_paths(run(_LONG_PATHS))


def _about_sleep(printed: str | None) -> Remark:
    numbers = _HEX.findall(printed or "")
    if len(numbers) < 2:  # noqa: PLR2004 - plugged in, and on battery
        return note("It is not known when this computer falls asleep. See to it that it does not.")
    minutes = int(numbers[-2], 16) // 60
    if minutes:
        return problem(
            f"This computer falls asleep after {minutes} minutes, also during a run. Turn that off:"
            " powercfg /change standby-timeout-ac 0"
        )
    return good("This computer does not fall asleep while it is plugged in.")


def _about_updates(run: RunProgram) -> Iterator[Remark]:
    if run(_RESTART) is not None:
        yield problem("Windows is about to restart for an update. Restart it before the run.")
    if run(_PAUSED) is None:
        yield note("Updates are not paused, and may restart Windows in the night. Pause them.")
    else:
        yield good("Updates are paused.")


def _about_scanner(folder: str, run: RunProgram) -> Iterator[Remark]:
    is_on = (run(_SCANNER) or "").strip().lower()
    if is_on != "true":
        yield good("Windows' own virus scanner does not watch files as they are written.")
        return
    printed = run(_SCANNED) or ""
    excluded = [PureWindowsPath(line.strip()) for line in printed.splitlines() if line.strip()]
    path = PureWindowsPath(folder)
    if folder and any(path.is_relative_to(other) for other in excluded):
        yield good("The virus scanner leaves the folder alone.")
    else:
        yield note(
            "The virus scanner reads each prescan as it is written, which delays answers and may"
            " lock files. Ask whether the folder may be excluded (Windows Security, Exclusions)."
        )


def _about_long_paths(printed: str | None) -> Remark:
    numbers = _HEX.findall(printed or "")
    if numbers and int(numbers[-1], 16) == 1:
        return good("Long paths are allowed.")
    return note(
        "Paths of more than 260 characters are not allowed here. Keep folders short, or have them"
        " allowed (LongPathsEnabled = 1)."
    )
