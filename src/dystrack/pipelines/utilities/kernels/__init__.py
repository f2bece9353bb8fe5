"""The inner loops of the pipelines, compiled."""
