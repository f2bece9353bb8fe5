"""What a user decided for a session, checked before anything is touched."""

import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from dystrack.core.errors import ConfigurationError, FolderError
from dystrack.core.limits import Limits, parse_axis_limits
from dystrack.core.protocols import Transmitter
from dystrack.manager.setting_rules import Choice, Kind, Number, Parsed, setting
from dystrack.manager.tracking.rules import MODES, TrackingRules
from dystrack.manager.transmitters import Traits, choose_transmitter, traits_of
from dystrack.manager.watching.image_names import (
    DEFAULT_POSITION_PATTERN,
    NameFilter,
    PositionPattern,
)
from dystrack.manager.workers.remote_address import PathMap, RemoteAddress

__all__ = ["SETTING_NAMES", "Settings", "check_folder", "differing_from_defaults"]

_SWITCH = Kind(int, "True or False")
_TEXT = Kind(str, "a text, '' for any")
_FALLBACK = Choice((True, False, "previous", "stay", "predict"))
_DICTIONARY = Kind(Mapping, "a dictionary, {} if there is nothing")
_COUNT = Number(whole=True, or_none=True)
_DURATION = Number()
_LIMITS = Parsed(parse_axis_limits, "one number of 0 or more, or three for z, y, x, or None")
_WAY_OUT = Parsed(lambda _, value: choose_transmitter(value), "'txt', 'MyPiC', or a function")


@attrs.frozen(kw_only=True)
class Settings:
    """The keyword arguments of `dystrack.manager.manager.run_dystrack_manager`, of that meaning.

    Each field has its rule and its unit beside it, as ``metadata``.

    Raises
    ------
    ConfigurationError
        If one of them cannot be.
    """

    max_checks: int | None = setting(None, _COUNT)
    max_triggers: int | None = setting(None, _COUNT)
    end_on_esc: bool = setting(True, _SWITCH)
    delay: float = setting(1.0, _DURATION, "s")
    recurse: bool = setting(False, _SWITCH)
    file_start: str = setting("", _TEXT)
    file_end: str = setting("", _TEXT)
    file_regex: str = setting("", _TEXT)
    img_kwargs: Mapping[str, Any] = setting({}, _DICTIONARY)
    img_cache: Mapping[str, Any] = setting({}, _DICTIONARY)
    img_err_fallback: bool | str = setting(True, _FALLBACK)
    tra_method: str | Transmitter = setting("txt", _WAY_OUT)  # noqa: RUF009 - an attrs field
    tra_kwargs: Mapping[str, Any] = setting({}, _DICTIONARY)
    tra_err_resume: bool = setting(False, _SWITCH)
    write_txt: bool = setting(True, _SWITCH)
    position_pattern: str = setting(DEFAULT_POSITION_PATTERN, _TEXT)
    frame_margin_px: float = setting(0.0, Number(or_infinite=True), "px")
    max_step_px: float | str | Sequence[float] | None = setting(None, _LIMITS, "px")
    max_step_um: float | str | Sequence[float] | None = setting(None, _LIMITS, "µm")
    max_travel_px: float | str | Sequence[float] | None = setting(None, _LIMITS, "px")
    max_travel_um: float | str | Sequence[float] | None = setting(None, _LIMITS, "µm")
    max_failures: int | None = setting(None, _COUNT)
    on_max_failures: str = setting("hold", Choice(("hold", "stop")))
    on_runaway: str = setting("warn", Choice(("warn", "hold")))
    resume: bool = setting(False, _SWITCH)
    backlog: str = setting("all", Choice(("all", "newest")))
    isolate: bool = setting(False, _SWITCH)
    timeout_s: float = setting(60.0, Number(above=True), "s")
    executor: str = setting("", _TEXT)
    executor_key: str = setting("", _TEXT)
    executor_paths: str = setting("", _TEXT)
    threads: int | None = setting(None, Number(above=True, whole=True, or_none=True))
    quiet_s: float = setting(2.0, _DURATION, "s")
    incomplete_limit_s: float = setting(30.0, Number(or_infinite=True), "s")
    progress: bool = setting(True, _SWITCH)
    previews: bool = setting(True, _SWITCH)
    answer_files: bool = setting(False, _SWITCH)
    send_limit_s: float = setting(30.0, _DURATION, "s")
    track: str = setting("off", Choice(MODES))
    control: bool = setting(False, _SWITCH)
    track_phases: str = setting("", Kind(str, "names of phases, '' for all"))

    def __attrs_post_init__(self) -> None:
        if not self.end_on_esc and self.max_checks is self.max_triggers is None:
            msg = (
                "Nothing would ever end the watch: max_checks and max_triggers are None and "
                "end_on_esc is False. Set at least one of them."
            )
            raise ConfigurationError(msg)
        if self.executor:
            RemoteAddress(self.executor, self.executor_key)
        PathMap.parsed(self.executor_paths)
        # Regular expressions say themselves what is wrong.
        _ = self.name_filter, PositionPattern(self.position_pattern)

    @property
    def name_filter(self) -> NameFilter:
        """Return which names are prescans."""
        return NameFilter(self.file_start, self.file_end, self.file_regex)

    def naming(self, phases: Sequence[str] = ()) -> PositionPattern:
        """Return how names tell positions, time points, and the phases that a pipeline knows.

        Raises
        ------
        ConfigurationError
            If a phase that is to be tracked is not among them.
        """
        if unknown := [phase for phase in self.tracked_phases if phase not in phases]:
            msg = (
                f"track_phases has {', '.join(unknown)}, but the phases of the pipeline are "
                f"{', '.join(phases) or 'none'}. Name one of those, or leave it out to track all."
            )
            raise ConfigurationError(msg)
        return PositionPattern(self.position_pattern, phases)

    @property
    def tracked_phases(self) -> tuple[str, ...]:
        """Return the phases in which the tracker works; all if none is named."""
        return tuple(filter(None, map(str.strip, self.track_phases.split(","))))

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
            track=self.track,
            tracked_phases=self.tracked_phases,
            has_two_targets=self._has_two_targets,
        )

    @property
    def _fallback(self) -> str | None:
        given = self.img_err_fallback
        if isinstance(given, bool):
            return "previous" if given else None
        return given

    @property
    def _has_two_targets(self) -> bool:
        """Whether the next prescan's place gets to the microscope."""
        traits = self.traits
        return traits.takes_next or (traits.leaves_lines and self.answer_files)

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


SETTING_NAMES = tuple(attrs.fields_dict(Settings))


def differing_from_defaults(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings among named values that are not what they are by default."""
    defaults = Settings()
    return {
        name: arguments[name]
        for name in SETTING_NAMES
        if name in arguments and not _is_same(arguments[name], getattr(defaults, name))
    }


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
    if not os.path.exists(folder):  # noqa: PTH110 - also where nobody may look
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


def _is_same(value: object, default: object) -> bool:
    """Compare without asking arrays whether they are true."""
    return value is default or (type(value) is type(default) and value == default)
