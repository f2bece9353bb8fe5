"""What a user decided for a session, checked before anything is touched."""

import dataclasses
import math
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from pathlib import Path
from typing import Any, NoReturn

from dystrack.core.errors import ConfigurationError, FolderError
from dystrack.core.limits import Limits, parse_axis_limits
from dystrack.core.protocols import Transmitter
from dystrack.manager.tracking.decision import TrackingRules
from dystrack.manager.transmitters import Traits, choose_transmitter, traits_of
from dystrack.manager.watching.image_names import (
    DEFAULT_POSITION_PATTERN,
    NameFilter,
    PositionPattern,
)

__all__ = ["Settings", "check_folder"]

_FALLBACKS = ("previous", "stay")
_CHOICES = {
    "backlog": ("all", "newest"),
    "on_max_failures": ("hold", "stop"),
    "on_runaway": ("warn", "hold"),
}
_COUNTS = ("max_checks", "max_triggers", "max_failures")
_MAY_BE_INFINITE = ("frame_margin_px", "incomplete_limit_s")
_KINDS = (
    (("file_start", "file_end", "file_regex", "position_pattern"), str, "a text, '' for any"),
    (("img_kwargs", "img_cache", "tra_kwargs"), Mapping, "a dictionary, {} if there is nothing"),
    (
        (
            "end_on_esc",
            "recurse",
            "tra_err_resume",
            "write_txt",
            "progress",
            "resume",
            "isolate",
            "answer_files",
            "previews",
        ),
        int,
        "True or False",
    ),
)
_DURATIONS_AND_SIZES = (
    "delay",
    "quiet_s",
    "incomplete_limit_s",
    "frame_margin_px",
    "timeout_s",
    "send_limit_s",
)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The keyword arguments of `dystrack.manager.manager.run_dystrack_manager`, of that meaning.

    Raises
    ------
    ConfigurationError
        If one of them cannot be.
    """

    max_checks: int | None = None
    max_triggers: int | None = None
    end_on_esc: bool = True
    delay: float = 1.0
    recurse: bool = False
    file_start: str = ""
    file_end: str = ""
    file_regex: str = ""
    img_kwargs: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    img_cache: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    img_err_fallback: bool | str = True
    tra_method: str | Transmitter = "txt"
    tra_kwargs: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    tra_err_resume: bool = False
    write_txt: bool = True
    position_pattern: str = DEFAULT_POSITION_PATTERN
    frame_margin_px: float = 0.0
    max_step_px: float | str | Sequence[float] | None = None
    max_step_um: float | str | Sequence[float] | None = None
    max_travel_px: float | str | Sequence[float] | None = None
    max_travel_um: float | str | Sequence[float] | None = None
    max_failures: int | None = None
    on_max_failures: str = "hold"
    on_runaway: str = "warn"
    resume: bool = False
    backlog: str = "all"
    isolate: bool = False
    timeout_s: float = 60.0
    quiet_s: float = 2.0
    incomplete_limit_s: float = 30.0
    progress: bool = True
    answer_files: bool = False
    send_limit_s: float = 30.0
    previews: bool = True

    def __post_init__(self) -> None:
        self._check_that_it_can_end()
        for name in _COUNTS:
            _check_number(
                name, getattr(self, name), Integral, "a whole number of 0 or more, or None"
            )
        for name in _DURATIONS_AND_SIZES:
            _check_number(name, getattr(self, name), Real, "a number of 0 or more")
        for names, kind, wanted in _KINDS:
            for name in names:
                _check_kind(name, getattr(self, name), kind, wanted)
        for name, choices in _CHOICES.items():
            _check_choice(name, getattr(self, name), choices)
        _ = self.name_filter, self.naming, self.tracking_rules, self.transmit

    def _check_that_it_can_end(self) -> None:
        if not self.end_on_esc and self.max_checks is self.max_triggers is None:
            msg = (
                "Nothing would ever end the watch: max_checks and max_triggers are None and "
                "end_on_esc is False. Set at least one of them."
            )
            raise ConfigurationError(msg)

    @property
    def name_filter(self) -> NameFilter:
        """Return which names are prescans."""
        return NameFilter(self.file_start, self.file_end, self.file_regex)

    @property
    def naming(self) -> PositionPattern:
        """Return how names tell positions and time points."""
        return PositionPattern(self.position_pattern)

    @property
    def tracking_rules(self) -> TrackingRules:
        """Return what may be sent."""
        limits = {
            name: parse_axis_limits(f"max_{name}", getattr(self, f"max_{name}"))
            for name in ("step_px", "step_um", "travel_px", "travel_um")
        }
        return TrackingRules(
            fallback=self._fallback,
            frame_margin_px=self.frame_margin_px,
            limits=Limits(**limits),
            max_failures=self.max_failures,
            on_max_failures=self.on_max_failures,
            on_runaway=self.on_runaway,
        )

    @property
    def _fallback(self) -> str | None:
        given = self.img_err_fallback
        if isinstance(given, bool):
            return "previous" if given else None
        _check_choice("img_err_fallback", given, _FALLBACKS, "True, False, or one of ")
        return given

    @property
    def transmit(self) -> Transmitter:
        """Return the way to the microscope."""
        return choose_transmitter(self.tra_method)

    @property
    def traits(self) -> Traits:
        """Return what the way to the microscope can do."""
        return traits_of(self.tra_method)

    @property
    def records(self) -> list[Transmitter]:
        """Return where else coordinates are kept."""
        is_kept_beside = self.write_txt and not self.traits.leaves_lines
        return [choose_transmitter("txt")] if is_kept_beside else []

    @property
    def keeps_text_file(self) -> bool:
        """Return whether there is a coordinates file."""
        return self.write_txt or self.traits.leaves_lines


def check_folder(target_dir: str | os.PathLike[str]) -> Path:
    """Return the folder as an absolute path if it can be watched and written.

    Parameters
    ----------
    target_dir : path-like
        The folder as the user gave it.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    FolderError
        If it is missing, is no folder, or cannot be written.
    """
    folder = Path(target_dir).absolute()
    if not folder.exists():
        msg = f"The folder {folder} does not exist. Create it, or correct its name."
        raise FolderError(msg)
    if not folder.is_dir():
        msg = f"{folder} is not a folder. Give the folder into which prescans are written."
        raise FolderError(msg)
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        msg = f"The folder {folder} cannot be written: {error}. Check its rights and the disk."
        raise FolderError(msg) from error
    return folder


def _check_number(name: str, value: object, kind: type, wanted: str) -> None:
    """Refuse what is no number of 0 or more; None stands for no limit where there can be one."""
    if value is None and name in _COUNTS:
        return
    is_number = isinstance(value, kind) and not isinstance(value, bool)
    if not is_number or not value >= 0:  # type: ignore[operator]
        _refuse(name, value, wanted)
    if math.isinf(value) and name not in _MAY_BE_INFINITE:  # type: ignore[arg-type]
        _refuse(name, value, f"{wanted}, but not infinity")


def _check_kind(name: str, value: object, kind: type, wanted: str) -> None:
    if not isinstance(value, kind):
        _refuse(name, value, wanted)


def _refuse(name: str, value: object, wanted: str) -> NoReturn:
    msg = f"{name} is {value!r}. Give {wanted}."
    raise ConfigurationError(msg)


def _check_choice(name: str, value: object, choices: tuple[str, ...], prefix: str = "") -> None:
    if value not in choices:
        listed = ", ".join(repr(choice) for choice in choices)
        _refuse(name, value, f"{prefix}{listed}")
