"""What a person decides for an experiment that DySTrack itself drives."""

import math
import re
from collections.abc import Sequence
from pathlib import Path

import attrs

from dystrack.core.errors import ConfigurationError
from dystrack.core.limits import parse_axis_limits
from dystrack.manager.setting_rules import Choice, Kind, Number, Parsed, setting
from dystrack.scopes.box import Box
from dystrack.scopes.geometry import PositionUm
from dystrack.scopes.guard import GuardRules
from dystrack.scopes.stage import StageAxes

__all__ = ["ScopeSettings", "parse_axes", "read_places"]

_DISTANCES = "one number of 0 or more, or three for z, y, x"
_AXES = re.compile(r"\s*([+-]?)z\s*,\s*([+-]?)([yx])\s*,\s*([+-]?)([yx])\s*", re.IGNORECASE)
_N_AXES = 3
_NOWHERE = PositionUm(math.nan, math.nan, math.nan)


def _distances(name: str, value: object) -> PositionUm:
    found = parse_axis_limits(name, value)
    if found is None:
        msg = f"{name} is {value!r}. Give {_DISTANCES}."
        raise ConfigurationError(msg)
    return PositionUm(*found)


def _approach(name: str, value: object) -> PositionUm:
    try:
        parts = [float(part) for part in str(value).split(",")]
    except ValueError:
        parts = []
    if len(parts) == 1:
        parts *= _N_AXES
    if len(parts) != _N_AXES:
        msg = f"{name} is {value!r}. Give one number of µm, or three for z, y, x: '2,10,10'."
        raise ConfigurationError(msg)
    return PositionUm(*parts)


def parse_axes(name: str, value: object) -> StageAxes | None:
    """Return how a stage lies to its images from what a person says.

    Parameters
    ----------
    name : str
        Name of the setting, for the message.
    value : str
        Which axis of the image, and in which direction, the stage's z, y and x run along, such as
        ``"z,y,x"`` or ``"-z,x,-y"``; empty where nothing is said.

    Returns
    -------
    StageAxes or None
        None where nothing is said.

    Raises
    ------
    ConfigurationError
        If it is anything else.
    """
    if value == "":
        return None
    found = _AXES.fullmatch(value) if isinstance(value, str) else None
    if found is None or found[3].lower() == found[5].lower():
        msg = (
            f"{name} is {value!r}. Say which axis of the image the stage's z, y and x run along: "
            "'z,y,x' if none is reversed, '-z,x,-y' if z is, and y and x are swapped."
        )
        raise ConfigurationError(msg)
    z_sign, y_sign, x_sign = (-1 if found[group] == "-" else 1 for group in (1, 2, 4))
    if found[3].lower() == "y":
        return StageAxes(z_sign, y_sign, x_sign)
    return StageAxes(z_sign, x_sign, y_sign, swaps_yx=True)


@attrs.frozen(kw_only=True)
class ScopeSettings:
    """What an experiment on a microscope is to do, and what the stage may do.

    Attributes
    ----------
    time_points : int, default 20
        Number of time points.
    interval_s : float, default 300.0
        Time from the beginning of one time point to that of the next in s.
    positions : str, default ""
        File with a position on each line, z, y, x in µm of the stage; those marked in the
        microscope's software, or else where the stage is, if not given.
    room_um : str, default "100,2000,2000"
        How far from the outermost positions the stage may ever go, in µm along z, y, x.
    stage_step_um : str, default "50,500,500"
        Greatest move after an answer, in µm along z, y, x.
    approach_um : str, default "0"
        How far before a target the last part of each move begins, always on the same side, against
        backlash: in µm along z, y, x; negative for the other side.
    axes : str, default ""
        Which axis of the image the stage's z, y and x run along, such as "z,y,x" or "-z,x,-y";
        measured by dystrack calibrate if not given.
    look_sooner : bool, default False
        Whether to look again before the next time point where the tracker wants that.
    on_scope_error : str, {"skip", "end"}, default "skip"
        What to do when the microscope fails: give up that visit, or end the run.
    answer_limit_s : float, default 60.0
        How long to wait for the answer to a prescan in s.
    drive_only : bool, default False
        Whether another DySTrack watches the folder; this one then only drives the microscope.

    Raises
    ------
    ConfigurationError
        If one of them cannot be.
    """

    time_points: int = setting(20, Number(low=1, whole=True))
    interval_s: float = setting(300.0, Number(), "s")
    positions: str = setting("", Kind(str, "the path of a file, '' for none"))
    room_um: str | float | Sequence[float] = setting(
        "100,2000,2000", Parsed(_distances, _DISTANCES), "µm"
    )
    stage_step_um: str | float | Sequence[float] = setting(
        "50,500,500", Parsed(_distances, _DISTANCES), "µm"
    )
    approach_um: str | float = setting("0", Parsed(_approach, "one number, or three"), "µm")
    axes: str = setting("", Parsed(parse_axes, "a text such as 'z,y,x' or '-z,x,-y'"))
    look_sooner: bool = setting(False, Kind(int, "True or False"))
    on_scope_error: str = setting("skip", Choice(("skip", "end")))
    answer_limit_s: float = setting(60.0, Number(above=True), "s")
    drive_only: bool = setting(False, Kind(int, "True or False"))

    def guard_rules(self, places: Sequence[PositionUm]) -> GuardRules:
        """Return what the stage may do around marked positions."""
        return GuardRules(
            Box.around(places, _distances("room_um", self.room_um)),
            max_step_um=_distances("stage_step_um", self.stage_step_um),
            approach_um=_approach("approach_um", self.approach_um),
        )

    @property
    def stage_axes(self) -> StageAxes | None:
        """How the stage lies to its images, where the person says so."""
        return parse_axes("axes", self.axes)


def read_places(path: Path) -> list[PositionUm]:
    """Return the positions in a file.

    Parameters
    ----------
    path : Path
        Text with z, y, x in µm on each line, between commas, tabs or blanks; a first line of names
        and what follows a # are left out.

    Returns
    -------
    list of PositionUm
        In their order.

    Raises
    ------
    ConfigurationError
        If it cannot be read, if a line is something else, or if there is no position.
    """
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeError) as error:
        msg = f"The positions in {path} cannot be read: {error}."
        raise ConfigurationError(msg) from error
    places = []
    for number, line in enumerate(lines, 1):
        words = re.split(r"[,;\s]+", line.partition("#")[0].strip())
        if words == [""] or (number == 1 and words[0].isalpha()):
            continue
        try:
            place = PositionUm(*map(float, words))
        except (ValueError, TypeError):
            place = _NOWHERE
        if not all(map(math.isfinite, place)):
            msg = f"Line {number} of {path} is {line!r}. Give z, y, x in µm: 120.5, 30, -40."
            raise ConfigurationError(msg)
        places.append(place)
    if not places:
        msg = f"{path} holds no position. Give z, y, x in µm on each line: 120.5, 30, -40."
        raise ConfigurationError(msg)
    return places
