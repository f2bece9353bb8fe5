"""Sections of an experiment file that belong to other rooms, with an attrs class for each."""

from collections.abc import Mapping
from types import MappingProxyType

from dystrack.dashboard.alerts.settings import AlertSettings
from dystrack.dashboard.settings import DashboardSettings
from dystrack.tools.microscope.settings import ScopeSettings

__all__ = ["SECTIONS"]

SECTIONS: Mapping[str, type] = MappingProxyType(
    {"microscope": ScopeSettings, "dashboard": DashboardSettings, "alerts": AlertSettings}
)
