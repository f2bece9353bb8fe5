"""What a pipeline is called in the record of a run."""

import functools
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dystrack.core.protocols import Pipeline
from dystrack.options.pipeline_reference import is_module_of_file

__all__ = ["PipelineName", "pipeline_name"]


@dataclass(frozen=True)
class PipelineName:
    """Tells one pipeline from another.

    Attributes
    ----------
    shown : str
        ``dystrack.pipelines.lateral_line.analyze_image``, or ``my_pipeline.py:analyze_image``.
    path : str
        File of one that is not imported by name; empty otherwise.
    former : str
        What journals of earlier versions call it.
    """

    shown: str
    path: str = ""
    former: str = ""

    def is_of(self, start: dict[str, Any]) -> bool:
        """Return whether the record of a start names this pipeline."""
        if start["pipeline"] != self.shown:
            return bool(start["pipeline"] == self.former)
        return bool(start.get("pipeline_path", "") == self.path)


def pipeline_name(pipeline: Pipeline) -> PipelineName:
    """Return the name of a pipeline; of a callable object, that of its class."""
    function = pipeline.func if isinstance(pipeline, functools.partial) else pipeline
    name = getattr(function, "__qualname__", type(function).__qualname__)
    module = getattr(function, "__module__", "?")
    code = getattr(function, "__code__", None)
    if module == "__main__" and code:
        path = code.co_filename
        return PipelineName(f"{Path(path).name}:{name}", path, former=f"{path}:{name}")
    former = f"{module}.{name}"
    if is_module_of_file(module):
        path = str(sys.modules[module].__file__)
        return PipelineName(f"{Path(path).name}:{name}", path, former)
    return PipelineName(former, former=former)
