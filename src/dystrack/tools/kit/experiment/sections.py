"""Which section of an experiment file a setting stands in, and what each section is for."""

from collections.abc import Mapping
from types import MappingProxyType

from dystrack.manager.settings import SETTING_NAMES

__all__ = ["CACHE", "OPTIONS", "PIPELINE", "PURPOSES", "REFERENCE", "section_of", "settings_in"]

PIPELINE = "pipeline"
OPTIONS = "options"
CACHE = "cache"
REFERENCE = "name"
"""The key of the pipeline's section that names it."""

PURPOSES: Mapping[str, str] = MappingProxyType(
    {
        PIPELINE: "What finds the target in a prescan.",
        OPTIONS: "Options of that pipeline.",
        CACHE: "Options of its first call, which it hands on from prescan to prescan.",
        "watching": "Which files are prescans, and when the run ends.",
        "limits": "What may be sent to the microscope.",
        "tracking": "What is made of the pipeline's answers.",
        "sending": "How answers reach the microscope.",
    }
)
"""The sections that every experiment can have, in their order."""

_GIVEN_OTHERWISE = frozenset({"img_kwargs", "img_cache"})
_OTHERS = "watching"  # where a setting stands that is not listed
_SETTINGS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        PIPELINE: ("isolate", "timeout_s", "threads", "executor", "executor_key", "executor_paths"),
        "limits": (
            "max_step_um",
            "max_step_px",
            "max_travel_um",
            "max_travel_px",
            "frame_margin_px",
            "max_failures",
            "on_max_failures",
            "on_runaway",
        ),
        "tracking": ("track", "track_phases", "img_err_fallback"),
        "sending": (
            "answer_files",
            "tra_method",
            "tra_kwargs",
            "tra_err_resume",
            "write_txt",
            "send_limit_s",
        ),
    }
)
_SECTION_OF = {name: section for section, names in _SETTINGS.items() for name in names}


def section_of(setting: str) -> str:
    """Return the section in which a setting of a session stands; empty if it is none."""
    is_setting = setting in SETTING_NAMES and setting not in _GIVEN_OTHERWISE
    return _SECTION_OF.get(setting, _OTHERS) if is_setting else ""


def settings_in(section: str) -> tuple[str, ...]:
    """Return the settings that stand in a section, in the order in which to show them."""
    listed = _SETTINGS.get(section, ())
    return (*listed, *(n for n in SETTING_NAMES if section_of(n) == section and n not in listed))
