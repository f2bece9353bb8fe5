"""The settings with which a pipeline is right most often."""
