"""`dystrack calibrate SCOPE` and `dystrack calibrate by_hand FOLDER`."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dystrack.core.errors import ConfigurationError, ScopeError

if TYPE_CHECKING:
    from dystrack.scopes.calibration.matrix import Calibration

__all__ = ["calibrate"]

_HELP = """\
Usage: dystrack calibrate SCOPE [--yes] [--option value ...]
       dystrack calibrate by_hand FOLDER [MICROSCOPE] [OBJECTIVE]

Measure how the stage lies to the image (signs, swapped axes, rotation, scale) and which way z
counts, by six small moves of a quarter of the field. Bring something with sharp structure into
focus first: beads, a fixed sample, or the sample itself.

SCOPE, one of {scopes}: DySTrack moves, after a yes, and comes back.
by_hand: you move, and take a prescan into FOLDER each time; DySTrack tells where to.

The calibration is kept for this microscope and objective, in {folder}.
"""
_HELP_WORDS = frozenset({"--help", "-h"})
_YES = "--yes"
_BY_HAND = "by_hand"
_MOST_WORDS = 4


def calibrate(*words: str) -> None:
    """Measure how a stage lies to its images."""
    from dystrack.scopes.calibration.store import calibration_folder  # noqa: PLC0415 - not for others
    from dystrack.scopes.catalogue import SCOPES  # noqa: PLC0415
    from dystrack.tools.microscope.calibrating import describe  # noqa: PLC0415

    kept = calibration_folder()
    if not words or _HELP_WORDS & set(words):
        sys.stdout.write(_HELP.format(scopes=", ".join(SCOPES), folder=kept))
        return
    measure = _by_hand if words[0] == _BY_HAND else _by_scope
    sys.stdout.write(describe(measure(words, kept)))


def _by_hand(words: Sequence[str], kept: Path) -> "Calibration":
    from dystrack.tools.microscope.calibrating import ByHand, calibrate_by_hand  # noqa: PLC0415

    if not 1 < len(words) <= _MOST_WORDS:
        msg = "Write dystrack calibrate by_hand FOLDER [MICROSCOPE] [OBJECTIVE]."
        raise ConfigurationError(msg)
    _, folder, *names = words
    microscope, objective = (*names, *("by hand", "")[len(names) :])
    person = ByHand(Path(folder), lambda text: input(f"{text}\n"))
    return calibrate_by_hand(person, microscope, objective, kept)


def _by_scope(words: Sequence[str], kept: Path) -> "Calibration":
    from dystrack.cli.answers import is_yes, say  # noqa: PLC0415
    from dystrack.scopes.catalogue import find_opener  # noqa: PLC0415
    from dystrack.tools.microscope.calibrating import calibrate_scope  # noqa: PLC0415
    from dystrack.tools.microscope.command import opener_keywords  # noqa: PLC0415

    name, *options = words
    opener = find_opener(name)
    with opener(**opener_keywords(opener, [o for o in options if o != _YES])) as scope:
        question = "Move the stage by up to a quarter of the field now? Nothing may be in the way."
        if not (_YES in options or is_yes(question)):
            msg = "Nothing was moved, so nothing was measured."
            raise ScopeError(msg)
        return calibrate_scope(scope, kept, say)
