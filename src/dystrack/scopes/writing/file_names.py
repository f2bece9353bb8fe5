"""How vendors' software names the images of a time lapse."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["FILE_NAMES", "FileNames"]


@dataclass(frozen=True)
class FileNames:
    """Names of prescans and main scans, without their suffix.

    Attributes
    ----------
    prescan, main_scan : str
        Templates in which ``{time}`` and ``{position}`` are numbers that begin with 1.
    """

    prescan: str
    main_scan: str

    def prescan_name(self, time: int, position: int) -> str:
        """Return the name of a prescan without suffix, from numbers that begin with 1."""
        return self.prescan.format(time=time, position=position)

    def main_scan_name(self, time: int, position: int) -> str:
        """Return the name of a main scan without suffix, from numbers that begin with 1."""
        return self.main_scan.format(time=time, position=position)


FILE_NAMES: Mapping[str, FileNames] = MappingProxyType(
    {
        "zen_blue": FileNames("prescan_{time}_pos_{position}", "job_{time}_pos_{position}"),
        "zen_black": FileNames(
            "Prescan_W0001_P{position:04d}_T{time:04d}", "Job_W0001_P{position:04d}_T{time:04d}"
        ),
        "nis": FileNames("Prescan_t{time:03d}xy{position:02d}", "Main_t{time:03d}xy{position:02d}"),
        "las_x": FileNames(
            "Prescan_Position{position:03d}_t{time:03d}", "Main_Position{position:03d}_t{time:03d}"
        ),
    }
)
"""Namings by the software that has them."""
