"""Commands that set up a run."""
