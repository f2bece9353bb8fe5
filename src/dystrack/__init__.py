"""DySTrack, dynamic sample tracking: a microscope that follows its living sample."""

__all__ = ["__version__"]

__version__ = "0.1.0"
