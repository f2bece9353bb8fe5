"""Which names are prescans, and to which position and time point a name belongs."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass

from dystrack.core.errors import ConfigurationError
from dystrack.core.exchange.answer_file import ANSWER_SUFFIX
from dystrack.core.exchange.coords_file import COORDS_FILE_NAME, VISITS_FILE_NAME
from dystrack.core.exchange.targets_file import TARGETS_SUFFIXES
from dystrack.core.phases import phase_in
from dystrack.images.image_file import SUPPORTED

__all__ = [
    "COMMANDS_NAME",
    "DEFAULT_POSITION_PATTERN",
    "IMAGE_SUFFIXES",
    "JOURNAL_NAME",
    "LOCK_NAME",
    "PREVIEWS_NAME",
    "REPORT_NAME",
    "SINGLE_POSITION",
    "ImageLabel",
    "NameFilter",
    "PositionPattern",
    "is_own_name",
    "natural_key",
    "stem_of",
]

COMMANDS_NAME = "dystrack_commands"
JOURNAL_NAME = "dystrack_journal.jsonl"
LOCK_NAME = "dystrack.lock"
PREVIEWS_NAME = "dystrack_previews"
REPORT_NAME = "dystrack_report.html"
SINGLE_POSITION = "1"

_OWN_NAMES = frozenset(
    {
        COMMANDS_NAME,
        COORDS_FILE_NAME,
        JOURNAL_NAME,
        LOCK_NAME,
        PREVIEWS_NAME,
        REPORT_NAME,
        VISITS_FILE_NAME,
    }
)
_TEMPORARY_ENDINGS = (".part", ".partial", ".tmp", ".temp", ".crdownload", "~")

IMAGE_SUFFIXES = SUPPORTED | {
    *(
        ".bif",
        ".dv",
        ".ets",
        ".ics",
        ".ids",
        ".jp2",
        ".jpf",
        ".klb",
        ".lof",
        ".lsm",
        ".mrc",
        ".mvd2",
    ),
    *(
        ".n5",
        ".nd",
        ".ndpi",
        ".oib",
        ".oif",
        ".oir",
        ".r3d",
        ".scn",
        ".sld",
        ".sldy",
        ".stk",
        ".svs",
    ),
    *(".vsi", ".xlef", ".zvi"),
}
"""Suffixes, in lower case, of what microscopes write; only such names are prescans by default."""

# One token of a name. No letter stands before it, so that "top3" is no "p3"; single letters also
# have no digit before, but for that of a time ("t3p1"), and none of "_- =" behind, so that "2p_001"
# (two photons) is no position. Two numbers of three digits are one position of a grid only in the
# form of Micro-Manager, "1-Pos_000_001".
DEFAULT_POSITION_PATTERN = r"""(?ix)
(?<![a-z])
(?: (?: time(?:point)?[_-]? | tp?[_-]? | prescan_ ) (?P<time> \d+ )
  | (?: (?: position | pos | scene | point | site | fov | xy | well ) [_\- =]? (?= \d )
      | (?: (?<! \d ) | (?<= t\d ) | (?<= t\d\d ) | (?<= t\d{3} ) | (?<= t\d{4} ) ) [psw] (?= \d )
      | (?: well [_-]? )? (?= (?-i:[A-P]\d\d?) (?! \d ) ) (?<! \d ) )
    (?P<position> (?<= \d-pos_ ) \d{3}_\d{3} (?! \d ) | [a-p]? \d+ ) )
