"""What came of a pipeline, once it is checked."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from dystrack.core.findings import Findings

__all__ = ["Analysis"]


class Analysis(NamedTuple):
    """The checked answer of a pipeline.

    Attributes
    ----------
    z_pos, y_pos, x_pos : float
        Target of the next acquisition in pixels of the prescan.
    img_msg : str
        Message; fits on one line.
    img_cache : mapping
        Keyword arguments for the next call at the same position.
    findings : Findings
        What the pipeline said besides.
    evidence : float or None
        What the image itself shows, from 0 for noise to 1, where the pipeline gave no confidence.
    written : tuple of str
        Absolute paths of the files that the pipeline opened for writing.
    """

    z_pos: float
    y_pos: float
    x_pos: float
    img_msg: str
    img_cache: Mapping[str, Any]
    findings: Findings = Findings()
    evidence: float | None = None
    written: tuple[str, ...] = ()
