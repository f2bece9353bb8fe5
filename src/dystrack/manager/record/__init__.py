"""The record of a run: what happened, and how to go on from it."""
