"""Ways to a microscope: the text file, the Windows registry, or any callable."""

import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from dystrack.core.coords_file import COORDS_FILE_NAME, CoordsLine, append_line
from dystrack.core.errors import ConfigurationError
from dystrack.core.findings import ExtraTarget
from dystrack.core.protocols import Transmitter

__all__ = ["Traits", "choose_transmitter", "send_coords_txt", "send_coords_winreg", "traits_of"]

_MYPIC_KEY = r"SOFTWARE\VB and VBA Program Settings\OnlineImageAnalysis\macro"
_MYPIC_MOVE = "focus"
_MYPIC_STAY = "nothing"
_MYPIC_VISIT = "trigger"  # runs a job at each of several places


@dataclass(frozen=True, slots=True)
class Traits:
    """What a way to the microscope can do.

    Attributes
    ----------
    says_stay : bool
        Whether coordinates that are None tell the microscope not to move.
    leaves_lines : bool
        Whether it leaves a line in the coordinates file for each prescan.
    is_verifiable : bool
        Whether the coordinates file shows if the last answer was sent before a crash.
    takes_next : bool
        Whether it wants, as the keyword ``next_prescan``, where to take the next prescan:
        ``(z, y, x, in_s)``, `in_s` being None for at the usual time; or None for where the main
        scan is.
    takes_targets : bool
        Whether it wants, as the keyword ``targets``, the extra targets of the pipeline
        (`dystrack.core.findings.ExtraTarget`), the most urgent first; often none.
    """

    says_stay: bool = False
    leaves_lines: bool = False
    is_verifiable: bool = False
    takes_next: bool = False
    takes_targets: bool = False


def send_coords_txt(
    fpath: str | os.PathLike[str],
    z_pos: float | None = None,
    y_pos: float | None = None,
    x_pos: float | None = None,
    msg: str = "_",
    precision: int = 4,
) -> None:
    """Append coordinates to a text file that the microscope's macro polls.

    Parameters
    ----------
    fpath : path-like
        The text file; it is made, with its header, where it is missing.
    z_pos, y_pos, x_pos : float or None, default None
        Coordinates in pixels; None is written ``nan``.
    msg : str, default "_"
        Message to the macro; white space in it becomes single blanks.
    precision : int, default 4
        Digits after the decimal point.

    Raises
    ------
    OSError
        If the line could not be written; the file is then as it was.
    """
    z, y, x = (float("nan") if value is None else float(value) for value in (z_pos, y_pos, x_pos))
    append_line(Path(fpath), CoordsLine(z, y, x, msg), precision)


def send_coords_winreg(
    z_pos: float | None = None,
    y_pos: float | None = None,
    x_pos: float | None = None,
    codeM: str = "focus",  # noqa: N803 - a promised name
    errMsg: str | None = None,  # noqa: N803 - a promised name
    *,
    roiAim: str = "",  # noqa: N803 - named like the value
    targets: Sequence[ExtraTarget] = (),
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
    winreg = _import_winreg()
    points = [target.place for target in targets if not target.region and _MYPIC_VISIT in codeM]
    values = {
        **{
            name: _listed(start, (getattr(point, axis) for point in points))
            for name, axis, start in (("Z", "z", z_pos), ("Y", "y", y_pos), ("X", "x", x_pos))
        },
        **(_mypic_regions(targets, roiAim) if roiAim else {}),
        "errorMsg": errMsg,
        "codeMic": codeM,
    }
    with winreg.CreateKeyEx(winreg.HKEY_CURRENT_USER, _MYPIC_KEY, 0, winreg.KEY_WRITE) as key:
        for name, value in values.items():
            if value is not None:
                winreg.SetValueEx(key, name, 0, winreg.REG_SZ, str(value))


def _listed(first: float | None, others: Iterable[float]) -> str | None:
    """Return coordinates along one axis as the macro takes several; None for none at all."""
    return None if first is None else ";".join(map(str, (first, *others)))


def _mypic_regions(targets: Iterable[ExtraTarget], aim: str) -> dict[str, str]:
    """Return the values that draw the regions: of each a polygon, corners apart by commas."""
    regions = [target.region for target in targets if target.region]
    return {
        "roiType": ";".join("polyline" for _ in regions),
        "roiAim": ";".join(aim for _ in regions),
        "roiX": ";".join(",".join(str(x) for _, x in region) for region in regions),
        "roiY": ";".join(",".join(str(y) for y, _ in region) for region in regions),
    }


def choose_transmitter(tra_method: object) -> Transmitter:
    """Return the way to the microscope that a user named.

    Parameters
    ----------
    tra_method : {"txt", "MyPiC"} or callable
        Its name, or the user's own function.

    Returns
    -------
    Transmitter
        Called once for each target.

    Raises
    ------
    ConfigurationError
        If there is no such method, or if it does not work on this computer.
    """
    if callable(tra_method):
        return tra_method
    method = _METHODS.get(tra_method) if isinstance(tra_method, str) else None
    if method is not None:
        method.check()
        return method.transmit
    known = ", ".join(map(repr, _METHODS))
    msg = (
        f"tra_method is {tra_method!r}, which is not known. Give {known}, or a function "
        "f(z_pos, y_pos, x_pos, img_msg, img_cache, img_error, target_dir, **tra_kwargs)."
    )
    raise ConfigurationError(msg)


def traits_of(tra_method: object) -> Traits:
    """Return what a way to the microscope can do; none of the traits where nothing is known.

    It is a name, or the user's own function, which may carry `Traits` as its ``traits``.
    """
    if isinstance(tra_method, str):
        return _METHODS[tra_method].traits if tra_method in _METHODS else Traits()
    traits = getattr(tra_method, "traits", None)
    return traits if isinstance(traits, Traits) else Traits()


def _to_text_file(
    z_pos: float | None,
    y_pos: float | None,
    x_pos: float | None,
    img_msg: str,
    _img_cache: Mapping[str, Any],
    _img_error: Exception | None,
    target_dir: str,
    /,
    **tra_kwargs: Any,
) -> None:
    send_coords_txt(
        Path(target_dir, COORDS_FILE_NAME), z_pos, y_pos, x_pos, msg=img_msg, **tra_kwargs
    )


def _to_mypic(
    z_pos: float | None,
    y_pos: float | None,
    x_pos: float | None,
    img_msg: str,
    _img_cache: Mapping[str, Any],
    img_error: Exception | None,
    _target_dir: str,
    /,
    **tra_kwargs: Any,
) -> None:
    settings = {"codeM": _MYPIC_MOVE, "errMsg": img_msg if img_error else None, **tra_kwargs}
    if z_pos is None and y_pos is None and x_pos is None:
        settings["codeM"] = _MYPIC_STAY  # whatever the user chose: there is nowhere to go
    send_coords_winreg(z_pos, y_pos, x_pos, **settings)


def _import_winreg() -> Any:
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


@dataclass(frozen=True, slots=True)
class _Method:
    transmit: Transmitter
    traits: Traits
    check: Callable[[], object] = lambda: None  # raises where it does not work


_METHODS: Mapping[str, _Method] = MappingProxyType(
    {
        "txt": _Method(_to_text_file, Traits(leaves_lines=True, is_verifiable=True)),
        "MyPiC": _Method(
            _to_mypic, Traits(says_stay=True, takes_targets=True), check=_import_winreg
        ),
    }
)
