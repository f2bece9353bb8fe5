"""ZEN Black through the macro MyPiC, with which one speaks in the Windows registry."""

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PureWindowsPath
from typing import Any

from dystrack.core.errors import ConfigurationError, OvertakenError
from dystrack.core.findings import ExtraTarget
from dystrack.core.protocols import SYSTEM_CLOCK

__all__ = ["import_winreg", "send_coords_winreg", "transmit_to_mypic"]

_KEY = r"SOFTWARE\VB and VBA Program Settings\OnlineImageAnalysis\macro"
_MOVE = "focus"
_STAY = "nothing"
_VISIT = "trigger"  # runs a job at each of several places
_NEW_IMAGE = "newImage"
_READ = "nothing"
_POLL_S = 0.01


def send_coords_winreg(
    z_pos: float | None = None,
    y_pos: float | None = None,
    x_pos: float | None = None,
    codeM: str = "focus",  # noqa: N803 - a promised name
    errMsg: str | None = None,  # noqa: N803 - a promised name
    *,
    roiAim: str = "",  # noqa: N803 - named like the value
    targets: Sequence[ExtraTarget] = (),
    announced: bool = False,
) -> None:
    """Write coordinates into the Windows registry, where the MyPiC macro of ZEN Black reads them.

    Parameters
    ----------
    z_pos, y_pos, x_pos : float or None, default None
        Coordinates in pixels; what is None is left as it stands.
    codeM : str, default "focus"
        What the macro is to do. It is written last, because it starts the macro: ``"focus"``,
        ``"trigger1"``, ``"trigger2"``, ``"setRoi"``, ``"setFcsPos"``, or ``"nothing"`` and
        ``"error"``, which stay where they are.
    errMsg : str or None, default None
        Message for the macro's log.
    roiAim : str, default ""
        What the macro is to do with regions: ``"bleach"``, ``"bleachAnalyse"``, ``"acquisition"``,
        ``"acquisitionBleach"``, ``"acquisitionAnalyse"``. Regions are written only if it is given,
        and then with each answer: none are left over from the one before.
    targets : sequence of ExtraTarget, optional
        Further places: points are visited behind the coordinates where `codeM` has a
        ``trigger``; regions are drawn.
    announced : bool, default False
        Whether the macro has announced the image, which is then taken as read.

    Raises
    ------
    ValueError
        If a coordinate is not finite; nothing is written.
    ConfigurationError
        Where there is no registry.
    """
    if not all(math.isfinite(value) for value in (z_pos, y_pos, x_pos) if value is not None):
        msg = f"z, y, x are {z_pos}, {y_pos}, {x_pos}; a microscope can only go to finite numbers."
        raise ValueError(msg)
    winreg = import_winreg()
    points = [target.place for target in targets if not target.region and _VISIT in codeM]
    values = {
        **{
            name: _listed(start, (getattr(point, axis) for point in points))
            for name, axis, start in (("Z", "z", z_pos), ("Y", "y", y_pos), ("X", "x", x_pos))
        },
        **(_regions(targets, roiAim) if roiAim else {}),
        "errorMsg": errMsg,
        "codeOia": _READ if announced else None,
        "codeMic": codeM,
    }
    with winreg.CreateKeyEx(winreg.HKEY_CURRENT_USER, _KEY, 0, winreg.KEY_WRITE) as key:
        for name, value in values.items():
            if value is not None:
                winreg.SetValueEx(key, name, 0, winreg.REG_SZ, str(value))


def _listed(first: float | None, others: Iterable[float]) -> str | None:
    """Return coordinates along one axis as the macro takes several; None for none at all."""
    return None if first is None else ";".join(map(str, (first, *others)))


def _regions(targets: Iterable[ExtraTarget], aim: str) -> dict[str, str]:
    """Return the values that draw the regions: of each a polygon, corners apart by commas."""
    regions = [target.region for target in targets if target.region]
    return {
        "roiType": ";".join("polyline" for _ in regions),
        "roiAim": ";".join(aim for _ in regions),
        "roiX": ";".join(",".join(str(x) for _, x in region) for region in regions),
        "roiY": ";".join(",".join(str(y) for y, _ in region) for region in regions),
    }


def transmit_to_mypic(
    z_pos: float | None,
    y_pos: float | None,
    x_pos: float | None,
    img_msg: str,
    _img_cache: Mapping[str, Any],
    img_error: Exception | None,
    _target_dir: str,
    /,
    *,
    prescan: Path | None = None,
    announce_s: float = 2.0,
    **tra_kwargs: Any,
) -> None:
    """Send an answer once the macro has announced the prescan, as a `Transmitter`.

    Parameters
    ----------
    z_pos, y_pos, x_pos : float or None
        Coordinates in pixels; None for all three to stay.
    img_msg : str
        Message for the macro's log.
    _img_cache : mapping
        Not looked at.
    img_error : Exception or None
        Why the analysis failed.
    _target_dir : str
        Not looked at.
    prescan : Path or None, optional
        The prescan that is answered; it is not waited for if not given.
    announce_s : float, default 2.0
        How long to wait for its announcement.
    **tra_kwargs : object
        Further keyword arguments of `send_coords_winreg`.

    Raises
    ------
    OvertakenError
        If the macro waits for the answer to another image.
    """
    settings = {"codeM": _MOVE, "errMsg": img_msg if img_error else None, **tra_kwargs}
    if z_pos is None and y_pos is None and x_pos is None:
        settings["codeM"] = _STAY  # whatever the user chose: there is nowhere to go
    announced = prescan is not None and _is_announced(prescan, announce_s)
    send_coords_winreg(z_pos, y_pos, x_pos, announced=announced, **settings)


def _is_announced(prescan: Path, wait_s: float) -> bool:
    """Wait until the macro has announced a prescan; return false if it announces nothing.

    It saves the image first, then writes ``codeMic`` to say that it waits, and then ``codeOia``. An
    answer that comes in between is lost.
    """
    clock = SYSTEM_CLOCK
    deadline_s = clock.monotonic() + wait_s
    while (code := _read("codeOia")) is not None:
        image = PureWindowsPath(_read("filePath") or "").name
        if code == _NEW_IMAGE and image.lower() == prescan.name.lower():
            return True
        if clock.monotonic() >= deadline_s:
            if code == _NEW_IMAGE and image:
                msg = (
                    f"The answer to {prescan.name} was not sent: MyPiC waits for that to {image}. "
                    "The stage stays. A faster pipeline, or a shorter --timeout_s, is in time."
                )
                raise OvertakenError(msg)
            return False
        clock.sleep(_POLL_S)
    return False


def _read(name: str) -> str | None:
    """Return a value of the macro; None if it has never written it."""
    winreg = import_winreg()
    try:
        with winreg.OpenKey(winreg.HKEY_CURRENT_USER, _KEY) as key:
            return str(winreg.QueryValueEx(key, name)[0])
    except OSError:
        return None


def import_winreg() -> Any:
    """Return Windows' registry; the only door to it."""
    try:
        import winreg  # noqa: PLC0415 - exists on Windows only
    except ImportError:
        msg = (
            "The method 'MyPiC' writes to the Windows registry, which this computer does not "
            "have. Run DySTrack on the microscope's PC, or use tra_method 'txt'."
        )
        raise ConfigurationError(msg) from None
    return winreg
