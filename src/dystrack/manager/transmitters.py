"""Ways to a microscope: the text file, the Windows registry, or any callable."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from dystrack.core.errors import ConfigurationError
from dystrack.core.exchange.coords_file import COORDS_FILE_NAME, CoordsLine, append_line
from dystrack.core.protocols import Transmitter
from dystrack.manager.mypic import import_winreg, send_coords_winreg, transmit_to_mypic

__all__ = ["Traits", "choose_transmitter", "send_coords_txt", "send_coords_winreg", "traits_of"]

_KEYWORDS = {"next_prescan": "takes_next", "targets": "takes_targets", "prescan": "takes_prescan"}


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
    takes_prescan : bool
        Whether it wants, as the keyword ``prescan``, the path of the prescan that is answered.
    """

    says_stay: bool = False
    leaves_lines: bool = False
    is_verifiable: bool = False
    takes_next: bool = False
    takes_targets: bool = False
    takes_prescan: bool = False

    def wanted(self, **offered: object) -> dict[str, object]:
        """Return those of the keywords on offer that it wants."""
        return {name: value for name, value in offered.items() if getattr(self, _KEYWORDS[name])}


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


@dataclass(frozen=True, slots=True)
class _Method:
    transmit: Transmitter
    traits: Traits
    check: Callable[[], object] = lambda: None  # raises where it does not work


_METHODS: Mapping[str, _Method] = MappingProxyType(
    {
        "txt": _Method(_to_text_file, Traits(leaves_lines=True, is_verifiable=True)),
        "MyPiC": _Method(
            transmit_to_mypic,
            Traits(says_stay=True, takes_targets=True, takes_prescan=True),
            check=import_winreg,
        ),
    }
)