"""

# Where no such token is a position but something else is a time, the number behind any other word
# is: "fish1_prescan_2", "Series001_2". Not behind these words, and never more than four digits:
# they count images, planes or channels, or are dates.
_NUMBERED_WORD = re.compile(
    r"""(?ix)
    (?<![a-z])
    (?! (?: z | c | ch | channel | slice | plane | stack | frame | image | img | scan | prescan | i
        | cycle | loop | round | iteration | repeat | rec | recording | seq | sequence | h | m | min
        | sec | s | time | timepoint | t | tp | v | version | date | x | y
        | jan(uary)? | feb(ruary)? | mar(ch)? | apr(il)? | ma[yi] | jun[ei]? | jul[yi]? | aug(ust)?
        | sep(t|tember)? | o[ck]t(ober)? | nov(ember)? | de[cz](ember)? ) [_\- ]? \d )
    [a-z]+ [_\- ]? (?P<position> \d{1,4} ) (?! [\da-z] )
    """
)
_NUMBER = re.compile(r"(\d+)")
_LAST_NUMBER = re.compile(r"[_\- ](\d+)$")


@dataclass(frozen=True, slots=True)
class ImageLabel:
    """What a prescan's name says.

    Attributes
    ----------
    position : str
        Position, as it stands in the name without leading zeros; behind its phase, if the
        experiment has phases.
    time_point : int or None
        Time point, if the name has one.
    phase : str
        Phase of the experiment; empty if it has none.
    """

    position: str
    time_point: int | None
    phase: str = ""


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
        for parameter, text in (("file_start", self.start), ("file_end", self.end)):
            if set(text) & set("*?"):
                msg = (
                    f"{parameter} is {text!r}, but names are compared with it character by "
                    "character, and * and ? are no wildcards. Give file_end='.tif' for all names "
                    r"that end like this, or a regular expression: file_regex='prescan.*\.tif'."
                )
                raise ConfigurationError(msg)
        _compile(self.regex, "file_regex")

    def matches(self, name: str) -> bool:
        """Return whether a file of this name is a prescan."""
        return not self.is_hidden(name) and not self.reason_against(name)

    def is_hidden(self, name: str) -> bool:
        """Return whether nobody takes a name for that of a prescan: ours, or a temporary one."""
        return is_own_name(name) or self._is_temporary(name)

    def reason_against(self, name: str) -> str:
        """Return what keeps a name from being a prescan's.

        Parameters
        ----------
        name : str
            The name of a file.

        Returns
        -------
        str
            What is so of such files, in the plural; empty if nothing is.
        """
        if not name.startswith(self.start):
            return f"do not start with {self.start}"
        if not name.endswith(self.end):
            return f"do not end with {self.end}"
        if self.regex and re.fullmatch(self.regex, name) is None:
            return f"do not match {self.regex}"
        if not (self.end or self.regex) and _suffix(name) not in IMAGE_SUFFIXES:
            return "do not end like images (.tif, .czi, .nd2, …)"
        return ""

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
    phases : sequence of str, optional
        Words in names that tell the phases of an experiment apart: what is known of a position
        in one of them does not hold in another.

    Raises
    ------
    ConfigurationError
        If it is not a regular expression or has no such group.
    """

    def __init__(self, pattern: str = DEFAULT_POSITION_PATTERN, phases: Sequence[str] = ()) -> None:
        self._phases = phases
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
        positions, times = self._tokens(name)
        numbers = [time for time in times if time.isdecimal()]
        position = "_".join(map(_without_leading_zeros, positions)) or SINGLE_POSITION
        phase = phase_in(re.split(r"[\\/]", name)[-1], self._phases) if self._phases else ""
        return ImageLabel(
            position=f"{phase}_{position}" if phase else position,
            time_point=int(numbers[0]) if numbers else None,
            phase=phase,
        )

    def fits(self, name: str) -> bool:
        """Return whether a name tells its position."""
        return bool(self._tokens(name)[0])

    @property
    def is_off(self) -> bool:
        """Return whether all names are meant to be one position."""
        return not self._regex.pattern

    def _tokens(self, name: str) -> tuple[list[str], list[str]]:
        """Return what tells the position and what tells the time, as they stand in a name."""
        found = list(self._regex.finditer(name)) if self._regex.pattern else []
        tokens = [match.groupdict() for match in (found if self._joins_all else found[:1])]
        positions = [token["position"] for token in tokens if token["position"]]
        times = [time for token in tokens if (time := token.get("time"))]
        if not self._joins_all:
            return positions, times
        stem, last = stem_of(name), _LAST_NUMBER.search(stem_of(name))
        if not positions and (times or last):
            ends = {last.end()} if last and not times else set()
            words = _NUMBERED_WORD.finditer(stem)
            positions = [word["position"] for word in words if word.end() not in ends]
        if positions and not times and last and all(match.end() < last.end() for match in found):
            times = [last[1]]
        return positions, times


def is_own_name(name: str) -> bool:
    """Return whether DySTrack itself writes a file of this name; it is never a prescan."""
    return name in _OWN_NAMES or name.endswith((ANSWER_SUFFIX, *TARGETS_SUFFIXES))


def natural_key(name: str) -> tuple[int | str, ...]:
    """Return a key that sorts ``scan_2`` before ``scan_10``."""
    parts: list[int | str] = list(_NUMBER.split(name.casefold()))
    parts[1::2] = map(int, parts[1::2])
    return tuple(parts)


def _suffix(name: str) -> str:
    return os.path.splitext(name)[1].lower()  # noqa: PTH122 - for each of 100,000 names


def stem_of(name: str) -> str:
    """Return a name without the suffixes of its format."""
    return re.sub(r"(\.ome)?\.[a-z]\w*$", "", name, flags=re.IGNORECASE)


def _without_leading_zeros(text: str) -> str:
    return re.sub(r"(?<!\d)0+(?=\d)", "", text)


def _compile(pattern: str, parameter: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        msg = f"{parameter} {pattern!r} is not a regular expression: {error}. Correct it."
        raise ConfigurationError(msg) from error
