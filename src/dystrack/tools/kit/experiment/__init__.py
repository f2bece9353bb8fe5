"""A run in a file that is no program: ``experiment.toml``."""
