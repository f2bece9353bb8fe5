"""The pipelines that come with DySTrack."""

from dystrack.options.pipeline_reference import pipeline_names

MADE_OF_OTHERS = {"external_process", "phases", "pixel_classifier", "segmentation"}
SELF_CONTAINED = [
    name for name in pipeline_names("dystrack.pipelines") if name not in MADE_OF_OTHERS
]
"""Those that need no options to analyse an image."""
