"""Which names are prescans, and to which position and time point a name belongs."""

import re
from dataclasses import dataclass

from dystrack.core.coords_file import COORDS_FILE_NAME
from dystrack.core.errors import ConfigurationError

__all__ = [
    "DEFAULT_POSITION_PATTERN",
    "JOURNAL_NAME",
    "LOCK_NAME",
    "OWN_NAMES",
    "PREVIEWS_NAME",
    "REPORT_NAME",
    "SINGLE_POSITION",
    "ImageLabel",
    "NameFilter",
    "PositionPattern",
    "natural_key",
]

JOURNAL_NAME = "dystrack_journal.jsonl"
LOCK_NAME = "dystrack.lock"
PREVIEWS_NAME = "dystrack_previews"
REPORT_NAME = "dystrack_report.html"
SINGLE_POSITION = "1"

OWN_NAMES = frozenset({COORDS_FILE_NAME, JOURNAL_NAME, LOCK_NAME, PREVIEWS_NAME, REPORT_NAME})
_TEMPORARY_ENDINGS = (".part", ".partial", ".tmp", ".temp", ".crdownload", "~")

# One token of a name. No letter stands before it, so that "top3" is no "p3"; single letters also
# have no digit before and none of "_- =" behind, so that "2p_001" (two photons) is no position.
DEFAULT_POSITION_PATTERN = r"""(?ix)
(?<![a-z])
(?: (?: time(?:point)?[_-]? | tp?[_-]? | prescan_ ) (?P<time> \d+ )
  | (?: (?: position | pos | scene | point | xy | well ) [_\- =]? (?= \d )
      | (?<! \d ) [psw] (?= \d )
      | (?: well [_-]? )? (?= (?-i:[A-P]\d\d?) (?! \d ) ) (?<! \d ) )
    (?P<position> \d{3}_\d{3} (?! \d ) | [a-p]? \d+ ) )
"""


@dataclass(frozen=True, slots=True)
class ImageLabel:
    """What a prescan's name says.

    Attributes
    ----------
    position : str
        Position, as it stands in the name without leading zeros.
    time_point : int or None
        Time point, if the name has one.
    """

    position: str
    time_point: int | None


@dataclass(frozen=True, slots=True)
class NameFilter:
    """The names that are prescans; each condition is ignored when empty.

    Attributes
    ----------
    start, end : str
        How a name starts and ends.
    regex : str
        Regular expression that a whole name matches.

    Raises
    ------
    ConfigurationError
        If `regex` is not a regular expression.
    """

    start: str = ""
    end: str = ""
    regex: str = ""

    def __post_init__(self) -> None:
        _compile(self.regex, "file_regex")

    def matches(self, name: str) -> bool:
        """Return whether a file of this name is a prescan."""
        if name in OWN_NAMES or self._is_temporary(name):
            return False
        return (
            name.startswith(self.start)
            and name.endswith(self.end)
            and (not self.regex or re.fullmatch(self.regex, name) is not None)
        )

    def _is_temporary(self, name: str) -> bool:
        """Return whether a program is about to rename the file, unless it was asked for."""
        if self.end or self.regex:
            return False
        return name.startswith((".", "~$")) or name.lower().endswith(_TEMPORARY_ENDINGS)


class PositionPattern:
    """The way in which names tell positions and time points.

    Parameters
    ----------
    pattern : str
        Regular expression with the group ``position`` and, if wanted, ``time``. It is searched
        in the name. Empty: all names are one position. The default finds all tokens of the usual
        vendors and joins them, so that point 1 of well A is not point 1 of well B.

    Raises
    ------
    ConfigurationError
        If it is not a regular expression or has no such group.
    """

    def __init__(self, pattern: str = DEFAULT_POSITION_PATTERN) -> None:
        self._regex = _compile(pattern, "position_pattern")
        self._joins_all = pattern == DEFAULT_POSITION_PATTERN
        if pattern and "position" not in self._regex.groupindex:
            msg = (
                f"position_pattern {pattern!r} has no group called 'position'. Write it like "
                r"'_p(?P<position>\d+)_t(?P<time>\d+)', or give '' for a single position."
            )
            raise ConfigurationError(msg)

    def label(self, name: str) -> ImageLabel:
        """Return position and time point of a name, or of a path within the watched folder."""
        found = list(self._regex.finditer(name)) if self._regex.pattern else []
        tokens = [match.groupdict() for match in (found if self._joins_all else found[:1])]
        positions = [token["position"] for token in tokens if token["position"]]
        times = [time for token in tokens if (time := token.get("time")) and time.isdecimal()]
        return ImageLabel(
            position="_".join(map(_without_leading_zeros, positions)) or SINGLE_POSITION,
            time_point=int(times[0]) if times else None,
        )


def natural_key(name: str) -> tuple[tuple[int, int | str], ...]:
    """Return a key that sorts ``scan_2`` before ``scan_10``."""
    parts = re.split(r"(\d+)", name.casefold())
    return tuple((0, int(part)) if part.isdecimal() else (1, part) for part in parts if part)


def _without_leading_zeros(text: str) -> str:
    return re.sub(r"(?<!\d)0+(?=\d)", "", text)


def _compile(pattern: str, parameter: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        msg = f"{parameter} {pattern!r} is not a regular expression: {error}. Correct it."
        raise ConfigurationError(msg) from error
