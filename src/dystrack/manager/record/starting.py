"""What the record says of the start of a run."""

import platform
from pathlib import Path

import numpy as np

from dystrack import __version__
from dystrack.core.exchange.coords_file import COORDS_FILE_NAME, content_of
from dystrack.manager.events import SessionStarted
from dystrack.manager.record.pipeline_name import PipelineName
from dystrack.manager.record.states import settings_record
from dystrack.manager.settings import Settings

__all__ = ["describe_start"]


def describe_start(
    folder: Path, name: PipelineName, settings: Settings, existing: list[str], *, resumed: bool
) -> SessionStarted:
    """Return what runs from now on, with which versions and settings."""
    kept, not_kept = settings_record(settings)
    coords = content_of(folder / COORDS_FILE_NAME)
    return SessionStarted(
        folder=str(folder),
        pipeline=name.shown,
        pipeline_path=name.path,
        settings=kept,
        not_kept=not_kept,
        versions={
            "dystrack": __version__,
            "python": platform.python_version(),
            "numpy": np.__version__,
            "system": platform.platform(),
        },
        existing=existing,
        resumed=resumed,
        coords_size=None if coords is None else len(coords),
    )
