"""What is told of an exception, whatever it does when it is asked for its text."""

import functools
import sysconfig
import traceback
from dataclasses import dataclass
from pathlib import Path

__all__ = ["ErrorText", "OriginalError", "describe_error", "format_error", "safe_text"]

_LONGEST_TEXT = 100_000
_MOST_FRAMES = 50
_PACKAGE = Path(__file__).parents[1]


@dataclass(frozen=True)
class ErrorText:
    """An exception as text.

    Attributes
    ----------
    type_name : str
        Name of its type.
    message : str
        What it says.
    traceback : str
        The lines of the user's own code that led to it, outermost first, as
        ``file:number, in function: code``; those of DySTrack's pipelines where there is no other.
    """

    type_name: str
    message: str
    traceback: str = ""

    def __str__(self) -> str:
        """Return type and message."""
        return f"{self.type_name}: {self.message}" if self.message else self.type_name


class OriginalError(Exception):
    """The cause of an error that was raised in another process, from where only text came.

    Parameters
    ----------
    text : ErrorText
        What was raised there.
    formatted : str
        The complete traceback.
    """

    def __init__(self, text: ErrorText, formatted: str) -> None:
        super().__init__(formatted)
        self.text = text

    def __str__(self) -> str:
        """Return the traceback in quotes, as Python shows causes from elsewhere."""
        return f'\n"""\n{self.args[0]}"""'


def describe_error(error: BaseException) -> ErrorText:
    """Return any exception as text; of one from a worker process, the text of the original."""
    if isinstance(error.__cause__, OriginalError):
        return error.__cause__.text
    return ErrorText(safe_text(type(error).__name__), safe_text(error), _own_lines(error))


def format_error(error: BaseException) -> str:
    """Return the end of the complete traceback of an exception, as Python prints it."""
    try:
        return "".join(traceback.format_exception(error))[-_LONGEST_TEXT:]
    except Exception:  # noqa: BLE001 - formatting runs the user's code
        return str(describe_error(error))


def safe_text(value: object) -> str:
    """Return ``str(value)``, or a stand-in where that fails; no longer than 100,000 characters."""
    try:
        text = str.__str__(str(value))
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001 - a boundary with the user's code
        return f"<{type(value).__name__} without a text>"
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}…"


def _own_lines(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__, limit=-_MOST_FRAMES)
    of_pipeline = [f for f in frames if not _is_below(f.filename, _PACKAGE / "manager")]
    own = [f for f in of_pipeline if not _is_of_library(f.filename)]
    lines = (f"{f.filename}:{f.lineno}, in {f.name}: {f.line}" for f in own or of_pipeline)
    return "\n".join(lines)


def _is_of_library(filename: str) -> bool:
    return filename.startswith("<frozen ") or any(
        _is_below(filename, folder) for folder in (_PACKAGE, *_library_folders())
    )


def _is_below(filename: str, folder: Path) -> bool:
    return Path(filename).is_relative_to(folder)


@functools.cache
def _library_folders() -> tuple[Path, ...]:
    paths = sysconfig.get_paths()
    return tuple(Path(paths[name]) for name in ("stdlib", "platstdlib", "purelib", "platlib"))
