"""`dystrack calibrate`: by DySTrack itself, or by a person who moves while DySTrack looks."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from dystrack.core.errors import CalibrationError, ConfigurationError, ScopeError
from dystrack.core.protocols import SYSTEM_CLOCK, Clock
from dystrack.images.waiting import wait_until_complete
from dystrack.manager.watching.image_names import NameFilter
from dystrack.scopes.box import Box
from dystrack.scopes.calibration.matrix import Calibration
from dystrack.scopes.calibration.measuring import Look, look_of, measure
from dystrack.scopes.calibration.store import save_calibration
from dystrack.scopes.geometry import PositionUm
from dystrack.scopes.guard import Guard, GuardRules
from dystrack.scopes.protocols import Prescan, Scope, ScopeFacts

__all__ = ["ByHand", "calibrate_by_hand", "calibrate_scope", "describe", "macro_settings"]

_ROOM_UM = PositionUm(50.0, 2000.0, 2000.0)
_APPROACH_UM = PositionUm(3.0, 10.0, 10.0)
_POLL_S = 0.2


def calibrate_scope(
    scope: Scope, folder: Path, say: Callable[[str], object], channel: int = 0
) -> Calibration:
    """Measure how a stage lies to its images, by moves of DySTrack's own.

    Parameters
    ----------
    scope : Scope
        The microscope.
    folder : Path
        Where to keep the calibration.
    say : callable
        Takes what a person should read.
    channel : int, default 0
        Which channel of the prescans to look at.

    Returns
    -------
    Calibration
        What was measured and kept.

    Raises
    ------
    CalibrationError
        If it is not certain; the stage is back where it was, and nothing was kept.
    ScopeError
        If the microscope failed.
    """
    start = scope.position_um()
    rules = GuardRules(Box.around([start], _ROOM_UM), approach_um=_APPROACH_UM)
    guard = Guard(scope, rules, say)
    if reason := guard.facts().no_calibration:
        raise CalibrationError(reason)
    with TemporaryDirectory(prefix="dystrack_calibration_") as images:
        numbers = iter(range(1, 100))

        def look_at(offset_um: PositionUm) -> Look:
            number = next(numbers)
            guard.visit(start.plus(offset_um))
            say(f"Image {number}: {offset_um.z:+.1f}, {offset_um.y:+.1f}, {offset_um.x:+.1f} µm")
            return look_of(guard.prescan(Path(images, f"prescan_{number}_pos_1")), channel)

        try:
            guard.visit(start.minus(_APPROACH_UM))  # then the first image, too, is from that side
            measured = measure(look_at, guard.facts(), _now())
        finally:
            guard.visit(start)
    save_calibration(measured, folder)
    return measured


@dataclass(frozen=True)
class ByHand:
    """A person at a microscope that DySTrack cannot reach.

    Attributes
    ----------
    prescans : Path
        Folder into which the microscope saves.
    ask : callable
        Shows a sentence and waits for the Enter key.
    clock : Clock
        Time.
    limit_s : float
        How long to wait for a prescan.
    """

    prescans: Path
    ask: Callable[[str], object]
    clock: Clock = SYSTEM_CLOCK
    limit_s: float = 600.0

    def look_at(self, offset_um: PositionUm) -> Look:
        """Have a person go somewhere and take a prescan."""
        known = self._names()
        self.ask(
            f"Move to x {offset_um.x:+.1f}, y {offset_um.y:+.1f}, z {offset_um.z:+.1f} µm from "
            "where you began, by the numbers that the microscope shows. Come from the same side "
            "each time. Take a prescan into the folder, and press Enter."
        )
        path = self._new_prescan(known)
        return look_of(Prescan(path=path, stage_um=offset_um))

    def _names(self) -> set[str]:
        wanted = NameFilter()
        return {path.name for path in self.prescans.iterdir() if wanted.matches(path.name)}

    def _new_prescan(self, known: set[str]) -> Path:
        end_s = self.clock.monotonic() + self.limit_s
        while not (new := self._names() - known):
            if self.clock.monotonic() > end_s:
                msg = f"No prescan came into {self.prescans} within {self.limit_s:g} s."
                raise ScopeError(msg)
            self.clock.sleep(_POLL_S)
        path = self.prescans / max(new)
        wait_until_complete(path, clock=self.clock)
        return path


def calibrate_by_hand(
    by_hand: ByHand, microscope: str, objective: str, folder: Path
) -> Calibration:
    """Measure how a stage lies to its images, with a person who moves.

    Parameters
    ----------
    by_hand : ByHand
        The person, and the folder with the prescans.
    microscope, objective : str
        Of which stand and objective.
    folder : Path
        Where to keep the calibration.

    Returns
    -------
    Calibration
        What was measured and kept.

    Raises
    ------
    ConfigurationError
        If there is no such folder.
    CalibrationError
        If it is not certain; nothing was kept.
    """
    if not by_hand.prescans.is_dir():
        msg = f"There is no folder {by_hand.prescans}. Give the one into which prescans are saved."
        raise ConfigurationError(msg)
    measured = measure(by_hand.look_at, ScopeFacts(microscope, "", objective), _now())
    save_calibration(measured, folder)
    return measured


def describe(calibration: Calibration) -> str:
    """Return in words the matrix, how well it fits, and what to paste into a macro."""
    (yy, yx), (xy, xx) = calibration.matrix
    return (
        f"1 µm up to down in the image is {yy:+.4f} µm along the stage's y and {xy:+.4f} along x;\n"
        f"1 µm left to right in the image is {yx:+.4f} µm along y and {xx:+.4f} along x.\n"
        f"z {'counts as' if calibration.z_sign > 0 else 'counts against'} the planes. The worst "
        f"move was {calibration.residual_px:.2f} px off. Kept for {calibration.microscope}, "
        f"{calibration.objective or 'any objective'}.\n\n{macro_settings(calibration)}\n"
    )


def macro_settings(calibration: Calibration) -> str:
    """Return what a person pastes into a macro's settings.

    Parameters
    ----------
    calibration : Calibration
        What was measured.

    Returns
    -------
    str
        Lines of settings, and what else to know.
    """
    axes = calibration.axes
    if axes is None:
        return (
            f"The stage is turned by {calibration.turn_deg:.0f} degrees against the image, which "
            "signs and a swap cannot say. Turn the camera, or let DySTrack drive: dystrack scope."
        )
    signs = {"SIGN_X": axes.x_sign, "SIGN_Y": axes.y_sign, "SIGN_Z": axes.z_sign}
    lines = [f"{name} = {sign}" for name, sign in signs.items()]
    if axes.swaps_yx:
        lines.append("SWAP_XY = 1")
    words = _axes_words(calibration)
    return "\n".join(
        [
            "For the settings of a macro:",
            "",
            *(f"    {line}" for line in lines),
            "",
            f"For dystrack scope run: --axes={words} (a calibrated microscope needs no --axes).",
        ]
    )


def _axes_words(calibration: Calibration) -> str:
    axes = calibration.axes
    if axes is None:
        return ""
    parts = [("z", axes.z_sign), ("y", axes.y_sign), ("x", axes.x_sign)]
    if axes.swaps_yx:
        parts = [parts[0], parts[2], parts[1]]
    return ",".join(f"{'-' if sign < 0 else ''}{axis}" for axis, sign in parts)


def _now() -> datetime:
    return datetime.now().astimezone()
