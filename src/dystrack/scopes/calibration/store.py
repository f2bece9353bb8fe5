"""Where calibrations are kept: one file for each microscope and objective."""

import itertools
import json
import re
from dataclasses import asdict
from pathlib import Path

from dystrack.core.errors import CalibrationError
from dystrack.scopes.calibration.matrix import Calibration
from dystrack.scopes.protocols import ScopeFacts

__all__ = ["calibration_folder", "find_calibration", "load_calibration", "save_calibration"]

_SAME_SIZE = 0.02  # as a share of the pixel size


def calibration_folder() -> Path:
    """Return where calibrations are kept: ``.dystrack/calibrations`` in the person's home."""
    return Path.home() / ".dystrack" / "calibrations"


def save_calibration(calibration: Calibration, folder: Path) -> Path:
    """Keep a calibration, instead of an earlier one of the same microscope and objective.

    Parameters
    ----------
    calibration : Calibration
        What was measured.
    folder : Path
        Where to keep it; made if it is missing.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    CalibrationError
        If it cannot be written.
    """
    path = folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path = _file_of(calibration, folder)
        unfinished = path.with_suffix(".part")
        unfinished.write_text(json.dumps(asdict(calibration), indent=1) + "\n", "utf-8")
        unfinished.replace(path)
    except OSError as error:
        msg = f"The calibration could not be saved as {path}: {error}."
        raise CalibrationError(msg) from error
    return path


def load_calibration(path: Path) -> Calibration:
    """Return the calibration in a file.

    Raises
    ------
    CalibrationError
        If it cannot be read.
    """
    try:
        data = json.loads(path.read_text("utf-8"))
        (yy, yx), (xy, xx) = data.pop("matrix")
        return Calibration(matrix=((yy, yx), (xy, xx)), **data)
    except (OSError, UnicodeError, ValueError, TypeError, KeyError) as error:
        msg = f"The calibration {path} cannot be read: {error}. Delete it, and calibrate again."
        raise CalibrationError(msg) from error


def find_calibration(facts: ScopeFacts, folder: Path) -> tuple[Calibration, str]:
    """Return the calibration that belongs to what a microscope says of itself now.

    Parameters
    ----------
    facts : ScopeFacts
        What it says.
    folder : Path
        Where calibrations are kept.

    Returns
    -------
    calibration : Calibration
        The calibration.
    note : str
        What a person should know of it; empty if nothing.

    Raises
    ------
    CalibrationError
        If there is none of this microscope, or only of other objectives.
    """
    try:
        paths = sorted(folder.glob("*.json"))
    except OSError:
        paths = []
    of_this = [c for c in map(load_calibration, paths) if c.microscope == facts.microscope]
    fitting = [c for c in of_this if c.objective == facts.objective]
    if fitting:
        return fitting[0], _note(fitting[0], facts)
    if of_this:
        known = ", ".join(repr(calibration.objective) for calibration in of_this)
        msg = (
            f"The objective is {facts.objective!r}; there are calibrations for {known} only. The "
            "stage stays where it is. Put that objective back, or calibrate with this one."
        )
        raise CalibrationError(msg)
    msg = f"There is no calibration of {facts.microscope}."
    raise CalibrationError(msg)


def _note(calibration: Calibration, facts: ScopeFacts) -> str:
    now, then = facts.pixel_size_um, calibration.pixel_size_um
    if now is None or abs(now - then) <= _SAME_SIZE * then:
        return ""
    return (
        f"The pixel size is {now:g} µm, it was {then:g} µm when the stage was calibrated on "
        f"{calibration.measured}. That is right with another zoom or binning only."
    )


def _file_of(calibration: Calibration, folder: Path) -> Path:
    """Return the file of a calibration; names alike but for special characters get numbers."""
    name = f"{_slug(calibration.microscope)}__{_slug(calibration.objective)}"
    numbers = itertools.chain([""], (f"_{number}" for number in itertools.count(2)))
    paths = (folder / f"{name}{number}.json" for number in numbers)
    return next(path for path in paths if not path.exists() or _may_replace(path, calibration))


def _may_replace(path: Path, calibration: Calibration) -> bool:
    """Return whether a file holds one of the same microscope and objective, or nothing readable."""
    try:
        kept = load_calibration(path)
    except CalibrationError:
        return True
    return (kept.microscope, kept.objective) == (calibration.microscope, calibration.objective)


def _slug(text: str) -> str:
    return re.sub(r"[^\w.-]+", "_", text) or "unnamed"
